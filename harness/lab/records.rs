//! What the lab's DNS holds: records in our own words, and their form on the wire.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use hickory_proto::rr::rdata::tlsa::{CertUsage, Matching, Selector};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NS, PTR, TLSA, TXT};
use hickory_proto::rr::{Name, RData, RecordType};

use super::error::LabError;

/// The data of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// This name is another name.
    Cname(String),
    /// A mail host. An empty host is the null MX (RFC 7505): the domain takes no mail.
    Mx {
        /// Lower is tried first.
        preference: u16,
        /// The host's name.
        host: String,
    },
    /// A name server.
    Ns(String),
    /// The name of an address.
    Ptr(String),
    /// A certificate association of DANE (RFC 6698).
    Tlsa(Tlsa),
    /// Text, given whole: cut into strings of 255 octets on the wire, joined when read.
    Txt(String),
}

/// A certificate association (RFC 6698 section 2.1). Numbers as registered, so that unusable
/// ones can be served too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlsa {
    /// 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE.
    pub usage: u8,
    /// 0 the whole certificate, 1 its public key.
    pub selector: u8,
    /// 0 in full, 1 SHA-256, 2 SHA-512.
    pub matching: u8,
    /// The association data.
    pub data: Vec<u8>,
}

/// The types of record the lab serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Alias.
    Cname,
    /// Mail host.
    Mx,
    /// Name server.
    Ns,
    /// Name of an address.
    Ptr,
    /// DANE.
    Tlsa,
    /// Text.
    Txt,
}

impl Data {
    /// Which type of record this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::A(_) => Kind::A,
            Self::Aaaa(_) => Kind::Aaaa,
            Self::Cname(_) => Kind::Cname,
            Self::Mx { .. } => Kind::Mx,
            Self::Ns(_) => Kind::Ns,
            Self::Ptr(_) => Kind::Ptr,
            Self::Tlsa(_) => Kind::Tlsa,
            Self::Txt(_) => Kind::Txt,
        }
    }

    /// The null MX (RFC 7505).
    pub fn null_mx() -> Self {
        Self::Mx { preference: 0, host: String::new() }
    }

    pub(super) fn to_wire(&self) -> Result<RData, LabError> {
        Ok(match self {
            Self::A(address) => RData::A(A(*address)),
            Self::Aaaa(address) => RData::AAAA(AAAA(*address)),
            Self::Cname(name) => RData::CNAME(CNAME(wire_name(name)?)),
            Self::Mx { preference, host } => RData::MX(MX::new(*preference, wire_name(host)?)),
            Self::Ns(name) => RData::NS(NS(wire_name(name)?)),
            Self::Ptr(name) => RData::PTR(PTR(wire_name(name)?)),
            Self::Tlsa(tlsa) => RData::TLSA(TLSA::new(
                CertUsage::from(tlsa.usage),
                Selector::from(tlsa.selector),
                Matching::from(tlsa.matching),
                tlsa.data.clone(),
            )),
            Self::Txt(text) if text.is_empty() => RData::TXT(TXT::from_bytes(vec![b""])),
            Self::Txt(text) => RData::TXT(TXT::from_bytes(text.as_bytes().chunks(255).collect())),
        })
    }

    /// `None` for a type the lab does not serve.
    pub(super) fn from_wire(data: &RData) -> Option<Self> {
        Some(match data {
            RData::A(address) => Self::A(address.0),
            RData::AAAA(address) => Self::Aaaa(address.0),
            RData::CNAME(name) => Self::Cname(plain_name(&name.0)),
            RData::MX(mx) => Self::Mx { preference: mx.preference, host: plain_name(&mx.exchange) },
            RData::NS(name) => Self::Ns(plain_name(&name.0)),
            RData::PTR(name) => Self::Ptr(plain_name(&name.0)),
            RData::TLSA(tlsa) => Self::Tlsa(Tlsa {
                usage: tlsa.cert_usage.into(),
                selector: tlsa.selector.into(),
                matching: tlsa.matching.into(),
                data: tlsa.cert_data.clone(),
            }),
            RData::TXT(text) => {
                Self::Txt(String::from_utf8_lossy(&text.txt_data.concat()).into_owned())
            }
            _ => return None,
        })
    }
}

impl Kind {
    /// The type of this name, `MX`, `TLSA` …, in capitals.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::from_wire(name.parse().ok()?)
    }

    pub(super) fn to_wire(self) -> RecordType {
        match self {
            Self::A => RecordType::A,
            Self::Aaaa => RecordType::AAAA,
            Self::Cname => RecordType::CNAME,
            Self::Mx => RecordType::MX,
            Self::Ns => RecordType::NS,
            Self::Ptr => RecordType::PTR,
            Self::Tlsa => RecordType::TLSA,
            Self::Txt => RecordType::TXT,
        }
    }

    /// `None` for a type the lab does not serve: answered as "no data".
    pub(super) fn from_wire(kind: RecordType) -> Option<Self> {
        Some(match kind {
            RecordType::A => Self::A,
            RecordType::AAAA => Self::Aaaa,
            RecordType::CNAME => Self::Cname,
            RecordType::MX => Self::Mx,
            RecordType::NS => Self::Ns,
            RecordType::PTR => Self::Ptr,
            RecordType::TLSA => Self::Tlsa,
            RecordType::TXT => Self::Txt,
            _ => return None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_wire(), f)
    }
}

/// A name as all of the lab writes it: lower case, no final dot; the root is empty.
pub(super) fn plain_name(name: &Name) -> String {
    plain(&name.to_ascii())
}

pub(super) fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

pub(super) fn wire_name(name: &str) -> Result<Name, LabError> {
    let mut wire = Name::from_ascii(name).map_err(|_| LabError::Name { name: name.to_owned() })?;
    wire.set_fqdn(true);
    Ok(wire)
}
