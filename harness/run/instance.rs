//! A further instance of the relay, seen from inside its process: it plays what the run gives it.

use std::io::{BufRead, Write};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::handover::{Answer, Done, Task, line};
use super::lab::Lab;
use super::open::Open;
use super::player::Player;
use super::throttle::Throttle;
use super::{RunError, RunOptions, Silent, start};
use crate::catalogue::Catalogue;
use crate::relay::RelaySpec;

/// Plays what comes on standard input until that ends, and tells it on standard output. Nothing is
/// judged here.
pub async fn serve(catalogue: &Catalogue, relay: &RelaySpec, options: &RunOptions) {
    let mut tasks = hear();
    let serving = Box::pin(play_all(catalogue, relay, options, &mut tasks));
    if let Err(error) = serving.await {
        cannot_serve(error.to_string());
    }
}

/// Tells the run that there will be no such instance, and why.
pub fn cannot_serve(why: String) {
    tell(&Answer::Failed(why));
}

/// What comes on standard input. A thread of its own: a read of it cannot be cancelled.
fn hear() -> mpsc::UnboundedReceiver<Task> {
    let (give, get) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let lines = std::io::stdin().lock().lines().map_while(Result::ok);
        for task in lines.map_while(|line| serde_json::from_str(&line).ok()) {
            if give.send(task).is_err() {
                break;
            }
        }
    });
    get
}

/// Nobody hears it any more once the run has ended, and that ends this process too.
fn tell(answer: &Answer) {
    if let Ok(line) = line(answer) {
        let mut output = std::io::stdout().lock();
        let _ = output.write_all(&line).and_then(|()| output.flush());
    }
}

async fn play_all(
    catalogue: &Catalogue,
    relay: &RelaySpec,
    options: &RunOptions,
    tasks: &mut mpsc::UnboundedReceiver<Task>,
) -> Result<(), RunError> {
    let own = options.own.as_ref().map(|own| own.catalogue(catalogue));
    let catalogue = own.as_ref().unwrap_or(catalogue);
    let lab = Arc::new(Lab::build(catalogue, options).await?);
    let mut started = tokio::select! {
        started = start::start(&lab, relay, options, &Silent) => started?,
        // Nothing is asked before it is ready: the run has ended.
        _ = tasks.recv() => return Ok(()),
    };
    tell(&Answer::Ready);
    let pace = relay.pace();
    let evidence = started.relay.evidence();
    let player = Player::new(&lab, pace, evidence, options, &Arc::new(Open::new()));
    let jobs = options.jobs.map_or(pace.concurrency, |jobs| jobs.min(pace.concurrency)).max(1);
    let throttle = Throttle::open(jobs, Arc::clone(&player.heartbeat));
    let mut playing = JoinSet::new();
    loop {
        tokio::select! {
            task = tasks.recv() => {
                let Some(task) = task else { break };
                let Some(case) = catalogue.case(&task.case).cloned() else { break };
                let (player, place) = (player.clone(), throttle.entrance().ask());
                playing.spawn(async move {
                    let _inside = place.await;
                    let played = player.play(&case, task.number, task.engine).await;
                    let (number, unplayed) = (task.number, player.lab.unplayed());
                    tell(&Answer::Played(Box::new(Done { number, played, unplayed })));
                });
            }
            Some(_) = playing.join_next() => {}
            how = started.relay.ended() => {
                tell(&Answer::Gone(how));
                break;
            }
        }
    }
    if let Some(how) = started.relay.gone() {
        tell(&Answer::Gone(how));
    }
    drop(playing);
    started.stop().await;
    Ok(())
}
