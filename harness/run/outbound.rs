//! Plays an outbound case: next hops are put up, the message is handed to the relay, and we wait
//! until it has ended.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::task::JoinSet;
use waxseal_model::expect::Never;
use waxseal_model::facts::Engine;
use waxseal_model::judge::Names;
use waxseal_model::offer::Offer;
use waxseal_model::scenario::{
    AsksCertificate, Before, Case, Connector, DnsFaultKind, Framing, Peer, Resumption, RuleBy,
};
use waxseal_model::script::Script;
use waxseal_model::trace::{Channel, Happening, Place, Trace};

use super::RunError;
use super::ending::{await_again, await_end};
use super::play::Way;
use super::whole::leave;
use super::world::{PATIENCE, RELAY, World, serve};
use crate::lab::{Data, Kind};
use crate::peer::{Content, ReceiverPlan, Recorder, SenderPlan, Then, message, send};
use crate::relay::evidence::{Envelope, Handed, Submit};
use crate::tls::{AskClient, ClientSetup, Tickets};
use crate::wire::attention::{Allowance, within};

/// Octets of early data that a next hop allows, where it allows any. That it is offered is what counts.
const EARLY_DATA: u32 = 16_384;

/// Plays one outbound case to the end of its message, and gives what was heard until then. Its hosts
/// are put into `peers` and stay open.
pub(super) async fn outbound(
    world: &World,
    case: &Case,
    names: &Names,
    recorder: &Recorder,
    peers: &mut JoinSet<()>,
    way: &Way,
) -> Result<Trace, RunError> {
    let domain = names["domain"].clone();
    world.own(&domain, recorder);
    // The hosts of a whole domain of the user's have names of their own in each case.
    let hosts = names["mx"].split_once('.').map_or(domain.as_str(), |(_, hosts)| hosts);
    // What the case before did to the domain is over.
    world.zones.replace(&domain, Vec::new())?;
    [Kind::Mx, Kind::Tlsa].into_iter().for_each(|kind| world.zones.heal(&domain, kind));
    let hops: Vec<&Peer> = case.peers.iter().filter(|peer| peer.name != "sender").collect();
    let mut first = None;
    let port = case.next_hop.as_ref().and_then(|hop| hop.port);
    for (at, peer) in hops.iter().enumerate() {
        let host = match &case.next_hop {
            Some(hop) => hop.host.clone(),
            None => format!("{}.{hosts}", peer.name),
        };
        // A host of the user's need not lie below the domain.
        let address = world.case_address()?;
        first = first.or(Some(address));
        world.own(&host, recorder);
        world.zones.replace(&host, vec![Data::A(address)])?;
        let preference = u16::try_from(10 * (at + 1)).unwrap_or(u16::MAX);
        world.zones.add(&domain, Data::Mx { preference, host: host.clone() })?;
        let plan = receiver(world, peer, &host, names, way.engine)?;
        peers.spawn(serve(world.listen(address, port).await?, plan, recorder.clone()));
    }
    break_dns(world, case, names, &hops, first)?;
    let sender_domain = names["from"].split('@').nth(1).unwrap_or_default().to_owned();
    let host = format!("sender.{sender_domain}");
    let address = world.case_address()?;
    world.zones.add(&sender_domain, Data::Mx { preference: 10, host: host.clone() })?;
    world.zones.add(&host, Data::A(address))?;
    let well_behaved = mailbox();
    let peer = case.peer("sender").unwrap_or(&well_behaved);
    let mut plan = receiver(world, peer, &host, names, way.engine)?;
    plan.content = Content::Report;
    plan.mailbox = case.peer("sender").is_none();
    peers.spawn(serve(world.listen(address, None).await?, plan, recorder.clone()));

    for (at, before) in case.before.iter().enumerate() {
        let names = earlier(names, at, before);
        let earlier_domain = &names["domain"];
        if *earlier_domain != domain && world.own(earlier_domain, recorder) {
            for (at, peer) in hops.iter().enumerate() {
                let preference = u16::try_from(10 * (at + 1)).unwrap_or(u16::MAX);
                let host = format!("{}.{hosts}", peer.name);
                world.zones.add(earlier_domain, Data::Mx { preference, host })?;
            }
        }
        send_one(world, case, &names, recorder, way).await?;
        recorder.note(Place::Run, Happening::NextMessage);
    }
    send_one(world, case, names, recorder, way).await?;
    match case.shared_name() {
        Some(_) => leave(world, case, names, recorder).await,
        None => Ok(recorder.trace()),
    }
}

/// What is filled in for a message before the one that is judged: another recipient, in the
/// domain of its own connector, or in the same domain with the connector in its local part.
fn earlier(names: &Names, at: usize, before: &Before) -> Names {
    let (mut names, connector) = (names.clone(), before.connector);
    let label = names["domain"].split('.').next().unwrap_or_default().to_owned();
    let number = at + 1;
    let (local, domain) = match before.rule {
        RuleBy::Address => (format!("{label}-{number}.{connector}"), names["domain"].clone()),
        RuleBy::Domain => (format!("{label}-{number}"), format!("{label}.{connector}.test")),
    };
    names.insert("recipient".into(), format!("{local}@{domain}"));
    names.insert("domain".into(), domain);
    names
}

/// Hands one message to the relay and waits until it has ended.
async fn send_one(
    world: &World,
    case: &Case,
    names: &Names,
    recorder: &Recorder,
    way: &Way,
) -> Result<(), RunError> {
    let mut limit = Allowance::new(way.limit);
    match &way.evidence.submit {
        Some(submit) => {
            let port = case.next_hop.as_ref().and_then(|hop| hop.port).unwrap_or(world.smtp_port);
            hand(submit, names, port, recorder).await?;
        }
        None => inject(world, case, names, recorder, way.limit).await,
    }
    await_end(names, recorder, way, &mut limit).await?;
    if case.expect.never.contains(&Never::SentTwice) {
        await_again(names, recorder, way, &mut limit).await?;
    }
    Ok(())
}

