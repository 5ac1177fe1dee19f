//! The published JSON Schemas are those of the types, and what is written keeps them.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use waxseal::internals::catalogue::Catalogue;
use waxseal::internals::relay::{Driver, LabFile, contract, labfile};
use waxseal_model::record::schema;
use waxseal_model::scenario::Connector;
use waxseal_model::script::Direction;

use super::starttls::relay;
use super::tidy::files;

#[test]
fn the_published_schemas_are_those_of_the_types() {
    for (arguments, name, schema) in [
        ("schema", "results.schema.json", schema()),
        ("schema --scan", "scan.schema.json", waxseal_model::scan::schema()),
        ("schema --certs", "certs.schema.json", waxseal_model::preflight::schema()),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("harness/model/schema");
        let published = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        let command = format!("cargo run -- {arguments} > harness/model/schema/{name}");
        assert!(published == schema, "the published schema is stale: {command}");
    }
}

#[test]
fn what_a_scan_writes_keeps_its_schema() {
    let schema: Value = serde_json::from_str(&waxseal_model::scan::schema()).expect("it is JSON");
    let catalogue = Catalogue::embedded().expect("the embedded scenarios are right");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let kind = Connector::Opportunistic;
    let (_running, addresses) = runtime.block_on(relay(&catalogue, None, &[kind]));
    let to = addresses[&kind].to_string();
    for arguments in [&[to.as_str()][..], &[&to, "--only", "suites"], &["nothing.invalid"]] {
        let mut waxseal = Command::new(env!("CARGO_BIN_EXE_waxseal"));
        let output = waxseal.args(["scan", "--format", "json"]).args(arguments).output();
        let output = output.expect("the program can be run").stdout;
        let scan: Value = serde_json::from_slice(&output).expect("the scan is JSON");
        assert_eq!(keeps(&schema, &schema, &scan, "scan"), Ok(()));
        let mut marred = scan;
        marred["facts"]["tls"] = "yes".into();
        assert!(keeps(&schema, &schema, &marred, "scan").is_err());
    }
}

/// The example that authors of drivers read is one, whole, and the schema says so.
#[test]
fn the_lab_file_of_the_readme_is_one() {
    let page = include_str!("../relays/README.md");
    let text = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next());
    let text = text.expect("there is a block of JSON");
    let value: Value = serde_json::from_str(text).expect("it is JSON");
    let file: LabFile = serde_json::from_str(text).expect("it is a lab file");
    let written: Value = serde_json::from_str(&file.to_json()).expect("it is JSON");
    assert_eq!(written, value);
    let schema: Value = serde_json::from_str(&labfile::schema()).expect("it is JSON");
    assert_eq!(keeps(&schema, &schema, &value, "lab"), Ok(()));
    let mut marred = value;
    marred["listen"][0]["tls"] = "tls".into();
    assert!(keeps(&schema, &schema, &marred, "lab").is_err());
}

#[test]
fn what_drivers_declare_keeps_the_schema() {
    let schema: Value = serde_json::from_str(&contract::schema()).expect("it is JSON");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = Driver::names().map(|name| root.join("relays").join(name));
    for folder in ours.chain([root.join("examples/python"), root.join("tests/drivers/client")]) {
        let text = std::fs::read_to_string(folder.join("relay.toml")).expect("it can be read");
        let mut value: Value = toml::from_str(&text).expect("it is TOML");
        let at = folder.display().to_string();
        assert_eq!(keeps(&schema, &schema, &value, &at), Ok(()));
        value["connector"] = "mutual".into();
        assert!(keeps(&schema, &schema, &value, &at).is_err());
    }
}

fn scenario_schema(direction: Direction) -> Value {
    serde_json::from_str(&waxseal_model::scenario::schema(direction)).expect("it is JSON")
}

