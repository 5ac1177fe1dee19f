//! What a case expects, in the words of scenario files.

use waxseal_model::expect::{
    AnswerExpect, DsnExpect, Expect, OfferedExpect, Outcome, ReplyExpect, TlsExpect,
    TlsFactsExpect, VersionRange,
};
use waxseal_model::facts::ClientCertificate;
use waxseal_model::offer::{SuiteChoice, Version};

/// One line for each expectation, each with its key in the scenario file.
pub(super) fn expectation(expect: &Expect) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |key: &str, text: String| lines.push(format!("{key}: {text}"));
    if !expect.outcome.is_empty() {
        line("outcome", outcomes(&expect.outcome));
    }
    if let Some(tls) = &expect.tls {
        line("tls", tls_words(tls));
    }
    if let Some(offered) = &expect.offered {
        line("offered", offered_words(offered));
    }
    if let Some(answer) = &expect.answer {
        line("answer", answer_words(answer));
    }
    if !expect.alert.is_empty() {
        let names: Vec<_> = expect.alert.iter().map(|told| told.name()).collect();
        line("alert", names.join(" or else "));
    }
    if let Some(ticket) = &expect.ticket {
        let mut words = Words::default();
        words.add("seconds", ticket.seconds_at_most.map(|most| format!("<={most}")));
        words.add("early-data", ticket.no_early_data.then(|| "none".into()));
        line("ticket", words.0.join(", "));
    }
    if let Some(reply) = &expect.reply {
        line("reply", reply_words(reply));
    }
    for never in &expect.never {
        line("never", never.name().into());
    }
    if let Some(attempts) = expect.attempts {
        line("attempts", format!("at least {attempts}"));
    }
    if !expect.visited.is_empty() {
        line("visited", expect.visited.join(", then "));
    }
    if let Some(peer) = &expect.taken_by {
        line("taken-by", peer.clone());
    }
    if let Some(dsn) = &expect.dsn {
        line("dsn", dsn_words(dsn));
    }
    lines
}

/// The name of a suite, or of a kind of suites.
pub(super) fn suite_words(choice: &SuiteChoice) -> &str {
    match choice {
        SuiteChoice::Kind(kind) => kind.name(),
        SuiteChoice::Named(name) => name,
    }
}

fn outcomes(wanted: &[Outcome]) -> String {
    let rest = wanted.iter().filter(|outcome| !Outcome::WITHHELD.contains(outcome));
    let withheld = Outcome::WITHHELD.iter().all(|outcome| wanted.contains(outcome));
    let names: Vec<&str> = if withheld {
        ["withheld"].into_iter().chain(rest.map(|outcome| outcome.name())).collect()
    } else {
        wanted.iter().map(|outcome| outcome.name()).collect()
    };
    names.join(" or ")
}

fn tls_words(tls: &TlsExpect) -> String {
    match tls {
        TlsExpect::Established => "established".into(),
        TlsExpect::Refused => "refused".into(),
        TlsExpect::ForgeryRefused => "refused at what is forged, before it goes on".into(),
        TlsExpect::Facts(facts) => facts_words(facts),
    }
}

fn facts_words(facts: &TlsFactsExpect) -> String {
    let mut words = Words::default();
    words.add("version", facts.version.map(range));
    words.add("forward-secrecy", facts.forward_secrecy.map(|secret| secret.to_string()));
    let suites: Vec<_> = facts.suite.iter().map(suite_words).collect();
    words.add("suite", (!suites.is_empty()).then(|| suites.join(" or ")));
    words.add("group", facts.group.clone());
    words.add("sni", facts.sni.clone());
    let certificate = facts.client_certificate.map(|certificate| match certificate {
        ClientCertificate::NotAsked => "not-asked".to_owned(),
        ClientCertificate::NotShown => "not-shown".to_owned(),
        ClientCertificate::Shown => "shown".to_owned(),
    });
    words.add("client-certificate", certificate);
    words.add("client-name", facts.client_name.clone());
    words.add("dh-bits", facts.dh_bits_at_least.map(|bits| format!(">={bits}")));
    words.add("alpn", facts.alpn.clone());
    let refused = if facts.or_refused { " (or refused)" } else { "" };
    words.0.join(", ") + refused
}

