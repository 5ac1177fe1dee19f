//! Plays an outbound case: next hops are put up, the message is handed to the relay, and we wait
//! until it has ended.

use std::time::Duration;

use tokio::task::JoinSet;
use waxseal_model::expect::{Never, Outcome};
use waxseal_model::judge::{Names, outcome};
use waxseal_model::offer::Offer;
use waxseal_model::scenario::{Before, Case, ClientFault, Connector, DnsFaultKind, RuleBy};
use waxseal_model::script::{Direction, Script};
use waxseal_model::trace::{Channel, Event, Happening, Place, Trace};

use super::RunError;
use super::ending::{await_again, await_end, await_goodbye, await_nothing};
use super::hops::{Hops, correct, receiver, record};
use super::lab::{Lab, PATIENCE, RELAY, serve};
use super::options::PlayOptions;
use super::whole::leave;
use crate::lab::{Data, Kind};
use crate::peer::{Content, Letter, Recorder, SenderPlan, Then, send};
use crate::relay::evidence::{Envelope, Handed, Submit};
use crate::tls::ClientSetup;
use crate::wire::attention::{Allowance, within};

/// Plays one outbound case to the end of its message, and gives the trace until then. Its hosts
/// are put into `peers` and stay open.
pub(super) async fn outbound(
    lab: &Lab,
    case: &Case,
    names: &Names,
    recorder: &Recorder,
    peers: &mut JoinSet<()>,
    options: &PlayOptions,
) -> Result<Trace, RunError> {
    let domain = names["domain"].clone();
    lab.own(&domain, recorder);
    // What the case before did to the domain is over.
    lab.zones.replace(&domain, Vec::new())?;
    [Kind::Mx, Kind::Tlsa].into_iter().for_each(|kind| lab.zones.heal(&domain, kind));
    let mut hops = Hops::new(lab, case, names, options, peers);
    hops.make_alias(recorder)?;
    for peer in case.peers.iter().filter(|peer| peer.name != "sender") {
        hops.put_up(peer, recorder).await?;
    }
    break_dns(lab, case, names, &hops)?;
    let also = hops.put_up_further().await?;
    let sender_domain = names["from"].split('@').nth(1).unwrap_or_default().to_owned();
    let host = format!("sender.{sender_domain}");
    let address = lab.case_address()?;
    // The user's own sender may be of a domain that a rule is about: then its hosts are those.
    if case.own_sender().is_none_or(|sender| sender.played) {
        let answers = Data::Mx { preference: 10, host: host.clone() };
        lab.zones.replace(&sender_domain, vec![answers])?;
        lab.zones.replace(&host, vec![Data::A(address)])?;
    }
    // Where reports arrive when the scenario says nothing about it.
    let well_behaved = correct("sender");
    let peer = case.peer("sender").unwrap_or(&well_behaved);
    let mut names_there = names.clone();
    names_there.insert("mx".into(), host);
    let mut plan = receiver(lab, peer, &names_there, options)?;
    plan.content = Content::Report;
    plan.mailbox = case.peer("sender").is_none();
    plan.shared = case.own_sender().is_some();
    let listener = lab.listen(address.into(), None).await?;
    hops.serving.spawn(serve(listener, plan, recorder.clone()));

    for (at, before) in case.before.iter().enumerate() {
        let names = earlier(names, at, before);
        hops.put_up_earlier(before, &names["domain"], recorder)?;
        send_one(lab, case, &names, &Letter::new(&names), recorder, options).await?;
        recorder.note(Place::Run, Happening::NextMessage);
    }
    let id = send_one(lab, case, names, &letter(case, names, also), recorder, options).await?;
    match case.shared_name() {
        Some(_) => leave(lab, case, names, recorder, &options.evidence, id).await,
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
        RuleBy::Domain if before.renamed => {
            (format!("{label}-{number}"), format!("{label}-{number}.{connector}.test"))
        }
        RuleBy::Domain => (format!("{label}-{number}"), format!("{label}.{connector}.test")),
    };
    names.insert("recipient".into(), format!("{local}@{domain}"));
    names.insert("domain".into(), domain);
    names
}

