//! Checks what a case expects.

use super::Peer;
use super::check::Checker;
use super::choices::{Absent, ChainOrder, DsnChannel, Outcomes, TlsWord};
use crate::expect::{
    CertificateExpect, DsnExpect, Expect, OfferedExpect, Outcome, ReplyExpect, TlsExpect,
    TlsFactsExpect,
};
use crate::offer::Version;
use crate::pattern::Pattern;
use crate::raw::{self, Placed};

impl Checker<'_> {
    pub(super) fn expect(&mut self, raw: &raw::Expect, peers: &[Peer]) -> Expect {
        let raw::Expect {
            outcome: outcomes,
            tls,
            offered,
            certificate,
            answer,
            alert,
            ticket,
            reply,
            never,
            attempts,
            visited,
            accepted_by,
            dsn,
        } = raw;
        let mut outcome = Vec::new();
        for word in outcomes.iter().flat_map(|list| &list.0) {
            let mut known = vec![(Outcomes::Withheld.name(), Outcome::WITHHELD.to_vec())];
            known.extend(Outcome::ALL.map(|outcome| (outcome.name(), vec![outcome])));
            outcome.extend(self.word("outcome", word, &known).unwrap_or_default());
        }
        let names: Vec<_> =
            peers.iter().map(|peer| (peer.name.as_str(), peer.name.clone())).collect();
        let never = never.iter().flat_map(|list| &list.0);
        Expect {
            outcome,
            tls: tls.as_ref().and_then(|tls| self.tls(tls, peers)),
            offered: offered.as_ref().map(|offered| self.offered(offered.get_ref())),
            certificate: certificate.as_ref().map(|shown| self.certificate(shown.get_ref())),
            answer: answer.as_ref().and_then(|answer| self.answer(answer)),
            ticket: ticket.as_ref().map(|ticket| self.ticket(ticket.get_ref())),
            alert: alert.as_ref().map(|alert| self.told(alert)).unwrap_or_default(),
            reply: reply.as_ref().map(|reply| self.reply(reply)),
            never: never
                .filter_map(|word| self.one_of("thing that must not happen", word))
                .collect(),
            attempts: attempts.as_ref().map(|attempts| *attempts.get_ref()),
            visited: visited
                .iter()
                .flatten()
                .filter_map(|word| self.word("peer", word, &names))
                .collect(),
            accepted_by: accepted_by.as_ref().and_then(|word| self.word("peer", word, &names)),
            dsn: dsn.as_ref().map(|dsn| self.dsn(dsn.get_ref())),
        }
    }

    fn tls(&mut self, raw: &Placed<raw::Tls>, peers: &[Peer]) -> Option<TlsExpect> {
        let table = match raw.get_ref() {
            raw::Tls::Word(word) => {
                let word = Placed::new(raw.span(), word.clone());
                let expected = self.one_of("expectation of TLS", &word).map(|word| match word {
                    TlsWord::Established => TlsExpect::Established,
                    TlsWord::Refused => TlsExpect::Refused,
                    TlsWord::TamperingRefused => TlsExpect::TamperingRefused,
                });
                if expected == Some(TlsExpect::TamperingRefused)
                    && peers.iter().all(|peer| peer.tampers.is_empty())
                {
                    let help = "name what is tampered: `tampers = \"suite-not-offered\"`";
                    self.error(raw.span(), "no peer tampers anything", Some(help.into()));
                }
                return expected;
            }
            raw::Tls::Facts(table) => table,
        };
        let raw::TlsTable {
            version,
            forward_secrecy,
            suite,
            group,
            sni,
            client_certificate,
            client_name,
            dh_bits,
            alpn,
            or_refused,
        } = &**table;
        let version = version.as_ref().and_then(|word| self.version_range(word));
        let dh_bits_at_least = dh_bits.as_ref().and_then(|word| {
            self.at_least(word, "a size in bits is written as a lower bound", "write `>=2048`")
        });
        Some(TlsExpect::Facts(TlsFactsExpect {
            version,
            forward_secrecy: *forward_secrecy,
            suite: suite.as_ref().map(|list| self.suites(&list.0)).unwrap_or_default(),
            group: group.as_ref().map(|word| self.fill(word.get_ref(), &word.span())),
            sni: sni.as_ref().map(|word| self.fill(word.get_ref(), &word.span())),
            client_certificate: client_certificate
                .as_ref()
                .and_then(|word| self.one_of("state of a client certificate", word)),
            client_name: client_name.as_ref().map(|word| self.fill(word.get_ref(), &word.span())),
            dh_bits_at_least,
            alpn: alpn.as_ref().map(|word| self.fill(word.get_ref(), &word.span())),
            or_refused: or_refused.unwrap_or_default(),
        }))
    }

    fn at_least(&mut self, word: &Placed<String>, wrong: &str, help: &str) -> Option<u32> {
        let filled = self.fill(word.get_ref(), &word.span());
        let bound = filled.strip_prefix(">=").and_then(|bound| bound.parse().ok());
        if bound.is_none() {
            self.error(word.span(), wrong, Some(help.into()));
        }
        bound
    }

    fn certificate(&mut self, raw: &raw::Certificate) -> CertificateExpect {
        let raw::Certificate { rsa_bits, sent, chain } = raw;
        let rsa_bits_at_least = rsa_bits.as_ref().and_then(|word| {
            self.at_least(word, "a size in bits is written as a lower bound", "write `>=2048`")
        });
        let sent_at_least = sent.as_ref().and_then(|word| {
            self.at_least(word, "a number of certificates is a lower bound", "write `>=2`")
        });
        let leaf_first =
            chain.as_ref().and_then(|word| self.one_of::<ChainOrder>("order", word)).is_some();
        CertificateExpect { rsa_bits_at_least, sent_at_least, leaf_first }
    }

    /// What is always there, and what never.
    pub(super) fn both(&mut self, raw: &raw::AlwaysNever) -> (Vec<String>, Vec<String>) {
        let mut list = |words: &[Placed<String>]| -> Vec<String> {
            words.iter().map(|word| self.fill(word.get_ref(), &word.span())).collect()
        };
        (list(&raw.always), list(&raw.never))
    }

    fn offered(&mut self, raw: &raw::Offered) -> OfferedExpect {
        let raw::Offered {
            versions,
            suites,
            groups,
            schemes,
            extensions,
            first_suite,
            sni,
            compression,
            form,
        } = raw;
        let mut listed = |list: &[Placed<String>]| -> Vec<Version> {
            list.iter().filter_map(|word| self.one_of("TLS version", word)).collect()
        };
        let versions = (listed(&versions.always), listed(&versions.never));
        let suites = (self.suites(&suites.always), self.suites(&suites.never));
        let (groups, schemes) = (self.both(groups), self.both(schemes));
        let extensions = self.both(extensions);
        let first_suite = first_suite
            .as_ref()
            .and_then(|word| self.suites(std::slice::from_ref(word)).into_iter().next());
        let no_compression = compression
            .as_ref()
            .and_then(|word| self.one_of::<Absent>("way to offer compression", word));
        let sni = sni.iter().flat_map(|list| &list.0);
        let sni = sni.map(|word| self.fill(word.get_ref(), &word.span())).collect();
        let form = form.iter().flat_map(|list| &list.0);
        let form = form.filter_map(|word| self.one_of("rule about the hello's form", word));
        let form = form.collect();
        OfferedExpect {
            versions,
            suites,
            groups,
            schemes,
            extensions,
            first_suite,
            sni,
            no_compression: no_compression.is_some(),
            form,
        }
    }

    fn reply(&mut self, raw: &Placed<raw::Reply>) -> ReplyExpect {
        let mut code = |word: &str, span| {
            let filled = self.fill(word, &span);
            match Pattern::parse(&filled) {
                Ok(pattern) => Some(pattern),
                Err(message) => {
                    self.error(span, message, None);
                    None
                }
            }
        };
        let empty = ReplyExpect {
            before: Vec::new(),
            code: None,
            enhanced: None,
            lists: Vec::new(),
            lacks: Vec::new(),
            or_ended: false,
        };
        match raw.get_ref() {
            raw::Reply::Pattern(word) => ReplyExpect { code: code(word, raw.span()), ..empty },
            raw::Reply::Table(table) => {
                let raw::ReplyTable { before, code: own, enhanced, lists, lacks, or_ended } =
                    &**table;
                let before = before.iter().flat_map(|list| &list.0);
                let before = before.filter_map(|w| code(w.get_ref(), w.span())).collect();
                let code = own.as_ref().and_then(|w| code(w.get_ref(), w.span()));
                let mut words = |list: &Option<raw::OneOrMany>| -> Vec<String> {
                    let list = list.as_ref().map(|list| list.0.as_slice()).unwrap_or_default();
                    list.iter().map(|word| self.fill(word.get_ref(), &word.span())).collect()
                };
                ReplyExpect {
                    before,
                    code,
                    lists: words(lists),
                    lacks: words(lacks),
                    enhanced: enhanced.as_ref().map(|word| word.get_ref().clone()),
                    or_ended: or_ended.unwrap_or_default(),
                }
            }
        }
    }

    fn dsn(&mut self, raw: &raw::Dsn) -> DsnExpect {
        let raw::Dsn { status, channel } = raw;
        let status = status.as_ref().map(|list| list.0.as_slice()).unwrap_or_default();
        DsnExpect {
            status: status.iter().map(|word| word.get_ref().clone()).collect(),
            in_tls: channel
                .as_ref()
                .and_then(|word| self.one_of::<DsnChannel>("channel", word))
                .map(|channel| channel == DsnChannel::Tls),
        }
    }
}
