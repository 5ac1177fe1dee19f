//! Checks each word of a scenario file and builds the case it stands for.

use std::collections::BTreeMap;
use std::ops::Range;

use super::choices::{DnsRecord, HostsPlace, Observed, Submission};
use super::load::{Known, Own};
use super::place::HostPlace;
use super::row::Words;
use super::{Alias, Before, Case, Connector, DnsFault, Message, Peer};
use crate::diagnostic::{Diagnostic, closest};
use crate::raw::{self, Placed};
use crate::script::{Act, Direction};
use crate::wording;
use crate::words::{WordList, words};

words! {
    /// A name in braces that is filled in when a case is played.
    pub enum Placeholder [
        /// Whether it is one of each next hop.
        of_next_hop: bool,
    ] {
        /// The host whose script it is; `{mx.NAME}`: that of the peer of this name.
        Mx = "mx" { of_next_hop: false },
        /// The MX host of the sender's domain.
        Sender = "sender" { of_next_hop: false },
        /// The recipient's address.
        Recipient = "recipient" { of_next_hop: false },
        /// The sender's address.
        From = "from" { of_next_hop: false },
        /// The relay's name.
        Relay = "relay" { of_next_hop: false },
        /// The recipient's domain.
        Domain = "domain" { of_next_hop: false },
        /// The name in the partner's certificate.
        Partner = "partner" { of_next_hop: false },
        /// The relay's account, or a made-up one, as AUTH PLAIN sends it (RFC 4616).
        Login = "login" { of_next_hop: false },
        /// The address of the host.
        Address = "address" only Outbound { of_next_hop: true },
        /// The name of the host without its first label.
        Parent = "parent" only Outbound { of_next_hop: true },
        /// The name of the host without its first two labels.
        Grandparent = "grandparent" only Outbound { of_next_hop: true },
        /// The name of the host without its first letter.
        Tail = "tail" only Outbound { of_next_hop: true },
        /// The name behind the host's alias.
        Target = "target" only Outbound { of_next_hop: true },
        /// The name of the host in the domain of an earlier message.
        Renamed = "renamed" only Outbound { of_next_hop: true },
    }
}

/// What is special about the message that is judged.
#[derive(Default)]
struct Judged {
    sender_connector: Option<Connector>,
    submitted_in_tls: bool,
    message: Message,
}

/// Collects all that is wrong with one case of one file.
pub(super) struct Checker<'a> {
    pub(super) errors: Vec<Diagnostic>,
    pub(super) file: &'a str,
    pub(super) known: &'a Known,
    words: &'a Words<'a>,
    values: &'a BTreeMap<String, String>,
    /// `None`: what is checked is no scenario.
    direction: Option<Direction>,
}

impl<'a> Checker<'a> {
    /// `words` are those of the row, `values` those of the matrix.
    pub(super) fn new(
        file: &'a str,
        known: &'a Known,
        words: &'a Words<'a>,
        values: &'a BTreeMap<String, String>,
    ) -> Self {
        Self { errors: Vec::new(), file, known, words, values, direction: None }
    }

