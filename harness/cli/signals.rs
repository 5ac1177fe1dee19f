//! Signals that end a run early: what is judged until then stands.

use tokio::sync::watch;

/// Whether a signal has come. Made before anything is played, so that none is missed.
#[derive(Clone, Debug)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Hears signals from now on, and with `stdin` also the end of standard input: whoever started
    /// the program holds it open, and ends the run by closing it or by dying. Has to be called
    /// inside a runtime.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn listen(stdin: bool) -> std::io::Result<Self> {
        let (sender, receiver) = watch::channel(false);
        hear(&sender)?;
        if stdin {
            // A thread of its own: a read of standard input cannot be cancelled.
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
                sender.send_replace(true);
            });
        }
        Ok(Self(receiver))
    }

    /// Ends with the first signal.
    pub(super) async fn came(mut self) {
        if self.0.wait_for(|came| *came).await.is_err() {
            // Nobody can tell any more.
            std::future::pending::<()>().await;
        }
    }
}

/// SIGINT, SIGTERM and SIGHUP: none of them ends the process any more.
#[cfg(unix)]
fn hear(sender: &watch::Sender<bool>) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let (mut signals, sender) = (signal(kind)?, sender.clone());
        tokio::spawn(async move {
            if signals.recv().await.is_some() {
                sender.send_replace(true);
            }
        });
    }
    Ok(())
}

/// Ctrl-C.
#[cfg(not(unix))]
fn hear(sender: &watch::Sender<bool>) -> std::io::Result<()> {
    let sender = sender.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            sender.send_replace(true);
        }
    });
    Ok(())
}
