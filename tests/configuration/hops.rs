//! Next hops that are no name at port 25: an address, one of IPv6, and TLS from the first octet.

use std::fs;
use std::path::Path;

use waxseal_model::domain::Protection;

use super::{cannot, err, protections, record, run_of};

const MAIN: &str = "compatibility_level = 3.6
myhostname = mail.ours.example
mydestination = localhost
smtp_tls_security_level = may
smtp_tls_CApath = /etc/ssl/certs
transport_maps = texthash:/etc/postfix/transport
smtp_tls_policy_maps = texthash:/etc/postfix/tls_policy
";
const TRANSPORT: &str = "four.example smtp:[10.44.0.9]
six.example smtp:[2001:db8:44::9]
slip.example smtp:[10.44.0.10]
";
// The last entry is for the domain, and the mail goes by the next hop.
const POLICY: &str = "[10.44.0.9] encrypt
[2001:db8:44::9] encrypt
slip.example encrypt
";

fn folder(main: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let master =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configuration/postfix/master.cf");
    fs::copy(master, dir.path().join("master.cf")).expect("a file can be copied");
    for (name, text) in [("main.cf", main), ("transport", TRANSPORT), ("tls_policy", POLICY)] {
        fs::write(dir.path().join(name), text).expect("a file can be written");
    }
    dir
}

#[test]
fn hosts_that_are_known_by_their_address_are_played_without_a_word() {
    let domains = ["four.example", "six.example", "slip.example"];
    let arguments: Vec<String> =
        domains.iter().map(|domain| format!("--connector={domain}=encrypt")).collect();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.extend(["--case=outbound/control", "--case=outbound/forced/not-offered"]);
    let dir = folder(MAIN);
    let played = run_of("postfix", dir.path(), &arguments);
    if cannot(&played) || err(&played).contains("this machine has no IPv6") {
        return;
    }
    let expected = [
        ("four.example", Protection::Protected),
        ("six.example", Protection::Protected),
        ("slip.example", Protection::Unprotected),
    ];
    assert_eq!(protections(&record(&played)), expected, "{}", err(&played));
}

#[test]
fn a_smart_host_with_tls_from_the_first_octet_is_played() {
    let main = MAIN.replace("level = may", "level = encrypt").replace("smtp_tls_policy", "# ");
    let main = main.replace("transport_maps", "# ");
    let dir =
        folder(&format!("{main}relayhost = [smtp.isp.example]:465\nsmtp_tls_wrappermode = yes\n"));
    let arguments = [
        "--connector=anyone.example=encrypt",
        "--mx=anyone.example=smtp.isp.example:465",
        "--case=outbound/control",
        "--case=outbound/forced/handshake#alert*",
        "--case=outbound/forced/not-offered",
    ];
    let played = run_of("postfix", dir.path(), &arguments);
    if cannot(&played) {
        return;
    }
    let record = record(&played);
    let expected = [("anyone.example", Protection::Protected)];
    assert_eq!(protections(&record), expected, "{}", err(&played));
    let skipped = record.cases.iter().find(|case| case.scenario.ends_with("not-offered"));
    let reason = skipped.map(|case| case.reason.as_str()).unwrap_or_default();
    assert!(reason.contains("TLS begins with the first octet"), "{reason}");
}
