//! What a case expects of the relay. A harness's own trouble cannot be expressed here.

use crate::alert::{alert_name, alert_names};
use crate::offer::{SuiteChoice, Version};
use crate::pattern::Pattern;

/// What became of the message.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The next hop (inbound: the relay) took it inside TLS.
    DeliveredTls,
    /// It was taken in clear.
    DeliveredPlaintext,
    /// The relay keeps it and will try again.
    Deferred,
    /// The relay gave it back with a report.
    Bounced,
    /// The relay did not take it in the first place.
    Rejected,
    /// The relay took it, and it is nowhere.
    Lost,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 6] = [
        Self::DeliveredTls,
        Self::DeliveredPlaintext,
        Self::Deferred,
        Self::Bounced,
        Self::Rejected,
        Self::Lost,
    ];

    /// What `withheld` stands for.
    pub const WITHHELD: [Self; 3] = [Self::Deferred, Self::Bounced, Self::Rejected];

    /// The name in scenario files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::DeliveredTls => "delivered-tls",
            Self::DeliveredPlaintext => "delivered-plaintext",
            Self::Deferred => "deferred",
            Self::Bounced => "bounced",
            Self::Rejected => "rejected",
            Self::Lost => "lost",
        }
    }

    /// Whether the message moved on.
    pub fn delivered(self) -> bool {
        matches!(self, Self::DeliveredTls | Self::DeliveredPlaintext)
    }
}

/// Something that must not be heard. One occurrence is a failure, whatever else happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Never {
    /// MAIL, RCPT, DATA, BDAT or content outside TLS.
    EnvelopeInClear,
    /// Message content outside TLS.
    BodyInClear,
    /// AUTH outside TLS.
    CredentialsInClear,
    /// A SMTP line outside TLS on a connection where STARTTLS was already accepted.
    ClearAfterStarttls,
    /// A ClientHello, though our reply to STARTTLS was not 220.
    HelloWithoutGoAhead,
    /// Bytes behind STARTTLS before our reply.
    BytesAfterStarttls,
    /// A reply inside TLS that no command asked for.
    InjectedAnswer,
    /// A command inside TLS while our reply to the one before is still due, though PIPELINING is
    /// not offered there.
    InjectedReplyUsed,
    /// STARTTLS inside TLS.
    StarttlsInTls,
    /// An extension used inside TLS that was offered in clear only.
    ClearExtensionUsed,
    /// TLS older than 1.2 was negotiated.
    OldTls,
    /// TLS without forward secrecy was negotiated.
    StaticKeyExchange,
    /// TLS with an anonymous suite was negotiated.
    AnonymousTls,
    /// The message taken inside TLS.
    MessageInTls,
    /// The message sent once more after it was taken, or kept for that.
    SentTwice,
    /// STARTTLS, though the keyword was not offered.
    UnofferedStarttls,
    /// What a fault of the scenario wants of the relay.
    WentAlong,
    /// A reply other than 4yz or 5yz in clear, once TLS is up.
    ClearAnswer,
}

