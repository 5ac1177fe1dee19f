//! What a next hop tampers in its half of a handshake.

use crate::offer::{Offer, Version};

/// One thing that is wrong, or odd, in what an otherwise honest TLS server says in plaintext.
///
/// The server's flight is made by an engine with the right certificate and key, and changed in this
/// one thing on its way out: whoever overlooks it goes on with the handshake, and that is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tampering {
    /// A fatal alert follows the ServerHello, and the connection is closed.
    AlertAfterHello,
    /// The ServerHello agrees on a protocol by ALPN, which was not offered (RFC 7301).
    AlpnNotOffered,
    /// The ServerHello chooses DEFLATE, which was not offered.
    CompressionChosen,
    /// ServerHelloDone comes before ServerKeyExchange.
    DoneBeforeKeyExchange,
    /// The mark that TLS 1.3 was possible stands in a ServerHello of TLS 1.2: as if somebody on the
    /// path had struck TLS 1.3 out of the ClientHello.
    DowngradeSentinel,
    /// A handshake record without content comes before the ServerHello.
    EmptyRecord,
    /// The ServerHello has an extension that nobody knows and that was not offered.
    ExtensionUnknown,
    /// The flight ends in its middle, and the connection is closed.
    FlightTruncated,
    /// Each octet of the flight, as far as it is in plaintext, comes in a record of its own.
    Fragments,
    /// The key exchange uses a group that was not offered; the signature over it is right.
    GroupNotOffered,
    /// The key exchange uses a group that was offered, but for which no share was sent.
    GroupNotShared,
    /// Nothing is tampered: the control of all others, played in the same way.
    Nothing,
    /// The whole flight comes in one record, longer than any may be. HelloRequests, which a client
    /// skips in a handshake (RFC 5246 section 7.4.1.1), make it that long.
    RecordTooLong,
    /// The ServerHello lacks the renegotiation_info that was asked for.
    RenegotiationInfoMissing,
    /// A HelloRetryRequest asks for the group whose share has been sent.
    RetryForSharedGroup,
    /// A second HelloRetryRequest follows the first.
    RetryTwice,
    /// The ServerHello comes twice.
    SecondServerHello,
    /// supported_versions of the ServerHello names TLS 1.2.
    SelectedVersionOld,
    /// supported_versions of the ServerHello names a version that does not exist.
    SelectedVersionUnknown,
    /// The ServerHello does not echo the session's id.
    SessionIdChanged,
    /// The server's share is all zeros.
    ShareAllZero,
    /// One bit of the signature over the key exchange is flipped.
    SignatureBroken,
    /// The ServerHello chooses a suite of its version that was not offered.
    SuiteNotOffered,
    /// The ServerHello chooses a suite of TLS 1.3 in TLS 1.2.
    SuiteOfTls13,
    /// The ServerHello chooses SSL 3.0.
    VersionSsl3,
    /// The version field of the ServerHello says TLS 1.3, which has to be said in
    /// supported_versions.
    VersionTls13,
    /// A warning (unrecognized_name) comes before the ServerHello.
    WarningBeforeHello,
}

/// In which versions a tampering has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TamperedVersion {
    /// TLS 1.2 alone.
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
    /// Either of them, but one alone.
    Either,
    /// Both have to be there.
    Both,
}

impl TamperedVersion {
    /// Whether a peer with this offer can play it.
    pub fn fits(self, offer: &Offer) -> bool {
        let mut versions = offer.versions.clone();
        versions.sort_unstable();
        versions.dedup();
        match self {
            Self::Tls12 => versions == [Version::Tls12],
            Self::Tls13 => versions == [Version::Tls13],
            Self::Either => versions == [Version::Tls12] || versions == [Version::Tls13],
            Self::Both => versions == [Version::Tls12, Version::Tls13],
        }
    }

    /// What its offer has to be, as a fragment.
    pub fn words(self) -> &'static str {
        match self {
            Self::Tls12 => "an offer of TLS 1.2 alone",
            Self::Tls13 => "an offer of TLS 1.3 alone",
            Self::Either => "an offer of TLS 1.2 or TLS 1.3 alone",
            Self::Both => "an offer of TLS 1.2 and TLS 1.3",
        }
    }
}

