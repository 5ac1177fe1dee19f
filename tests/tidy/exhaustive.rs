//! Where a forgotten field would be silent, a struct is taken apart without `..`: then the compiler asks
//! for each new field.

use std::fs;

use super::root;

/// File, function, and the structs that it takes apart.
const WHOLE: &[(&str, &str, &[&str])] = &[
    ("harness/model/src/judge/demand.rs", "unmet", &["Expect"]),
    ("harness/report/expectation.rs", "expectation", &["Expect"]),
    ("harness/report/expectation.rs", "facts_words", &["TlsFactsExpect"]),
    ("harness/report/expectation.rs", "certificate_words", &["CertificateExpect"]),
    ("harness/report/expectation.rs", "ticket_words", &["TicketExpect"]),
    ("harness/report/expectation.rs", "offered_words", &["OfferedExpect"]),
    ("harness/report/expectation.rs", "answer_words", &["AnswerFactsExpect"]),
    ("harness/report/expectation.rs", "reply_words", &["ReplyExpect"]),
    ("harness/report/expectation.rs", "dsn_words", &["DsnExpect"]),
    ("harness/report/explain.rs", "peer_words", &["Peer", "Offer"]),
    ("harness/report/explain.rs", "place_words", &["PeerPlace"]),
    ("harness/report/explain.rs", "framing_words", &["Framing"]),
    ("harness/report/explain.rs", "message_words", &["Message"]),
    ("harness/report/scan.rs", "body", &["HostFacts", "Extensions"]),
    ("harness/report/scan.rs", "answer_rows", &["Answers"]),
    ("harness/report/scan.rs", "session_rows", &["Sessions"]),
    ("harness/report/scan.rs", "vulnerability_rows", &["Vulnerabilities"]),
    ("harness/model/src/scenario/mod.rs", "needs_no_mail", &["Expect"]),
    ("harness/model/src/scenario/mod.rs", "is_negative", &["Expect"]),
    ("harness/model/src/scenario/expectation.rs", "expect", &["raw::Expect"]),
    ("harness/model/src/scenario/expectation.rs", "tls", &["raw::TlsTable"]),
    ("harness/model/src/scenario/expectation.rs", "certificate", &["raw::Certificate"]),
    ("harness/model/src/scenario/expectation.rs", "offered", &["raw::Offered"]),
    ("harness/model/src/scenario/expectation.rs", "reply", &["raw::ReplyTable"]),
    ("harness/model/src/scenario/expectation.rs", "dsn", &["raw::Dsn"]),
    ("harness/model/src/scenario/framing.rs", "answer", &["raw::AnswerTable"]),
    ("harness/model/src/scenario/framing.rs", "ticket", &["raw::Ticket"]),
    ("harness/model/src/scenario/peers.rs", "peer", &["raw::Peer"]),
    ("harness/model/src/scenario/message.rs", "judged_message", &["raw::Message"]),
    ("harness/model/src/scenario/directions.rs", "of_peer", &["raw::Peer"]),
    ("harness/model/src/scenario/directions.rs", "of_expect", &["raw::Expect"]),
    ("harness/model/src/scenario/directions.rs", "of_file", &["raw::File", "raw::Message"]),
    ("harness/model/src/scenario/directions.rs", "of_tls", &["raw::TlsTable"]),
    ("certs/src/authority.rs", "issue", &["Recipe"]),
];

/// The text of a function: from its name to the brace that ends it.
fn body<'a>(text: &'a str, function: &str) -> &'a str {
    let start = ["(", "<"].iter().find_map(|open| text.find(&format!("fn {function}{open}")));
    let start = start.unwrap_or_else(|| panic!("there is no function {function}"));
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let indent = text[line..].len() - text[line..].trim_start().len();
    let end = format!("\n{}}}\n", " ".repeat(indent));
    let length = text[start..].find(&end).expect("a function ends");
    &text[start..start + length]
}

#[test]
fn what_must_not_forget_a_field_takes_its_structs_apart_whole() {
    let mut wrong = Vec::new();
    for (file, function, structs) in WHOLE {
        let text = fs::read_to_string(root().join(file)).expect("a source file can be read");
        let body = body(&text, function);
        for name in *structs {
            let apart = body.split_once(&format!("let {name} {{"));
            let fields = apart.and_then(|(_, rest)| rest.split_once('}')).map(|(fields, _)| fields);
            if fields.is_none_or(|fields| fields.contains("..")) {
                wrong.push(format!("{file}, {function}: `let {name} {{ … }}` without `..`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every happening of a trace has its line: a `match` without an arm for the rest.
#[test]
fn the_transcript_names_every_event() {
    let file = root().join("harness/report/transcript.rs");
    let text = fs::read_to_string(file).expect("a source file can be read");
    let matched =
        body(&text, "lines").split_once("match &event.kind {").expect("it is one match").1;
    let rest = matched.lines().filter(|line| line.starts_with("        _ =>"));
    assert_eq!(rest.count(), 0);
}
