//! What a sender has to do.

use std::net::SocketAddr;

use waxseal_model::judge::Names;
use waxseal_model::scenario::{ClientFault, Framing, RawHello};
use waxseal_model::script::Script;
use waxseal_model::trace::Place;

use crate::peer::account::Account;
use crate::peer::conversation::Patience;
use crate::peer::message::Letter;
use crate::peer::names::fill_script;
use crate::tls::ClientSetup;

/// What a sender does.
#[derive(Clone, Debug)]
pub struct SenderPlan {
    /// Where its events are recorded.
    pub place: Place,
    /// Which connection this is, from 1: each meets its part of the script.
    pub connection: u32,
    /// The relay's listener.
    pub to: SocketAddr,
    /// Whether TLS comes first on this listener.
    pub implicit: bool,
    /// What it does once its script has ended.
    pub then: Then,
    pub(super) script: Script,
    /// As whom it logs in inside TLS, once its script has ended and before it sends mail.
    pub account: Option<Account>,
    /// Misbehaviour below SMTP.
    pub fault: Option<ClientFault>,
    /// What it sends in place of a handshake.
    pub hello: Option<RawHello>,
    /// The records of its ClientHello.
    pub records: Framing,
    /// How it negotiates TLS.
    pub tls: ClientSetup,
    pub(super) names: Names,
    /// What it delivers.
    pub letter: Letter,
    /// How long it waits.
    pub patience: Patience,
}

/// What a sender does once its script has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// It delivers a message, inside TLS where STARTTLS is offered.
    #[default]
    DeliversInTls,
    /// It delivers a message and begins no TLS of its own.
    DeliversAsItIs,
    /// It greets, begins TLS where STARTTLS is offered, and says QUIT. No message content is ever sent: where the relay waits for one, the
    /// connection ends, and what was begun is discarded (RFC 5321 section 4.1.1.4).
    Quits,
}

impl SenderPlan {
    /// A sender that plays `script` with `names` filled in: `sender`, `from`, `recipient`.
    pub fn new(
        place: Place,
        to: SocketAddr,
        script: &Script,
        names: &Names,
        tls: ClientSetup,
        patience: Patience,
    ) -> Self {
        Self {
            place,
            connection: 1,
            to,
            implicit: false,
            then: Then::DeliversInTls,
            account: None,
            script: fill_script(script, names),
            fault: None,
            hello: None,
            records: Framing::default(),
            tls,
            names: names.clone(),
            letter: Letter::new(names),
            patience,
        }
    }
}
