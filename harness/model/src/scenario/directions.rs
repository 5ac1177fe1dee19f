//! Keys and words that mean something in one direction only: elsewhere they are refused, for nothing
//! would play them and nothing would judge them.

use std::ops::Range;

use super::check::Checker;
use crate::expect::{Never, Outcome};
use crate::raw::{self, Placed};
use crate::script::Direction;

/// A key that stands in the file, where it stands, and the only direction in which it has a meaning.
type Key = (&'static str, Option<Range<usize>>, Direction);

/// All keys that mean something in one direction only, each with its table.
pub(super) fn keys_of_one_direction() -> Vec<(&'static str, &'static str, Direction)> {
    let named = |table| move |(key, _, direction): Key| (table, key, direction);
    let peer = of_peer(&raw::Peer::default()).into_iter().map(named("Peer"));
    let expect = of_expect(&raw::Expect::default()).into_iter().map(named("Expect"));
    let tls = of_tls(&raw::TlsTable::default()).into_iter().map(named("TlsTable"));
    let file = of_file(&raw::File::default()).into_iter().map(named("File"));
    peer.chain(expect).chain(tls).chain(file).collect()
}

impl Checker<'_> {
    /// What is written of a peer.
    pub(super) fn peer_keys(&mut self, direction: Direction, raw: &raw::Peer) {
        self.keys(direction, of_peer(raw));
    }

    /// What is expected.
    pub(super) fn expect_keys(&mut self, direction: Direction, raw: &raw::Expect) {
        self.keys(direction, of_expect(raw));
        if let Some(raw::Tls::Facts(table)) = raw.tls.as_ref().map(Placed::get_ref) {
            self.keys(direction, of_tls(table));
        }
        for word in raw.never.iter().flat_map(|list| &list.0) {
            if let Some(never) = Never::from_name(word.get_ref())
                && !never.exists(direction)
            {
                let all = Never::ALL.into_iter().filter(|never| never.exists(direction));
                let all: Vec<_> = all.map(Never::name).collect();
                let message = format!("`{never}` cannot happen {direction}");
                self.error(word.span(), message, Some(format!("one of: {}", all.join(", "))));
            }
        }
        for word in raw.outcome.iter().flat_map(|list| &list.0) {
            if let Some(outcome) = Outcome::from_name(word.get_ref())
                && !outcome.exists(direction)
            {
                let all = Outcome::ALL.into_iter().filter(|outcome| outcome.exists(direction));
                let all: Vec<_> = all.map(Outcome::name).collect();
                let message = format!("an {direction} message does not end as {outcome}");
                self.error(word.span(), message, Some(format!("one of: {}", all.join(", "))));
            }
        }
    }

    /// What is written of the resolver and of the messages.
    pub(super) fn file_keys(&mut self, direction: Direction, raw: &raw::File) {
        self.keys(direction, of_file(raw));
    }

    fn keys(&mut self, direction: Direction, keys: Vec<Key>) {
        for (name, span, meant) in keys {
            let Some(span) = span.filter(|_| meant != direction) else { continue };
            let help = match name {
                "hello" | "records" | "resumes" => {
                    "outbound the ClientHello is the relay's; name a fault of the next hop".into()
                }
                "tampers" => "tamperings of a client are asked by `waxseal scan`".into(),
                "certificate" => {
                    "outbound, `tls = { client-certificate = .. }` says whether it shows one".into()
                }
                _ => format!("leave it out: it belongs to {meant} scenarios"),
            };
            self.error(span, format!("`{name}` has no meaning {direction}"), Some(help));
        }
    }
}

fn of_peer(raw: &raw::Peer) -> Vec<Key> {
    let raw::Peer {
        offer: _,
        cert: _,
        names,
        preference,
        address_of,
        host,
        dead,
        address,
        fault: _,
        hello,
        records,
        tampers,
        resumes,
        script: _,
        client_certificate,
        resumption,
        sni,
    } = raw;
    vec![
        ("hello", place(hello), Direction::Inbound),
        ("records", place(records), Direction::Inbound),
        ("resumes", place(resumes), Direction::Inbound),
        ("sni", place(sni), Direction::Inbound),
        ("names", first(names), Direction::Outbound),
        ("preference", place(preference), Direction::Outbound),
        ("address-of", place(address_of), Direction::Outbound),
        ("host", place(host), Direction::Outbound),
        ("dead", place(dead), Direction::Outbound),
        ("address", place(address), Direction::Outbound),
        ("tampers", first(tampers), Direction::Outbound),
        ("client-certificate", place(client_certificate), Direction::Outbound),
        ("resumption", place(resumption), Direction::Outbound),
    ]
}

fn of_expect(raw: &raw::Expect) -> Vec<Key> {
    let raw::Expect {
        outcome: _,
        tls: _,
        offered,
        certificate,
        answer,
        alert: _,
        ticket,
        reply,
        never: _,
        attempts,
        visited,
        accepted_by,
        dsn,
    } = raw;
    let visited = visited.as_ref().map(|list| list.first().map_or(0..0, Placed::span));
    vec![
        ("certificate", place(certificate), Direction::Inbound),
        ("answer", place(answer), Direction::Inbound),
        ("ticket", place(ticket), Direction::Inbound),
        ("reply", place(reply), Direction::Inbound),
        ("offered", place(offered), Direction::Outbound),
        ("attempts", place(attempts), Direction::Outbound),
        ("visited", visited, Direction::Outbound),
        ("accepted-by", place(accepted_by), Direction::Outbound),
        ("dsn", place(dsn), Direction::Outbound),
    ]
}

fn of_tls(raw: &raw::TlsTable) -> Vec<Key> {
    let raw::TlsTable {
        version: _,
        forward_secrecy: _,
        suite: _,
        group: _,
        sni,
        // Inbound it says whether the relay asked for ours.
        client_certificate: _,
        client_name,
        dh_bits: _,
        alpn: _,
        or_refused: _,
    } = raw;
    // Inbound both are our own choice.
    vec![
        ("sni", place(sni), Direction::Outbound),
        ("client-name", place(client_name), Direction::Outbound),
    ]
}

fn of_file(raw: &raw::File) -> Vec<Key> {
    let raw::File {
        claim: _,
        why: _,
        cites: _,
        cites_for: _,
        cites_never: _,
        connector: _,
        control: _,
        hosts,
        observe: _,
        matrix: _,
        peer: _,
        row: _,
        case: _,
        expect: _,
        message,
        dns,
    } = raw;
    let dns = dns.0.first().map(|(key, _)| key.span());
    let message = message.0.first().map(|message| {
        let raw::Message {
            connector,
            rule,
            outcome,
            sender_connector,
            submission,
            headers,
            parameters,
            octets,
            sender,
            also,
            domain,
            host,
        } = message;
        let words = [connector, rule, sender_connector, submission, octets, sender, domain, host];
        let words = words.into_iter().flatten();
        let lists =
            [outcome, headers, parameters, also].into_iter().flatten().flat_map(|list| &list.0);
        words.chain(lists).next().map_or(0..0, Placed::span)
    });
    vec![
        ("dns", dns, Direction::Outbound),
        ("message", message, Direction::Outbound),
        ("hosts", place(hosts), Direction::Outbound),
    ]
}

fn place<T>(value: &Option<Placed<T>>) -> Option<Range<usize>> {
    value.as_ref().map(Placed::span)
}

fn first(list: &Option<raw::OneOrMany>) -> Option<Range<usize>> {
    list.as_ref().map(|list| list.0.first().map_or(0..0, Placed::span))
}