    pub(super) fn case(
        &mut self,
        direction: Direction,
        raw: &raw::File,
        own: &Own<'_>,
        id: String,
    ) -> Option<Case> {
        self.direction = Some(direction);
        let (errors, row) = (self.errors.len(), own.case);
        self.cites(own);
        let connector =
            self.connector(direction, row.connector.as_ref().or(raw.connector.as_ref()));
        let peers = self.peers(direction, raw);
        let (before, message) = self.messages(direction, connector, &raw.message.0, &peers);
        let observed = row.observe.as_ref().or(raw.observe.as_ref());
        if let Some(word) = observed {
            self.one_of::<Observed>("thing to observe", word);
        }
        let wanted = row.expect.as_ref().or(raw.expect.as_ref());
        if wanted.is_none() && observed.is_none() {
            self.error(
                raw.claim.span(),
                "the claim has neither `expect` nor `observe`",
                Some(
                    "add `[expect]`, or `observe = \"outcome\"` where behaviour is disputed".into(),
                ),
            );
        }
        let expect = wanted.map(|expect| self.expect(expect.get_ref(), &peers)).unwrap_or_default();
        if let Some(expect) = wanted {
            if let (Direction::Inbound, Some(client)) = (direction, peers.first()) {
                self.asked_for(expect.get_ref(), client);
            }
            self.expect_keys(direction, expect.get_ref());
        }
        self.file_keys(direction, raw);
        let (aliases, dns): (Vec<_>, Vec<_>) =
            raw.dns.0.iter().partition(|(key, _)| key.get_ref() == "alias");
        let dns = dns.into_iter().filter_map(|(key, value)| self.dns(key, value)).collect();
        let alias =
            aliases.first().and_then(|(_, word)| self.one_of("name that is an alias", word));
        self.consistent(raw, &peers, alias);
        let claim = self.fill(raw.claim.get_ref(), &raw.claim.span());
        let why = own.why(raw).map(|why| self.fill(why.get_ref(), &why.span()));
        let control = row.control.as_ref().or(raw.control.as_ref());
        let control = control.map(|control| self.fill(control.get_ref(), &control.span()));
        (self.errors.len() == errors).then_some(Case {
            id,
            scenario: own.scenario.to_owned(),
            direction,
            connector,
            claim,
            why,
            cites: own.cites.iter().map(|cite| cite.get_ref().clone()).collect(),
            cites_never: raw.cites_never.iter().map(|cite| cite.get_ref().clone()).collect(),
            peers,
            expect,
            observe: observed.is_some(),
            control,
            before,
            sender_connector: message.sender_connector,
            submitted_in_tls: message.submitted_in_tls,
            message: message.message,
            placement: None,
            dns,
            alias,
        })
    }

    fn cites(&mut self, own: &Own<'_>) {
        for (at, cite) in own.cites.iter().enumerate() {
            if own.cites[..at].iter().any(|before| before.get_ref() == cite.get_ref()) {
                let message = format!("`{}` is cited twice", cite.get_ref());
                self.error(cite.span(), message, Some("leave one of them out".into()));
            }
            if !self.known.requirements.contains(cite.get_ref()) {
                let names = self.known.requirements.iter().map(String::as_str);
                self.unknown("requirement", cite, names.collect());
            }
        }
    }

    /// The peers of the file; where it names none, the one that each case has. Never empty.
    fn peers(&mut self, direction: Direction, raw: &raw::File) -> Vec<Peer> {
        let mut peers: Vec<Peer> = Vec::new();
        for (name, peer) in &raw.peer.0 {
            let before: Vec<String> = peers.iter().map(|peer| peer.name.clone()).collect();
            peers.push(self.peer(direction, name, peer, &before));
        }
        if peers.is_empty() {
            let name = if direction == Direction::Inbound { "client" } else { "mx" };
            let name = Placed::new(0..0, name.to_owned());
            peers.push(self.peer(direction, &name, &raw::Peer::default(), &[]));
        }
        self.hosts(raw, &mut peers);
        if direction == Direction::Inbound && peers.len() > 1 {
            let help = Some("leave the first one: it is the client".into());
            self.error(raw.peer.0[1].0.span(), "an inbound scenario has one peer", help);
        }
        peers
    }

    /// What only an answer can meet is asked for by this client.
    fn asked_for(&mut self, expect: &raw::Expect, client: &Peer) {
        let said = client.script.steps().last().map(|step| &step.act);
        if let Some(reply) = &expect.reply
            && !matches!(said, Some(Act::Say { .. }))
        {
            let help = "end the script of the inbound peer with the line that is answered";
            self.error(reply.span(), "no line of ours waits for this reply", Some(help.into()));
        }
        if let Some(answer) = &expect.answer
            && client.hello.is_none()
        {
            let help = "add `hello = { version = \"1.2\" }` to the inbound peer";
            self.error(
                answer.span(),
                "no hand-written ClientHello waits for it",
                Some(help.into()),
            );
        }
        if let Some(ticket) = &expect.ticket
            && !client.resumes
        {
            let help = "add `resumes = true` to the inbound peer";
            self.error(ticket.span(), "no client waits for a ticket", Some(help.into()));
        }
    }

