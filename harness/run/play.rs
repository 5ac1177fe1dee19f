//! Plays one case: gives it a name, an address and its peers, and waits for the message to end.

use tokio::task::JoinSet;
use waxseal_model::judge::Names;
use waxseal_model::scenario::{Case, Connector, HostPlace, RecipientDomain};
use waxseal_model::script::Direction;
use waxseal_model::trace::{Happening, Place, Trace};

use super::RunError;
use super::caught::caught;
use super::hops::OUTSIDE;
use super::lab::{Lab, PARTNER, PARTNER_DOMAIN, PATIENCE, RELAY, SINK};
use super::options::PlayOptions;
use super::outbound::outbound;
use crate::lab::{Data, LabError};
use crate::peer::{Account, Recorder, SenderPlan, Then, send};
use crate::tls::{ClientSetup, SessionStore};
use crate::wire::attention::within;

/// The trace of a case until it ended.
pub(super) struct Heard {
    pub(super) trace: Trace,
    /// Hears what comes later.
    pub(super) recorder: Recorder,
    /// The hosts of the case; they close when this is dropped.
    pub(super) hosts: JoinSet<()>,
}

/// Plays a case as number `number` of the run. Where the relay says nothing on the case's control, it
/// is not played.
pub(super) async fn play(
    lab: &Lab,
    case: &Case,
    number: usize,
    options: &PlayOptions,
) -> (Names, Heard) {
    let mut names = names(case, number);
    if case.message.domain == RecipientDomain::Literal
        && let Err(error) = write_literal(lab, case, &mut names)
    {
        let recorder = Recorder::within(&lab.pool);
        recorder.note(Place::Run, Happening::HarnessError(error.to_string()));
        let trace = recorder.trace();
        return (names, Heard { trace, recorder, hosts: JoinSet::new() });
    }
    if let Some(account) = &options.evidence.account {
        names.insert("login".into(), account.response());
    }
    if let Some(control) = lab.quiet.holds(case) {
        let recorder = Recorder::within(&lab.pool);
        recorder.note(Place::Run, Happening::NotPlayed { control });
        let trace = recorder.trace();
        return (names, Heard { trace, recorder, hosts: JoinSet::new() });
    }
    let mut heard = once(lab, case, &names, options).await;
    if lab.quiet.doubts(case, &heard.trace) {
        heard = once(lab, case, &names, options).await;
    }
    lab.quiet.take(case, &heard.trace);
    (names, heard)
}

/// Puts the address of the first next hop in the place of the recipient's domain. No suffix binds it to
/// a rule: a demand goes by the local part, as a rule for a single address does.
fn write_literal(lab: &Lab, case: &Case, names: &mut Names) -> Result<(), LabError> {
    let family = case.peers.first().map(|peer| peer.place.family).unwrap_or_default();
    let address = lab.address_of(family)?;
    let tag = if address.is_ipv6() { "IPv6:" } else { "" };
    let label = names["from"].split('@').next().unwrap_or_default().to_owned();
    let rule = match case.connector {
        Connector::Opportunistic => String::new(),
        forced => format!(".{forced}"),
    };
    names.insert("address".into(), address.to_string());
    names.insert("recipient".into(), format!("{label}{rule}@[{tag}{address}]"));
    Ok(())
}

/// Plays it once. Whatever breaks on our side is in the trace.
async fn once(lab: &Lab, case: &Case, names: &Names, options: &PlayOptions) -> Heard {
    let recorder = Recorder::within(&lab.pool);
    let mut hosts = JoinSet::new();
    let played = caught(async {
        match case.direction {
            Direction::Inbound => inbound(lab, case, names, &recorder, options).await,
            Direction::Outbound => outbound(lab, case, names, &recorder, &mut hosts, options).await,
        }
    });
    let trouble = match played.await {
        Ok(Ok(trace)) => return Heard { trace, recorder, hosts },
        Ok(Err(error)) => error.to_string(),
        Err(defect) => defect,
    };
    recorder.note(Place::Run, Happening::HarnessError(trouble));
    let trace = recorder.trace();
    Heard { trace, recorder, hosts }
}