impl Never {
    /// All, with the names of scenario files.
    pub const NAMES: [(&'static str, Self); 18] = [
        ("envelope-in-clear", Self::EnvelopeInClear),
        ("body-in-clear", Self::BodyInClear),
        ("credentials-in-clear", Self::CredentialsInClear),
        ("clear-after-starttls", Self::ClearAfterStarttls),
        ("hello-without-go-ahead", Self::HelloWithoutGoAhead),
        ("bytes-after-starttls", Self::BytesAfterStarttls),
        ("injected-answer", Self::InjectedAnswer),
        ("injected-reply-used", Self::InjectedReplyUsed),
        ("starttls-in-tls", Self::StarttlsInTls),
        ("clear-extension-used", Self::ClearExtensionUsed),
        ("old-tls", Self::OldTls),
        ("static-key-exchange", Self::StaticKeyExchange),
        ("anonymous-tls", Self::AnonymousTls),
        ("message-in-tls", Self::MessageInTls),
        ("sent-twice", Self::SentTwice),
        ("unoffered-starttls", Self::UnofferedStarttls),
        ("went-along", Self::WentAlong),
        ("clear-answer", Self::ClearAnswer),
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, never)| *never == self).map_or("", |(name, _)| name)
    }

    /// One sentence about what happened when it did happen.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::EnvelopeInClear => "the relay sent the envelope or the message outside TLS",
            Self::BodyInClear => "the relay sent the message outside TLS",
            Self::CredentialsInClear => "the relay sent AUTH outside TLS",
            Self::ClearAfterStarttls => "the relay went on in clear after STARTTLS was accepted",
            Self::HelloWithoutGoAhead => "the relay began TLS although STARTTLS was not accepted",
            Self::BytesAfterStarttls => {
                "the relay sent bytes behind STARTTLS before it was answered"
            }
            Self::InjectedAnswer => "the relay answered inside TLS to a command sent in clear",
            Self::InjectedReplyUsed => "the relay took a reply injected in clear for one from TLS",
            Self::StarttlsInTls => "the relay sent STARTTLS inside TLS",
            Self::ClearExtensionUsed => {
                "the relay used an extension inside TLS that was only offered in clear"
            }
            Self::OldTls => "the relay negotiated a version older than TLS 1.2",
            Self::StaticKeyExchange => "the relay negotiated a suite without forward secrecy",
            Self::AnonymousTls => "the relay negotiated an anonymous suite",
            Self::MessageInTls => "the relay sent the message over this TLS session",
            Self::SentTwice => "the relay did not let go of a message that had been taken",
            Self::UnofferedStarttls => "the relay sent STARTTLS although it was not offered",
            Self::ClearAnswer => "the relay answered in clear although TLS was up",
            Self::WentAlong => "the relay went along with the fault",
        }
    }
}

/// What a case expects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// One of these; empty: not judged.
    pub outcome: Vec<Outcome>,
    /// The handshake.
    pub tls: Option<TlsExpect>,
    /// The relay's ClientHello.
    pub offered: Option<OfferedExpect>,
    /// The certificates the relay shows as a server. Inbound only.
    pub certificate: Option<CertificateExpect>,
    /// What the relay answers a forged ClientHello with. Inbound only.
    pub answer: Option<AnswerExpect>,
    /// How the relay tells that it ends a handshake: the alert that has to be, then those that are as
    /// good. Empty: not judged.
    pub alert: Vec<Told>,
    /// What the relay gives to resume a session by, where it gives anything. Inbound only.
    pub ticket: Option<TicketExpect>,
    /// The reply to the script's last line. Inbound only.
    pub reply: Option<ReplyExpect>,
    /// None of these.
    pub never: Vec<Never>,
    /// At least so many connections to our peers.
    pub attempts: Option<u32>,
    /// Peers in the order of their first connection.
    pub visited: Vec<String>,
    /// The peer that took the message.
    pub taken_by: Option<String>,
    /// The delivery report.
    pub dsn: Option<DsnExpect>,
}

/// What is expected of the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsExpect {
    /// It finishes.
    Established,
    /// The relay refuses it: alert, close, or 4yz/5yz to STARTTLS. Silence is not a refusal.
    Refused,
    /// The relay breaks it off at what is forged, before it goes on: by an alert, or by ending the
    /// connection. Silence is not a refusal, and neither is a handshake that fails later.
    ForgeryRefused,
    /// It finishes with these facts.
    Facts(TlsFactsExpect),
}

/// Facts of a finished handshake; `None` and empty: not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFactsExpect {
    /// The version.
    pub version: Option<VersionRange>,
    /// Whether there is forward secrecy.
    pub forward_secrecy: Option<bool>,
    /// One of these suites.
    pub suite: Vec<SuiteChoice>,
    /// The group's name.
    pub group: Option<String>,
    /// The SNI: a template, or `none`.
    pub sni: Option<String>,
    /// Whether the client's certificate was shown and proven.
    pub client_certificate: Option<crate::facts::ClientCertificate>,
    /// At least so many bits in a finite-field prime.
    pub dh_bits_at_least: Option<u32>,
    /// The ALPN protocol: a name, or `none`.
    pub alpn: Option<String>,
}

