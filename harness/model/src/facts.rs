//! What was negotiated, offered or refused in one TLS handshake.

use serde::{Deserialize, Serialize};

use crate::certificate::{CertificateFacts, StapleFacts};
use crate::offer::{SuiteKind, Version};
use crate::words::words;

words! {
    /// The library that played a handshake.
    pub enum Engine {
        /// rustls: TLS 1.2 and 1.3 as they ought to be.
        Modern = "modern",
        /// OpenSSL with everything weak switched on: SSL 3.0 to TLS 1.3.
        Legacy = "legacy",
    }
}

/// A cipher suite and what it is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Suite {
    /// The IANA code point.
    pub id: u16,
    /// The IANA name, or `0x1234` where the registry has none.
    pub name: String,
    /// What a scenario may ask of it. Empty for signalling values, GREASE and the unknown.
    pub kinds: Vec<SuiteKind>,
}

impl Suite {
    /// Whether it is of this kind.
    pub fn is(&self, kind: SuiteKind) -> bool {
        kind == SuiteKind::All || self.kinds.contains(&kind)
    }
}

words! {
    /// What becomes of the client's certificate.
    pub enum ClientCertificate {
        /// The server did not ask, or the session was resumed.
        NotAsked = "not-asked",
        /// The server asked and the client sent an empty list.
        NotShown = "not-shown",
        /// A chain was sent and the client proved that it has the leaf's key.
        Shown = "shown",
    }
}

/// The facts of a finished handshake, the same from either engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TlsFacts {
    /// The library that played our side.
    pub engine: Engine,
    /// The negotiated version.
    pub version: Version,
    /// The negotiated suite.
    pub suite: Suite,
    /// The key-exchange group by its name in scenario files; `None` where there was none (static
    /// RSA) or the library does not tell (resumption).
    pub group: Option<String>,
    /// Size in bits of the finite-field prime, where one was used and our side can see it.
    pub dh_bits: Option<u32>,
    /// Whether recorded traffic stays secret when the certificate's key is lost.
    pub forward_secrecy: bool,
    /// The IANA name of the signature scheme with which the other side proved that it has the key of
    /// its certificate (`rsa_pkcs1_md5_sha1`: before TLS 1.2). `None` where nothing was signed: static
    /// RSA, anonymous suites, a client without a certificate, resumption.
    pub peer_signature: Option<String>,
    /// Whether the other side proved that it has the key of the certificate it showed, and our side
    /// verified that: by a signature, or with static RSA by decrypting. `false` where none was shown.
    #[serde(default)]
    pub peer_key_proven: bool,
    /// The name the client asked for (RFC 6066 section 3).
    pub sni: Option<String>,
    /// The protocol agreed on by ALPN (RFC 7301).
    pub alpn: Option<String>,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
    /// The other side's certificates in DER, leaf first, as they were sent.
    #[serde(with = "crate::trace::hex_list")]
    #[schemars(with = "Vec<String>")]
    pub peer_chain: Vec<Vec<u8>>,
    /// The same described, up to the first that cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peer: Vec<CertificateFacts>,
    /// The OCSP response the server stapled, where our side is a client whose library tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staple: Option<StapleFacts>,
    /// What became of the client's certificate, whichever side we are.
    pub client_certificate: ClientCertificate,
    /// Extension types of the ServerHello by IANA name, in the order sent, or `0x1234`, whichever
    /// side we are. In TLS 1.3 the others are encrypted and not seen (RFC 8446 section 4.3.1).
    #[serde(default)]
    pub server_extensions: Vec<String>,
}

/// Whose word it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Speaker {
    /// The relay.
    Relay,
    /// Our peer.
    Peer,
}

/// A TLS alert after the handshake (RFC 8446 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Alert {
    /// Who sent it.
    pub by: Speaker,
    /// Its description code; never 0: close_notify shows as the end of the connection.
    pub description: u8,
}

/// The form in which a ClientHello came.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// A handshake message in records.
    #[default]
    Tls,
    /// A CLIENT-HELLO of SSL 2.0, whatever version it asks for (RFC 5246 appendix E.2).
    Ssl2,
}

/// The relay's ClientHello, read from the bytes on the wire. Code points without a name are written
/// `0x1234`, reserved ones (RFC 8701) `GREASE 0x1a1a`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HelloFacts {
    /// The form in which it came.
    #[serde(default)]
    pub framing: Framing,
    /// The version of the first record; 0 in the framing of SSL 2.0, which has none.
    #[serde(default)]
    pub record_version: u16,
    /// Size of the message in octets, without the headers of records.
    #[serde(default)]
    pub octets: u32,
    /// `legacy_version` of the hello (RFC 8446 section 4.1.2).
    pub legacy_version: u16,
    /// What is offered: `supported_versions` where sent, else `legacy_version` alone as top version.
    pub versions: Vec<Version>,
    /// What else `supported_versions` lists: reserved code points, drafts, the unknown.
    #[serde(default)]
    pub other_versions: Vec<String>,
    /// Size of the session id in octets.
    #[serde(default)]
    pub session_id: u8,
    /// Suites in the client's order, signalling values included.
    pub suites: Vec<Suite>,
    /// `supported_groups` in order, by the names of scenario files, or `0x1234`.
    pub groups: Vec<String>,
    /// The groups that `key_share` has a public value for, in order.
    #[serde(default)]
    pub key_shares: Vec<String>,
    /// `signature_algorithms` in order, by IANA name, or `0x1234`.
    pub schemes: Vec<String>,
    /// The name in `server_name`.
    pub sni: Option<String>,
    /// Size in octets of the ticket in `session_ticket` (RFC 5077): 0 asks for one.
    #[serde(default)]
    pub ticket: Option<u16>,
    /// `psk_key_exchange_modes` in order: `psk_ke`, `psk_dhe_ke`, or `0x12`.
    #[serde(default)]
    pub psk_modes: Vec<String>,
    /// How many sessions or keys `pre_shared_key` names (RFC 8446 section 4.2.11).
    #[serde(default)]
    pub psk_identities: u16,
    /// Protocols in `application_layer_protocol_negotiation`.
    pub alpn: Vec<String>,
    /// Extension types by IANA name, in the order sent, or `0x1234`.
    pub extensions: Vec<String>,
    /// Compression methods; `[0]` is "none".
    pub compression: Vec<u8>,
}