/// The message that is judged, and its envelope. `also` are further recipients.
fn letter(case: &Case, names: &Names, also: Vec<String>) -> Letter {
    let mut letter = Letter::new(names);
    letter.recipients.splice(0..0, also);
    letter.parameters = case.message.parameters.clone();
    letter.headers = case.message.headers.clone();
    letter.octets = case.message.octets.and_then(|octets| octets.try_into().ok()).unwrap_or(0);
    if case.message.null_sender {
        letter.from.clear();
    }
    letter
}

/// Hands one message to the relay and waits until it has ended. Gives the id that it has in the relay's
/// queue, where the driver can tell it.
async fn send_one(
    lab: &Lab,
    case: &Case,
    names: &Names,
    letter: &Letter,
    recorder: &Recorder,
    options: &PlayOptions,
) -> Result<Option<String>, RunError> {
    let mut limit = Allowance::new(options.limit);
    let words = options.evidence.words.as_deref().map(|words| (words, words.end()));
    let submitted = match &options.evidence.submit {
        Some(submit) => {
            let port = case.next_hop().and_then(|hop| hop.port).unwrap_or(lab.smtp_port);
            hand(submit, names, letter, port, recorder).await?
        }
        None => {
            inject(lab, case, names, letter, recorder, options.limit).await;
            accepted_with(&recorder.trace())
        }
    };
    let id = words.zip(submitted).and_then(|((words, _), reply)| words.id(&reply));
    if case.message.cut_short {
        await_nothing(recorder, options, &mut limit).await;
        return Ok(id);
    }
    await_end(names, recorder, options, &mut limit).await?;
    if case.expect.never.contains(&Never::SentTwice) {
        await_again(names, recorder, options, &mut limit).await?;
    }
    if case.expect.never.contains(&Never::PlaintextAfterStarttls) {
        await_goodbye(recorder, &mut limit).await;
    }
    if let (Some((words, begin)), Some(id)) = (words, &id)
        && case.placement.is_some()
        && !outcome(Direction::Outbound, &recorder.trace().events).is_some_and(Outcome::delivered)
    {
        for words in words.about(id, begin) {
            recorder.note(Place::Run, Happening::Logged { words });
        }
    }
    Ok(id)
}

/// The last line of the reply with which the relay has accepted the last message of the trace.
fn accepted_with(trace: &Trace) -> Option<Vec<u8>> {
    let here = |event: &&Event| event.place == Place::Injection;
    let events = trace.judged().map(|(_, event)| event).filter(here);
    let mut said = None;
    for event in events {
        match &event.kind {
            Happening::Received { line, .. } => said = Some(line),
            Happening::AcceptedByRelay { .. } => return said.cloned(),
            _ => {}
        }
    }
    None
}

/// The resolver's faults of the case.
fn break_dns(lab: &Lab, case: &Case, names: &Names, hops: &Hops<'_>) -> Result<(), RunError> {
    let domain = names["domain"].as_str();
    for fault in &case.dns {
        let Some(kind) = Kind::from_name(&fault.record) else { continue };
        if fault.kind == DnsFaultKind::Null {
            // Whoever falls back to the address of the domain finds somebody there.
            let first = hops.hosts.first().map(|host| record(host.address));
            let records = std::iter::once(Data::null_mx()).chain(first).collect();
            lab.zones.replace(domain, records)?;
        } else if kind == Kind::A {
            for host in &hops.hosts {
                lab.zones.fault(&host.name, kind, fault.kind);
            }
        } else {
            lab.zones.fault(domain, kind, fault.kind);
        }
    }
    Ok(())
}

