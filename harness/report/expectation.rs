//! What a case expects, in the words of scenario files.

use waxseal_model::expect::{
    AnswerExpect, AnswerFactsExpect, CertificateExpect, DsnExpect, Expect, OfferedExpect, Outcome,
    ReplyExpect, TicketExpect, TlsExpect, TlsFactsExpect, VersionRange,
};
use waxseal_model::offer::{SuiteChoice, Version};

/// One line for each expectation, each with its key in the scenario file.
pub(super) fn expectation(expect: &Expect) -> Vec<String> {
    // Without `..`: an expectation that is new has to get its line here.
    let Expect {
        outcome,
        tls,
        offered,
        certificate,
        answer,
        alert,
        ticket,
        reply,
        never,
        attempts,
        visited,
        accepted_by,
        dsn,
    } = expect;
    let mut lines = Vec::new();
    let mut line = |key: &str, text: String| lines.push(format!("{key}: {text}"));
    if !outcome.is_empty() {
        line("outcome", outcomes(outcome));
    }
    if let Some(tls) = tls {
        line("tls", tls_words(tls));
    }
    if let Some(offered) = offered {
        line("offered", offered_words(offered));
    }
    if let Some(certificate) = certificate {
        line("certificate", certificate_words(certificate));
    }
    if let Some(answer) = answer {
        line("answer", answer_words(answer));
    }
    if !alert.is_empty() {
        let names: Vec<_> = alert.iter().map(|told| told.name()).collect();
        line("alert", names.join(" or else "));
    }
    if let Some(ticket) = ticket {
        line("ticket", ticket_words(ticket));
    }
    if let Some(reply) = reply {
        line("reply", reply_words(reply));
    }
    for never in never {
        line("never", never.name().into());
    }
    if let Some(attempts) = attempts {
        line("attempts", format!("at least {attempts}"));
    }
    if !visited.is_empty() {
        line("visited", visited.join(", then "));
    }
    if let Some(peer) = accepted_by {
        line("accepted-by", peer.clone());
    }
    if let Some(dsn) = dsn {
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
        TlsExpect::TamperingRefused => "refused at what is tampered, before it goes on".into(),
        TlsExpect::Facts(facts) => facts_words(facts),
    }
}

fn facts_words(facts: &TlsFactsExpect) -> String {
    let TlsFactsExpect {
        version,
        forward_secrecy,
        suite,
        group,
        sni,
        client_certificate,
        client_name,
        dh_bits_at_least,
        alpn,
        or_refused,
    } = facts;
    let mut words = Words::default();
    words.add("version", version.map(range));
    words.add("forward-secrecy", forward_secrecy.map(|secret| secret.to_string()));
    let suites: Vec<_> = suite.iter().map(suite_words).collect();
    words.add("suite", (!suites.is_empty()).then(|| suites.join(" or ")));
    words.add("group", group.clone());
    words.add("sni", sni.clone());
    let certificate = client_certificate.map(|certificate| certificate.name().to_owned());
    words.add("client-certificate", certificate);
    words.add("client-name", client_name.clone());
    words.add("dh-bits", dh_bits_at_least.map(|bits| format!(">={bits}")));
    words.add("alpn", alpn.clone());
    let refused = if *or_refused { " (or refused)" } else { "" };
    words.0.join(", ") + refused
}

fn certificate_words(certificate: &CertificateExpect) -> String {
    let CertificateExpect { rsa_bits_at_least, sent_at_least, leaf_first } = certificate;
    let mut words = Words::default();
    words.add("rsa-bits", rsa_bits_at_least.map(|bits| format!(">={bits}")));
    words.add("chain", leaf_first.then(|| "leaf-first".into()));
    words.add("sent", sent_at_least.map(|sent| format!(">={sent}")));
    words.0.join(", ")
}

fn ticket_words(ticket: &TicketExpect) -> String {
    let TicketExpect { seconds_at_most, no_early_data } = ticket;
    let mut words = Words::default();
    words.add("seconds", seconds_at_most.map(|most| format!("<={most}")));
    words.add("early-data", no_early_data.then(|| "none".into()));
    words.0.join(", ")
}