/// Those that are built in, and a user's own.
#[test]
fn every_scenario_keeps_the_schema_of_its_direction_and_not_that_of_the_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (direction, other) in
        [(Direction::Inbound, Direction::Outbound), (Direction::Outbound, Direction::Inbound)]
    {
        let (schema, its_other) = (scenario_schema(direction), scenario_schema(other));
        let folders = ["scenarios", "tests/own/scenarios"].map(|folder| root.join(folder));
        let paths = folders.iter().flat_map(|at| files(&at.join(direction.to_string()), "toml"));
        let (mut read, mut fits_other) = (0, 0);
        for path in paths {
            let text = std::fs::read_to_string(&path).expect("it can be read");
            let value: Value = toml::from_str(&text).expect("it is TOML");
            let at = path.display().to_string();
            assert_eq!(keeps(&schema, &schema, &value, &at), Ok(()));
            fits_other += usize::from(keeps(&its_other, &its_other, &value, &at).is_ok());
            read += 1;
        }
        assert!(read > 50 && fits_other < read / 2, "{direction}: {read}, {fits_other}");
    }
}

#[test]
fn a_wrong_scenario_does_not_keep_the_schema() {
    let check = |direction, text: &str, fits: bool| {
        let value: Value = toml::from_str(text).expect("it is TOML");
        let schema = scenario_schema(direction);
        let kept = keeps(&schema, &schema, &value, "scenario");
        assert_eq!(kept.is_ok(), fits, "{direction} {text}: {kept:?}");
    };
    use Direction::{Inbound, Outbound};
    let claim = "claim = 'It does.'\n";
    let both = |rest: &str, inbound: bool, outbound: bool| {
        check(Inbound, &format!("{claim}{rest}"), inbound);
        check(Outbound, &format!("{claim}{rest}"), outbound);
    };
    both("", true, true);
    check(Outbound, "why = 'It harms.'", false);
    both("cliam = 'It does.'", false, false);
    both("connector = 'mutual'", true, true);
    both("connector = 'implicit'", true, false);
    both("connector = '{connector}'", true, true);
    both("connector = 'mutaul'", false, false);
    both("[peer.x]\nfault = 'renegotiation'", true, false);
    both("[peer.x]\nfaults = ['reset-after-client-hello']", false, true);
    both("[peer.x]\nfautl = 'renegotiation'", false, false);
    both("[peer.x]\ntampers = 'fragments'", false, true);
    both("[peer.x]\ntampers = ['nothing', 'fragmens']", false, false);
    both("[peer.x]\nhello = { version = '1.2', variants = 'grease' }", true, false);
    both("[peer.x]\nhello = { version = '1.4' }", false, false);
    both("[peer.x]\noffer = { versions = ['1.2'], suites = 'TLS_RSA_WITH_NULL_SHA' }", true, true);
    both("[expect]\noutcome = 'deferred'", false, true);
    both("[expect]\noutcome = ['rejected']", true, true);
    both("[expect]\ntls = 'established'", true, true);
    both("[expect]\ntls = { version = '>=1.2', or-refused = true }", true, true);
    both("[expect]\ntls = { verison = '1.2' }", false, false);
    both("[expect]\nnever = 'second-greeting'", true, false);
    both("[expect]\nattempts = 2", false, true);
    both("[expect]\nattempts = 'two'", false, false);
    both("dns.mx = 'null'", false, true);
    both("dns.mx = 'nul'", false, false);
    both("dns.alias = 'host'", false, true);
    both("[[message]]\noutcome = 'deferred'\n[[message]]", false, true);
}

/// Outcomes of every kind, handshakes finished and not, a report, and a case that is observed.
const CASES: [&str; 4] = [
    "outbound/forced/refused#454*",
    "outbound/opportunistic/handshake#alert*",
    "inbound/versions/*",
    "inbound/starttls/*",
];

