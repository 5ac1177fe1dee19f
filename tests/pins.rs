//! The published values of a provider, compared with certificates made like its own.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use waxseal::internals::tls::describe_chain;
use waxseal_certs::{Authorities, Recipe};
use waxseal_model::certificate::ChainFacts;
use waxseal_model::pins::{Pins, Seen};

/// The day on which the provider changed its root: 3 September 2018.
const CHANGE: u64 = 1_535_932_800;
const NAME: &str = "mail.protection.outlook.com";
const CURRENT: &str = "GlobalSign Root CA – R1";
/// The roots of 2026, the newer first.
const OF_2026: [&str; 2] = ["DigiCert Global Root G2", "DigiCert Global Root CA"];
const RETIRED: &str = "Baltimore CyberTrust Root";

fn pins() -> Pins {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/hosts/exchange-online.toml");
    let text = fs::read_to_string(&path).expect("a file of the project can be read");
    Pins::parse(&path.display().to_string(), &text)
        .unwrap_or_else(|e| panic!("{}", e.render(&text)))
}

/// A chain as a host shows it to those who trust a root of this name.
fn chain(root: &str, subject: &str, now: SystemTime) -> ChainFacts {
    let authorities = Authorities::with_root(now, root).expect("authorities can be made");
    let text = format!("about = ''\nkey = 'rsa-2048'\n{subject}");
    let recipe: Recipe = toml::from_str(&text).expect("a recipe of this test is right");
    let issued = authorities.issue(&recipe, NAME).expect("a certificate can be made");
    describe_chain(&issued.chain, &authorities.trust_anchors(), Some(NAME), now)
}

/// Compares on a day so many days after the change.
fn check(root: &str, subject: &str, days: i64, expected: &[&str]) {
    let seconds = CHANGE.checked_add_signed(days * 86_400).expect("a day of our time");
    let now = UNIX_EPOCH + Duration::from_secs(seconds);
    let chain = chain(root, subject, now);
    assert!(chain.problems.is_empty(), "{:?}", chain.problems);
    let seen = Seen { chain: &chain, versions: &[], suites: &[] };
    let now = i64::try_from(seconds).expect("a day of our time");
    assert_eq!(pins().differences(&seen, now), expected, "{root}, {days} days");
}

#[test]
fn the_published_certificates_fit_on_their_side_of_the_change() {
    let current = "common-name = '{name}'\norganisation = 'Microsoft Corporation'";
    let retired = "common-name = '{name}'\norganisation = 'Microsoft Corporation'\n\
                   organisational-unit = 'Microsoft Corporation'";
    check(CURRENT, current, 0, &[]);
    check("GlobalSign Root CA", current, 1000, &[]);
    check(RETIRED, retired, -1, &[]);
    check(
        RETIRED,
        retired,
        0,
        &[
            "The certificate is a retired one, which was expected until 2018-09-03.",
            "The trusted root is `Baltimore CyberTrust Root`, expected: `GlobalSign Root CA – R1` \
             or `GlobalSign Root CA`.",
        ],
    );
    check(
        RETIRED,
        current,
        -1,
        &["There is no organisational unit, expected: `Microsoft Corporation`."],
    );
}

/// Days from the change of 2018 to one in 2026 on which both roots are in use.
const IN_2026: i64 = 2_845;

#[test]
fn the_chains_of_2026_are_not_foreign_and_the_old_root_is_known_as_old() {
    let subject = "common-name = '{name}'\norganisation = 'Microsoft Corporation'";
    for root in OF_2026 {
        check(root, subject, IN_2026, &[]);
    }
    check(
        CURRENT,
        subject,
        IN_2026,
        &[
            "The certificate is a retired one, which was expected until 2021-09-01.",
            "The trusted root is `GlobalSign Root CA – R1`, expected: `DigiCert Global Root G2`.",
        ],
    );
}

#[test]
fn pins_that_were_checked_more_than_a_year_ago_say_so() {
    let pins = pins();
    let checked = pins.checked.as_ref().expect("built-in pins carry the day").to_string();
    assert_eq!(pins.outdated("exchange-online", &checked), None);
    let told = pins.outdated("exchange-online", "2099-01-01").expect("they are old by then");
    assert!(told.starts_with("The file of pins exchange-online was last checked on"), "{told}");
    assert!(told.contains("https://"), "{told}");
}

#[test]
fn another_owner_another_name_and_another_key_are_told() {
    let other = "common-name = 'mail.other.test'\nnames = ['mail.other.test', 'x.{name}']\n\
                 organisation = 'Other'\nkey = 'p-384'";
    let now = UNIX_EPOCH + Duration::from_secs(CHANGE);
    let authorities = Authorities::with_root(now, CURRENT).expect("authorities can be made");
    let recipe: Recipe =
        toml::from_str(&format!("about = ''\n{other}")).expect("a recipe of this test is right");
    let issued = authorities.issue(&recipe, NAME).expect("a certificate can be made");
    let chain = describe_chain(&issued.chain, &authorities.trust_anchors(), None, now);
    let seen = Seen { chain: &chain, versions: &[], suites: &[] };
    assert_eq!(
        pins().differences(&seen, i64::try_from(CHANGE).expect("a day of our time")),
        [
            "The certificate's name is `mail.other.test`, expected: `mail.protection.outlook.com`.",
            "The organisation is `Other`, expected: `Microsoft Corporation`.",
            "The key has 384 bits, expected: 2048.",
        ]
    );
}
