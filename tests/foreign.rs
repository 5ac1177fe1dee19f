//! Text of others in reports.

use std::process::Command;

use serde_json::{Value, json};
use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::report;
use waxseal::internals::run::names;
use waxseal_model::record::Record;

use super::walk::{each_text, harmless};

/// Events that a run of a good relay does not have.
fn more_events() -> Value {
    let event = |kind: Value| json!({ "at": 1, "place": { "peer": { "name": "mx", "connection": 9 } }, "kind": kind });
    let failure = json!({
        "engine": null, "cause": "silence", "alert_heard": null, "alert_said": null, "detail": "x"
    });
    [
        json!({ "not-connected": "x" }),
        json!({ "harness-error": "x" }),
        json!({ "waiting": { "reason": "x" } }),
        json!({ "reported": {
            "channel": "tls", "action": "x", "status": "x", "diagnostic": "x"
        } }),
        json!({ "refused": { "channel": "plaintext", "reply": "x" } }),
        json!({ "unexpected-bytes": { "channel": "plaintext", "bytes": "x" } }),
        json!({ "received-content": { "channel": "plaintext", "bytes": "x" } }),
        json!({ "faulted": "x" }),
        json!({ "violation-accepted": "x" }),
        json!({ "wrote-hello": "x" }),
        json!({ "handshake-failed": failure }),
        json!({ "tampered": { "tampering": "x", "answer": { "went-on": "x" }, "version": "1.2" } }),
        json!({ "tampered": { "tampering": "x", "answer": { "not-applicable": "x" }, "version": "1.2" } }),
        json!({ "cut": { "bound": "reply", "events": 3, "octets": 5 } }),
        json!({ "not-played": { "control": "x" } }),
    ]
    .map(event)
    .into()
}

#[test]
fn no_text_of_a_record_is_obeyed_in_any_form() {
    let output = Command::new(env!("CARGO_BIN_EXE_waxseal"))
        .args(["run", "--case", "outbound/control#mutual", "--no-sandbox", "--format", "json"])
        .output()
        .expect("the program can be run");
    let mut record: Value = serde_json::from_slice(&output.stdout).expect("a record is JSON");
    // As a case that failed, of which all is shown.
    record["cases"][0]["verdict"] = "fail".into();
    record["requirements"].as_array_mut().expect("a list").truncate(2);
    let events = record["cases"][0]["trace"].as_array_mut().expect("a list of events");
    events.extend(more_events().as_array().expect("a list").iter().cloned());
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let requirements = &catalogue.requirements;
    let case = catalogue.case("outbound/control#mutual").expect("there is a control");
    each_text(&record, |path, record: Record| {
        let played = &record.cases[0];
        let explained = report::explain(case, requirements, &names(case, 1), Some(played));
        harmless(path, "explain", &explained);
        harmless(path, "line", &report::line(played));
        let run = report::Run { record: &record, requirements, in_full: true };
        for format in &report::FORMATS {
            let text = (format.run)(&run).expect("a record can be written");
            harmless(path, format.name, &text);
            let records = std::slice::from_ref(&record);
            let text = (format.matrix)(records).expect("records can be written");
            harmless(path, format.name, &text);
        }
    });
}
