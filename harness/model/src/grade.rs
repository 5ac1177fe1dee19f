//! What the cases of one domain say together: whether TLS is forced there, and what would do in its
//! place.

use serde::{Deserialize, Serialize};

use crate::expect::{Never, Outcome};
use crate::judge::breaches;
use crate::offer::{SuiteKind, Version};
use crate::record::CaseRecord;
use crate::requirement::Level;
use crate::scenario::Connector;
use crate::trace::{Event, Happening, Place};
use crate::verdict::Verdict;

/// What would do for the mail of a domain although its rule forbids that.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// No TLS: the message or its envelope went out in plaintext.
    Plaintext,
    /// No TLS, if the sender asks for that in a header.
    SenderHeader,
    /// TLS that others can read, now or later.
    WeakTls,
    /// A peer that proves nothing, or the wrong name.
    UnprovenPeer,
    /// Anything else that a must forbids.
    Other,
}

/// The cases that show a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GapRecord {
    /// What would do.
    pub gap: Gap,
    /// How many cases show it.
    pub cases: usize,
    /// What it was like: `TLS 1.0`, `static RSA`, `self-signed`; each once.
    pub examples: Vec<String>,
}

/// Files of scenarios in which a message could go out in plaintext and no other way, with the control beside
/// it. Who withholds it there forces TLS.
pub const TEMPTING: [&str; 7] = [
    "outbound/forced/not-offered",
    "outbound/forced/refused",
    "outbound/forced/handshake",
    "outbound/forced/odd-code",
    "outbound/forced/ehlo-refused",
    "outbound/forced/keyword-overwritten",
    HEADER,
];

/// The scenario of headers by which a sender could lift a rule.
const HEADER: &str = "outbound/message/header-lifts-nothing";

/// Files of scenarios outside the folders `certificates` and `names` that are about what a peer proves.
pub const PROOF: [&str; 8] = [
    "outbound/after-tls/report-to-unproven-host",
    "outbound/forced/resumed-session",
    "outbound/hosts/ipv6-proven",
    "outbound/hosts/name",
    "outbound/hosts/second-address-proven",
    "outbound/memory/named-once",
    "outbound/memory/proven-once",
    "outbound/memory/proven-under-another-name",
];

/// How many examples of a gap are named.
const EXAMPLES: usize = 6;

/// Whether a case counts for its domain: a must that was played, and whatever its level and verdict
/// one in which plaintext went out. In one that is an error, the message may have been another's.
pub(crate) fn counts(case: &CaseRecord) -> bool {
    let played = !matches!(case.verdict, Verdict::Skipped | Verdict::Observed);
    (case.level == Level::Must && played) || in_plaintext(case)
}

/// Whether the message, or its envelope, went out in plaintext where that is forbidden.
pub(crate) fn in_plaintext(case: &CaseRecord) -> bool {
    let judged = !matches!(case.verdict, Verdict::Error | Verdict::Skipped);
    let delivered = case.outcome == Some(Outcome::DeliveredPlaintext);
    // Who passes kept the rule; the host of the sender is under another.
    let leaked = || {
        case.verdict != Verdict::Pass
            && breaches(Never::EnvelopeInPlaintext, &case.trace.events)
                .into_iter()
                .any(|at| at_next_hop(&case.trace.events[at]))
    };
    case.connector.forces_tls() && judged && (delivered || leaked())
}

fn at_next_hop(event: &Event) -> bool {
    matches!(&event.place, Place::Peer { name, .. } if name != "sender")
}

/// Whether this case passed although plaintext was all that would have brought the message on its way.
pub(crate) fn withheld(case: &CaseRecord) -> bool {
    is_tempting(case) && case.verdict == Verdict::Pass
}

/// Whether plaintext is all that would bring the message on its way.
pub(crate) fn is_tempting(case: &CaseRecord) -> bool {
    TEMPTING.contains(&file(case))
}

/// Whether this case passed although a peer without proof was there to take the message.
pub(crate) fn proof_demanded(case: &CaseRecord) -> bool {
    let delivered = case.outcome.is_some_and(Outcome::delivered);
    about_proof(case) && case.verdict == Verdict::Pass && case.outcome.is_some() && !delivered
}

/// The scenario's file: rows of one share it.
fn file(case: &CaseRecord) -> &str {
    case.scenario.split('#').next().unwrap_or_default()
}

fn about_proof(case: &CaseRecord) -> bool {
    let folder = file(case).split('/').nth(1).unwrap_or_default();
    matches!(folder, "certificates" | "names") || PROOF.contains(&file(case))
}