/// What is filled in for a case as number `number` of a run.
pub fn names(case: &Case, number: usize) -> Names {
    let deep = match case.message.domain {
        RecipientDomain::Deeper => "very.deep.",
        _ => "",
    };
    let domain = match case.direction {
        Direction::Inbound => SINK.to_owned(),
        Direction::Outbound => {
            match case.placement.as_ref().map(|placement| placement.domain.as_str()) {
                None => format!("{deep}c{number}.{}.test", case.connector),
                Some(below) if below.starts_with('.') => format!("{deep}c{number}{below}"),
                Some(whole) => whole.to_owned(),
            }
        }
    };
    // Nothing that a relay remembers of a host may serve another case: each has hosts of its own.
    let hosts = match case.whole_domain() {
        Some(_) => format!("c{number}.{domain}"),
        None => domain.clone(),
    };
    let sender_domain = match (case.connector, case.sender_connector) {
        (Connector::Partner, _) => PARTNER_DOMAIN.to_owned(),
        (_, Some(connector)) => format!("s{number}.{connector}.test"),
        (_, None) => format!("c{number}.sender.test"),
    };
    let own = case.own_sender().filter(|_| case.direction == Direction::Outbound);
    let from = match own {
        Some(sender) => sender.address.clone(),
        None => format!("c{number}@{sender_domain}"),
    };
    let mx = case.peers.first().map_or("mx", |peer| peer.name.as_str());
    let mx = match case.next_hop() {
        Some(hop) => hop.host.clone(),
        None => match case.peers.first().map(|peer| peer.place.host).unwrap_or_default() {
            HostPlace::Below => format!("{mx}.{hosts}"),
            HostPlace::Domain => domain.clone(),
            HostPlace::Outside => format!("{mx}.c{number}.{OUTSIDE}"),
        },
    };
    let written = match case.message.domain {
        RecipientDomain::Capitals => domain.to_ascii_uppercase(),
        _ => domain.clone(),
    };
    [
        ("mx", mx),
        ("sender", "client.waxseal.test".to_owned()),
        ("from", from),
        ("label", format!("c{number}")),
        ("recipient", format!("c{number}@{written}")),
        ("relay", RELAY.to_owned()),
        ("domain", domain),
        ("partner", PARTNER.to_owned()),
        ("login", Account::default().response()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

async fn inbound(
    lab: &Lab,
    case: &Case,
    names: &Names,
    recorder: &Recorder,
    options: &PlayOptions,
) -> Result<Trace, RunError> {
    let Some(peer) = case.peers.first() else { return Ok(recorder.trace()) };
    let Some(to) = lab.listener(case.connector) else {
        let text = format!("there is no listener for {}", case.connector);
        recorder.note(Place::Run, Happening::HarnessError(text));
        return Ok(recorder.trace());
    };
    // Relays may ask whether the sender could be answered.
    let sender_domain = names["from"].split('@').nth(1).unwrap_or(PARTNER_DOMAIN);
    let answers = Data::Mx { preference: 10, host: format!("mx.{SINK}") };
    lab.zones.replace(sender_domain, vec![answers])?;
    let identity = peer.cert.as_ref().map(|recipe| lab.identity(recipe, PARTNER)).transpose()?;
    let sni = match peer.sni.as_deref() {
        Some("none") => None,
        Some(template) => Some(waxseal_model::wording::fill(template, names)),
        None => Some(RELAY.to_owned()),
    };
    let sessions = peer.resumes.then(SessionStore::default);
    let tls = ClientSetup {
        offer: peer.offer.clone(),
        sni,
        identity,
        engine: options.engine.or(peer.engine()),
        sessions,
    };
    let place = |connection| Place::Peer { name: peer.name.clone(), connection };
    let mut plan = SenderPlan::new(place(1), to, &peer.script, names, tls, PATIENCE);
    plan.implicit = case.connector == Connector::Implicit;
    plan.fault = peer.client_fault();
    plan.records = peer.records;
    plan.account = options.evidence.account.clone();
    // One connection for each part of the script, one after the other.
    let connections = async {
        for connection in (1..).take(peer.script.parts.len()) {
            (plan.connection, plan.place) = (connection, place(connection));
            plan.hello = peer.hello.clone().filter(|_| connection == peer.hello_on());
            // A session is opened first, without a message, and resumed on the next connection.
            let opens = peer.resumes && connection == 1;
            plan.then = if opens { Then::Quits } else { Then::DeliversInTls };
            send(&plan, recorder.clone()).await;
            let ticket = plan.tls.sessions.as_ref().and_then(SessionStore::ticket);
            if let Some(ticket) = ticket.filter(|_| opens) {
                recorder.note(place(connection), Happening::Ticket(ticket));
            }
        }
    };
    if within(options.limit, connections).await.is_err() {
        recorder.note(Place::Run, Happening::Deadline);
    }
    Ok(recorder.trace())
}