/// The resolver's faults of the case; `first` is the address of its first next hop.
fn break_dns(
    world: &World,
    case: &Case,
    names: &Names,
    hops: &[&Peer],
    first: Option<Ipv4Addr>,
) -> Result<(), RunError> {
    let domain = names["domain"].as_str();
    let hosts = names["mx"].split_once('.').map_or(domain, |(_, hosts)| hosts);
    for fault in &case.dns {
        let Some(kind) = Kind::from_name(&fault.record) else { continue };
        if fault.kind == DnsFaultKind::Null {
            // Whoever falls back to the address of the domain finds somebody there.
            let records = std::iter::once(Data::null_mx()).chain(first.map(Data::A)).collect();
            world.zones.replace(domain, records)?;
        } else if kind == Kind::A {
            for peer in hops {
                world.zones.fault(&format!("{}.{hosts}", peer.name), kind, fault.kind);
            }
        } else {
            world.zones.fault(domain, kind, fault.kind);
        }
    }
    Ok(())
}

/// Where reports arrive when the scenario says nothing about it.
fn mailbox() -> Peer {
    Peer {
        hello: None,
        resumes: false,
        records: Framing::default(),
        name: "sender".into(),
        offer: Offer::modern(),
        cert: Some("trusted".into()),
        fault: None,
        forges: Vec::new(),
        script: Script { parts: vec![Vec::new()] },
        asks_certificate: AsksCertificate::No,
        resumption: Resumption::No,
        sni: None,
    }
}

fn receiver(
    world: &World,
    peer: &Peer,
    host: &str,
    names: &Names,
    engine: Option<Engine>,
) -> Result<ReceiverPlan, RunError> {
    let ask = match peer.asks_certificate {
        AsksCertificate::No => AskClient::No,
        AsksCertificate::Optional => AskClient::Optional,
        AsksCertificate::Required => AskClient::Required,
    };
    let recipe = peer.cert.as_deref().unwrap_or("trusted");
    let mut tls = world.server_setup(&peer.offer, recipe, host, ask)?;
    tls.engine = engine;
    tls.tickets = match peer.resumption {
        Resumption::No => None,
        Resumption::Tickets => Some(Tickets::new()?),
        Resumption::EarlyData => Some(Tickets::new()?.with_early_data(EARLY_DATA)),
    };
    let mut names = names.clone();
    names.insert("mx".into(), host.into());
    let mut plan = ReceiverPlan::new(&peer.name, &peer.script, &names, tls, PATIENCE);
    plan.fault = peer.server_fault();
    plan.forges = peer.forges.clone();
    Ok(plan)
}

/// Hands the message to the relay by SMTP.
async fn inject(world: &World, case: &Case, names: &Names, recorder: &Recorder, limit: Duration) {
    let entrances = [Connector::Opportunistic, Connector::EncryptionOnly];
    let entrance = entrances.into_iter().find_map(|name| Some((name, world.listener(name)?)));
    let Some((connector, to)) = entrance else {
        let text = "there is no listener to hand the message in".to_owned();
        return recorder.note(Place::Run, Happening::Trouble(text));
    };
    let tls = ClientSetup {
        offer: Offer::modern(),
        sni: Some(RELAY.into()),
        identity: None,
        engine: None,
        sessions: None,
    };
    let script = Script { parts: vec![Vec::new()] };
    let mut plan = SenderPlan::new(Place::Injection, to, &script, names, tls, PATIENCE);
    let in_tls = case.handed_in_tls || connector.forces_tls();
    plan.then = if in_tls { Then::DeliversInTls } else { Then::DeliversAsItIs };
    let handed = within(limit, send(&plan, recorder.clone())).await.is_ok();
    let trace = recorder.trace();
    let answered = trace.judged().any(|(_, event)| {
        event.place == Place::Injection
            && matches!(event.kind, Happening::Accepted { .. } | Happening::Refused { .. })
    });
    if !handed || !answered {
        let text = "the message could not be handed to the relay".to_owned();
        recorder.note(Place::Run, Happening::Trouble(text));
    }
}

/// Hands the message to the relay by its driver's command. It does not leave this machine: the
/// channel counts as clear.
async fn hand(
    submit: &Submit,
    names: &Names,
    port: u16,
    recorder: &Recorder,
) -> Result<(), RunError> {
    let text = message(names).into_bytes();
    let channel = Channel::Clear;
    let envelope = Envelope {
        from: &names["from"],
        to: &names["recipient"],
        next_hop: (&names["mx"], port),
        message: &text,
    };
    let handed = submit.hand(&envelope).await?;
    recorder.note(
        Place::Injection,
        match handed {
            Handed::Taken => Happening::Accepted { channel },
            Handed::Refused(reply) => Happening::Refused { channel, reply },
        },
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_before_has_a_recipient_under_its_own_rule() {
        let names = Names::from([("domain".to_owned(), "c7.domain-validation.test".to_owned())]);
        let recipient = |rule| {
            let before = Before { connector: Connector::EncryptionOnly, rule, outcome: None };
            earlier(&names, 0, &before)["recipient"].clone()
        };
        assert_eq!(recipient(RuleBy::Domain), "c7-1@c7.encryption-only.test");
        assert_eq!(recipient(RuleBy::Address), "c7-1.encryption-only@c7.domain-validation.test");
    }
}