impl HelloFacts {
    /// The newest version offered.
    pub fn newest(&self) -> Option<Version> {
        self.versions.iter().copied().max()
    }

    /// Whether it says that a newer version was tried before (RFC 7507).
    pub fn signals_fallback(&self) -> bool {
        self.suites.iter().any(|suite| suite.id == 0x5600)
    }
}

/// What a relay answered to a ClientHello that was written by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnswerFacts {
    /// The code point of the chosen version; 0x0002 is SSL 2.0.
    pub version: u16,
    /// Whether it is a HelloRetryRequest (RFC 8446 section 4.1.4).
    pub retry: bool,
    /// The chosen suite; `None` in SSL 2.0.
    pub suite: Option<Suite>,
    /// The chosen compression method; 0 is "none".
    pub compression: u8,
    /// The group of the key exchange, or the one that a HelloRetryRequest names.
    pub group: Option<String>,
    /// The protocol chosen by ALPN. In TLS 1.3 it is encrypted and not seen.
    pub alpn: Option<String>,
    /// Whether the random ends in a mark that the relay could have done better (RFC 8446 section
    /// 4.1.3).
    pub downgrade_sentinel: bool,
    /// Extension types by IANA name, in the order sent, or `0x1234`.
    pub extensions: Vec<String>,
}

impl AnswerFacts {
    /// The version in words.
    pub fn version_name(&self) -> String {
        match (self.version, Version::from_code(self.version)) {
            (_, Some(version)) => version.to_string(),
            (2, None) => "SSL 2.0".into(),
            (code, None) => format!("the version {code:#06x}"),
        }
    }
}

/// What a relay gave to resume a session by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TicketFacts {
    /// The version of the session.
    pub version: Version,
    /// Whether it is a ticket; otherwise the relay keeps the session itself, by its id.
    pub ticket: bool,
    /// Seconds for which the ticket may be used; 0 in TLS 1.2: not stated (RFC 5077 section 3.3).
    pub lifetime: u32,
    /// Octets of early data that the ticket allows (RFC 8446 section 4.6.1).
    pub early_data: u32,
}

/// Why a handshake did not finish. Each is a fact about who did what, not a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCause {
    /// The relay sent a fatal alert.
    RelayAlert,
    /// The relay ended the connection in order (FIN), without an alert.
    RelayClosed,
    /// The relay's side reset the connection.
    RelayReset,
    /// Our side found nothing in common with what the relay offered or chose.
    NothingInCommon,
    /// Our side objected to something else the relay sent.
    OurObjection,
    /// The relay sent bytes that are no TLS record.
    NotTls,
    /// Nothing came within the time allowed. Not a refusal.
    Silence,
    /// Our side broke the handshake on purpose: the scenario's fault was played.
    Fault,
}

/// What the relay did about a tampered flight of our server, as far as it shows in plaintext.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TamperReaction {
    /// It went on with the handshake; the text says what it sent. That the handshake fails later,
    /// because the two sides saw different messages, is no refusal of the tampering.
    WentOn(String),
    /// It sent this alert (RFC 8446 section 6) before it went on.
    Alert(u8),
    /// It ended the connection in order before it went on, and before anything was sent behind what
    /// was tampered that could be the reason.
    Closed,
    /// Its side reset the connection, likewise.
    Reset,
    /// It ended the connection without an alert after the rest of a flight of TLS 1.3. Whoever
    /// overlooks what is tampered has other keys, and may end it so at the next record: nothing tells
    /// whether it noticed.
    Unclear,
    /// Nothing came within the time allowed.
    Silence,
    /// What was to be tampered has no meaning with this relay's ClientHello, for this reason; the
    /// flight went out as it was.
    NotApplicable(String),
}

/// A handshake that did not finish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TlsFailure {
    /// The library that played our side, where one was asked.
    pub engine: Option<Engine>,
    /// Who ended it, and how.
    pub cause: FailureCause,
    /// The description code of the last alert the relay sent (RFC 8446 section 6), in plaintext or, as
    /// far as the library tells, encrypted.
    pub alert_heard: Option<u8>,
    /// The description code of the last alert we sent, likewise.
    pub alert_said: Option<u8>,
    /// One fragment for people; never to be matched on.
    pub detail: String,
}
