//! The same with OpenSMTPD: the first rule that fits decides, and so does who submits.

use std::path::Path;

use waxseal_model::domain::Protection;
use waxseal_model::verdict::Verdict;

use super::{cannot, err, protections, record, run_of};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/configuration/opensmtpd");

#[test]
fn a_rule_behind_one_for_all_protects_nobody() {
    let arguments = [
        "--connector=partner.example=domain-validation",
        "--connector=.partner.example=domain-validation",
        "--connector=leaky.example=encryption-only",
        "--inbound=opportunistic",
        "--inbound=encryption-only",
        "--case=outbound/control#*",
        "--case=outbound/forced/refused#454,*",
        "--case=inbound/control#*",
    ];
    let played = run_of("opensmtpd", Path::new(FOLDER), &arguments);
    if cannot(&played) {
        return;
    }
    let told = err(&played);
    assert_eq!(played.status.code(), Some(1), "{told}");
    for line in [
        "override: filter rspamd is left out",
        "override: listen on eth0: auth is left out, so mail is submitted without a login",
        "override: /etc/ssl/office/mail.pem is the certificate of the lab",
    ] {
        assert!(told.lines().any(|found| found == line), "no `{line}` in\n{told}");
    }
    let record = record(&played);
    let expected = [
        (".partner.example", Protection::Protected),
        ("leaky.example", Protection::Unprotected),
        ("partner.example", Protection::Protected),
    ];
    assert_eq!(protections(&record), expected);
    let inbound = record.cases.iter().filter(|case| case.domain.is_none());
    assert!(inbound.map(|case| case.verdict).eq([Verdict::Pass, Verdict::Pass]));
}

#[test]
fn a_smart_host_is_played_at_its_port() {
    let arguments = [
        "--connector=isp.example=domain-validation",
        "--mx=isp.example=smtp.isp.example:587",
        "--case=outbound/control#*",
        "--case=outbound/forced/not-offered#*",
    ];
    let played = run_of("opensmtpd", Path::new(FOLDER), &arguments);
    if cannot(&played) {
        return;
    }
    assert!(err(&played).contains("it logs in nowhere"), "{}", err(&played));
    let record = record(&played);
    assert_eq!(protections(&record), [("isp.example", Protection::Protected)]);
}

#[test]
fn what_cannot_be_read_or_looked_up_is_told_with_the_way_out() {
    for (from, to, words) in [
        (
            "table secrets file:/etc/mail/secrets",
            "table secrets sqlite:/etc/mail/s.conf",
            "it looks things up where nothing answers here: table secrets (sqlite:/etc/mail/s.conf); \
             --config-set 'table secrets = { }' leaves them empty",
        ),
        (
            "action \"out\" relay\n",
            "action \"out\" relya\n",
            "OpenSMTPD cannot read it: syntax error, in `action \"out\" relya`",
        ),
        (
            "file:/etc/aliases",
            "file:/etc/nothing-of-the-kind",
            "it names /etc/nothing-of-the-kind, and there is no such file",
        ),
    ] {
        let dir = tempfile::tempdir().expect("a folder can be made");
        for name in ["smtpd.conf", "secrets", "aliases"] {
            let text =
                std::fs::read_to_string(Path::new(FOLDER).join(name)).expect("a file can be read");
            std::fs::write(dir.path().join(name), text.replacen(from, to, 1))
                .expect("a file can be written");
        }
        let played =
            run_of("opensmtpd", dir.path(), &["--connector=partner.example=domain-validation"]);
        if cannot(&played) {
            return;
        }
        let told = err(&played);
        assert_eq!(played.status.code(), Some(2), "{told}");
        assert!(told.contains(words), "{told}");
    }
}