/// What is expected of the certificates the relay shows as a server; `None` and `false`: not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CertificateExpect {
    /// At least so many bits in the leaf's key, where that is RSA.
    pub rsa_bits_at_least: Option<u32>,
    /// At least so many certificates are sent.
    pub sent_at_least: Option<u32>,
    /// The leaf is first, and each is certified by the one behind it.
    pub leaf_first: bool,
}

/// What is expected of the answer to a forged ClientHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerExpect {
    /// The relay ends the handshake: an alert or a close. Silence is none.
    Refused,
    /// A ServerHello or HelloRetryRequest.
    ServerHello(AnswerFactsExpect),
}

/// Facts of a ServerHello; `None` and empty: not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerFactsExpect {
    /// The version.
    pub version: Option<VersionRange>,
    /// Extensions that are there, and that are not.
    pub extensions: (Vec<String>, Vec<String>),
    /// Groups of which it has to name one, and that it must not name.
    pub groups: (Vec<String>, Vec<String>),
    /// Whether the null method has to be chosen.
    pub no_compression: bool,
    /// The ALPN protocol: a name, or `none`.
    pub alpn: Option<String>,
    /// Whether it is a HelloRetryRequest.
    pub retry: Option<bool>,
    /// Whether its random ends in the mark that the relay could have done better.
    pub downgrade_mark: Option<bool>,
    /// Whether a refusal keeps the claim as well.
    pub or_refused: bool,
}

/// What is expected of a ticket; `None` and `false`: not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TicketExpect {
    /// It lasts at most so many seconds.
    pub seconds_at_most: Option<u32>,
    /// It allows no early data.
    pub no_early_data: bool,
}

/// How the end of a handshake is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// By this alert (RFC 8446 section 6).
    By(u8),
    /// By any alert.
    ByAny,
    /// Not at all: the connection just ends.
    NotAtAll,
}

impl Told {
    /// All, with the names of scenario files.
    pub(crate) fn names() -> Vec<(&'static str, Self)> {
        let alerts = alert_names().into_iter().map(|(name, code)| (name, Self::By(code)));
        [("any", Self::ByAny), ("none", Self::NotAtAll)].into_iter().chain(alerts).collect()
    }

    /// The name in scenario files; a number where an alert has none there.
    pub fn name(self) -> String {
        match self {
            Self::By(code) => {
                alert_name(code).map_or_else(|| format!("alert {code}"), str::to_owned)
            }
            Self::ByAny => "any".into(),
            Self::NotAtAll => "none".into(),
        }
    }

    /// Whether an ending with this alert, or with none, is told so.
    pub fn holds(self, alert: Option<u8>) -> bool {
        match self {
            Self::By(code) => alert == Some(code),
            Self::ByAny => alert.is_some(),
            Self::NotAtAll => alert.is_none(),
        }
    }
}

/// Versions a handshake may end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionRange {
    /// Exactly this.
    Exactly(Version),
    /// This or newer.
    AtLeast(Version),
}

impl VersionRange {
    /// Reads `1.2` or `>=1.2`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix(">=") {
            Some(version) => Version::from_name(version).map(Self::AtLeast),
            None => Version::from_name(text).map(Self::Exactly),
        }
    }

    /// Whether a version is in it.
    pub fn holds(self, version: Version) -> bool {
        match self {
            Self::Exactly(only) => version == only,
            Self::AtLeast(oldest) => version >= oldest,
        }
    }
}

