//! What the faults of the relay as a server remember, offer and overlook.

use std::sync::atomic::{AtomicBool, Ordering};

use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};

use super::inbound::Server;
use super::{Mutant, Setup};
use crate::tls::{Tickets, describe_certificate};

/// What some faults remember of a listener. The clean relay remembers nothing of earlier clients.
#[derive(Default)]
pub(super) struct Past {
    /// A handshake has failed.
    pub(super) failed: AtomicBool,
    /// A client was served in TLS.
    pub(super) served: AtomicBool,
    /// A client that said STARTTLS never began TLS.
    pub(super) stalled: AtomicBool,
}

/// What some faults remember of a connection, over STARTTLS as well.
#[derive(Default)]
pub(super) struct Seen {
    /// The verb as the client wrote it.
    pub(super) verb: String,
    /// The line came in one segment with the one before.
    pub(super) grouped: bool,
    /// Something was refused.
    pub(super) refused: bool,
    /// A message was accepted.
    pub(super) accepted: bool,
    /// EHLO since the beginning, or since TLS began.
    pub(super) greetings: usize,
    /// MAIL was checked.
    pub(super) checked: bool,
    /// The client has logged in.
    pub(super) logged_in: bool,
    /// Recipients named before TLS.
    pub(super) recipients: Vec<String>,
}

impl Server<'_> {
    /// Whether the fault of this relay lets a forbidden verb pass.
    pub(super) fn lets_pass(&self, verb: &str) -> bool {
        match self.setup.mutant {
            Some(Mutant::ServerForcesMailOnly) => verb != "MAIL",
            Some(Mutant::ServerForcesCapitalsOnly) => self.seen.verb != verb,
            Some(Mutant::ServerForcesFirstOfGroup) => self.seen.grouped,
            Some(Mutant::ServerForcesOnce) => self.seen.refused,
            Some(Mutant::ServerRefusesInWords) => {
                self.seen.refused && ["RCPT", "DATA"].contains(&verb)
            }
            Some(Mutant::ServerRemembersTls) => self.past.served.load(Ordering::Relaxed),
            _ => false,
        }
    }

    /// Whether the fault of this relay finds the partner's name in what is no DNS-ID of that name, or
    /// wants it letter for letter.
    pub(super) fn finds_name(&self, chain: &[Vec<u8>]) -> bool {
        let Some(leaf) = chain.first().and_then(|leaf| describe_certificate(leaf)) else {
            return false;
        };
        let name = self.setup.partner_name.as_str();
        let any = |fits: &dyn Fn(&str) -> bool| leaf.names.iter().any(|other| fits(other.raw()));
        match self.setup.mutant {
            Some(Mutant::ServerMatchesCommonName) => {
                leaf.common_name.as_ref().is_some_and(|other| other.raw() == name)
            }
            Some(Mutant::ServerMatchesPartOfName) => any(&|other| other.contains(name)),
            Some(Mutant::ServerMatchesAnyCharacter) => any(&|other| {
                let fits = |(a, b): (char, char)| a == b || b == '.';
                other.len() == name.len() && other.chars().zip(name.chars()).all(fits)
            }),
            Some(Mutant::ServerMindsNameCase) => any(&|other| other == name),
            _ => false,
        }
    }

    /// Whether the fault of this relay cannot bear this name in SNI.
    pub(super) fn minds_sni(&self, name: &str) -> bool {
        match self.setup.mutant {
            Some(Mutant::ServerMindsSniCase) => name.chars().any(char::is_uppercase),
            Some(Mutant::ServerFearsOddSni) => name.contains('_'),
            _ => false,
        }
    }
}

/// Tickets with forward secrecy and without early data, for some hours, unless this is a mutant.
pub(super) fn tickets(setup: &Setup) -> Option<Tickets> {
    let tickets = Tickets::new().ok()?;
    Some(match setup.mutant {
        Some(Mutant::ServerGivesLongTickets) => tickets.lasting(30 * 86_400),
        Some(Mutant::ServerAllowsEarlyData) => tickets.with_early_data(16_384),
        Some(Mutant::ServerResumesWithoutExchange) => tickets.without_exchange(),
        _ => tickets,
    })
}

/// TLS 1.2 and 1.3 with forward secrecy, unless this is a mutant.
pub(super) fn offer(setup: &Setup) -> Offer {
    let mut offer = Offer::modern();
    let kinds = |kinds: &[SuiteKind]| kinds.iter().copied().map(SuiteChoice::Kind).collect();
    match setup.mutant {
        Some(Mutant::ServerTakesOldVersions) => {
            offer.versions = Version::ALL.to_vec();
            offer.suites = kinds(&[SuiteKind::ForwardSecret, SuiteKind::StaticRsa]);
        }
        Some(Mutant::ServerTakesStaticRsa) => {
            offer.suites = kinds(&[SuiteKind::ForwardSecret, SuiteKind::StaticRsa]);
        }
        Some(Mutant::ServerPrefersStaticRsa) => {
            offer.suites = kinds(&[SuiteKind::StaticRsa, SuiteKind::Tls13, SuiteKind::Ecdhe]);
        }
        Some(Mutant::ServerTakesAnonymous) => {
            offer.suites = kinds(&[SuiteKind::ForwardSecret, SuiteKind::Anonymous]);
        }
        Some(Mutant::ServerTakesNull) => {
            offer.suites = kinds(&[SuiteKind::Tls13, SuiteKind::Ecdhe, SuiteKind::Null]);
        }
        Some(Mutant::ServerTakesWeakCiphers) => {
            offer.suites =
                kinds(&[SuiteKind::Tls13, SuiteKind::Ecdhe, SuiteKind::Rc4, SuiteKind::TripleDes]);
        }
        Some(Mutant::ServerTakesWeakDhe) => {
            offer.suites = kinds(&[SuiteKind::Dhe, SuiteKind::Tls13, SuiteKind::Ecdhe]);
            offer.dh_bits = Some(512);
        }
        Some(Mutant::ServerTakesShortPrime) => {
            offer.suites = kinds(&[SuiteKind::Tls13, SuiteKind::Ecdhe, SuiteKind::Dhe]);
            offer.dh_bits = Some(1024);
        }
        Some(Mutant::ServerTakesShortCurve) => {
            let known = ["x25519", "p-256", "p-384"];
            let short = ["p-192", "secp192k1", "sect193r1", "sect163k1", "sect163r2", "secp160r1"];
            offer.groups = known.iter().chain(&short).map(|name| (*name).to_owned()).collect();
        }
        Some(Mutant::ServerSignsWithSha1) => {
            let schemes = ["rsa_pss_rsae_sha256", "rsa_pkcs1_sha256", "ecdsa_secp256r1_sha256"];
            let weak = ["rsa_pkcs1_sha1", "ecdsa_sha1"];
            offer.schemes = schemes.iter().chain(&weak).map(|name| (*name).to_owned()).collect();
        }
        // The other engine, which can be told so.
        Some(Mutant::ServerRenegotiates | Mutant::ServerResumesWithoutExchange) => {
            offer.suites = kinds(&[SuiteKind::Tls13, SuiteKind::Ecdhe, SuiteKind::Dhe]);
        }
        Some(Mutant::ServerLacksForwardSecrecy) => {
            offer.versions = vec![Version::Tls12];
            offer.suites = kinds(&[SuiteKind::StaticRsa]);
        }
        Some(Mutant::ServerLacksTls12) => offer.versions = vec![Version::Tls13],
        Some(Mutant::ServerLacksTls13) => offer.versions = vec![Version::Tls12],
        _ => {}
    }
    setup.narrow(&mut offer, true);
    offer
}
