//! Traces that never were.

use std::time::Duration;

use proptest::prelude::*;

use crate::facts::{
    Alert, ClientCertificate, Engine, FailureCause, HelloFacts, Speaker, Suite, TamperReaction,
    TlsFacts, TlsFailure,
};
use crate::offer::{SuiteKind, Version};
use crate::trace::{Channel, End, Ending, Event, Happening, Place, Trace};

fn channel() -> impl Strategy<Value = Channel> {
    prop_oneof![Just(Channel::Plaintext), Just(Channel::Tls)]
}

const LINES: [&str; 18] = [
    "EHLO x",
    "STARTTLS",
    "MAIL FROM:<a@b> SIZE=1",
    "RCPT TO:<a@b>",
    "DATA",
    "BDAT 1",
    "QUIT",
    "AUTH PLAIN x",
    "220 x",
    "250-x",
    "250-STARTTLS",
    "250 STARTTLS",
    "250 ENHANCEDSTATUSCODES",
    "421 4.7.0 no",
    "454 no",
    "530 5.7.0 no",
    "354 x",
    "",
];

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(LINES.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ]
}

/// A connection of a peer, of the scenario or not.
pub(super) fn peer() -> impl Strategy<Value = Place> {
    let name = prop_oneof![3 => Just("mx"), 3 => Just("client"), 1 => Just("other")];
    (name, 1_u32..3).prop_map(|(name, connection)| Place::Peer { name: name.into(), connection })
}

/// Any place.
pub(super) fn place() -> impl Strategy<Value = Place> {
    let other = prop_oneof![
        Just(Place::Dns),
        Just(Place::Injection),
        Just(Place::Sender),
        Just(Place::Run)
    ];
    prop_oneof![4 => peer(), 1 => other]
}

fn suite() -> impl Strategy<Value = Suite> {
    let kinds = prop::sample::subsequence(SuiteKind::ALL.to_vec(), 0..4);
    (any::<u16>(), kinds).prop_map(|(id, kinds)| Suite { id, name: format!("{id:#06x}"), kinds })
}

fn facts() -> impl Strategy<Value = TlsFacts> {
    let certificate = prop_oneof![
        Just(ClientCertificate::NotAsked),
        Just(ClientCertificate::NotShown),
        Just(ClientCertificate::Shown)
    ];
    let version = prop::sample::select(Version::ALL.to_vec());
    let sni = prop::option::of(prop_oneof![Just("mx.test".to_owned()), Just("x".to_owned())]);
    (version, suite(), any::<bool>(), certificate, sni).prop_map(
        |(version, suite, forward_secrecy, client_certificate, sni)| TlsFacts {
            engine: Engine::Modern,
            version,
            suite,
            group: None,
            dh_bits: None,
            forward_secrecy,
            peer_signature: None,
            peer_key_proven: false,
            sni,
            alpn: None,
            resumed: false,
            peer_chain: vec![vec![0x30, 0]],
            peer: Vec::new(),
            staple: None,
            client_certificate,
            server_extensions: Vec::new(),
        },
    )
}

fn hello() -> impl Strategy<Value = HelloFacts> {
    let versions = prop::sample::subsequence(Version::ALL.to_vec(), 0..5);
    (versions, prop::collection::vec(suite(), 0..3)).prop_map(|(versions, suites)| HelloFacts {
        versions,
        suites,
        ..HelloFacts::default()
    })
}

const CAUSES: [FailureCause; 8] = [
    FailureCause::RelayAlert,
    FailureCause::RelayClosed,
    FailureCause::RelayReset,
    FailureCause::NothingInCommon,
    FailureCause::OurObjection,
    FailureCause::NotTls,
    FailureCause::Silence,
    FailureCause::Fault,
];

fn failure(cause: FailureCause) -> Happening {
    let (alert_heard, alert_said) = (None, None);
    let detail = String::new();
    Happening::HandshakeFailed(TlsFailure { engine: None, cause, alert_heard, alert_said, detail })
}

fn answer() -> impl Strategy<Value = TamperReaction> {
    prop_oneof![
        Just(TamperReaction::WentOn("x".into())),
        any::<u8>().prop_map(TamperReaction::Alert),
        Just(TamperReaction::Closed),
        Just(TamperReaction::Reset),
        Just(TamperReaction::Unclear),
        Just(TamperReaction::Silence),
    ]
}