fn range(range: VersionRange) -> String {
    match range {
        VersionRange::Exactly(version) => version.name().into(),
        VersionRange::AtLeast(version) => format!(">={}", version.name()),
    }
}

fn offered_words(offered: &OfferedExpect) -> String {
    let OfferedExpect {
        versions,
        suites,
        groups,
        schemes,
        extensions,
        first_suite,
        sni,
        no_compression,
        form,
    } = offered;
    let named = |list: &[Version]| list.iter().map(|v| v.name().to_owned()).collect();
    let chosen = |list: &[SuiteChoice]| list.iter().map(|s| suite_words(s).to_owned()).collect();
    let rows: [(&str, Vec<String>, Vec<String>); 5] = [
        ("versions", named(&versions.0), named(&versions.1)),
        ("suites", chosen(&suites.0), chosen(&suites.1)),
        ("groups", groups.0.clone(), groups.1.clone()),
        ("schemes", schemes.0.clone(), schemes.1.clone()),
        ("extensions", extensions.0.clone(), extensions.1.clone()),
    ];
    let mut words = Words::default();
    for (what, always, never) in rows {
        words.add(&format!("{what} always"), (!always.is_empty()).then(|| always.join(" and ")));
        words.add(&format!("{what} never"), (!never.is_empty()).then(|| never.join(" or ")));
    }
    words.add("first-suite", first_suite.as_ref().map(|s| suite_words(s).to_owned()));
    words.add("sni", (!sni.is_empty()).then(|| sni.join(" or ")));
    words.add("compression", no_compression.then(|| "none".into()));
    let form: Vec<_> = form.iter().map(|rule| rule.name()).collect();
    words.add("form", (!form.is_empty()).then(|| form.join(" and ")));
    words.0.join(", ")
}

fn answer_words(answer: &AnswerExpect) -> String {
    let AnswerExpect::ServerHello(facts) = answer else { return "refused".into() };
    let AnswerFactsExpect {
        version,
        extensions,
        groups,
        no_compression,
        alpn,
        retry,
        downgrade_sentinel,
        or_refused,
    } = facts;
    let mut words = Words(vec!["server-hello".into()]);
    words.add("version", version.map(range));
    for (what, (always, never)) in [("extensions", extensions), ("groups", groups)] {
        words.add(&format!("{what} always"), (!always.is_empty()).then(|| always.join(" and ")));
        words.add(&format!("{what} never"), (!never.is_empty()).then(|| never.join(" or ")));
    }
    words.add("compression", no_compression.then(|| "none".into()));
    words.add("alpn", alpn.clone());
    words.add("retry", retry.map(|retry| retry.to_string()));
    words.add("downgrade-sentinel", downgrade_sentinel.map(|mark| mark.to_string()));
    words.0.extend(or_refused.then(|| "or refused".into()));
    words.0.join(", ")
}

fn reply_words(reply: &ReplyExpect) -> String {
    let ReplyExpect { before, code, enhanced, lists, lacks, or_ended } = reply;
    let mut words = Words::default();
    let before: Vec<_> = before.iter().map(ToString::to_string).collect();
    words.0.extend((!before.is_empty()).then(|| format!("{} and then", before.join(", "))));
    words.0.extend(code.as_ref().map(ToString::to_string));
    words.add("enhanced", enhanced.clone());
    words.add("lists", (!lists.is_empty()).then(|| lists.join(" and ")));
    words.add("lacks", (!lacks.is_empty()).then(|| lacks.join(" and ")));
    words.0.extend(or_ended.then(|| "or the relay breaks off".into()));
    words.0.join(", ")
}

fn dsn_words(dsn: &DsnExpect) -> String {
    let DsnExpect { status, in_tls } = dsn;
    let mut words = Words::default();
    words.add("status", (!status.is_empty()).then(|| status.join(" or ")));
    let channel = in_tls.map(|in_tls| if in_tls { "tls" } else { "plaintext" });
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