/// Hands the message to the relay by SMTP.
async fn inject(
    lab: &Lab,
    case: &Case,
    names: &Names,
    letter: &Letter,
    recorder: &Recorder,
    limit: Duration,
) {
    let entrances = [Connector::Opportunistic, Connector::EncryptionOnly];
    let entrance = entrances.into_iter().find_map(|name| Some((name, lab.listener(name)?)));
    let Some((connector, to)) = entrance else {
        let text = "there is no listener to hand the message in".to_owned();
        return recorder.note(Place::Run, Happening::HarnessError(text));
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
    plan.letter = letter.clone();
    plan.fault = case.message.cut_short.then_some(ClientFault::CutInsideData);
    let in_tls = case.submitted_in_tls || connector.forces_tls();
    plan.then = if in_tls { Then::DeliversInTls } else { Then::DeliversAsItIs };
    let handed = within(limit, send(&plan, recorder.clone())).await.is_ok();
    let trace = recorder.trace();
    let answered = trace.judged().any(|(_, event)| {
        event.place == Place::Injection
            && match event.kind {
                Happening::AcceptedByRelay { .. } | Happening::Refused { .. } => true,
                // Who was left in the middle of a message owes no answer.
                Happening::Ended(_) => case.message.cut_short,
                _ => false,
            }
    });
    if !handed || !answered {
        let text = "the message could not be handed to the relay".to_owned();
        recorder.note(Place::Run, Happening::HarnessError(text));
    }
}

/// Hands the message to the relay by its driver's command. It does not leave this machine: the
/// channel counts as clear. Gives what the command has said, where the relay has accepted the message.
async fn hand(
    submit: &Submit,
    names: &Names,
    letter: &Letter,
    port: u16,
    recorder: &Recorder,
) -> Result<Option<Vec<u8>>, RunError> {
    let text = letter.content().into_bytes();
    let channel = Channel::Plaintext;
    let envelope = Envelope {
        from: &names["from"],
        to: &names["recipient"],
        next_hop: (&names["mx"], port),
        message: &text,
    };
    let (happening, said) = match submit.hand(&envelope).await? {
        Handed::Taken(said) => (Happening::AcceptedByRelay { channel }, Some(said)),
        Handed::Refused(reply) => (Happening::Refused { channel, reply }, None),
    };
    recorder.note(Place::Injection, happening);
    Ok(said)
}

#[cfg(test)]
mod tests {
    use waxseal_model::trace::Ending;

    use super::*;

    #[test]
    fn the_reply_that_has_accepted_the_last_message_is_found() {
        let channel = Channel::Plaintext;
        let said = |line: &str| {
            let line = line.as_bytes().to_vec();
            Happening::Received { channel, line, ending: Ending::CrLf }
        };
        let event = |kind| Event { at: Duration::ZERO, place: Place::Injection, kind };
        let mut kinds = vec![
            said("250 queued as 1"),
            Happening::AcceptedByRelay { channel },
            Happening::NextMessage,
            said("354 go"),
            said("250 queued as 2"),
        ];
        let trace = |kinds: &[Happening]| {
            accepted_with(&Trace { events: kinds.iter().cloned().map(event).collect() })
        };
        assert_eq!(trace(&kinds), None);
        kinds.extend([Happening::AcceptedByRelay { channel }, said("221 bye")]);
        assert_eq!(trace(&kinds).as_deref(), Some(&b"250 queued as 2"[..]));
    }

    #[test]
    fn a_message_before_has_a_recipient_under_its_own_rule() {
        let names = Names::from([("domain".to_owned(), "c7.domain-validation.test".to_owned())]);
        let recipient = |rule| {
            let (connector, outcome) = (Connector::EncryptionOnly, Vec::new());
            let before = Before { connector, rule, outcome, renamed: false };
            earlier(&names, 0, &before)["recipient"].clone()
        };
        assert_eq!(recipient(RuleBy::Domain), "c7-1@c7.encryption-only.test");
        assert_eq!(recipient(RuleBy::Address), "c7-1.encryption-only@c7.domain-validation.test");
    }
}
