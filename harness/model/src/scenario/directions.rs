//! Keys and words that mean something in one direction only: elsewhere they are refused, for nothing
//! would play them and nothing would judge them.

use std::ops::Range;

use super::check::Checker;
use crate::expect::{Never, Outcome};
use crate::raw::{self, Placed};
use crate::script::Direction;

/// A key that stands in the file, where it stands, and the only direction in which it has a meaning.
type Key = (&'static str, Option<Range<usize>>, Direction);

impl Checker<'_> {
    /// What is written of a peer.
    pub(super) fn peer_keys(&mut self, direction: Direction, raw: &raw::Peer) {
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
        self.keys(
            direction,
            [
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
            ],
        );
    }

    /// What is expected.
    pub(super) fn expect_keys(&mut self, direction: Direction, raw: &raw::Expect) {
        let raw::Expect {
            outcome,
            tls: _,
            offered,
            certificate,
            answer,
            alert: _,
            ticket,
            reply,
            never,
            attempts,
            visited,
            accepted_by,
            dsn,
        } = raw;
        let visited = visited.as_ref().map(|list| list.first().map_or(0..0, Placed::span));
        self.keys(
            direction,
            [
                ("certificate", place(certificate), Direction::Inbound),
                ("answer", place(answer), Direction::Inbound),
                ("ticket", place(ticket), Direction::Inbound),
                ("reply", place(reply), Direction::Inbound),
                ("offered", place(offered), Direction::Outbound),
                ("attempts", place(attempts), Direction::Outbound),
                ("visited", visited, Direction::Outbound),
                ("accepted-by", place(accepted_by), Direction::Outbound),
                ("dsn", place(dsn), Direction::Outbound),
            ],
        );
        for word in never.iter().flat_map(|list| &list.0) {
            if let Some(never) = Never::from_name(word.get_ref())
                && !never.exists(direction)
            {
                let all = Never::ALL.into_iter().filter(|never| never.exists(direction));
                let all: Vec<_> = all.map(Never::name).collect();
                let message = format!("`{never}` cannot happen {direction}");
                self.error(word.span(), message, Some(format!("one of: {}", all.join(", "))));
            }
        }
        for word in outcome.iter().flat_map(|list| &list.0) {
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
        let dns = raw.dns.0.first().map(|(key, _)| key.span());
        let message = raw.message.0.first().map(|message| {
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
            let words =
                [connector, rule, sender_connector, submission, octets, sender, domain, host];
            let words = words.into_iter().flatten();
            let lists =
                [outcome, headers, parameters, also].into_iter().flatten().flat_map(|list| &list.0);
            words.chain(lists).next().map_or(0..0, Placed::span)
        });
        self.keys(
            direction,
            [("dns", dns, Direction::Outbound), ("message", message, Direction::Outbound)],
        );
    }

    fn keys<const N: usize>(&mut self, direction: Direction, keys: [Key; N]) {
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

fn place<T>(value: &Option<Placed<T>>) -> Option<Range<usize>> {
    value.as_ref().map(Placed::span)
}

fn first(list: &Option<raw::OneOrMany>) -> Option<Range<usize>> {
    list.as_ref().map(|list| list.0.first().map_or(0..0, Placed::span))
}
