//! What a run and its further instances say to each other: one line of JSON for each message.

use std::io;

use serde::{Deserialize, Serialize};
use waxseal_model::facts::Engine;

use super::results::Played;

/// One attempt that an instance is to play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Task {
    /// The id of the case.
    pub(super) case: String,
    /// The number of the attempt in the run.
    pub(super) number: usize,
    /// The engine that our peers use, where it is a second opinion.
    pub(super) engine: Option<Engine>,
}

/// What an instance tells.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// Its relay listens.
    Ready,
    /// It could not be started; why.
    Failed(String),
    /// An attempt was played.
    Played(Box<Done>),
    /// Its relay ended before the run did: how, with the end of its log.
    Gone(String),
}

/// An attempt that was played.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Done {
    /// Its number in the run.
    pub(super) number: usize,
    /// What was played.
    pub(super) played: Played,
    /// Hosts that its relay has looked for until now, and that nobody plays.
    pub(super) unplayed: Vec<String>,
}

/// One message as a line, with its ending.
///
/// # Errors
/// It cannot be written as JSON: a defect of ours.
pub(super) fn line(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use waxseal_model::judge::Names;
    use waxseal_model::trace::{Channel, Ending, Event, Happening, Place, Trace};

    use super::*;

    #[test]
    fn what_was_played_arrives_as_it_was() {
        let line = b"MAIL FROM:<\xff\r\0 \"x\">".to_vec();
        let heard = Happening::Received { channel: Channel::Tls, line, ending: Ending::Lf };
        let waiting = Happening::Waiting { reason: "no\u{1b}[31m TLS\n".into() };
        let event = |kind| Event { at: Duration::from_micros(1234), place: Place::Run, kind };
        let played = Played {
            names: Names::from([("domain".to_owned(), "a.example".to_owned())]),
            trace: Trace { events: vec![event(heard), event(waiting)] },
            duration: Duration::new(3, 141_592_653),
            lateness: Duration::from_millis(320),
        };
        let done = Done { number: 7, played, unplayed: vec!["gw.example".into()] };
        let (names, trace) = (done.played.names.clone(), done.played.trace.clone());
        let written = super::line(&Answer::Played(Box::new(done))).unwrap();
        assert_eq!(written.iter().filter(|byte| **byte == b'\n').count(), 1);
        let Answer::Played(back) = serde_json::from_slice(&written).unwrap() else { panic!() };
        assert_eq!((back.number, &*back.unplayed), (7, &["gw.example".to_owned()][..]));
        assert_eq!((back.played.names, back.played.trace), (names, trace));
        assert_eq!(back.played.duration, Duration::new(3, 141_592_653));
        assert_eq!(back.played.lateness, Duration::from_millis(320));
    }
}
