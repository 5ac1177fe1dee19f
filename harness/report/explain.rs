//! One case in words: what it claims, why, what it plays and what it expects.

use waxseal_model::foreign::printable;
use waxseal_model::judge::Names;
use waxseal_model::offer::Offer;
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
    let Peer {
        // Its title.
        name: _,
        offer,
        cert,
        later_certs,
        cert_names,
        place,
        fault,
        hello,
        resumes,
        records,
        tampers,
        // Below its title.
        script: _,
        asks_certificate,
        resumption,
        sni,
    } = peer;
    let Offer { versions, suites, groups, schemes, dh_bits } = offer;
    let list = |key: &str, names: &[String]| {
        (!names.is_empty()).then(|| format!("{key} {}", names.join(" ")))
    };
    // A name may hold what no terminal should be given.
    let escaped: Vec<String> =
        cert_names.iter().map(|name| name.escape_debug().to_string()).collect();
    let versions: Vec<_> = versions.iter().map(|version| version.name()).collect();
    let suites: Vec<_> = suites.iter().map(|s| suite_words(s).to_owned()).collect();
    let asks = match asks_certificate {
        AsksCertificate::No => None,
        AsksCertificate::Optional => Some("client-certificate optional"),
        AsksCertificate::Required => Some("client-certificate required"),
    };
    let words = [
        Some(format!("TLS {}", versions.join(" "))),
        list("suites", &suites),
        list("groups", groups),
        list("schemes", schemes),
        dh_bits.map(|bits| format!("dh-bits {bits}")),
        cert.as_ref().map(|cert| {
            let later = later_certs.iter().map(|cert| format!(", then {cert}"));
            format!("certificate {cert}{}", later.collect::<String>())
        }),
        list("names", &escaped),
        asks.map(str::to_owned),
        (*resumption != Resumption::No).then(|| format!("resumption {}", resumption.name())),
        sni.as_ref().map(|sni| format!("sni {sni}")),
    ];
    let hello = hello.as_ref().map(|hello| format!("ClientHello written by hand: {hello}"));
    let fault = fault.map(|fault| format!("fault {}", fault.name()));
    let tampers = tampers
        .iter()
        .map(|tampering| format!("tampers {} ({})", tampering.name(), tampering.clause()));
    words
        .into_iter()
        .flatten()
        .chain(place_words(place))
        .chain(framing_words(*records))
        .chain(hello)
        .chain(resumes.then(|| "resumes the session of its first connection".into()))
        .chain(fault)
        .chain(tampers)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Where the peer is found.
fn place_words(place: &PeerPlace) -> Vec<String> {
    let PeerPlace { preference, address_of, host, dead, family } = place;
    let host = (*host != HostPlace::Below).then(|| format!("host {host}"));
    let words = [
        address_of.as_ref().map(|name| format!("a further address of {name}")),
        host,
        preference.map(|preference| format!("preference {preference}")),
        dead.map(|dead| format!("dead {}", dead.name())),
        (*family != Family::Ipv4).then(|| format!("address {}", family.name())),
    ];
    words.into_iter().flatten().collect()
}

/// How the records of the ClientHello are cut and labelled.
fn framing_words(framing: Framing) -> Option<String> {
    let Framing { version, octets } = framing;
    let version = version.map(u16::to_be_bytes);
    let version = version.map(|[major, minor]| format!(" of version {major:02x},{minor:02x}"));
    let octets = octets.map(|octets| format!(" of at most {octets} octets"));
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
    let Message {
        headers,
        parameters,
        octets,
        null_sender,
        also,
        domain,
        // Said with how it is submitted.
        cut_short: _,
    } = message;
    let also: Vec<_> = also.iter().copied().map(Also::name).collect();
    let headers = headers.iter().map(|header| format!("header `{header}`"));
    let parameters = parameters.iter().map(|text| format!("parameter {text}"));
    let words = [
        octets.map(|octets| format!("{octets} octets")),
        null_sender.then(|| "sender null".to_owned()),
        (!also.is_empty()).then(|| format!("also to {}", also.join(", "))),
        (*domain != RecipientDomain::Plain).then(|| format!("domain {}", domain.name())),
    ];
    headers.chain(parameters).chain(words.into_iter().flatten()).collect()
}