/// What is expected of the relay's ClientHello.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferedExpect {
    /// Versions that are there, and that are not.
    pub versions: (Vec<Version>, Vec<Version>),
    /// Suites of which one is there, and of which none is.
    pub suites: (Vec<SuiteChoice>, Vec<SuiteChoice>),
    /// Groups that are there, and that are not.
    pub groups: (Vec<String>, Vec<String>),
    /// Schemes that are there, and that are not.
    pub schemes: (Vec<String>, Vec<String>),
    /// Extensions that are there, and that are not.
    pub extensions: (Vec<String>, Vec<String>),
    /// What the first suite is, signalling values and GREASE aside.
    pub first_suite: Option<SuiteChoice>,
    /// The SNI: a template, or `none`.
    pub sni: Option<String>,
    /// Whether only the null compression method is offered.
    pub no_compression: bool,
    /// Rules about its form.
    pub form: Vec<HelloRule>,
}

/// A rule about the form of a ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HelloRule {
    /// Suites in CBC mode come with encrypt_then_mac (RFC 7366).
    CbcWithEncryptThenMac,
    /// No extension and no group of a key share stands twice (RFC 8446 sections 4.2 and 4.2.8).
    ExtensionsOnce,
    /// No suite with ECDHE and a cipher of 128 bits or more stands behind one whose key exchange is
    /// static. Suites of TLS 1.3 may stand anywhere; DHE and weak ciphers had better stand last.
    ForwardSecretFirst,
    /// Where it lists versions, its own field says TLS 1.2 (RFC 8446 section 4.1.2).
    LegacyVersion,
    /// Versions are listed newest first (RFC 8446 section 4.2.1).
    NewestVersionFirst,
    /// The newest version is no older than in an earlier hello to the same peer, unless
    /// TLS_FALLBACK_SCSV says so (RFC 7507 section 4).
    NoSilentFallback,
    /// Where modes of resumption are listed, psk_dhe_ke is one of them (RFC 8446 section 4.2.9).
    PskWithDhe,
    /// The name in SNI, where there is one, is a host's: no address and no final dot (RFC 6066 section
    /// 3).
    SniIsHostName,
    /// No suite stands twice.
    SuitesOnce,
    /// It stands in records of TLS, not in the framing of SSL 2.0 (RFC 6176 section 3).
    TlsRecord,
}

impl HelloRule {
    /// All rules with the names of scenario files.
    pub const NAMES: [(&'static str, Self); 10] = [
        ("cbc-with-encrypt-then-mac", Self::CbcWithEncryptThenMac),
        ("extensions-once", Self::ExtensionsOnce),
        ("forward-secret-first", Self::ForwardSecretFirst),
        ("legacy-version", Self::LegacyVersion),
        ("newest-version-first", Self::NewestVersionFirst),
        ("no-silent-fallback", Self::NoSilentFallback),
        ("psk-with-dhe", Self::PskWithDhe),
        ("sni-is-host-name", Self::SniIsHostName),
        ("suites-once", Self::SuitesOnce),
        ("tls-record", Self::TlsRecord),
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, rule)| *rule == self).map_or("", |(name, _)| name)
    }
}

/// What is expected of one reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyExpect {
    /// The codes of the replies to the lines in the same segment before the last one, in order.
    pub before: Vec<Pattern>,
    /// Its code.
    pub code: Option<Pattern>,
    /// The enhanced status code it starts with; `5.7.0` or `5.7.*`. Judged only where the relay
    /// announced ENHANCEDSTATUSCODES.
    pub enhanced: Option<String>,
    /// EHLO keywords it lists.
    pub lists: Vec<String>,
    /// EHLO keywords it does not list.
    pub lacks: Vec<String>,
    /// Whether the relay may end the connection instead of answering, or break off the upgrade on
    /// the way there: 4yz or 5yz to STARTTLS, an alert, a close.
    pub or_ended: bool,
}

/// What is expected of the delivery report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DsnExpect {
    /// One of these statuses; `5.7.*` stands for a class.
    pub status: Vec<String>,
    /// Whether it came inside TLS.
    pub in_tls: Option<bool>,
}