    /// The connectors of the messages before the one that is judged, and that one.
    fn messages(
        &mut self,
        direction: Direction,
        connector: Connector,
        raw: &[raw::Message],
        peers: &[Peer],
    ) -> (Vec<Before>, Judged) {
        let Some((last, before)) = raw.split_last() else { return Default::default() };
        let outcomes = last.outcome.iter().flat_map(|list| &list.0);
        for word in last.connector.iter().chain(&last.rule).chain(outcomes).chain(&last.host) {
            let help =
                Some("its connector is that of the case, its outcome is in `[expect]`".into());
            self.error(word.span(), "the last message is the one that is judged", help);
        }
        for message in before {
            for word in message.sender_connector.iter().chain(&message.submission) {
                let help = Some("it belongs to the last message".into());
                self.error(word.span(), "only the connector of an earlier message counts", help);
            }
        }
        let before = before.iter().map(|message| Before {
            renamed: self.renamed(message),
            connector: match &message.connector {
                Some(word) => self.connector(direction, Some(word)),
                None => connector,
            },
            rule: message
                .rule
                .as_ref()
                .and_then(|word| self.one_of("rule", word))
                .unwrap_or_default(),
            outcome: message
                .outcome
                .iter()
                .flat_map(|list| &list.0)
                .filter_map(|word| self.one_of("outcome", word))
                .collect(),
        });
        let before = before.collect();
        let sender = last.sender_connector.as_ref();
        if let (Some(word), false) = (sender, peers.iter().any(|peer| peer.name == "sender")) {
            let help = "add `[peer.sender]`: the MX host where reports arrive";
            self.error(word.span(), "the sender's domain has no peer", Some(help.into()));
        }
        let judged = Judged {
            sender_connector: sender.map(|word| self.connector(direction, Some(word))),
            submitted_in_tls: last.submission.as_ref().is_some_and(|word| {
                let way = self.one_of::<Submission>("way to hand a message in", word);
                way.is_some_and(|way| way != Submission::Plaintext)
            }),
            message: self.judged_message(last),
        };
        (before, judged)
    }

    fn connector(&mut self, direction: Direction, word: Option<&Placed<String>>) -> Connector {
        let from_matrix =
            || self.values.get("connector").map(|name| Placed::new(0..0, name.clone()));
        let Some(word) = word.cloned().or_else(from_matrix) else {
            return Connector::Opportunistic;
        };
        let mut known = Connector::table();
        known.retain(|(_, connector)| connector.exists(direction));
        self.word("connector", &word, &known).unwrap_or(Connector::Opportunistic)
    }

    fn dns(&mut self, key: &Placed<String>, value: &Placed<String>) -> Option<DnsFault> {
        let record: DnsRecord = self.one_of("key of `dns`", key)?;
        let kind = self.one_of("fault of the resolver", value)?;
        Some(DnsFault { record: record.kind().into(), kind })
    }

    /// `hosts` says of all next hops together where their names lie; what a peer says of itself stands.
    fn hosts(&mut self, raw: &raw::File, peers: &mut [Peer]) {
        let Some(word) = &raw.hosts else { return };
        let place = self.one_of::<HostsPlace>("place of the hosts", word);
        let own = |peer: &&mut Peer| peer.name != "sender" && peer.place.address_of.is_none();
        for peer in peers.iter_mut().filter(own) {
            if let (Some(HostsPlace::Outside), HostPlace::Below) = (place, peer.place.host) {
                peer.place.host = HostPlace::Outside;
            }
        }
    }

