//! STARTTLS, the handshake and the server's certificate.

use std::time::SystemTime;

use waxseal_model::facts::{ClientCertificate, Engine};
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};
use waxseal_model::scenario::Connector;

use super::{Broken, Client, Demand, INJECTED, lists, literal, starts, temporary};
use crate::relay::reference::certificates::{Known, forgives, refuses};
use crate::relay::reference::odd_hellos::handmade;
use crate::relay::reference::session::{PATIENCE, Session};
use crate::relay::reference::{Mutant, Setup, Variant};
use crate::tls::{ChainProblem, ClientSetup, Usage, verify_chain};

impl Client<'_> {
    /// Begins TLS where it can be had; whether it did.
    pub(super) async fn secure(
        &self,
        session: &mut Session,
        demand: Demand,
        listed: &[String],
    ) -> Result<bool, Broken> {
        let forced = matches!(demand, Demand::Forced(_));
        if !self.finds_starttls(forced, listed) {
            self.without_offer(session, forced).await?;
            return Ok(false);
        }
        if !self.asks(session, forced).await? {
            return Ok(false);
        }
        self.forgets_injected(session)?;
        if self.setup.is(Mutant::ClientStaysAfterFailure) {
            // Peeks at nothing: it talks in plaintext on the stream where TLS is due.
            session.say("NOOP").await?;
        }
        self.shakes_hands(session, demand).await?;
        self.takes_server(session, demand).await?;
        Ok(true)
    }

    /// Whether STARTTLS is to be said to a host that lists these extensions.
    fn finds_starttls(&self, forced: bool, listed: &[String]) -> bool {
        let gives_up = match self.setup.mutant {
            Some(Mutant::ClientRemembersFailure | Mutant::ClientRemembersNoOffer) => true,
            Some(Mutant::ClientRemembersBrokenTls) => !forced,
            _ => false,
        };
        let given_up = gives_up && self.setup.memory.knows(self.host);
        if given_up {
            false
        } else if self.setup.is(Mutant::ClientMindsCase) {
            listed.iter().any(|line| line.get(4..) == Some("STARTTLS"))
        } else if self.setup.is(Mutant::ClientOverlooksLastLine) {
            lists(&listed[..listed.len() - 1], "STARTTLS")
        } else {
            lists(listed, "STARTTLS")
                || self.setup.is(Mutant::ClientSendsUnoffered)
                || (forced && self.setup.varies(Variant::ClientAsksUnlisted))
        }
    }

    /// Ends a session that may not go on without TLS.
    async fn without_offer(&self, session: &mut Session, forced: bool) -> Result<(), Broken> {
        if self.setup.is(Mutant::ClientRemembersNoOffer) {
            self.setup.memory.remember(self.host);
        }
        if forced && !self.setup.is(Mutant::ClientPlaintextIfNotOffered) {
            session.quit().await;
            let text = format!("TLS is required, but {} does not offer it", self.host);
            return Err(Broken::Other(temporary("4.7.4", text)));
        }
        if self.setup.is(Mutant::ClientNeverPlaintext) {
            session.quit().await;
            return Err(Broken::Other(temporary("4.7.4", "TLS is not offered")));
        }
        Ok(())
    }

    /// Says STARTTLS; whether TLS begins now.
    async fn asks(&self, session: &mut Session, forced: bool) -> Result<bool, Broken> {
        if self.setup.is(Mutant::ClientPipelinesStarttls) {
            session.send(b"STARTTLS\r\nNOOP\r\n").await?;
        } else {
            session.say(&self.written("STARTTLS")).await?;
        }
        let answer = if self.setup.is(Mutant::ClientReadsOneLine) {
            let line = session.line(PATIENCE).await?.bytes;
            vec![String::from_utf8_lossy(&line).into_owned()]
        } else {
            session.reply().await?
        };
        if starts(&answer, "421") && self.setup.is(Mutant::ClientGoesOnAfter421) {
            return Ok(false);
        }
        let success = self.setup.is(Mutant::ClientTakesAnySuccess)
            && (starts(&answer, "2") || starts(&answer, "3"));
        if !starts(&answer, "220") && !self.setup.is(Mutant::ClientIgnoresReply) && !success {
            if self.setup.is(Mutant::ClientRemembersFailure) {
                self.setup.memory.remember(self.host);
            }
            let clear = !forced || self.setup.is(Mutant::ClientPlaintextIfRefused);
            if starts(&answer, "421") || !clear || self.setup.is(Mutant::ClientNeverPlaintext) {
                session.quit().await;
                let text = format!("{} refused to start TLS: {}", self.host, answer.join(" "));
                return Err(Broken::Other(temporary("4.7.0", text)));
            }
            return Ok(false);
        }
        Ok(true)
    }

    /// What stood behind the go-ahead is no part of the session in TLS (RFC 3207 section 4.2).
    fn forgets_injected(&self, session: &mut Session) -> Result<(), Broken> {
        let keeps = [Mutant::ClientUsesInjected, Mutant::ClientReadsOneLine];
        if !keeps.iter().any(|mutant| self.setup.is(*mutant)) {
            let injected = session.forget_buffer();
            if injected && self.setup.is(Mutant::ClientPlaintextIfInjected) {
                return Err(Broken::Tls(INJECTED.into()));
            }
        }
        Ok(())
    }

    async fn shakes_hands(&self, session: &mut Session, demand: Demand) -> Result<(), Broken> {
        let mutual = demand == Demand::Forced(Connector::Mutual)
            && !self.setup.is(Mutant::ClientHidesCertificate);
        let tls = ClientSetup {
            offer: offer(self.setup, self.tries),
            sni: self.name(),
            identity: mutual.then(|| match self.setup.mutant {
                Some(Mutant::ClientShowsServerCertificate) => self.setup.identity.clone(),
                _ => self.setup.client_identity.clone(),
            }),
            // The modern engine reads no certificate with an unknown critical extension.
            engine: self.setup.is(Mutant::ClientIgnoresCriticalExtension).then_some(Engine::Legacy),
            sessions: self.setup.sessions(),
        };
        let address = literal(self.host).is_some();
        if let Some(hello) = handmade(self.setup.mutant, self.host, self.address, address) {
            session.send(&hello).await?;
            return Err(Broken::Tls("the hello was written by hand".into()));
        }
        if !session.connect_tls(&tls, self.setup.mutant).await {
            if let Some(Mutant::ClientRemembersBrokenTls | Mutant::ClientPlaintextIfBrokenBefore) =
                self.setup.mutant
            {
                self.setup.memory.remember(self.host);
            }
            return Err(Broken::Tls("the TLS handshake failed".into()));
        }
        Ok(())
    }

    /// The name in SNI; none for an address (RFC 6066 section 3).
    fn name(&self) -> Option<String> {
        let sender = self.message.from.rsplit_once('@').map(|(_, domain)| domain);
        let name = match self.setup.mutant {
            // Sessions are kept by this name, and an address is not sent.
            Some(Mutant::ClientResumesForAnyName) => return Some(self.address.to_string()),
            Some(Mutant::ClientNamesItself) => &self.setup.hostname,
            Some(Mutant::ClientNamesBanner) => &self.banner,
            Some(Mutant::ClientNamesSender) => sender.unwrap_or(self.host),
            Some(Mutant::ClientNamesFirstHost) => self.first,
            _ => self.host,
        };
        literal(name).is_none().then(|| name.to_owned())
    }

    /// Goes on only with a server that the rule takes.
    async fn takes_server(&self, session: &mut Session, demand: Demand) -> Result<(), Broken> {
        let facts = session.tls().map(|tls| &tls.facts);
        if self.setup.is(Mutant::ClientRefusesRequest)
            && facts.is_some_and(|facts| facts.client_certificate == ClientCertificate::NotShown)
        {
            return Err(Broken::Tls("there is no certificate to show".into()));
        }
        let trusts_resumed = matches!(
            self.setup.mutant,
            Some(Mutant::ClientResumesForAnyRule | Mutant::ClientResumesForAnyName)
        );
        if trusts_resumed && facts.is_some_and(|facts| facts.resumed) {
            return Ok(());
        }
        let chain = facts.map(|facts| facts.peer_chain.clone()).unwrap_or_default();
        if let Err(problem) = self.judge_certificate(&chain, demand) {
            if self.setup.is(Mutant::ClientChecksAtData) {
                session.command(&format!("EHLO {}", self.setup.hostname)).await?;
                session.command(&format!("MAIL FROM:<{}>", self.message.from)).await?;
                session.command(&format!("RCPT TO:<{}>", self.message.to)).await?;
            }
            session.quit().await;
            return Err(Broken::Tls(problem.to_string()));
        }
        Ok(())
    }

    fn judge_certificate(&self, chain: &[Vec<u8>], demand: Demand) -> Result<(), ChainProblem> {
        let address = self.address.to_string();
        let known = match self.setup.mutant {
            Some(Mutant::ClientRemembersTrust | Mutant::ClientVerifiesOnce) => self.host,
            Some(Mutant::ClientTrustsAddress) => &address,
            _ => "",
        };
        let first_only = self.place > 0 && self.setup.is(Mutant::ClientJudgesFirstAddress)
            || self.address.is_ipv6() && self.setup.is(Mutant::ClientJudgesIpv4Only);
        if first_only || (!known.is_empty() && self.setup.memory.knows(known)) {
            return Ok(());
        }
        let named = self.setup.is(Mutant::ClientChecksEveryName);
        let name = match demand {
            Demand::Forced(Connector::DomainValidation) => Some(self.host),
            Demand::Forced(Connector::CertificateValidation) => named.then_some(self.host),
            Demand::Opportunistic if self.setup.is(Mutant::ClientPrefersPlaintext) => {
                Some(self.host)
            }
            _ => return Ok(()),
        };
        if refuses(self.setup.mutant, chain, self.host) {
            return Err(ChainProblem::WrongName);
        }
        let roots = &self.setup.trust_anchors;
        let now = SystemTime::now();
        let mut verified = verify_chain(chain, roots, name, Usage::Server, now);
        if name.is_some() && self.setup.varies(Variant::ClientComparesDomain) {
            let domain = Some(self.domain);
            let below = name.filter(|name| name.ends_with(&format!(".{}", self.domain)));
            verified = verify_chain(chain, roots, domain, Usage::Server, now)
                .or_else(|_| verify_chain(chain, roots, below.or(domain), Usage::Server, now));
        }
        if let Err(problem) = &verified {
            let (host, domain) = (self.host, self.domain);
            let (banner, ehlo) = (self.banner.as_str(), self.ehlo.as_str());
            let host = Known { host, domain, banner, ehlo, address: self.address };
            let named_before = *problem == ChainProblem::WrongName
                && self.setup.is(Mutant::ClientChecksNameOnce)
                && self.setup.memory.knows(self.host);
            if named_before {
                return Ok(());
            }
            return match forgives(self.setup.mutant, chain, problem, &host) {
                true => Ok(()),
                false => verified,
            };
        }
        match self.setup.mutant {
            Some(Mutant::ClientVerifiesOnce | Mutant::ClientTrustsAddress) => {
                self.setup.memory.remember(known);
            }
            Some(Mutant::ClientChecksNameOnce) => self.setup.memory.remember(self.host),
            _ => {}
        }
        verified
    }
}