impl Tampering {
    /// All tamperings with the names of scenario files.
    pub const NAMES: [(&'static str, Self); 27] = [
        ("alert-after-hello", Self::AlertAfterHello),
        ("alpn-not-offered", Self::AlpnNotOffered),
        ("compression-chosen", Self::CompressionChosen),
        ("done-before-key-exchange", Self::DoneBeforeKeyExchange),
        ("downgrade-sentinel", Self::DowngradeSentinel),
        ("empty-record", Self::EmptyRecord),
        ("extension-unknown", Self::ExtensionUnknown),
        ("flight-truncated", Self::FlightTruncated),
        ("fragments", Self::Fragments),
        ("group-not-offered", Self::GroupNotOffered),
        ("group-not-shared", Self::GroupNotShared),
        ("nothing", Self::Nothing),
        ("record-too-long", Self::RecordTooLong),
        ("renegotiation-info-missing", Self::RenegotiationInfoMissing),
        ("retry-for-shared-group", Self::RetryForSharedGroup),
        ("retry-twice", Self::RetryTwice),
        ("second-server-hello", Self::SecondServerHello),
        ("selected-version-old", Self::SelectedVersionOld),
        ("selected-version-unknown", Self::SelectedVersionUnknown),
        ("session-id-changed", Self::SessionIdChanged),
        ("share-all-zero", Self::ShareAllZero),
        ("signature-broken", Self::SignatureBroken),
        ("suite-not-offered", Self::SuiteNotOffered),
        ("suite-of-tls-1-3", Self::SuiteOfTls13),
        ("version-ssl-3", Self::VersionSsl3),
        ("version-tls-1-3", Self::VersionTls13),
        ("warning-before-hello", Self::WarningBeforeHello),
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, tampering)| *tampering == self).map_or("", |(name, _)| name)
    }

    /// The tampering of a file's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, tampering)| *tampering)
    }

    /// What is wrong or odd, as a clause.
    pub fn clause(self) -> &'static str {
        match self {
            Self::AlertAfterHello => "a fatal alert follows the ServerHello",
            Self::AlpnNotOffered => "the ServerHello answers an ALPN that was not offered",
            Self::CompressionChosen => "the ServerHello chooses a compression that was not offered",
            Self::DoneBeforeKeyExchange => "ServerHelloDone comes before the key exchange",
            Self::DowngradeSentinel => {
                "the random is marked: the server was made to choose TLS 1.2"
            }
            Self::EmptyRecord => "a record without content comes first",
            Self::ExtensionUnknown => "the ServerHello has an unknown extension",
            Self::FlightTruncated => "the flight ends in its middle",
            Self::Fragments => "each octet of the flight comes in a record of its own",
            Self::GroupNotOffered => "the key exchange uses a group that was not offered",
            Self::GroupNotShared => "the server's share is of a group for which none was sent",
            Self::Nothing => "nothing is tampered",
            Self::RecordTooLong => "the record is longer than any may be",
            Self::RenegotiationInfoMissing => "the ServerHello lacks renegotiation_info",
            Self::RetryForSharedGroup => "another hello is asked for, for a group that was shared",
            Self::RetryTwice => "another hello is asked for a second time",
            Self::SecondServerHello => "the ServerHello comes twice",
            Self::SelectedVersionOld => "supported_versions of the ServerHello names TLS 1.2",
            Self::SelectedVersionUnknown => {
                "supported_versions of the ServerHello names a version that was not offered"
            }
            Self::SessionIdChanged => "the ServerHello does not echo the session id",
            Self::ShareAllZero => "the server's share is all zeros",
            Self::SignatureBroken => "the signature over the key exchange is wrong",
            Self::SuiteNotOffered => "the ServerHello chooses a suite that was not offered",
            Self::SuiteOfTls13 => "the ServerHello chooses a suite of TLS 1.3",
            Self::VersionSsl3 => "the ServerHello chooses SSL 3.0",
            Self::VersionTls13 => "the version field of the ServerHello says TLS 1.3",
            Self::WarningBeforeHello => "a warning comes before the ServerHello",
        }
    }

    /// In which versions it has a meaning.
    pub fn version(self) -> TamperedVersion {
        match self {
            Self::DowngradeSentinel => TamperedVersion::Both,
            Self::EmptyRecord
            | Self::FlightTruncated
            | Self::Fragments
            | Self::GroupNotOffered
            | Self::Nothing
            | Self::SuiteNotOffered
            | Self::WarningBeforeHello => TamperedVersion::Either,
            Self::GroupNotShared
            | Self::RetryForSharedGroup
            | Self::RetryTwice
            | Self::SelectedVersionOld
            | Self::SelectedVersionUnknown
            | Self::SessionIdChanged
            | Self::ShareAllZero => TamperedVersion::Tls13,
            Self::AlertAfterHello
            | Self::AlpnNotOffered
            | Self::CompressionChosen
            | Self::DoneBeforeKeyExchange
            | Self::ExtensionUnknown
            | Self::RecordTooLong
            | Self::RenegotiationInfoMissing
            | Self::SecondServerHello
            | Self::SignatureBroken
            | Self::SuiteOfTls13
            | Self::VersionSsl3
            | Self::VersionTls13 => TamperedVersion::Tls12,
        }
    }
}
