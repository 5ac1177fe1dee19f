//! Plays one case: gives it a name, an address and its peers, and waits for the message to end.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use waxseal_model::judge::{Names, outcome};
use waxseal_model::offer::Offer;
use waxseal_model::scenario::{AsksCertificate, Case, Connector, DnsFaultKind, Peer};
use waxseal_model::script::{Direction, Script};
use waxseal_model::trace::{Happening, Place, Trace};

use super::RunError;
use super::world::{PARTNER, PARTNER_DOMAIN, PATIENCE, RELAY, SINK, World, serve};
use crate::lab::{Data, Kind};
use crate::peer::{Content, ReceiverPlan, Recorder, SenderPlan, Then, send};
use crate::tls::{AskClient, ClientSetup};

/// Plays a case as number `number` of the run, for at most `limit`.
pub(super) async fn play(
    world: &World,
    case: &Case,
    number: usize,
    limit: Duration,
) -> (Names, Trace) {
    let recorder = Recorder::new();
    let names = names(case, number);
    let played = match case.direction {
        Direction::Inbound => inbound(world, case, &names, &recorder, limit).await,
        Direction::Outbound => outbound(world, case, &names, &recorder, limit).await,
    };
    if let Err(error) = played {
        recorder.note(Place::Run, Happening::Trouble(error.to_string()));
    }
    (names, recorder.trace())
}