/// TLS 1.2 and 1.3 with forward secrecy, unless this is a mutant.
fn offer(setup: &Setup, tries: u32) -> Offer {
    let mut offer = Offer::modern();
    let kinds = |kinds: &[SuiteKind]| kinds.iter().copied().map(SuiteChoice::Kind).collect();
    match setup.mutant {
        Some(Mutant::ClientTakesOldVersions) => {
            offer.versions = Version::ALL.to_vec();
            offer.suites = kinds(&[SuiteKind::ForwardSecret]);
        }
        Some(Mutant::ClientTakesStaticRsa) => {
            offer.suites = kinds(&[SuiteKind::StaticRsa, SuiteKind::ForwardSecret]);
        }
        Some(Mutant::ClientTakesAnonymous) => {
            offer.suites = kinds(&[SuiteKind::ForwardSecret, SuiteKind::Anonymous]);
        }
        Some(Mutant::ClientPrefersAnonymous) => {
            offer.suites = kinds(&[SuiteKind::Anonymous, SuiteKind::ForwardSecret]);
        }
        Some(Mutant::ClientTakesWeakCiphers) => {
            offer.suites = kinds(&[
                SuiteKind::ForwardSecret,
                SuiteKind::Null,
                SuiteKind::Rc4,
                SuiteKind::TripleDes,
            ]);
        }
        Some(Mutant::ClientRefusesRsa) => offer.schemes = vec!["ecdsa_secp256r1_sha256".into()],
        Some(Mutant::ClientLeadsWithStaticRsa) => {
            offer.versions = vec![Version::Tls12];
            offer.suites = kinds(&[SuiteKind::StaticRsa, SuiteKind::Ecdhe]);
        }
        Some(Mutant::ClientLacksTls13) => offer.versions = vec![Version::Tls12],
        Some(Mutant::ClientFallsBack) if tries > 1 => offer.versions = vec![Version::Tls12],
        Some(Mutant::ClientLacksTls12) => offer.versions = vec![Version::Tls13],
        _ => {}
    }
    setup.narrow(&mut offer, false);
    offer
}