/// The gap that a case shows, if it shows one.
pub(crate) fn gap(case: &CaseRecord) -> Option<Gap> {
    if in_plaintext(case) {
        let lifted = file(case) == HEADER;
        return Some(if lifted { Gap::SenderHeader } else { Gap::Plaintext });
    }
    if case.verdict != Verdict::Fail {
        return None;
    }
    let folder = file(case).split('/').nth(1).unwrap_or_default();
    let secrecy = case.requirements.iter().any(|id| id.starts_with("fs-"));
    // Who withholds a message takes too little, and not too much.
    let went = case.outcome == Some(Outcome::DeliveredTls) || in_tls(case);
    Some(match folder {
        _ if !went => Gap::Other,
        "versions" | "forward-secrecy" => Gap::WeakTls,
        _ if about_proof(case) && case.connector.judges_certificates() => Gap::UnprovenPeer,
        _ if secrecy => Gap::WeakTls,
        _ => Gap::Other,
    })
}

/// Whether the message or its envelope was said inside TLS to a next hop.
fn in_tls(case: &CaseRecord) -> bool {
    let said = breaches(Never::EnvelopeInTls, &case.trace.events);
    said.into_iter().any(|at| at_next_hop(&case.trace.events[at]))
}

/// The gaps that these cases show, each with its examples.
pub(crate) fn gaps(cases: &[&CaseRecord]) -> Vec<GapRecord> {
    let mut shown: Vec<(Gap, &CaseRecord)> =
        cases.iter().filter_map(|case| Some((gap(case)?, *case))).collect();
    shown.sort_by_key(|(gap, _)| *gap);
    let records = shown.chunk_by(|one, next| one.0 == next.0).filter_map(|alike| {
        let (gap, _) = alike.first()?;
        let mut examples: Vec<String> = Vec::new();
        for example in alike.iter().flat_map(|(gap, case)| examples_of(*gap, case)) {
            if examples.len() < EXAMPLES && !examples.contains(&example) {
                examples.push(example);
            }
        }
        // Versions before suites, old ones first.
        examples.sort_by_key(|example| !example.contains("SSL") && !example.contains("TLS"));
        Some(GapRecord { gap: *gap, cases: alike.len(), examples })
    });
    records.collect()
}

/// What a case shows of its gap.
fn examples_of(gap: Gap, case: &CaseRecord) -> Vec<String> {
    match gap {
        Gap::WeakTls => weaknesses(case),
        Gap::Plaintext | Gap::Other => vec![file(case).to_owned()],
        Gap::SenderHeader | Gap::UnprovenPeer => row(case).into_iter().collect(),
    }
}

/// What tells this case from the others of its scenario, or the scenario's name.
fn row(case: &CaseRecord) -> Option<String> {
    let id = case.id.split('@').next().unwrap_or(&case.id);
    let values = id.split_once('#').map_or("", |(_, values)| values).split(',');
    let values = values.filter(|value| Connector::from_name(value).is_none() && !value.is_empty());
    let value = values.map(|value| value.split_once('=').map_or(value, |(_, value)| value)).next();
    value.or_else(|| file(case).rsplit('/').next()).map(str::to_owned)
}

/// What was weak in the TLS that the relay negotiated; of what it only offered, nothing is known but
/// the case.
fn weaknesses(case: &CaseRecord) -> Vec<String> {
    let negotiated = case.trace.events.iter().filter(|event| at_next_hop(event));
    let negotiated = negotiated.filter_map(|event| match &event.kind {
        Happening::HandshakeCompleted(facts) => Some(facts),
        _ => None,
    });
    let mut found = Vec::new();
    for facts in negotiated {
        let suite = |kind| facts.suite.is(kind);
        let kinds = [
            (SuiteKind::Anonymous, "anonymous suites"),
            (SuiteKind::StaticRsa, "static RSA"),
            (SuiteKind::StaticDh, "static DH"),
            (SuiteKind::Null, "no encryption"),
            (SuiteKind::Export, "export suites"),
            (SuiteKind::Rc4, "RC4"),
            (SuiteKind::TripleDes, "triple DES"),
        ];
        if facts.version < Version::Tls12 {
            found.push(facts.version.to_string());
        } else if let Some((_, name)) = kinds.into_iter().find(|(kind, _)| suite(*kind)) {
            found.push(name.to_owned());
        } else if let Some(bits) = facts.dh_bits.filter(|bits| *bits < 2048) {
            found.push(format!("DH of {bits} bits"));
        }
    }
    found
}
