//! Heartbleed and CCS injection: what is sent, and what a server's reaction means. Peers and scans ask the
//! same by it, and judge the same.

use std::time::Duration;

use crate::wire::tls::{Message, content, write_records};

/// How long a server may take for what a sound one does not do.
pub const MOMENT: Duration = Duration::from_millis(1500);

/// What a server did after a question that a sound one drops or objects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It sent a message.
    Message(Message),
    /// It sent an alert that ends the handshake, with this description.
    Alert(u8),
    /// It closed the connection.
    Closed,
    /// It reset the connection.
    Reset,
    /// It sent nothing.
    Silent,
    /// It sent what cannot be read.
    Unreadable,
}

/// What a reaction means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// The server has the fault.
    Vulnerable,
    /// It has not.
    Sound,
    /// Both are possible.
    Unclear,
}

const LYING_HEARTBEAT: [u8; 7] = [1, 0, 7, b'w', b'a', b'x', b's'];

/// A heartbeat request in one record that says it holds three octets more than it does, and no padding: no
/// memory that matters comes back. A sound server drops it (RFC 6520 section 4).
pub fn lying_heartbeat(version: u16) -> Vec<u8> {
    write_records(content::HEARTBEAT, version, &LYING_HEARTBEAT, usize::MAX)
}

/// What follows the Heartbleed probe (CVE-2014-0160). Only a heartbeat carries memory back.
pub fn heartbleed(reaction: &Reaction) -> Sign {
    match reaction {
        Reaction::Message(Message::Heartbeat(answer)) if answer.len() > LYING_HEARTBEAT.len() => {
            Sign::Vulnerable
        }
        Reaction::Message(_)
        | Reaction::Alert(_)
        | Reaction::Closed
        | Reaction::Reset
        | Reaction::Silent => Sign::Sound,
        Reaction::Unreadable => Sign::Unclear,
    }
}

/// A ChangeCipherSpec in one record.
pub fn change_cipher_spec(version: u16) -> Vec<u8> {
    write_records(content::CHANGE_CIPHER_SPEC, version, &[1], 1)
}

/// What follows a ChangeCipherSpec before there are keys (CVE-2014-0224): a sound server objects. `None`:
/// it says nothing, and a second one shows whether it has made keys.
pub fn first_change(reaction: &Reaction) -> Option<Sign> {
    match reaction {
        Reaction::Alert(_) | Reaction::Closed | Reaction::Reset => Some(Sign::Sound),
        Reaction::Silent => None,
        Reaction::Message(_) | Reaction::Unreadable => Some(Sign::Unclear),
    }
}

/// What follows the second: a server that has made keys from nothing cannot decrypt it, and says so by
/// bad_record_mac (20) or decryption_failed (21). One that objects by another alert has read it. An end
/// without an alert can be either.
pub fn second_change(reaction: &Reaction) -> Sign {
    match reaction {
        Reaction::Alert(20 | 21) => Sign::Vulnerable,
        Reaction::Alert(_) => Sign::Sound,
        Reaction::Message(_)
        | Reaction::Closed
        | Reaction::Reset
        | Reaction::Silent
        | Reaction::Unreadable => Sign::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_octets_that_were_never_sent_are_heartbleed() {
        let beat = |octets: usize| Reaction::Message(Message::Heartbeat(vec![2; octets]));
        assert_eq!(heartbleed(&beat(10)), Sign::Vulnerable);
        for reaction in [beat(7), Reaction::Silent, Reaction::Alert(10), Reaction::Reset] {
            assert_eq!(heartbleed(&reaction), Sign::Sound, "{reaction:?}");
        }
        assert_eq!(heartbleed(&Reaction::Unreadable), Sign::Unclear);
    }

    #[test]
    fn silence_after_the_first_change_asks_for_a_second() {
        assert_eq!(first_change(&Reaction::Silent), None);
        assert_eq!(first_change(&Reaction::Alert(10)), Some(Sign::Sound));
        assert_eq!(first_change(&Reaction::Closed), Some(Sign::Sound));
    }

    #[test]
    fn keys_from_nothing_show_in_the_second_change() {
        for (reaction, expected) in [
            (Reaction::Alert(20), Sign::Vulnerable),
            (Reaction::Alert(21), Sign::Vulnerable),
            (Reaction::Alert(10), Sign::Sound),
            (Reaction::Closed, Sign::Unclear),
            (Reaction::Silent, Sign::Unclear),
        ] {
            assert_eq!(second_change(&reaction), expected, "{reaction:?}");
        }
    }
}