fn range(range: VersionRange) -> String {
    match range {
        VersionRange::Exactly(version) => version.name().into(),
        VersionRange::AtLeast(version) => format!(">={}", version.name()),
    }
}

fn offered_words(offered: &OfferedExpect) -> String {
    let mut words = Words::default();
    let versions = |list: &[Version]| list.iter().map(|v| v.name().to_owned()).collect();
    let suites = |list: &[SuiteChoice]| list.iter().map(|s| suite_words(s).to_owned()).collect();
    let rows: [(&str, Vec<String>, Vec<String>); 5] = [
        ("versions", versions(&offered.versions.0), versions(&offered.versions.1)),
        ("suites", suites(&offered.suites.0), suites(&offered.suites.1)),
        ("groups", offered.groups.0.clone(), offered.groups.1.clone()),
        ("schemes", offered.schemes.0.clone(), offered.schemes.1.clone()),
        ("extensions", offered.extensions.0.clone(), offered.extensions.1.clone()),
    ];
    for (what, always, never) in rows {
        words.add(&format!("{what} always"), (!always.is_empty()).then(|| always.join(" and ")));
        words.add(&format!("{what} never"), (!never.is_empty()).then(|| never.join(" or ")));
    }
    words.add("first-suite", offered.first_suite.as_ref().map(|s| suite_words(s).to_owned()));
    words.add("sni", offered.sni.clone());
    words.add("compression", offered.no_compression.then(|| "none".into()));
    let form: Vec<_> = offered.form.iter().map(|rule| rule.name()).collect();
    words.add("form", (!form.is_empty()).then(|| form.join(" and ")));
    words.0.join(", ")
}

fn answer_words(answer: &AnswerExpect) -> String {
    let AnswerExpect::ServerHello(facts) = answer else { return "refused".into() };
    let mut words = Words(vec!["server-hello".into()]);
    words.add("version", facts.version.map(range));
    for (what, (always, never)) in [("extensions", &facts.extensions), ("groups", &facts.groups)] {
        words.add(&format!("{what} always"), (!always.is_empty()).then(|| always.join(" and ")));
        words.add(&format!("{what} never"), (!never.is_empty()).then(|| never.join(" or ")));
    }
    words.add("compression", facts.no_compression.then(|| "none".into()));
    words.add("alpn", facts.alpn.clone());
    words.add("retry", facts.retry.map(|retry| retry.to_string()));
    words.add("downgrade-mark", facts.downgrade_mark.map(|mark| mark.to_string()));
    words.0.extend(facts.or_refused.then(|| "or refused".into()));
    words.0.join(", ")
}

fn reply_words(reply: &ReplyExpect) -> String {
    let mut words = Words::default();
    let before: Vec<_> = reply.before.iter().map(ToString::to_string).collect();
    words.0.extend((!before.is_empty()).then(|| format!("{} and then", before.join(", "))));
    words.0.extend(reply.code.as_ref().map(ToString::to_string));
    words.add("enhanced", reply.enhanced.clone());
    words.add("lists", (!reply.lists.is_empty()).then(|| reply.lists.join(" and ")));
    words.add("lacks", (!reply.lacks.is_empty()).then(|| reply.lacks.join(" and ")));
    words.0.extend(reply.or_ended.then(|| "or the relay breaks off".into()));
    words.0.join(", ")
}

fn dsn_words(dsn: &DsnExpect) -> String {
    let mut words = Words::default();
    words.add("status", (!dsn.status.is_empty()).then(|| dsn.status.join(" or ")));
    let channel = dsn.in_tls.map(|in_tls| if in_tls { "tls" } else { "clear" });
    words.add("channel", channel.map(str::to_owned));
    words.0.join(", ")
}

#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn add(&mut self, key: &str, text: Option<String>) {
        self.0.extend(text.map(|text| format!("{key} {text}")));
    }
}
