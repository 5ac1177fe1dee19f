//! How a receiver begins TLS: with a handshake, or with what a scenario puts in its place.

use waxseal_model::facts::FailureCause;
use waxseal_model::scenario::ServerFault;
use waxseal_model::trace::Happening;

use super::Session;
use crate::peer::conversation::{Over, failure};
use crate::tls::ServerSetup;

impl Session<'_> {
    pub(super) async fn negotiate(&mut self) -> Result<(), Over> {
        let Some(fault) = self.plan.fault else { return self.accept_tls().await };
        match fault {
            // Its place is behind the message.
            ServerFault::NoCloseNotify => self.accept_tls().await,
            ServerFault::CloseAfterHandshake => {
                self.accept_tls().await?;
                self.talk.note(Happening::Faulted(fault.name().into()));
                Err(self.talk.close().await)
            }
            // Fatal handshake_failure in a record of TLS 1.0, which every version reads.
            ServerFault::AlertAfterClientHello => {
                self.answer_hello(fault, vec![0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28]).await?;
                Err(self.talk.close().await)
            }
            ServerFault::CloseAfterClientHello => {
                self.answer_hello(fault, Vec::new()).await?;
                Err(self.talk.close().await)
            }
            ServerFault::GarbageAfterClientHello => {
                self.answer_hello(fault, vec![0x2a; 64]).await?;
                self.talk.await_end().await;
                Err(self.talk.close().await)
            }
            ServerFault::PlaintextAfterClientHello => {
                self.answer_hello(fault, b"250 2.0.0 OK\r\n".to_vec()).await?;
                self.talk.await_end().await;
                Err(self.talk.close().await)
            }
            ServerFault::ResetAfterClientHello => {
                self.talk.read_hello().await?;
                self.talk.note(Happening::Faulted(fault.name().into()));
                Err(self.talk.reset())
            }
            ServerFault::SilentAfterClientHello => {
                self.talk.read_hello().await?;
                self.talk.note(Happening::Faulted(fault.name().into()));
                let patience = self.talk.patience.handshake;
                self.talk.patience.ending = patience.max(self.talk.patience.line);
                self.talk.await_end().await;
                Err(Over)
            }
        }
    }

    /// How TLS is negotiated on this connection.
    fn tls(&self) -> &ServerSetup {
        let plan = self.plan;
        let later = usize::try_from(self.number).unwrap_or(usize::MAX).checked_sub(2);
        let later = later.and_then(|at| plan.later_tls.get(at).or(plan.later_tls.last()));
        later.unwrap_or(&plan.tls)
    }

    /// The handshake of this connection, tampered with where the scenario says so.
    async fn accept_tls(&mut self) -> Result<(), Over> {
        let before = usize::try_from(self.number.saturating_sub(1)).unwrap_or(usize::MAX);
        let tampers = &self.plan.tampers;
        let tampering = tampers.get(before).or(tampers.last()).copied();
        let tls = self.tls().clone();
        self.talk.accept_tls(&tls, tampering).await
    }

    /// Reads the relay's ClientHello and sends these bytes in place of a flight.
    async fn answer_hello(&mut self, fault: ServerFault, bytes: Vec<u8>) -> Result<(), Over> {
        self.talk.read_hello().await?;
        self.talk.note(Happening::Faulted(fault.name().into()));
        if !bytes.is_empty() {
            self.talk.say_all(&[bytes]).await?;
        }
        self.talk.note(Happening::HandshakeFailed(failure(FailureCause::Fault, fault.name())));
        Ok(())
    }
}
