//! One case in words: what it claims, why, what it plays and what it expects.

use waxseal_model::foreign::printable;
use waxseal_model::judge::Names;
use waxseal_model::record::CaseRecord;
use waxseal_model::requirement::Catalogue;
use waxseal_model::scenario::{
    Also, AsksCertificate, Case, Family, Framing, HostPlace, Message, Peer, PeerPlace,
    RecipientDomain, Resumption, RuleBy,
};
use waxseal_model::script::Direction;
use waxseal_model::wording::fill;

use super::expectation::{expectation, suite_words};
use super::transcript;

/// Claim, reason, requirements and the whole dialogue. `names` fills in what stands in braces;
/// `played` is the case as a run recorded it.
pub fn explain(
    case: &Case,
    catalogue: &Catalogue,
    names: &Names,
    played: Option<&CaseRecord>,
) -> String {
    let mut text = format!("{}\n\n{}\n", case.id, case.claim);
    if let Some(why) = &case.why {
        text.push_str(&format!("{why}\n"));
    }
    text.push_str("\nRequirements\n");
    for id in &case.cites {
        if let Some(requirement) = catalogue.get(id) {
            text.push_str(&format!(
                "  {id} ({}; {})\n    {}\n",
                requirement.level, requirement.source, requirement.text
            ));
        }
    }
    text.push_str(&format!("\nConnector {} ({})\n", case.connector, case.direction));
    text.push_str(&surroundings(case));
    for peer in &case.peers {
        text.push_str(&format!("\nPeer {}: {}\n", peer.name, peer_words(peer)));
        let mut names = names.clone();
        if peer.name == "sender" {
            let domain = names.get("from").and_then(|from| from.split('@').nth(1));
            let host = domain.map(|domain| format!("sender.{domain}")).unwrap_or_default();
            names.insert("mx".into(), host);
        }
        for line in fill(&peer.script.print(case.direction), &names).lines() {
            text.push_str(&format!("  {line}\n"));
        }
        text.push_str(match case.direction {
            Direction::Inbound => "  (then it is a correct sender)\n",
            Direction::Outbound => "  (then it is a correct receiver)\n",
        });
    }
    text.push_str(&format!("\nExpected\n{}", fill(&expected(case), names)));
    if case.control_id() != case.id {
        text.push_str(&format!("Control {}\n", case.control_id()));
    }
    if let Some(played) = played {
        let reason = printable(&played.reason);
        text.push_str(&format!("\nPlayed: {}\n  {reason}\n", played.verdict));
        text.push_str(&transcript(played.direction, &played.trace, &played.evidence));
    }
    text
}

fn expected(case: &Case) -> String {
    let observed = case.observe.then(|| "the outcome is recorded, not judged".to_owned());
    let lines = observed.into_iter().chain(expectation(&case.expect));
    lines.map(|line| format!("  {line}\n")).collect()
}

