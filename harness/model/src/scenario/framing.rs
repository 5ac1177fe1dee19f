//! Checks what a scenario says of ClientHellos.

use super::check::Checker;
use super::choices::{Absent, AnswerWord};
use super::{ClientFault, Framing, HelloVariant, Peer, RawHello};
use crate::expect::{AnswerExpect, AnswerFactsExpect, TicketExpect, Told, VersionRange};
use crate::offer::Version;
use crate::raw::{self, Placed};

impl Checker<'_> {
    pub(super) fn hello(&mut self, raw: &raw::Hello) -> Option<RawHello> {
        let variants = raw.variants.iter().flat_map(|list| &list.0);
        let variants = variants.filter_map(|word| self.one_of("variant", word)).collect();
        let octets = raw.octets.as_ref().and_then(|word| self.number(word, 16_000));
        let version = self.one_of("TLS version", &raw.version)?;
        Some(RawHello { version, variants, octets })
    }

    /// What is written of hellos and sessions has to fit together.
    pub(super) fn fits(&mut self, name: &Placed<String>, raw: &raw::Peer, peer: &Peer) {
        let hello = raw.hello.as_ref().map(Placed::span);
        let behind = [
            ClientFault::ChangeCipherSpecBeforeKeys,
            ClientFault::InsecureRenegotiation,
            ClientFault::LyingHeartbeat,
        ];
        let fault =
            raw.fault.as_ref().and_then(|list| list.0.first()).map_or(name.span(), Placed::span);
        let follows = peer.client_fault().filter(|fault| behind.contains(fault));
        if let (Some(hello), Some(played), None) = (&hello, peer.client_fault(), follows) {
            let message = format!("`{}` is not played with it", played.name());
            let help = "leave out the fault, or the ClientHello that is written by hand";
            self.error(hello.clone(), message, Some(help.into()));
        }
        if peer.hello.is_none() && follows.is_some() {
            let help = "add `hello = { version = \"1.2\" }`, to which the relay answers first";
            self.error(
                fault.clone(),
                "this fault follows a hand-written ClientHello",
                Some(help.into()),
            );
        } else if peer.client_fault() == Some(ClientFault::Renegotiation)
            && peer.offer.newest() > Version::Tls12
        {
            let help = "add `offer = \"tls-1-2\"`";
            self.error(fault.clone(), "TLS 1.3 knows no second handshake", Some(help.into()));
        }
        let bare = |hello: &RawHello| {
            hello.version == Version::Tls12 && hello.variants == [HelloVariant::NoRenegotiationInfo]
        };
        if peer.client_fault() == Some(ClientFault::InsecureRenegotiation)
            && peer.hello.as_ref().is_some_and(|hello| !bare(hello))
        {
            let help =
                "write `hello = { version = \"1.2\", variants = \"no-renegotiation-info\" }`";
            self.error(fault.clone(), "this fault goes on from one hello alone", Some(help.into()));
        }
        let psk = [HelloVariant::PskAlone, HelloVariant::PskWithKeyExchange];
        let resumed = peer.hello.as_ref().filter(|hello| {
            let asks = hello.variants.iter().any(|variant| psk.contains(variant));
            asks && (!peer.resumes || hello.version != Version::Tls13)
        });
        if let (Some(_), Some(span)) = (resumed, hello) {
            let help = "add `resumes = true` to the peer, and `version = \"1.3\"` to the hello";
            self.error(span, "there is no session of TLS 1.3 to resume", Some(help.into()));
        }
    }

    pub(super) fn framing(&mut self, raw: &raw::Records) -> Framing {
        let version = raw.version.as_ref().and_then(|word| {
            let filled = self.fill(word.get_ref(), &word.span());
            let parts = filled.split_once(',').map(|(a, b)| [a, b]);
            let octets = parts.map(|parts| parts.map(|part| u8::from_str_radix(part, 16)));
            match octets {
                Some([Ok(major), Ok(minor)]) => Some(u16::from_be_bytes([major, minor])),
                _ => {
                    let help = Some("write both octets, `03,00`".into());
                    self.error(word.span(), format!("`{filled}` is no record version"), help);
                    None
                }
            }
        });
        let octets = raw.octets.as_ref().and_then(|word| self.number(word, 1 << 14));
        Framing { version, octets: octets.and_then(|octets| u16::try_from(octets).ok()) }
    }

    /// A number of octets from 1 to `most`.
    fn number(&mut self, word: &Placed<String>, most: u32) -> Option<u32> {
        let filled = self.fill(word.get_ref(), &word.span());
        let number = filled.parse().ok().filter(|octets| (1..=most).contains(octets));
        if number.is_none() {
            let help = Some(format!("write a number from 1 to {most} in quotes"));
            self.error(word.span(), format!("`{filled}` is no number of octets"), help);
        }
        number
    }

    pub(super) fn answer(&mut self, raw: &Placed<raw::Answer>) -> Option<AnswerExpect> {
        let table = match raw.get_ref() {
            raw::Answer::Word(word) => {
                let word = Placed::new(raw.span(), word.clone());
                return self.one_of("answer to a ClientHello", &word).map(|word| match word {
                    AnswerWord::ServerHello => AnswerExpect::ServerHello(Default::default()),
                    AnswerWord::Refused => AnswerExpect::Refused,
                });
            }
            raw::Answer::Facts(table) => table,
        };
        let raw::AnswerTable {
            version,
            extensions,
            groups,
            compression,
            alpn,
            retry,
            downgrade_sentinel,
            or_refused,
        } = &**table;
        let version = version.as_ref().and_then(|word| self.version_range(word));
        let compression = compression.as_ref();
        let compression =
            compression.and_then(|word| self.one_of::<Absent>("compression method", word));
        let (extensions, groups) = (self.both(extensions), self.both(groups));
        Some(AnswerExpect::ServerHello(AnswerFactsExpect {
            version,
            extensions,
            groups,
            no_compression: compression.is_some(),
            alpn: alpn.as_ref().map(|word| self.fill(word.get_ref(), &word.span())),
            retry: *retry,
            downgrade_sentinel: *downgrade_sentinel,
            or_refused: or_refused.unwrap_or_default(),
        }))
    }

    pub(super) fn ticket(&mut self, raw: &raw::Ticket) -> TicketExpect {
        let raw::Ticket { seconds, early_data } = raw;
        let seconds_at_most = seconds.as_ref().and_then(|word| {
            let bound = word.get_ref().strip_prefix("<=").and_then(|bound| bound.parse().ok());
            if bound.is_none() {
                let help = Some("write `<=604800`".into());
                self.error(word.span(), "a lifetime is written as an upper bound", help);
            }
            bound
        });
        let none = early_data.as_ref();
        let none = none.and_then(|word| self.one_of::<Absent>("amount of early data", word));
        TicketExpect { seconds_at_most, no_early_data: none.is_some() }
    }

    pub(super) fn told(&mut self, raw: &raw::OneOrMany) -> Vec<Told> {
        raw.0.iter().filter_map(|word| self.word("alert", word, &Told::names())).collect()
    }

    pub(super) fn version_range(&mut self, word: &Placed<String>) -> Option<VersionRange> {
        let filled = self.fill(word.get_ref(), &word.span());
        let range = VersionRange::parse(&filled);
        if range.is_none() {
            let help = Some("write `1.2` or `>=1.2`".into());
            self.error(word.span(), format!("`{filled}` is no range of versions"), help);
        }
        range
    }
}
