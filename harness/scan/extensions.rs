//! What a host offers to SMTP in plaintext, and what inside TLS.

use waxseal_model::facts::Engine;
use waxseal_model::offer::{Offer, SuiteChoice, SuiteKind};
use waxseal_model::scan::{Entry, Extensions, Found};

use super::front::{introduction, offered_inside};
use super::host::{Host, Visit};
use super::versions::{Heard, absent};
use crate::tls::hello::Hellos;
use crate::tls::{self, ClientSetup};

/// One connection, with a whole handshake in the newest version that is spoken.
pub(super) async fn learn(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Extensions {
    let Some(newest) = heard.iter().rev().find(|heard| !heard.flights.is_empty()) else {
        let (in_plaintext, in_tls) = (absent(heard, NONE), absent(heard, NONE));
        return Extensions { in_plaintext, in_tls };
    };
    let Visit { stream, offered, place: _place } = match host.visit().await {
        Ok(visit) => visit,
        Err(trouble) => {
            let why = trouble.words();
            return Extensions {
                in_plaintext: Found::Unknown(why.clone()),
                in_tls: Found::Unknown(why),
            };
        }
    };
    let implicit = host.target.entry == Entry::Implicit;
    let in_plaintext = match implicit {
        true => Found::NotApplicable("TLS comes first".into()),
        false => Found::Known(offered),
    };
    let kinds = [SuiteKind::Tls13, SuiteKind::ForwardSecret, SuiteKind::All];
    let setup = ClientSetup {
        offer: Offer {
            versions: vec![newest.facts.version],
            suites: kinds.map(SuiteChoice::Kind).to_vec(),
            ..Offer::modern()
        },
        sni: hellos.sni().map(str::to_owned),
        identity: None,
        engine: Some(Engine::Legacy),
        sessions: None,
    };
    let (introduction, patience) = (introduction(&stream), host.patience());
    let in_tls = match tls::connect(&setup, stream, patience).await.result {
        Err(failure) => Err(failure.detail),
        Ok(mut session) => {
            offered_inside(&mut session, &introduction, implicit, host.patience()).await
        }
    };
    Extensions { in_plaintext, in_tls: in_tls.map_or_else(Found::Unknown, Found::Known) }
}

const NONE: &str = "no version is spoken";
