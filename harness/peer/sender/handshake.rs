//! How a sender begins TLS: with a handshake, or with what a scenario puts in its place.

use waxseal_model::facts::FailureCause;
use waxseal_model::scenario::ClientFault;
use waxseal_model::trace::Happening;

use super::{Session, State};
use crate::peer::conversation::{Over, failure};
use crate::peer::probe::Probe;

impl Session<'_> {
    pub(super) async fn negotiate(&mut self) -> Result<(), Over> {
        let plan = self.plan;
        if let Some(hello) = &plan.hello {
            let probe = Probe { setup: &plan.tls, fault: plan.fault };
            return Err(self.talk.probe(hello, probe).await);
        }
        // Whoever comes back is a correct client.
        match plan.fault.filter(|_| plan.connection == 1) {
            Some(fault @ ClientFault::SilentInsteadOfClientHello) => {
                self.talk.note(Happening::Faulted(fault.name().into()));
                self.talk.await_end().await;
                return Err(Over);
            }
            Some(fault @ ClientFault::PlaintextInsteadOfClientHello) => {
                self.talk.note(Happening::Faulted(fault.name().into()));
                self.talk
                    .note(Happening::HandshakeFailed(failure(FailureCause::Fault, fault.name())));
                self.talk.say("NOOP").await?;
                self.talk.await_end().await;
                return Err(Over);
            }
            // These have their place behind a ClientHello that is written by hand, or inside TLS.
            Some(
                ClientFault::ChangeCipherSpecBeforeKeys
                | ClientFault::PlaintextInsideTls
                | ClientFault::CutInsideData
                | ClientFault::InsecureRenegotiation
                | ClientFault::LyingHeartbeat
                | ClientFault::Renegotiation,
            )
            | None => {}
        }
        self.talk.connect_tls(&plan.tls, plan.records).await?;
        if !plan.implicit {
            self.play_inside().await?;
        }
        // What was learned in plaintext is forgotten (RFC 3207 section 4.2).
        let greeted = self.state.greeted && !plan.implicit;
        self.state = State { greeted, negotiated: true, ..State::default() };
        Ok(())
    }

    /// Plays a fault that has its place inside TLS, while it is our turn to speak: a greeting that
    /// comes into a second handshake would break it.
    pub(super) async fn play_inside(&mut self) -> Result<(), Over> {
        let fault = self.plan.fault.filter(|_| self.plan.connection == 1);
        match fault {
            Some(fault @ ClientFault::PlaintextInsideTls) => {
                self.talk.note(Happening::Faulted(fault.name().into()));
                self.talk.say_beneath("NOOP");
            }
            Some(fault @ ClientFault::Renegotiation) => {
                self.talk.note(Happening::Faulted(fault.name().into()));
                self.talk.renegotiate(RENEGOTIATIONS).await?;
                self.talk.note(Happening::ViolationAccepted(fault.name().into()));
            }
            // These were played in place of the handshake, or behind its first flight, or have their place
            // in a message.
            Some(
                ClientFault::ChangeCipherSpecBeforeKeys
                | ClientFault::CutInsideData
                | ClientFault::InsecureRenegotiation
                | ClientFault::LyingHeartbeat
                | ClientFault::PlaintextInsteadOfClientHello
                | ClientFault::SilentInsteadOfClientHello,
            )
            | None => {}
        }
        Ok(())
    }
}

/// Handshakes that a client asks for inside one session: a relay that takes a few may have a limit.
const RENEGOTIATIONS: usize = 5;
