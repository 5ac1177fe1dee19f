//! Every word that a scenario may use: which list stands behind which key.
//!
//! `waxseal list --words` prints it, and the JSON Schema of scenario files has its words from here.

use super::choices::{
    Absent, AnswerWord, ChainOrder, DnsRecord, DsnChannel, HostName, HostsPlace, NoCertificate,
    Observed, Outcomes, SameDomain, Sender, Submission, TlsWord,
};
use super::{
    Alias, AsksCertificate, ClientFault, Connector, ConnectorGroup, DeadAddress, DnsFaultKind,
    Family, HelloVariant, HostPlace, Placeholder, RecipientDomain, Resumption, RuleBy, ServerFault,
    Tampering,
};
use crate::alert::ALERTS;
use crate::expect::{AlertWord, HelloRule, Never, Outcome};
use crate::facts::ClientCertificate;
use crate::offer::{SuiteKind, Version};
use crate::script::{Direction, Verb};
use crate::words::WordList;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it is written.
    pub word: String,
    /// What it means: a sentence or more.
    pub about: String,
    /// The only direction in which it has a meaning; `None`: it has one in both.
    pub only: Option<Direction>,
}

/// The words of one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name of its list: `Tampering`.
    pub list: &'static str,
    /// What they are.
    pub about: &'static str,
    /// Where they are written: tables of [`super::schema`], each with its key.
    pub keys: &'static [(&'static str, &'static str)],
    /// Whether other texts may stand there too.
    pub open: bool,
    /// The words.
    pub words: Vec<Entry>,
}

fn group<L: WordList>(
    list: &'static str,
    keys: &'static [(&'static str, &'static str)],
    open: bool,
) -> Group {
    let words = L::LIST.iter().map(|word| Entry {
        word: word.name().into(),
        about: word.about().into(),
        only: word.only(),
    });
    Group { list, about: L::ABOUT.trim_start(), keys, open, words: words.collect() }
}

/// Writes a row for each list: its type, where its words are written, and whether others may stand
/// there too.
macro_rules! groups {
    ($($list:ident $kind:ident [$($table:ident.$key:literal),* $(,)?],)+) => {
        vec![$(group::<$list>(
            stringify!($list),
            &[$((stringify!($table), $key)),*],
            groups!(@$kind),
        )),+]
    };
    (@closed) => { false };
    (@open) => { true };
}

/// All lists.
pub fn groups() -> Vec<Group> {
    let mut all = groups![
        Connector closed [
            File."connector",
            Case."connector",
            Message."connector",
            Message."sender-connector",
            Message."also",
        ],
        ConnectorGroup closed [File."matrix"],
        HostsPlace closed [File."hosts"],
        Observed closed [File."observe", Case."observe"],
        ClientFault closed [Peer."fault"],
        ServerFault closed [Peer."fault"],
        Tampering closed [Peer."tampers"],
        AsksCertificate closed [Peer."client-certificate"],
        Resumption closed [Peer."resumption"],
        NoCertificate open [Peer."cert"],
        HostPlace closed [Peer."host"],
        DeadAddress closed [Peer."dead"],
        Family closed [Peer."address"],
        HelloVariant closed [Hello."variants"],
        Version closed [Hello."version", OfferTable."versions", Offered."versions"],
        SuiteKind open [
            OfferTable."suites",
            TlsTable."suite",
            Offered."suites",
            Offered."first-suite",
        ],
        RuleBy closed [Message."rule"],
        Submission closed [Message."submission"],
        Sender closed [Message."sender"],
        SameDomain closed [Message."also"],
        RecipientDomain closed [Message."domain"],
        HostName closed [Message."host"],
        DnsRecord closed [File."dns"],
        DnsFaultKind closed [File."dns"],
        Alias closed [File."dns"],
        Outcome closed [Message."outcome", Expect."outcome"],
        Outcomes closed [Expect."outcome"],
        TlsWord closed [Expect."tls"],
        AnswerWord closed [Expect."answer"],
        AlertWord closed [Expect."alert"],
        Never closed [Expect."never"],
        ClientCertificate closed [TlsTable."client-certificate"],
        ChainOrder closed [Certificate."chain"],
        HelloRule closed [Offered."form"],
        DsnChannel closed [Dsn."channel"],
        Absent closed [AnswerTable."compression", Offered."compression", Ticket."early-data"],
        Verb open [],
        Placeholder open [],
    ];
    let alerts = ALERTS.iter().map(|(code, name)| Entry {
        word: (*name).into(),
        about: format!("By this alert, number {code}."),
        only: None,
    });
    all.push(Group {
        list: "Alert",
        about: "A TLS alert (RFC 8446 section 6).",
        keys: &[("Expect", "alert")],
        open: false,
        words: alerts.collect(),
    });
    all
}
