//! Checks the peers of a case: what they offer, show and tamper.

use super::check::Checker;
use super::choices::NoCertificate;
use super::{ClientFault, Fault, Peer, ServerFault, Tampering};
use crate::offer::{Offer, SuiteChoice, SuiteKind};
use crate::raw::{self, Placed};
use crate::script::Direction;

impl Checker<'_> {
    pub(super) fn peer(
        &mut self,
        direction: Direction,
        name: &Placed<String>,
        raw: &raw::Peer,
        before: &[String],
    ) -> Peer {
        let raw::Peer {
            offer,
            cert,
            names,
            // These five say together where it is found.
            preference: _,
            address_of: _,
            host: _,
            dead: _,
            address: _,
            fault,
            hello,
            records,
            // What fits the offer.
            tampers: _,
            resumes,
            script,
            client_certificate,
            resumption,
            sni,
        } = raw;
        let offer = self.offer(offer.as_ref());
        let (cert, later_certs) = self.certificates(direction, cert.as_ref());
        let cert_names = names.iter().flat_map(|list| &list.0);
        let cert_names = cert_names.map(|word| self.fill(word.get_ref(), &word.span())).collect();
        let place = self.place(direction, name, raw, before);
        let tampers = self.tampers(&offer, raw);
        let fault = self.fault(direction, fault.as_ref());
        let asks_certificate = client_certificate
            .as_ref()
            .and_then(|word| self.one_of("way to ask for a certificate", word));
        let resumption = resumption.as_ref();
        let resumption = resumption.and_then(|word| self.one_of("way to resume sessions", word));
        let mut script = self.script(direction, script.as_ref());
        let hello = hello.as_ref().and_then(|hello| self.hello(hello.get_ref()));
        let resumes = resumes.as_ref().is_some_and(|resumes| *resumes.get_ref());
        // Who resumes comes twice, and a correct client comes after a hand-written hello.
        let connections = 1 + usize::from(resumes) + usize::from(hello.is_some());
        if script.parts.len() == 1 {
            script.parts.resize(connections, Vec::new());
        }
        let records = records.as_ref().map(|records| self.framing(records.get_ref()));
        let peer = Peer {
            name: name.get_ref().clone(),
            offer,
            cert,
            later_certs,
            cert_names,
            place,
            fault,
            hello,
            resumes,
            records: records.unwrap_or_default(),
            tampers,
            script,
            asks_certificate: asks_certificate.unwrap_or_default(),
            resumption: resumption.unwrap_or_default(),
            sni: sni.as_ref().map(|sni| self.fill(sni.get_ref(), &sni.span())),
        };
        self.peer_keys(direction, raw);
        self.fits(name, raw, &peer);
        peer
    }

    /// What a peer offers; without a word, what is common today.
    fn offer(&mut self, raw: Option<&Placed<raw::Offer>>) -> Offer {
        let Some(offer) = raw else { return Offer::modern() };
        match offer.get_ref() {
            raw::Offer::Named(word) => {
                let word = Placed::new(offer.span(), word.clone());
                let known: Vec<_> = self
                    .known
                    .offers
                    .iter()
                    .map(|(name, offer)| (name.as_str(), offer.clone()))
                    .collect();
                self.word("offer", &word, &known).unwrap_or_else(Offer::modern)
            }
            raw::Offer::Table(table) => self.offer_table(table),
        }
    }

    /// The recipe of a peer's certificate, and those of its later connections. A next hop has one by
    /// default, a client has none.
    fn certificates(
        &mut self,
        direction: Direction,
        raw: Option<&raw::OneOrMany>,
    ) -> (Option<String>, Vec<String>) {
        let recipes: Vec<_> =
            self.known.recipes.iter().map(|name| (name.as_str(), name.clone())).collect();
        let words = raw.map(|list| list.0.as_slice()).unwrap_or_default();
        let first = match words.first() {
            Some(word)
                if direction == Direction::Inbound
                    && self.fill(word.get_ref(), &word.span()) == NoCertificate::None.name() =>
            {
                None
            }
            Some(word) => self.word("certificate recipe", word, &recipes),
            None => (direction == Direction::Outbound).then(|| "trusted".to_owned()),
        };
        let mut later = Vec::new();
        for word in words.iter().skip(1) {
            if direction == Direction::Inbound {
                let help = Some("write one recipe".into());
                self.error(word.span(), "a client shows one certificate", help);
            }
            later.extend(self.word("certificate recipe", word, &recipes));
        }
        (first, later)
    }

    /// A fault of this direction: a next hop has others than a client.
    fn fault(&mut self, direction: Direction, raw: Option<&raw::OneOrMany>) -> Option<Fault> {
        let (word, more) = raw?.0.split_first()?;
        if let Some(second) = more.first() {
            let help = "write a scenario for each fault";
            self.error(second.span(), "a peer has one fault", Some(help.into()));
        }
        let filled = self.fill(word.get_ref(), &word.span());
        let client = ClientFault::from_name(&filled).is_some();
        let server = ServerFault::from_name(&filled).is_some();
        match direction {
            Direction::Inbound if server => {
                let help =
                    format!("one of: {}", ClientFault::ALL.map(ClientFault::name).join(", "));
                let message = format!("`{filled}` is a fault of next hops, and this is a client");
                self.error(word.span(), message, Some(help));
                None
            }
            Direction::Outbound if client => {
                let help =
                    format!("one of: {}", ServerFault::ALL.map(ServerFault::name).join(", "));
                let message = format!("`{filled}` is a fault of clients, and this is a next hop");
                self.error(word.span(), message, Some(help));
                None
            }
            Direction::Inbound => self.one_of("fault", word).map(Fault::Client),
            Direction::Outbound => self.one_of("fault", word).map(Fault::Server),
        }
    }

    fn tampers(&mut self, offer: &Offer, raw: &raw::Peer) -> Vec<Tampering> {
        let words = raw.tampers.as_ref().map(|list| list.0.as_slice()).unwrap_or_default();
        let mut tampers = Vec::new();
        for word in words {
            let Some(tampering) = self.one_of::<Tampering>("tampering", word) else { continue };
            let version = tampering.version();
            if !version.fits(offer) {
                let help = format!("give this peer {}", version.words());
                let message = format!("`{}` has no meaning with this offer", tampering.name());
                self.error(word.span(), message, Some(help));
            } else if raw.fault.is_some() {
                let help = Some("leave out the fault, or what is tampered".into());
                self.error(word.span(), "a fault is played instead of a handshake", help);
            }
            tampers.push(tampering);
        }
        tampers
    }

    pub(super) fn offer_table(&mut self, raw: &raw::OfferTable) -> Offer {
        let versions =
            raw.versions.0.iter().filter_map(|word| self.one_of("TLS version", word)).collect();
        let suites = match &raw.suites {
            Some(list) => self.suites(&list.0),
            None => vec![SuiteChoice::Kind(SuiteKind::All)],
        };
        let mut texts = |list: &Option<raw::OneOrMany>| -> Vec<String> {
            let list = list.as_ref().map(|list| list.0.as_slice()).unwrap_or_default();
            list.iter().map(|word| self.fill(word.get_ref(), &word.span())).collect()
        };
        let (groups, schemes) = (texts(&raw.groups), texts(&raw.schemes));
        Offer {
            versions,
            suites,
            groups,
            schemes,
            dh_bits: raw.dh_bits.as_ref().and_then(|bits| self.dh_bits(bits)),
        }
    }

    fn dh_bits(&mut self, raw: &Placed<raw::Number>) -> Option<u16> {
        let filled = self.fill(&raw.get_ref().0, &raw.span());
        let bits = filled.parse().ok();
        if bits.is_none() {
            let help = Some("write the size of a Diffie-Hellman prime, such as 1024".into());
            self.error(raw.span(), format!("`{filled}` is no number of bits"), help);
        }
        bits
    }

    pub(super) fn suites(&mut self, words: &[Placed<String>]) -> Vec<SuiteChoice> {
        words
            .iter()
            .filter_map(|word| {
                let filled = self.fill(word.get_ref(), &word.span());
                if filled.starts_with("TLS_") {
                    return Some(SuiteChoice::Named(filled));
                }
                self.one_of("kind of suite", word).map(SuiteChoice::Kind)
            })
            .collect()
    }
}
