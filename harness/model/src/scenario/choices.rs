//! Words that choose one of a few ways, or say that something is not there.

use super::check::Checker;
use crate::raw::Placed;
use crate::words::{WordList, words};

words! {
    /// What is recorded of a case that never fails.
    pub enum Observed {
        /// What becomes of the message.
        Outcome = "outcome",
    }
}

words! {
    /// Something that is not to be there.
    pub enum Absent {
        /// Nothing of the kind.
        None = "none",
    }
}

words! {
    /// Several outcomes in one word.
    pub enum Outcomes {
        /// Deferred, bounced or rejected: not delivered, and not lost.
        Withheld = "withheld",
    }
}

words! {
    /// What is expected of the handshake, where no facts of it are.
    pub enum TlsWord {
        /// It finishes.
        Established = "established",
        /// The relay refuses it: an alert, a close, or 4yz or 5yz to STARTTLS. Silence is no refusal.
        Refused = "refused",
        /// The relay breaks it off at what is tampered, before it goes on.
        TamperingRefused = "tampering-refused" only Outbound,
    }
}

words! {
    /// What a hand-written ClientHello is answered with, where no facts are expected.
    pub enum AnswerWord {
        /// A ServerHello or a HelloRetryRequest.
        ServerHello = "server-hello" only Inbound,
        /// The relay ends the handshake: an alert or a close. Silence is no refusal.
        Refused = "refused" only Inbound,
    }
}

words! {
    /// The order of the certificates that a relay sends.
    pub enum ChainOrder {
        /// The leaf is first, and each is certified by the one behind it (RFC 5246 section 7.4.2).
        LeafFirst = "leaf-first" only Inbound,
    }
}

words! {
    /// How a delivery report comes.
    pub enum DsnChannel {
        /// In plaintext.
        Plaintext = "plaintext" only Outbound,
        /// Inside TLS.
        Tls = "tls" only Outbound,
    }
}

words! {
    /// How the message is submitted to the relay.
    pub enum Submission {
        /// In plaintext.
        Plaintext = "plaintext" only Outbound,
        /// Inside TLS; our sender leaves in the middle of the message, without close_notify.
        Cut = "cut" only Outbound,
        /// Inside TLS.
        Tls = "tls" only Outbound,
    }
}

words! {
    /// A sender that is not the case's own.
    pub enum Sender {
        /// The null reverse-path `<>` (RFC 5321 section 4.5.5).
        Null = "null" only Outbound,
    }
}

words! {
    /// How the MX records of an earlier message know the first next hop.
    pub enum HostName {
        /// By another name, in a domain of that message's own.
        Renamed = "renamed" only Outbound,
    }
}

words! {
    /// Where the names of all next hops lie.
    pub enum HostsPlace {
        /// In a domain that is not the recipient's and falls under no rule.
        Outside = "outside" only Outbound,
    }
}

words! {
    /// A further recipient that needs no connector.
    pub enum SameDomain {
        /// One in the domain of the judged recipient, under the same rule.
        Same = "same" only Outbound,
    }
}

words! {
    /// A record of the recipient's domain that the resolver can spoil.
    pub enum DnsRecord [
        /// What the DNS calls it.
        kind: &'static str,
    ] {
        /// Its MX records.
        Mx = "mx" only Outbound { kind: "MX" },
        /// The A records of its next hops.
        A = "a" only Outbound { kind: "A" },
        /// Its TLSA records (RFC 6698).
        Tlsa = "tlsa" only Outbound { kind: "TLSA" },
    }
}

words! {
    /// No recipe of a certificate.
    pub enum NoCertificate {
        /// It shows none.
        None = "none" only Inbound,
    }
}

impl Checker<'_> {
    /// Looks a word up in its list, after filling it in.
    pub(super) fn one_of<L: WordList>(&mut self, what: &str, word: &Placed<String>) -> Option<L> {
        self.word(what, word, &L::table())
    }
}
