//! The relay as a client: one try to deliver one message.

use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use tokio::net::TcpStream;
use waxseal_model::facts::{ClientCertificate, Engine};
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind, Version};
use waxseal_model::scenario::Connector;

use super::certificates::{Known, forgives, refuses};
use super::odd_hellos::handmade;
use super::queue::Message;
use super::session::{PATIENCE, Session};
use super::{Mutant, Setup, Variant};
use crate::lab::Answer;
use crate::tls::{ChainProblem, ClientSetup, Usage, verify_chain};
use crate::wire::LineError;
use crate::wire::attention::within;

/// How one try ended: with an enhanced status code and a text.
pub(super) enum Attempt {
    Delivered,
    Temporary(String, String),
    Permanent(String, String),
}

fn temporary(status: &str, text: impl Into<String>) -> Attempt {
    Attempt::Temporary(status.into(), text.into())
}

/// What the rule demands of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Demand {
    Clear,
    Opportunistic,
    Forced(Connector),
}

/// Tries every MX in order of preference (RFC 5321 section 5.1).
pub(super) async fn deliver(
    setup: &Setup,
    connector: Connector,
    domain: &str,
    message: &Message,
    tries: u32,
) -> Attempt {
    let mut implicit = false;
    let hosts = match setup.resolver().mx(domain).await {
        Answer::Records { records, .. } => records,
        Answer::NoData { .. } => {
            implicit = true;
            vec![(0, domain.to_owned())]
        }
        Answer::NxDomain { .. } => {
            return Attempt::Permanent("5.1.2".into(), "the domain does not exist".into());
        }
        Answer::Failed if setup.is(Mutant::ClientTakesFailureForNone) => {
            vec![(0, domain.to_owned())]
        }
        Answer::Failed => return temporary("4.4.3", "the resolver failed"),
    };
    let null = hosts.iter().all(|(_, host)| host.is_empty() || host == ".");
    let hosts = if null && setup.is(Mutant::ClientIgnoresNullMx) {
        vec![(0, domain.to_owned())]
    } else if null {
        return Attempt::Permanent("5.1.10".into(), "the domain takes no mail (null MX)".into());
    } else {
        hosts
    };
    let mut demand = Demand::of(connector);
    if implicit && setup.is(Mutant::ClientClearOnImplicitMx) {
        demand = Demand::Opportunistic;
    }
    if tries > 1 && setup.is(Mutant::ClientClearOnRetry) {
        demand = Demand::Clear;
    }
    let mut last = temporary("4.4.1", "no host could be reached");
    let mut before = None;
    for (index, (preference, host)) in hosts.iter().enumerate() {
        if index > 0 && setup.is(Mutant::ClientFirstMxOnly) {
            break;
        }
        if index > 0 && setup.is(Mutant::ClientClearOnSecondMx) {
            demand = Demand::Opportunistic;
        }
        if before == Some(preference) && setup.is(Mutant::ClientClearOnEqualMx) {
            demand = Demand::Opportunistic;
        }
        if setup.is(Mutant::ClientRulesByHost) {
            demand = Demand::of(setup.connector("", host));
        }
        before = Some(preference);
        if !host.ends_with(domain) && setup.is(Mutant::ClientStaysInside) {
            continue;
        }
        let mut addresses = match setup.resolver().addresses(host).await {
            Answer::Records { records, .. } => records,
            _ => continue,
        };
        if setup.is(Mutant::ClientFirstAddressOnly) {
            // Many take IPv6 first (RFC 6724).
            addresses.sort_by_key(|address| !address.is_ipv6());
        }
        for (place, address) in addresses.into_iter().enumerate() {
            if place > 0 && setup.is(Mutant::ClientFirstAddressOnly) {
                break;
            }
            if place > 0 && setup.is(Mutant::ClientClearOnSecondAddress) {
                demand = Demand::Opportunistic;
            }
            let mut client = Client {
                setup,
                host,
                domain,
                message,
                tries,
                address,
                place,
                banner: String::new(),
                inside: None,
            };
            last = client.try_host(address, demand).await;
            if !matches!(last, Attempt::Temporary(..)) {
                return last;
            }
        }
    }
    last
}