fn run() -> Value {
    let mut waxseal = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    waxseal.args(["run", "--no-sandbox", "--format", "json"]);
    waxseal.args(CASES.iter().flat_map(|case| ["--case", case]));
    let output = waxseal.output().expect("the program can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    // Whatever the verdicts are on a busy machine: a record there is.
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{errors}");
    serde_json::from_slice(&output.stdout).expect("the record is JSON")
}

#[test]
fn what_a_run_writes_keeps_the_schema_and_a_marred_record_does_not() {
    let schema: Value = serde_json::from_str(&schema()).expect("the schema is JSON");
    let record = run();
    let keeps = |record: &Value| keeps(&schema, &schema, record, "record");
    assert_eq!(keeps(&record), Ok(()));
    type Mar = fn(&mut Value);
    let marred: [(&str, Mar); 6] = [
        ("a key that nobody knows", |record| record["extra"] = 1.into()),
        ("a missing key", |record| drop(record["cases"][0].take())),
        ("an unknown verdict", |record| record["cases"][0]["verdict"] = "passed".into()),
        ("a text where a number is due", |record| record["duration_ms"] = "1".into()),
        ("a negative count", |record| record["summary"]["pass"] = (-1).into()),
        ("an unknown event", |record| {
            record["cases"][0]["trace"][0]["kind"] = "no-such-event".into();
        }),
    ];
    for (name, mar) in marred {
        let mut record = record.clone();
        mar(&mut record);
        assert!(keeps(&record).is_err(), "{name} is not noticed");
    }
}

/// Whether a value keeps a schema: the part of draft 2020-12 that ours uses. An unknown keyword is
/// an error, so that nothing is left out unnoticed.
fn keeps(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(rules) = schema.as_object() else {
        return if schema == &Value::Bool(true) { Ok(()) } else { Err(format!("{at}: forbidden")) };
    };
    let wrong = |what: &str| Err(format!("{at}: {what}: {value:.80}"));
    let list = |rule: &Value| rule.as_array().cloned().unwrap_or_default();
    for (keyword, rule) in rules {
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" | "default" => {}
            "$ref" => {
                let path = rule.as_str().and_then(|path| path.strip_prefix('#'));
                let found = path.and_then(|path| root.pointer(path));
                let Some(found) = found else { return wrong("a reference leads nowhere") };
                keeps(root, found, value, at)?;
            }
            "type" => {
                let names = if rule.is_array() { list(rule) } else { vec![rule.clone()] };
                if !names.iter().any(|name| name.as_str().is_some_and(|name| is(value, name))) {
                    return wrong(&format!("is no {rule}"));
                }
            }
            "const" if value != rule => return wrong(&format!("is not {rule}")),
            "enum" if !list(rule).contains(value) => return wrong("is none of the words"),
            "const" | "enum" => {}
            "oneOf" | "anyOf" => {
                let fits = |schema: &&Value| keeps(root, schema, value, at).is_ok();
                let fitting = list(rule).iter().filter(fits).count();
                if fitting == 0 || (keyword == "oneOf" && fitting > 1) {
                    return wrong(&format!("fits {fitting} alternatives"));
                }
            }
            "required" => {
                for key in list(rule) {
                    if value.is_object() && value.get(key.as_str().unwrap_or_default()).is_none() {
                        return wrong(&format!("lacks {key}"));
                    }
                }
            }
            "properties" | "additionalProperties" => {
                let known = rules.get("properties").and_then(Value::as_object);
                for (key, member) in value.as_object().into_iter().flatten() {
                    let schema = match known.and_then(|known| known.get(key)) {
                        Some(schema) if keyword == "properties" => schema,
                        None if keyword == "additionalProperties" => rule,
                        _ => continue,
                    };
                    keeps(root, schema, member, &format!("{at}.{key}"))?;
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    keeps(root, rule, item, &format!("{at}[{index}]"))?;
                }
            }
            "uniqueItems" => {}
            // The only pattern that ours have: something in braces.
            "pattern" if rule == "[{].+[}]" => {
                let text = value.as_str().unwrap_or("{any}");
                let named = text.split_once('{').is_some_and(|(_, rest)| rest.find('}') > Some(0));
                if !named {
                    return wrong("has no name in braces");
                }
            }
            "minimum" if value.as_f64() < rule.as_f64() && value.is_number() => {
                return wrong("is too small");
            }
            "maximum" if value.as_f64() > rule.as_f64() && value.is_number() => {
                return wrong("is too great");
            }
            "minimum" | "maximum" => {}
            other => return Err(format!("{at}: the keyword {other} is not checked by this test")),
        }
    }
    Ok(())
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        _ => false,
    }
}
