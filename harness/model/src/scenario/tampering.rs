//! What a next hop tampers in its half of a handshake.

use crate::offer::{Offer, Version};
use crate::words::words;

words! {
    /// One thing that is wrong, or odd, in what an otherwise honest TLS server says in plaintext.
    ///
    /// The server's flight is made by an engine with the right certificate and key, and changed in this
    /// one thing on its way out: a client that overlooks it goes on with the handshake, which shows.
    pub enum Tampering [
        /// What is wrong or odd, as a clause.
        clause: &'static str,
        /// In which versions it has a meaning.
        version: TamperedVersion,
    ] {
        /// A fatal alert follows the ServerHello, and the connection is closed.
        AlertAfterHello = "alert-after-hello" {
            clause: "a fatal alert follows the ServerHello",
            version: TamperedVersion::Tls12,
        },
        /// The ServerHello agrees on a protocol by ALPN, which was not offered (RFC 7301).
        AlpnNotOffered = "alpn-not-offered" {
            clause: "the ServerHello answers an ALPN that was not offered",
            version: TamperedVersion::Tls12,
        },
        /// The ServerHello chooses DEFLATE, which was not offered.
        CompressionChosen = "compression-chosen" {
            clause: "the ServerHello chooses a compression that was not offered",
            version: TamperedVersion::Tls12,
        },
        /// ServerHelloDone comes before ServerKeyExchange.
        DoneBeforeKeyExchange = "done-before-key-exchange" {
            clause: "ServerHelloDone comes before the key exchange",
            version: TamperedVersion::Tls12,
        },
        /// The mark that TLS 1.3 was possible stands in a ServerHello of TLS 1.2: as if somebody on the
        /// path had struck TLS 1.3 out of the ClientHello.
        DowngradeSentinel = "downgrade-sentinel" {
            clause: "the random is marked: the server was made to choose TLS 1.2",
            version: TamperedVersion::Both,
        },
        /// A handshake record without content comes before the ServerHello.
        EmptyRecord = "empty-record" {
            clause: "a record without content comes first",
            version: TamperedVersion::Either,
        },
        /// The ServerHello has an extension that nobody knows and that was not offered.
        ExtensionUnknown = "extension-unknown" {
            clause: "the ServerHello has an unknown extension",
            version: TamperedVersion::Tls12,
        },
        /// The flight ends in its middle, and the connection is closed.
        FlightTruncated = "flight-truncated" {
            clause: "the flight ends in its middle",
            version: TamperedVersion::Either,
        },
        /// Each octet of the flight, as far as it is in plaintext, comes in a record of its own.
        Fragments = "fragments" {
            clause: "each octet of the flight comes in a record of its own",
            version: TamperedVersion::Either,
        },
        /// The key exchange uses a group that was not offered; the signature over it is right.
        GroupNotOffered = "group-not-offered" {
            clause: "the key exchange uses a group that was not offered",
            version: TamperedVersion::Either,
        },
        /// The key exchange uses a group that was offered, but for which no share was sent.
        GroupNotShared = "group-not-shared" {
            clause: "the server's share is of a group for which none was sent",
            version: TamperedVersion::Tls13,
        },
        /// Nothing is tampered: the control of all others, played in the same way.
        Nothing = "nothing" {
            clause: "nothing is tampered",
            version: TamperedVersion::Either,
        },
        /// The whole flight comes in one record, longer than any may be. HelloRequests, which a client
        /// skips in a handshake (RFC 5246 section 7.4.1.1), make it that long.
        RecordTooLong = "record-too-long" {
            clause: "the record is longer than any may be",
            version: TamperedVersion::Tls12,
        },
        /// The ServerHello lacks the renegotiation_info that was asked for.
        RenegotiationInfoMissing = "renegotiation-info-missing" {
            clause: "the ServerHello lacks renegotiation_info",
            version: TamperedVersion::Tls12,
        },
        /// A HelloRetryRequest asks for the group whose share has been sent.
        RetryForSharedGroup = "retry-for-shared-group" {
            clause: "another hello is asked for, for a group that was shared",
            version: TamperedVersion::Tls13,
        },
        /// A second HelloRetryRequest follows the first.
        RetryTwice = "retry-twice" {
            clause: "another hello is asked for a second time",
            version: TamperedVersion::Tls13,
        },
        /// The ServerHello comes twice.
        SecondServerHello = "second-server-hello" {
            clause: "the ServerHello comes twice",
            version: TamperedVersion::Tls12,
        },
        /// supported_versions of the ServerHello names TLS 1.2.
        SelectedVersionOld = "selected-version-old" {
            clause: "supported_versions of the ServerHello names TLS 1.2",
            version: TamperedVersion::Tls13,
        },
        /// supported_versions of the ServerHello names a version that does not exist.
        SelectedVersionUnknown = "selected-version-unknown" {
            clause: "supported_versions of the ServerHello names a version that was not offered",
            version: TamperedVersion::Tls13,
        },
        /// The ServerHello does not echo the session's id.
        SessionIdChanged = "session-id-changed" {
            clause: "the ServerHello does not echo the session id",
            version: TamperedVersion::Tls13,
        },
        /// The server's share is all zeros.
        ShareAllZero = "share-all-zero" {
            clause: "the server's share is all zeros",
            version: TamperedVersion::Tls13,
        },
        /// One bit of the signature over the key exchange is flipped.
        SignatureBroken = "signature-broken" {
            clause: "the signature over the key exchange is wrong",
            version: TamperedVersion::Tls12,
        },
        /// The ServerHello chooses a suite of its version that was not offered.
        SuiteNotOffered = "suite-not-offered" {
            clause: "the ServerHello chooses a suite that was not offered",
            version: TamperedVersion::Either,
        },
        /// The ServerHello chooses a suite of TLS 1.3 in TLS 1.2.
        SuiteOfTls13 = "suite-of-tls-1-3" {
            clause: "the ServerHello chooses a suite of TLS 1.3",
            version: TamperedVersion::Tls12,
        },
        /// The ServerHello chooses SSL 3.0.
        VersionSsl3 = "version-ssl-3" {
            clause: "the ServerHello chooses SSL 3.0",
            version: TamperedVersion::Tls12,
        },
        /// The version field of the ServerHello says TLS 1.3, which has to be said in
        /// supported_versions.
        VersionTls13 = "version-tls-1-3" {
            clause: "the version field of the ServerHello says TLS 1.3",
            version: TamperedVersion::Tls12,
        },
        /// A warning (unrecognized_name) comes before the ServerHello.
        WarningBeforeHello = "warning-before-hello" {
            clause: "a warning comes before the ServerHello",
            version: TamperedVersion::Either,
        },
    }
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
