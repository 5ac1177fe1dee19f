//! All that is known of a host's TLS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::found::{Found, NOT_ASKED, Refusal};
use crate::facts::Suite;
use crate::offer::Version;

/// All that was found of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostFacts {
    /// Whether TLS can be begun at all.
    pub tls: Found<bool>,
    /// Whether SSL 2.0 is spoken.
    pub ssl2: Found<bool>,
    /// SSL 3.0 to TLS 1.3, oldest first.
    pub versions: Vec<VersionFacts>,
    /// Groups up to TLS 1.2.
    pub groups: Found<Listing>,
    /// Groups of TLS 1.3.
    pub groups_tls13: Found<Listing>,
    /// Signature schemes of the key exchange of TLS 1.2.
    pub schemes: Found<Listing>,
    /// Signature schemes of the key exchange of TLS 1.3.
    pub schemes_tls13: Found<Listing>,
    /// What is answered to extensions and signals.
    pub answers: Answers,
    /// Odd but right hellos, and whether the host bears them.
    pub tolerance: Vec<Tolerance>,
    /// Known vulnerabilities.
    pub vulnerabilities: Vulnerabilities,
    /// A second handshake, and a second session.
    pub sessions: Sessions,
    /// What is offered to SMTP.
    pub extensions: Extensions,
}

impl HostFacts {
    /// Facts of a host that nothing was asked of, because nobody wanted to know.
    pub fn not_asked() -> Self {
        let why = NOT_ASKED;
        fn unasked<T>(why: &str) -> Found<T> {
            Found::NotApplicable(why.to_owned())
        }
        Self {
            tls: unasked(why),
            ssl2: unasked(why),
            versions: Vec::new(),
            groups: unasked(why),
            groups_tls13: unasked(why),
            schemes: unasked(why),
            schemes_tls13: unasked(why),
            answers: Answers {
                secure_renegotiation: unasked(why),
                extended_master_secret: unasked(why),
                encrypt_then_mac: unasked(why),
                session_ticket: unasked(why),
                ocsp_staple: unasked(why),
                fallback_scsv: unasked(why),
                downgrade_sentinel: unasked(why),
                compression: unasked(why),
                unknown_alpn: unasked(why),
                without_sni: unasked(why),
                unknown_sni: unasked(why),
            },
            tolerance: Vec::new(),
            vulnerabilities: Vulnerabilities {
                heartbeat: unasked(why),
                heartbleed: unasked(why),
                ccs_injection: unasked(why),
                robot: unasked(why),
            },
            sessions: Sessions {
                client_renegotiation: unasked(why),
                insecure_renegotiation: unasked(why),
                resumption_tls12: unasked(why),
                resumption_tls13: unasked(why),
            },
            extensions: Extensions { in_plaintext: unasked(why), in_tls: unasked(why) },
        }
    }

    /// What is known of one version.
    pub fn version(&self, version: Version) -> Option<&VersionFacts> {
        self.versions.iter().find(|facts| facts.version == version)
    }

    /// Whether a version is spoken; `None`: not known.
    pub fn speaks(&self, version: Version) -> Option<bool> {
        self.version(version)?.support.known().copied()
    }

    /// Every suite that was accepted, with its version.
    pub fn accepted(&self) -> impl Iterator<Item = (Version, &Accepted)> {
        self.versions.iter().flat_map(|facts| facts.suites.iter().map(|s| (facts.version, s)))
    }
}

/// One version on one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionFacts {
    /// The version.
    pub version: Version,
    /// Whether it is spoken.
    pub support: Found<bool>,
    /// How it was refused, where it was.
    pub refusal: Option<Refusal>,
    /// Suites in the order in which the host picked them out of what was left.
    pub suites: Vec<Accepted>,
    /// Why there may be more suites; `None`: these are all.
    pub incomplete: Option<String>,
    /// Whose order decides.
    pub order: Found<Order>,
    /// The suites were offered in parts: the host does not bear all of them in one hello.
    pub in_parts: bool,
}

/// Whose order of suites decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The host's.
    Server,
    /// The client's.
    Client,
}

/// A suite that the host chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {
    /// The suite.
    pub suite: Suite,
    /// Its name in OpenSSL, where that knows it.
    pub openssl: Option<String>,
    /// What it is made of.
    pub parts: SuiteParts,
    /// The group of the key exchange, where there was one.
    pub group: Option<String>,
    /// Size in bits of the finite-field prime, where there was one.
    pub dh_bits: Option<u32>,
    /// The scheme of the signature over the key exchange, in TLS 1.2.
    pub scheme: Option<String>,
}

/// What a suite is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SuiteParts {
    /// `ecdhe`, `dhe`, `rsa`, `dh`, `ecdh`, `psk`, … ; `any` in TLS 1.3.
    pub exchange: String,
    /// `rsa`, `ecdsa`, `dss`, `anonymous`, `psk`, … ; `any` in TLS 1.3.
    pub authentication: String,
    /// `aes-128-gcm`, `rc4`, `null`, …
    pub cipher: String,
    /// Size of the key in bits, as it is nominally.
    pub bits: u16,
    /// `sha1`, `sha256`, `aead`, …
    pub mac: String,
}