/// What a peer negotiates and shows, in the words of scenario files.
fn peer_words(peer: &Peer) -> String {
    let list = |key: &str, names: &[String]| {
        (!names.is_empty()).then(|| format!("{key} {}", names.join(" ")))
    };
    // A name may hold what no terminal should be given.
    let escaped: Vec<String> =
        peer.cert_names.iter().map(|name| name.escape_debug().to_string()).collect();
    let offer = &peer.offer;
    let versions: Vec<_> = offer.versions.iter().map(|version| version.name()).collect();
    let suites: Vec<_> = offer.suites.iter().map(|s| suite_words(s).to_owned()).collect();
    let asks = match peer.asks_certificate {
        AsksCertificate::No => None,
        AsksCertificate::Optional => Some("client-certificate optional"),
        AsksCertificate::Required => Some("client-certificate required"),
    };
    let words = [
        Some(format!("TLS {}", versions.join(" "))),
        list("suites", &suites),
        list("groups", &offer.groups),
        list("schemes", &offer.schemes),
        offer.dh_bits.map(|bits| format!("dh-bits {bits}")),
        peer.cert.as_ref().map(|cert| {
            let later = peer.later_certs.iter().map(|cert| format!(", then {cert}"));
            format!("certificate {cert}{}", later.collect::<String>())
        }),
        list("names", &escaped),
        asks.map(str::to_owned),
        (peer.resumption != Resumption::No)
            .then(|| format!("resumption {}", peer.resumption.name())),
        peer.sni.as_ref().map(|sni| format!("sni {sni}")),
    ];
    let hello = peer.hello.as_ref().map(|hello| format!("ClientHello written by hand: {hello}"));
    let fault = peer.fault.map(|fault| format!("fault {}", fault.name()));
    let tampers = peer
        .tampers
        .iter()
        .map(|tampering| format!("tampers {} ({})", tampering.name(), tampering.clause()));
    words
        .into_iter()
        .flatten()
        .chain(place_words(&peer.place))
        .chain(framing_words(peer.records))
        .chain(hello)
        .chain(peer.resumes.then(|| "resumes the session of its first connection".into()))
        .chain(fault)
        .chain(tampers)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Where the peer is found.
fn place_words(place: &PeerPlace) -> Vec<String> {
    let host = (place.host != HostPlace::Below).then(|| format!("host {}", place.host.name()));
    let words = [
        place.address_of.as_ref().map(|name| format!("a further address of {name}")),
        host,
        place.preference.map(|preference| format!("preference {preference}")),
        place.dead.map(|dead| format!("dead {}", dead.name())),
        (place.family != Family::Ipv4).then(|| format!("address {}", place.family.name())),
    ];
    words.into_iter().flatten().collect()
}

/// How the records of the ClientHello are cut and labelled.
fn framing_words(framing: Framing) -> Option<String> {
    let version = framing.version.map(u16::to_be_bytes);
    let version = version.map(|[major, minor]| format!(" of version {major:02x},{minor:02x}"));
    let octets = framing.octets.map(|octets| format!(" of at most {octets} octets"));
    let words: String = version.into_iter().chain(octets).collect();
    (!words.is_empty()).then(|| format!("ClientHello in records{words}"))
}

/// What is said of the message and of the resolver.
fn surroundings(case: &Case) -> String {
    let sender = case.sender_connector.map(|connector| format!("sender-connector {connector}"));
    let handed = match (case.submitted_in_tls, case.message.cut_short) {
        (_, true) => Some("submission cut".to_owned()),
        (true, false) => Some("submission tls".to_owned()),
        (false, false) => None,
    };
    let message: Vec<_> =
        sender.into_iter().chain(handed).chain(message_words(&case.message)).collect();
    let mut text = String::new();
    for before in &case.before {
        let ends: Vec<_> = before.outcome.iter().map(|outcome| outcome.name()).collect();
        let ends =
            (!ends.is_empty()).then(|| format!(", which has to end as {}", ends.join(" or ")));
        text.push_str(&format!(
            "Before it, a message under {}{} to the same next hops{}{}\n",
            before.connector,
            match before.rule {
                RuleBy::Address => " by its address",
                RuleBy::Domain => "",
            },
            if before.renamed { " by another name" } else { "" },
            ends.unwrap_or_default()
        ));
    }
    if !message.is_empty() {
        text.push_str(&format!("Message: {}\n", message.join(", ")));
    }
    if let Some(alias) = case.alias {
        text.push_str(&format!("Resolver: alias {}\n", alias.name()));
    }
    for fault in &case.dns {
        text.push_str(&format!("Resolver: {} {}\n", fault.record, fault.kind.name()));
    }
    text
}

/// What is special about the message.
fn message_words(message: &Message) -> Vec<String> {
    let also: Vec<_> = message.also.iter().copied().map(Also::name).collect();
    let domain = message.domain;
    let headers = message.headers.iter().map(|header| format!("header `{header}`"));
    let parameters = message.parameters.iter().map(|text| format!("parameter {text}"));
    let words = [
        message.octets.map(|octets| format!("{octets} octets")),
        message.null_sender.then(|| "sender null".to_owned()),
        (!also.is_empty()).then(|| format!("also to {}", also.join(", "))),
        (domain != RecipientDomain::Plain).then(|| format!("domain {}", domain.name())),
    ];
    headers.chain(parameters).chain(words.into_iter().flatten()).collect()
}