/// What our side does and what nobody does: nothing of it was heard from the relay.
pub(super) fn silence() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (channel(), line()).prop_map(|(channel, bytes)| Happening::Sent { channel, bytes }),
        // Our own lines of a script are reached without the relay.
        Just(Happening::Reached { step: 0 }),
        Just(Happening::Connected),
        Just(Happening::Finished),
        Just(Happening::Deadline),
        Just(Happening::NotConnected("".into())),
        Just(failure(FailureCause::Silence)),
        Just(failure(FailureCause::Fault)),
        Just(failure(FailureCause::OurObjection)),
        Just(Happening::Ended(End::Ours)),
        Just(Happening::Ended(End::Silence)),
    ]
}

/// Anything but our own trouble.
pub(super) fn happening() -> impl Strategy<Value = Happening> {
    let ends = vec![
        End::CloseNotify,
        End::Fin,
        End::Reset,
        End::Alert,
        End::Garbled,
        End::Ours,
        End::Silence,
    ];
    let ending = prop_oneof![Just(Ending::CrLf), Just(Ending::Lf), Just(Ending::None)];
    let status = prop_oneof![Just("5.7.4"), Just("4.4.1"), Just("")];
    let action = prop_oneof![Just("failed"), Just("delayed"), Just("delivered")];
    let speaker = prop_oneof![Just(Speaker::Relay), Just(Speaker::Peer)];
    prop_oneof![
        3 => silence(),
        4 => (channel(), line(), ending)
            .prop_map(|(channel, line, ending)| Happening::Received { channel, line, ending }),
        1 => (channel(), line())
            .prop_map(|(channel, bytes)| Happening::ReceivedContent { channel, bytes }),
        1 => (channel(), line()).prop_map(|(channel, bytes)| Happening::UnexpectedBytes { channel, bytes }),
        1 => (0_usize..4).prop_map(|step| Happening::Reached { step }),
        1 => (0_usize..4).prop_map(|step| Happening::Diverged { step }),
        1 => hello().prop_map(|hello| Happening::Hello(Box::new(hello))),
        1 => facts().prop_map(|facts| Happening::HandshakeCompleted(Box::new(facts))),
        1 => prop::sample::select(CAUSES.to_vec()).prop_map(failure),
        1 => (speaker, any::<u8>())
            .prop_map(|(by, description)| Happening::Alerted(Alert { by, description })),
        1 => (answer(), prop::sample::select(Version::ALL.to_vec())).prop_map(|(answer, version)| {
            Happening::Tampered { tampering: "x".into(), answer, version }
        }),
        1 => prop_oneof![
            channel().prop_map(|channel| Happening::AcceptedByPeer { channel }),
            channel().prop_map(|channel| Happening::AcceptedByRelay { channel }),
            (channel(), line()).prop_map(|(channel, reply)| Happening::Refused { channel, reply }),
        ],
        1 => (channel(), action, status).prop_map(|(channel, action, status)| {
            let (action, status, diagnostic) = (action.into(), status.into(), "".into());
            Happening::Reported { channel, action, status, diagnostic }
        }),
        1 => Just(Happening::Waiting { reason: "".into() }),
        1 => Just(Happening::Logged { words: "status=sent".into() }),
        1 => prop_oneof![Just(Happening::NextMessage), Just(Happening::LostFromQueue)],
        1 => prop::sample::select(ends).prop_map(Happening::Ended),
        1 => Just(Happening::DnsQuery {
            name: "x.test".into(),
            record: "MX".into(),
            answer: "NOERROR 1".into(),
        }),
    ]
}

/// A trace of such events.
pub(super) fn trace_of(kind: impl Strategy<Value = Happening>) -> impl Strategy<Value = Trace> {
    prop::collection::vec((place(), kind), 0..24).prop_map(|events| {
        let at = |index| Duration::from_millis(u64::try_from(index).unwrap_or_default());
        let event = |(index, (place, kind))| Event { at: at(index), place, kind };
        Trace { events: events.into_iter().enumerate().map(event).collect() }
    })
}

/// The trace with one more event in it.
pub(super) fn with(trace: &Trace, at: usize, place: Place, kind: Happening) -> Trace {
    let mut trace = trace.clone();
    let at = at.min(trace.events.len());
    trace.events.insert(at, Event { at: Duration::ZERO, place, kind });
    trace
}

/// The envelope or the content in plaintext.
pub(super) fn leak() -> impl Strategy<Value = Happening> {
    let lines = ["MAIL FROM:<a@b>", "mail from:<a@b>", "RCPT TO:<a@b>", "DATA", "BDAT 5 LAST"];
    prop_oneof![
        prop::sample::select(lines.to_vec()).prop_map(|line| Happening::Received {
            channel: Channel::Plaintext,
            line: line.as_bytes().to_vec(),
            ending: Ending::CrLf,
        }),
        line().prop_map(|bytes| Happening::ReceivedContent { channel: Channel::Plaintext, bytes }),
    ]
}