/// What is filled in for a case as number `number` of a run.
pub fn names(case: &Case, number: usize) -> Names {
    let domain = match case.direction {
        Direction::Inbound => SINK.to_owned(),
        Direction::Outbound => format!("c{number}.{}.test", case.connector),
    };
    let sender_domain = match (case.connector, case.sender_connector) {
        (Connector::Partner, _) => PARTNER_DOMAIN.to_owned(),
        (_, Some(connector)) => format!("s{number}.{connector}.test"),
        (_, None) => format!("c{number}.sender.test"),
    };
    let mx = case.peers.first().map_or("mx", |peer| peer.name.as_str());
    [
        ("mx", format!("{mx}.{domain}")),
        ("sender", "client.waxseal.test".to_owned()),
        ("from", format!("c{number}@{sender_domain}")),
        ("recipient", format!("c{number}@{domain}")),
        ("relay", RELAY.to_owned()),
        ("domain", domain),
        ("partner", PARTNER.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

async fn inbound(
    world: &World,
    case: &Case,
    names: &Names,
    recorder: &Recorder,
    limit: Duration,
) -> Result<(), RunError> {
    let Some(peer) = case.peers.first() else { return Ok(()) };
    let Some(to) = world.listener(case.connector) else {
        let text = format!("there is no listener for {}", case.connector);
        recorder.note(Place::Run, Happening::Trouble(text));
        return Ok(());
    };
    let identity = peer.cert.as_ref().map(|recipe| world.identity(recipe, PARTNER)).transpose()?;
    let sni = match peer.sni.as_deref() {
        Some("none") => None,
        Some(template) => Some(crate::peer::fill(template, names)),
        None => Some(RELAY.to_owned()),
    };
    let tls = ClientSetup { offer: peer.offer.clone(), sni, identity, engine: None };
    let place = Place::Peer { name: peer.name.clone(), connection: 1 };
    let mut plan = SenderPlan::new(place, to, &peer.script, names, tls, PATIENCE);
    plan.implicit = case.connector == Connector::Implicit;
    plan.faults = peer.faults.clone();
    if timeout(limit, send(&plan, recorder.clone())).await.is_err() {
        recorder.note(Place::Run, Happening::Deadline);
    }
    Ok(())
}

async fn outbound(
    world: &World,
    case: &Case,
    names: &Names,
    recorder: &Recorder,
    limit: Duration,
) -> Result<(), RunError> {
    let mut peers = JoinSet::new();
    let domain = names["domain"].clone();
    world.own(&domain, recorder);
    let hops: Vec<&Peer> = case.peers.iter().filter(|peer| peer.name != "sender").collect();
    for (at, peer) in hops.iter().enumerate() {
        let host = format!("{}.{domain}", peer.name);
        let address = world.case_address()?;
        world.zones.add(&host, Data::A(address))?;
        let preference = u16::try_from(10 * (at + 1)).unwrap_or(u16::MAX);
        world.zones.add(&domain, Data::Mx { preference, host: host.clone() })?;
        let plan = receiver(world, peer, &host, names, Content::Message)?;
        peers.spawn(serve(world.listen(address).await?, plan, recorder.clone()));
    }
    for fault in &case.dns {
        let Some(kind) = Kind::from_name(&fault.record) else { continue };
        if fault.kind == DnsFaultKind::Null {
            world.zones.replace(&domain, vec![Data::null_mx()])?;
        } else if kind == Kind::A {
            for peer in &hops {
                world.zones.fault(&format!("{}.{domain}", peer.name), kind, fault.kind);
            }
        } else {
            world.zones.fault(&domain, kind, fault.kind);
        }
    }
    let sender_domain = names["from"].split('@').nth(1).unwrap_or_default().to_owned();
    let host = format!("sender.{sender_domain}");
    let address = world.case_address()?;
    world.zones.add(&sender_domain, Data::Mx { preference: 10, host: host.clone() })?;
    world.zones.add(&host, Data::A(address))?;
    let well_behaved = mailbox();
    let peer = case.peer("sender").unwrap_or(&well_behaved);
    let mut plan = receiver(world, peer, &host, names, Content::Report)?;
    plan.mailbox = case.peer("sender").is_none();
    peers.spawn(serve(world.listen(address).await?, plan, recorder.clone()));

    inject(world, case, names, recorder, limit).await;
    let ended = |events: &[waxseal_model::trace::Event]| {
        outcome(Direction::Outbound, &Trace { events: events.to_vec() }).is_some()
            || events.iter().any(|event| matches!(event.kind, Happening::Trouble(_)))
    };
    if !recorder.wait_until(limit, ended).await {
        recorder.note(Place::Run, Happening::Deadline);
    }
    Ok(())
}

/// Where reports arrive when the scenario says nothing about it.
fn mailbox() -> Peer {
    Peer {
        name: "sender".into(),
        offer: Offer::modern(),
        cert: Some("trusted".into()),
        faults: Vec::new(),
        script: Script { parts: vec![Vec::new()] },
        asks_certificate: AsksCertificate::No,
        sni: None,
    }
}

fn receiver(
    world: &World,
    peer: &Peer,
    host: &str,
    names: &Names,
    content: Content,
) -> Result<ReceiverPlan, RunError> {
    let ask = match peer.asks_certificate {
        AsksCertificate::No => AskClient::No,
        AsksCertificate::Optional => AskClient::Optional,
        AsksCertificate::Required => AskClient::Required,
    };
    let recipe = peer.cert.as_deref().unwrap_or("trusted");
    let tls = world.server_setup(&peer.offer, recipe, host, ask)?;
    let mut names = names.clone();
    names.insert("mx".into(), host.into());
    let mut plan = ReceiverPlan::new(&peer.name, &peer.script, &names, tls, PATIENCE);
    plan.faults = peer.faults.clone();
    plan.content = content;
    Ok(plan)
}

/// Hands the message to the relay.
async fn inject(world: &World, case: &Case, names: &Names, recorder: &Recorder, limit: Duration) {
    let Some(to) = world.listener(Connector::Opportunistic) else {
        let text = "there is no listener to hand the message in".to_owned();
        return recorder.note(Place::Run, Happening::Trouble(text));
    };
    let tls = ClientSetup {
        offer: Offer::modern(),
        sni: Some(RELAY.into()),
        identity: None,
        engine: None,
    };
    let script = Script { parts: vec![Vec::new()] };
    let mut plan = SenderPlan::new(Place::Injection, to, &script, names, tls, PATIENCE);
    plan.then = if case.handed_in_tls { Then::DeliversInTls } else { Then::DeliversAsItIs };
    let handed = timeout(limit, send(&plan, recorder.clone())).await.is_ok();
    let trace = recorder.trace();
    let answered = trace.events.iter().any(|event| {
        event.place == Place::Injection
            && matches!(event.kind, Happening::Accepted { .. } | Happening::Refused { .. })
    });
    if !handed || !answered {
        let text = "the message could not be handed to the relay".to_owned();
        recorder.note(Place::Run, Happening::Trouble(text));
    }
}