/// A list of names, and why it may lack some.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listing {
    /// In the order in which the host picked them.
    pub names: Vec<String>,
    /// Why there may be more; `None`: these are all that were asked about.
    pub incomplete: Option<String>,
}

/// What TLS 1.2 and older answer to extensions and signals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answers {
    /// renegotiation_info is answered (RFC 5746).
    pub secure_renegotiation: Found<bool>,
    /// extended_master_secret is answered (RFC 7627).
    pub extended_master_secret: Found<bool>,
    /// encrypt_then_mac is answered with CBC suites (RFC 7366).
    pub encrypt_then_mac: Found<bool>,
    /// session_ticket is answered (RFC 5077).
    pub session_ticket: Found<bool>,
    /// An OCSP answer is stapled in TLS 1.2 (RFC 6066 section 8).
    pub ocsp_staple: Found<bool>,
    /// The TLS_FALLBACK_SCSV ends a needless fallback (RFC 7507).
    pub fallback_scsv: Found<bool>,
    /// The random is marked where TLS 1.3 was possible (RFC 8446 section 4.1.3).
    pub downgrade_sentinel: Found<bool>,
    /// DEFLATE is chosen where it is offered.
    pub compression: Found<bool>,
    /// What an offer of an unknown protocol came to (RFC 7301).
    pub unknown_alpn: Found<UnknownAlpn>,
    /// A hello without server_name is served.
    pub without_sni: Found<bool>,
    /// A hello with an unknown server_name is served.
    pub unknown_sni: Found<bool>,
}

/// What an offer of an unknown protocol came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownAlpn {
    /// The extension was passed over.
    Ignored,
    /// no_application_protocol.
    Alert,
    /// Another alert, or the end of the connection.
    OtherEnd,
    /// The host agreed to a protocol that it cannot know.
    Echoed,
}

/// An odd but right hello.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Oddity {
    /// Reserved suites, groups, schemes, versions and extensions (RFC 8701).
    Grease,
    /// A version beyond TLS 1.2 without supported_versions (RFC 5246 appendix E.1).
    HighVersion,
    /// A record version of 3.0 (RFC 5246 appendix E.1).
    RecordVersionSsl3,
    /// A record version of 3.3.
    RecordVersionTls12,
    /// A hello of 256 to 511 octets.
    MediumHello,
    /// A hello of more than 4 KiB.
    LongHello,
    /// A hello over several records (RFC 5246 section 6.2.1).
    SplitRecords,
}

impl Oddity {
    /// In words, after "a hello ".
    pub fn words(self) -> &'static str {
        match self {
            Self::Grease => "with reserved numbers (GREASE)",
            Self::HighVersion => "with a version beyond TLS 1.2",
            Self::RecordVersionSsl3 => "in records of version 3.0",
            Self::RecordVersionTls12 => "in records of version 3.3",
            Self::MediumHello => "of 256 to 511 octets",
            Self::LongHello => "of more than 4 KiB",
            Self::SplitRecords => "over several records",
        }
    }
}

/// Whether an odd hello is borne.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tolerance {
    /// What is odd.
    pub oddity: Oddity,
    /// Whether it is answered as a plain one is.
    pub borne: Found<bool>,
}

/// Known vulnerabilities, each asked about without harm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Vulnerabilities {
    /// The heartbeat extension is answered (RFC 6520).
    pub heartbeat: Found<bool>,
    /// A heartbeat is answered with octets that were never sent (CVE-2014-0160).
    pub heartbleed: Found<bool>,
    /// A ChangeCipherSpec is taken before there are keys (CVE-2014-0224).
    pub ccs_injection: Found<bool>,
    /// Forged premaster secrets are answered otherwise than right ones (ROBOT, CVE-2017-13099 and
    /// others).
    pub robot: Found<bool>,
}

/// A second handshake, and a second session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sessions {
    /// The client may begin a second handshake in TLS 1.2.
    pub client_renegotiation: Found<bool>,
    /// It may, and the second is not tied to the first (RFC 5746, CVE-2009-3555). Not applicable where the host
    /// answers renegotiation_info: a client without it was not played.
    pub insecure_renegotiation: Found<bool>,
    /// A session of TLS 1.2 is resumed by its id or ticket.
    pub resumption_tls12: Found<bool>,
    /// A session of TLS 1.3 is resumed by its ticket.
    pub resumption_tls13: Found<bool>,
}

/// The extensions of SMTP that a reply to EHLO lists, each line as it stands (RFC 5321 section
/// 4.1.1.1). Text of the host, with what a terminal would obey made harmless.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Extensions {
    /// Before TLS; not applicable where TLS comes first.
    pub in_plaintext: Found<Vec<String>>,
    /// Inside TLS.
    pub in_tls: Found<Vec<String>>,
}