struct Client<'a> {
    setup: &'a Setup,
    host: &'a str,
    /// The recipient's.
    domain: &'a str,
    message: &'a Message,
    tries: u32,
    address: IpAddr,
    /// How many addresses of the host stand before this one.
    place: usize,
    /// The name in the greeting.
    banner: String,
    /// How far the dialogue came inside TLS.
    inside: Option<Stage>,
}

/// What was said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Ehlo,
    Mail,
    Rcpt,
    Data,
    Content,
}

impl Demand {
    fn of(connector: Connector) -> Self {
        match connector {
            Connector::Opportunistic => Self::Opportunistic,
            forced => Self::Forced(forced),
        }
    }
}

/// How a session ended short of an answer about the message.
enum Broken {
    /// TLS could not be had in this session; the text says why.
    Tls(String),
    /// The connection was lost, or nothing came; the text says how.
    Lost(String),
    /// Anything else.
    Other(Attempt),
}

/// Why a fault gives TLS up.
const INJECTED: &str = "something stood behind 220";

impl From<LineError> for Broken {
    fn from(error: LineError) -> Self {
        Self::Lost(error.to_string())
    }
}

impl Client<'_> {
    /// One connection; where TLS breaks under the opportunistic rule, a second one in clear.
    async fn try_host(&mut self, address: IpAddr, demand: Demand) -> Attempt {
        let first = self.connect(address, demand).await;
        if self.sends_again(&first) {
            return match self.connect(address, Demand::Clear).await {
                Ok(attempt) | Err(Broken::Other(attempt)) => attempt,
                Err(Broken::Tls(text) | Broken::Lost(text)) => temporary("4.7.5", text),
            };
        }
        match first {
            Ok(attempt) | Err(Broken::Other(attempt)) => attempt,
            Err(Broken::Lost(_))
                if matches!(self.inside, Some(Stage::Data | Stage::Content))
                    && self.setup.is(Mutant::ClientTakesLossForSuccess) =>
            {
                Attempt::Delivered
            }
            Err(Broken::Lost(text)) => temporary("4.4.2", text),
            Err(Broken::Tls(text)) => {
                let clear = match demand {
                    Demand::Opportunistic => !self.setup.is(Mutant::ClientNeverClear),
                    _ if text == INJECTED => true,
                    _ => self.setup.is(Mutant::ClientClearIfBroken),
                };
                if !clear {
                    return temporary("4.7.5", text);
                }
                match self.connect(address, Demand::Clear).await {
                    Ok(attempt) | Err(Broken::Other(attempt)) => attempt,
                    Err(Broken::Tls(text) | Broken::Lost(text)) => temporary("4.7.5", text),
                }
            }
        }
    }

    /// Whether this fault sends the message once more in plaintext after a session ended like this.
    fn sends_again(&self, ended: &Result<Attempt, Broken>) -> bool {
        let lost = matches!(ended, Err(Broken::Lost(_)));
        let refused = matches!(ended, Ok(Attempt::Temporary(..) | Attempt::Permanent(..)));
        match (self.setup.mutant, self.inside) {
            (Some(Mutant::ClientClearIfLostAtMail), Some(stage)) => {
                lost && matches!(stage, Stage::Ehlo | Stage::Mail | Stage::Rcpt)
            }
            (Some(Mutant::ClientClearIfLostAtData), Some(stage)) => {
                lost && matches!(stage, Stage::Data | Stage::Content)
            }
            (Some(Mutant::ClientClearIfRefusedAtEhlo), Some(Stage::Ehlo))
            | (Some(Mutant::ClientClearIfRefusedAtMail), Some(Stage::Mail))
            | (Some(Mutant::ClientClearIfRefusedAtRcpt), Some(Stage::Rcpt))
            | (Some(Mutant::ClientClearIfRefusedAtData), Some(Stage::Data)) => refused,
            _ => false,
        }
    }

    async fn connect(&mut self, address: IpAddr, demand: Demand) -> Result<Attempt, Broken> {
        let to = SocketAddr::new(address, self.setup.smtp_port);
        let stream = match within(PATIENCE, TcpStream::connect(to)).await {
            Ok(Ok(stream)) => stream,
            _ => return Ok(temporary("4.4.1", format!("could not connect to {}", self.host))),
        };
        let mut session = Session::new(stream);
        let greeting = session.reply().await?;
        if !starts(&greeting, "220") && self.setup.is(Mutant::ClientSkipsAfterOddGreeting) {
            return self.transfer(&mut session, &[]).await;
        }
        if !starts(&greeting, "220") {
            return Ok(self.refused(&mut session, &greeting).await);
        }
        let banner = greeting.first().and_then(|line| line.split_whitespace().nth(1));
        self.banner = banner.unwrap_or_default().to_owned();
        let verb = if self.setup.is(Mutant::ClientSaysHelo) { "HELO" } else { "EHLO" };
        let hello = format!("{verb} {}", self.setup.hostname);
        if self.setup.varies(Variant::ClientGreetsTwice) {
            self.command(&mut session, &hello).await?;
        }
        let mut listed = self.command(&mut session, &hello).await?;
        if self.setup.varies(Variant::ClientBeginsSlowly) {
            self.command(&mut session, "NOOP").await?;
            self.command(&mut session, "RSET").await?;
        }
        let mut demand = demand;
        if starts(&listed, "5") {
            let answer = session.command(&format!("HELO {}", self.setup.hostname)).await?;
            if !starts(&answer, "250") {
                return Ok(self.refused(&mut session, &answer).await);
            }
            listed = answer.into_iter().take(1).collect();
            if self.setup.is(Mutant::ClientClearAfterHelo) {
                demand = Demand::Clear;
            }
        } else if !starts(&listed, "250") {
            return Ok(self.refused(&mut session, &listed).await);
        }
        if demand != Demand::Clear && !self.setup.is(Mutant::ClientIgnoresStarttls) {
            let secured = self.secure(&mut session, demand, &listed).await?;
            self.inside = secured.then_some(Stage::Ehlo);
            if secured && !self.setup.is(Mutant::ClientSkipsEhlo) {
                let helo = format!("HELO {}", self.setup.hostname);
                let again = self.setup.varies(Variant::ClientSaysHeloInTls);
                let inner = self.command(&mut session, if again { &helo } else { &hello }).await?;
                if !starts(&inner, "250") {
                    return Ok(self.refused(&mut session, &inner).await);
                }
                if self.setup.is(Mutant::ClientRepeatsStarttls) && lists(&inner, "STARTTLS") {
                    session.command("STARTTLS").await?;
                }
                if !self.setup.is(Mutant::ClientKeepsExtensions) {
                    listed = inner;
                }
            }
        } else if matches!(demand, Demand::Forced(_)) {
            // A mutant that ignores STARTTLS still keeps forced mail back.
            session.quit().await;
            return Ok(temporary("4.7.4", "TLS is required"));
        }
        self.transfer(&mut session, &listed).await
    }

    /// Begins TLS where it can be had; whether it did.
    async fn secure(
        &self,
        session: &mut Session,
        demand: Demand,
        listed: &[String],
    ) -> Result<bool, Broken> {
        let forced = matches!(demand, Demand::Forced(_));
        let given_up = (self.setup.is(Mutant::ClientRemembersFailure)
            || self.setup.is(Mutant::ClientRemembersNoOffer))
            && self.setup.memory.knows(self.host);
        let offered = if given_up {
            false
        } else if self.setup.is(Mutant::ClientMindsCase) {
            listed.iter().any(|line| line.get(4..) == Some("STARTTLS"))
        } else if self.setup.is(Mutant::ClientOverlooksLastLine) {
            lists(&listed[..listed.len() - 1], "STARTTLS")
        } else {
            lists(listed, "STARTTLS")
                || self.setup.is(Mutant::ClientSendsUnoffered)
                || (forced && self.setup.varies(Variant::ClientAsksUnlisted))
        };
        if !offered {
            if self.setup.is(Mutant::ClientRemembersNoOffer) {
                self.setup.memory.remember(self.host);
            }
            if forced && !self.setup.is(Mutant::ClientClearIfNotOffered) {
                session.quit().await;
                let text = format!("TLS is required, but {} does not offer it", self.host);
                return Err(Broken::Other(temporary("4.7.4", text)));
            }
            if self.setup.is(Mutant::ClientNeverClear) {
                session.quit().await;
                return Err(Broken::Other(temporary("4.7.4", "TLS is not offered")));
            }
            return Ok(false);
        }
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
            let clear = !forced || self.setup.is(Mutant::ClientClearIfRefused);
            if starts(&answer, "421") || !clear || self.setup.is(Mutant::ClientNeverClear) {
                session.quit().await;
                let text = format!("{} refused to start TLS: {}", self.host, answer.join(" "));
                return Err(Broken::Other(temporary("4.7.0", text)));
            }
            return Ok(false);
        }
        let keeps = [Mutant::ClientUsesInjected, Mutant::ClientReadsOneLine];
        if !keeps.iter().any(|mutant| self.setup.is(*mutant)) {
            let injected = session.forget_buffer();
            if injected && self.setup.is(Mutant::ClientClearIfInjected) {
                return Err(Broken::Tls(INJECTED.into()));
            }
        }
        if self.setup.is(Mutant::ClientStaysAfterFailure) {
            // Peeks at nothing: it talks in clear on the stream where TLS is due.
            session.say("NOOP").await?;
        }
        let mutual = demand == Demand::Forced(Connector::Mutual)
            && !self.setup.is(Mutant::ClientHidesCertificate);
        let tls = ClientSetup {
            offer: offer(self.setup, self.tries),
            sni: Some(self.host.to_owned()),
            identity: mutual.then(|| match self.setup.mutant {
                Some(Mutant::ClientShowsServerCertificate) => self.setup.identity.clone(),
                _ => self.setup.client_identity.clone(),
            }),
            // The modern engine reads no certificate with an unknown critical extension.
            engine: self.setup.is(Mutant::ClientIgnoresCriticalExtension).then_some(Engine::Legacy),
            sessions: self.setup.sessions(),
        };
        if let Some(hello) = handmade(self.setup.mutant, self.host) {
            session.send(&hello).await?;
            return Err(Broken::Tls("the hello was written by hand".into()));
        }
        if !session.connect_tls(&tls, self.setup.mutant).await {
            return Err(Broken::Tls("the TLS handshake failed".into()));
        }
        let facts = session.tls().map(|tls| &tls.facts);
        if self.setup.is(Mutant::ClientRefusesRequest)
            && facts.is_some_and(|facts| facts.client_certificate == ClientCertificate::NotShown)
        {
            return Err(Broken::Tls("there is no certificate to show".into()));
        }
        if self.setup.is(Mutant::ClientResumesForAnyRule) && facts.is_some_and(|f| f.resumed) {
            return Ok(true);
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
        Ok(true)
    }

    fn judge_certificate(&self, chain: &[Vec<u8>], demand: Demand) -> Result<(), ChainProblem> {
        let address = self.address.to_string();
        let known = match self.setup.mutant {
            Some(Mutant::ClientRemembersTrust | Mutant::ClientVerifiesOnce) => self.host,
            Some(Mutant::ClientTrustsAddress) => &address,
            _ => "",
        };
        let first_only = self.place > 0 && self.setup.is(Mutant::ClientJudgesFirstAddress);
        if first_only || self.setup.memory.knows(known) {
            return Ok(());
        }
        let named = self.setup.is(Mutant::ClientChecksEveryName);
        let name = match demand {
            Demand::Forced(Connector::DomainValidation) => Some(self.host),
            Demand::Forced(Connector::CertificateValidation) => named.then_some(self.host),
            Demand::Opportunistic if self.setup.is(Mutant::ClientPrefersClear) => Some(self.host),
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
            let (host, domain, banner) = (self.host, self.domain, self.banner.as_str());
            let host = Known { host, domain, banner, address: self.address };
            return match forgives(self.setup.mutant, chain, problem, &host) {
                true => Ok(()),
                false => verified,
            };
        }
        let remembers = [Mutant::ClientVerifiesOnce, Mutant::ClientTrustsAddress];
        if remembers.iter().any(|mutant| self.setup.is(*mutant)) {
            self.setup.memory.remember(known);
        }
        verified
    }

    async fn transfer(
        &mut self,
        session: &mut Session,
        listed: &[String],
    ) -> Result<Attempt, Broken> {
        let size = if lists(listed, "SIZE") {
            format!(" SIZE={}", self.message.content.len())
        } else {
            String::new()
        };
        for (stage, command) in [
            (Stage::Mail, format!("MAIL FROM:<{}>{size}", self.message.from)),
            (Stage::Rcpt, format!("RCPT TO:<{}>", self.message.to)),
        ] {
            self.inside = self.inside.map(|_| stage);
            let answer = self.command(session, &command).await?;
            if !starts(&answer, "2") {
                return Ok(self.refused(session, &answer).await);
            }
        }
        self.inside = self.inside.map(|_| Stage::Data);
        let answer = self.command(session, "DATA").await?;
        if !starts(&answer, "354") {
            return Ok(self.refused(session, &answer).await);
        }
        let half = self.tries > 1 && self.setup.is(Mutant::ClientCutsMessage);
        let content = &self.message.content;
        let sent = if half { &content[..content.len() / 2] } else { &content[..] };
        session.send(sent).await?;
        if half {
            session.send(b"\r\n").await?;
        }
        self.inside = self.inside.map(|_| Stage::Content);
        let answer = session.command(".").await?;
        if !starts(&answer, "2") {
            return Ok(self.refused(session, &answer).await);
        }
        if self.setup.is(Mutant::ClientRemembersTrust) {
            self.setup.memory.remember(self.host);
        }
        if self.setup.is(Mutant::ClientMindsMissingCloseNotify) {
            session.command("QUIT").await?;
        }
        if self.setup.is(Mutant::ClientQuitsBeneath) {
            session.quit_beneath().await;
        }
        session.quit().await;
        Ok(Attempt::Delivered)
    }

    /// Sends a command, written as this relay writes it, and gives its reply.
    async fn command(&self, session: &mut Session, line: &str) -> Result<Vec<String>, LineError> {
        session.command(&self.written(line)).await
    }

    fn written(&self, line: &str) -> String {
        match line.split_once([' ', ':']) {
            _ if !self.setup.varies(Variant::ClientWritesLowerCase) => line.to_owned(),
            Some((verb, _)) => verb.to_ascii_lowercase() + &line[verb.len()..],
            None => line.to_ascii_lowercase(),
        }
    }

    /// A refusal by the next hop: permanent if its code is.
    async fn refused(&self, session: &mut Session, answer: &[String]) -> Attempt {
        session.quit().await;
        let text = answer.join(" ");
        if starts(answer, "5") {
            Attempt::Permanent("5.0.0".into(), text)
        } else {
            temporary("4.0.0", text)
        }
    }
}

fn starts(reply: &[String], code: &str) -> bool {
    reply.last().is_some_and(|line| line.starts_with(code))
}

fn lists(reply: &[String], keyword: &str) -> bool {
    reply.iter().skip(1).any(|line| {
        line.get(4..)
            .and_then(|words| words.split(' ').next())
            .is_some_and(|word| word.eq_ignore_ascii_case(keyword))
    })
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