    /// Says what does not go together: one host that is the domain itself and others beside it, or
    /// an alias of that host.
    fn consistent(&mut self, raw: &raw::File, peers: &[Peer], alias: Option<Alias>) {
        let implicit = |peer: &&Peer| peer.place.host == HostPlace::Domain;
        let hosts = peers.iter().filter(|peer| peer.name != "sender");
        let hosts = hosts.filter(|peer| peer.place.address_of.is_none()).count();
        let Some(at) = peers.iter().position(|peer| implicit(&peer)) else { return };
        let span = raw.peer.0.get(at).map_or(0..0, |(name, _)| name.span());
        if hosts > 1 {
            let help = Some("leave one host, or give each a name of its own".into());
            self.error(span, "a domain that has MX records is no host of its own mail", help);
        } else if alias.is_some() {
            let help = Some("leave out `dns.alias`".into());
            self.error(span, "an alias has no records beside it", help);
        }
    }

    /// Fills in the words of the row and then the values of the matrix; names of the play stay, unknown
    /// ones are errors.
    pub(super) fn fill(&mut self, text: &str, span: &Range<usize>) -> String {
        let filled = wording::fill(&self.words.fill(text), self.values);
        let known = |name: &&str| self.placeholder(name) || name.starts_with("mx.");
        let unknown: Vec<_> =
            wording::names(&filled).filter(|name| !known(name)).map(str::to_owned).collect();
        for name in unknown {
            let place = within(span, text, &format!("{{{name}}}"));
            if let Some(missing) = self.words.missing(self.file, &name, place.clone()) {
                self.errors.push(missing);
                continue;
            }
            let always = Placeholder::ALL.into_iter().filter(|name| !name.of_next_hop());
            let mut all: Vec<&str> = always.map(Placeholder::name).collect();
            all.extend(self.values.keys().map(String::as_str));
            let help = closest(&name, all).map(|known| format!("did you mean `{{{known}}}`?"));
            self.error(place, format!("nothing fills in `{{{name}}}`"), help);
        }
        filled
    }

    /// Whether a name is filled in when a case of this direction is played.
    fn placeholder(&self, name: &str) -> bool {
        let exists = |name: Placeholder| self.direction.is_none_or(|here| name.exists(here));
        Placeholder::from_name(name).is_some_and(exists)
    }

    /// Looks a word up, after filling it in.
    pub(super) fn word<T: Clone>(
        &mut self,
        what: &str,
        word: &Placed<String>,
        known: &[(&str, T)],
    ) -> Option<T> {
        let errors = self.errors.len();
        let filled = self.fill(word.get_ref(), &word.span());
        let found = known.iter().find(|(name, _)| *name == filled).map(|(_, value)| value.clone());
        // What could not be filled in is no word of anybody's yet.
        if found.is_none() && self.errors.len() == errors {
            let word = Placed::new(self.words.origin(word.get_ref(), word.span()), filled);
            self.unknown(what, &word, known.iter().map(|(name, _)| *name).collect());
        }
        found
    }

    pub(super) fn unknown(&mut self, what: &str, word: &Placed<String>, known: Vec<&str>) {
        let help = closest(word.get_ref(), known.iter().copied())
            .map(|name| format!("did you mean `{name}`?"))
            .or_else(|| (known.len() <= 16).then(|| format!("one of: {}", known.join(", "))));
        self.error(word.span(), format!("unknown {what} `{}`", word.get_ref()), help);
    }

    pub(super) fn error(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let span = (span != (0..0)).then_some(span);
        self.errors.push(Diagnostic {
            file: self.file.into(),
            span,
            message: message.into(),
            help,
        });
    }
}

/// The place of a word in a value, where the value stands in the file as it is: between quotes, or
/// behind three of them and a line feed. Otherwise the place of the whole value.
fn within(span: &Range<usize>, text: &str, word: &str) -> Range<usize> {
    let opening = match span.len().checked_sub(text.len()) {
        Some(2) => 1,
        Some(6) => 3,
        Some(7) => 4,
        _ => return span.clone(),
    };
    match text.find(word) {
        Some(at) => span.start + opening + at..span.start + opening + at + word.len(),
        None => span.clone(),
    }
}
