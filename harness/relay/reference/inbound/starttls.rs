//! STARTTLS, the handshake and the client's certificate.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use tokio::time::Instant;
use waxseal_model::facts::Engine;
use waxseal_model::scenario::Connector;

use super::{Server, State};
use crate::relay::reference::Mutant;
use crate::relay::reference::certificates::narrow;
use crate::relay::reference::server_faults::offer;
use crate::relay::reference::session::PATIENCE;
use crate::tls::{AskClient, ChainProblem, ServerSetup, Usage, verify_chain};
use crate::wire::LineError;

impl Server<'_> {
    pub(super) async fn starttls(&mut self, argument: &str) -> Result<bool, LineError> {
        let again = self.setup.is(Mutant::ServerTakesSecondStarttls);
        if self.session.tls().is_some() && !again {
            self.session.say("503 5.5.1 TLS is active").await?;
            return Ok(true);
        }
        let early = !self.state.greeted || self.state.by_helo;
        if early && self.setup.is(Mutant::ServerDropsEarlyStarttls) {
            return Ok(false);
        }
        if early && self.session.tls().is_none() && !self.setup.is(Mutant::ServerTakesEarlyStarttls)
        {
            self.session.say("503 5.5.1 EHLO first").await?;
            return Ok(true);
        }
        if !argument.trim().is_empty() && !self.setup.is(Mutant::ServerTakesArgument) {
            self.session.say("501 5.5.4 STARTTLS takes no argument").await?;
            if self.setup.is(Mutant::ServerRefusesGroup) && self.session.forget_buffer() {
                self.session.say("503 5.5.1 Bad sequence").await?;
            }
            return Ok(true);
        }
        self.session.say("220 2.0.0 Ready to start TLS").await?;
        if self.setup.is(Mutant::ServerRunsInjected) {
            self.session.take_plaintext().await;
        } else {
            self.session.forget_buffer();
        }
        if self.setup.is(Mutant::ServerRunsPlaintext) && self.session.hears_plaintext().await {
            return Ok(true);
        }
        let begun = self.begin_tls().await;
        if begun && self.setup.is(Mutant::ServerGreetsTwice) {
            self.session.say("220 again").await?;
        }
        Ok(begun)
    }

    pub(super) async fn begin_tls(&mut self) -> bool {
        let asks = matches!(self.connector, Connector::Mutual | Connector::Opportunistic);
        let setup = ServerSetup {
            offer: offer(self.setup),
            identity: self.setup.identity.clone(),
            ask: match asks {
                true if self.setup.is(Mutant::ServerTakesUnproven) => AskClient::Unproven,
                true => AskClient::Optional,
                false => AskClient::No,
            },
            // The modern engine reads no certificate with an unknown critical extension.
            engine: self.setup.is(Mutant::ServerTakesAnyPath).then_some(Engine::Legacy),
            tickets: self.tickets.clone(),
            renegotiates: self.setup.is(Mutant::ServerRenegotiates),
        };
        if let Some(mutant) = self.setup.mutant
            && self.session.answer_by_hand(mutant).await
        {
            return false;
        }
        let overlooks = self.setup.is(Mutant::ServerOverlooksPlaintext);
        let begun = Instant::now();
        if !self.session.accept_tls(&setup, overlooks).await {
            self.past.failed.store(true, Ordering::Relaxed);
            self.past.stalled.fetch_or(begun.elapsed() >= PATIENCE * 2, Ordering::Relaxed);
            return false;
        }
        self.past.served.store(true, Ordering::Relaxed);
        self.seen.greetings = 0;
        if self.setup.is(Mutant::ServerKeepsRecipient) {
            self.seen.recipients = std::mem::take(&mut self.state.to);
        }
        self.seen.logged_in &= self.setup.is(Mutant::ServerKeepsLogin);
        if !self.setup.is(Mutant::ServerKeepsState) {
            let greeted = self.state.greeted && self.setup.is(Mutant::ServerKeepsGreeting);
            self.state = State { greeted, ..State::default() };
        }
        let Some(tls) = self.session.tls() else { return false };
        let leaves = self.setup.is(Mutant::ServerLeavesAfterHandshake)
            || (self.setup.is(Mutant::ServerNeedsSni) && tls.facts.sni.is_none())
            || self.minds_sni(tls.facts.sni.as_deref().unwrap_or_default())
            || (self.setup.is(Mutant::ServerEndsResumedMutual)
                && self.connector == Connector::Mutual
                && tls.facts.resumed);
        if leaves {
            return false;
        }
        let trusts = self.setup.is(Mutant::ServerTrustsResumed) && tls.facts.resumed;
        let shown = if trusts { Ok(()) } else { self.judge_certificate(&tls.facts.peer_chain) };
        self.state.partner = shown.is_ok();
        if self.connector == Connector::Mutual {
            self.state.unwelcome = shown.err().map(|problem| problem.to_string());
        }
        true
    }

    fn judge_certificate(&self, chain: &[Vec<u8>]) -> Result<(), ChainProblem> {
        let name = self.setup.partner_name.as_str();
        let roots = &self.setup.client_trust_anchors;
        let verified = verify_chain(chain, roots, Some(name), Usage::Client, SystemTime::now());
        let forgiven =
            match verified {
                Err(ChainProblem::NoCertificate) => Mutant::ServerTakesNoCertificate,
                Err(
                    ChainProblem::BadSignature | ChainProblem::MayNotSign | ChainProblem::Other(_),
                ) if self.setup.is(Mutant::ServerTakesAnyPath) => return Ok(()),
                Err(ChainProblem::UnknownIssuer) => Mutant::ServerTakesAnyCa,
                Err(ChainProblem::Expired) => Mutant::ServerTakesExpired,
                Err(ChainProblem::NotYetValid) => Mutant::ServerTakesFuture,
                Err(ChainProblem::WrongName) if self.finds_name(chain) => return Ok(()),
                Err(ChainProblem::WrongName) => Mutant::ServerTakesAnyName,
                Ok(()) if self.setup.is(Mutant::ServerMindsNameCase) && !self.finds_name(chain) => {
                    return Err(ChainProblem::WrongName);
                }
                Ok(()) if self.setup.mutant.is_some_and(|mutant| narrow(mutant, chain)) => {
                    return Err(ChainProblem::Other("a fault of this relay refuses it".into()));
                }
                _ if self.setup.is(Mutant::ServerTakesFalseCa) && chain.len() > 1 => {
                    let signer = &chain[1..];
                    return verify_chain(signer, roots, None, Usage::Client, SystemTime::now());
                }
                other => return other,
            };
        if self.setup.is(forgiven) { Ok(()) } else { verified }
    }
}
