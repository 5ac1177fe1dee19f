//! The verdict on chains is that of `openssl verify` and of rustls-webpki.
//!
//! Where the two differ, mail stops at some partners, so it stops: [`Chains::add`] has the differences
//! by name, and a new one is a failure here.

use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use waxseal_certs::{Authorities, Recipe};
use waxseal_model::preflight::Weight;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::pki::{Ca, HOST, Urls, days};
use super::{Trial, told};

/// What is expected of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// All accept.
    Good,
    /// All refuse.
    Bad,
    /// OpenSSL accepts, and webpki refuses.
    OpensslAccepts,
    /// webpki accepts, and OpenSSL refuses.
    WebpkiAccepts,
    /// Both accept at their defaults, and many relays do not.
    OnlyWeak,
}

/// One chain, the roots of the store, and what is expected.
struct One {
    name: String,
    chain: Vec<Vec<u8>>,
    roots: Vec<Vec<u8>>,
    expected: Expected,
}

struct Chains(Vec<One>);

impl Chains {
    fn add(&mut self, name: &str, chain: &[&Vec<u8>], roots: &[&Vec<u8>], expected: Expected) {
        let owned = |list: &[&Vec<u8>]| list.iter().map(|der| (*der).clone()).collect();
        let (name, chain, roots) = (name.to_owned(), owned(chain), owned(roots));
        self.0.push(One { name, chain, roots, expected });
    }
}

fn of_recipes(chains: &mut Chains) {
    use Expected::{Bad, Good, OnlyWeak, OpensslAccepts, WebpkiAccepts};
    let authorities = Authorities::new(SystemTime::now()).expect("authorities can be made");
    let issue = |recipe: &str| {
        let recipe: Recipe = toml::from_str(&format!("about = ''\n{recipe}")).expect("a recipe");
        authorities.issue(&recipe, HOST).expect("a certificate can be made").chain
    };
    let roots = authorities.trust_anchors();
    for (recipe, expected) in [
        ("", Good),
        ("key = 'p-384'", Good),
        ("key = 'rsa-2048'", Good),
        ("key = 'rsa-3072'", Good),
        ("usage = 'any'", Good),
        ("names = ['*.{parent}']", Good),
        ("must-staple = true", Good),
        ("sends-root = true", Good),
        ("valid = 'expired'", Bad),
        ("valid = 'future'", Bad),
        ("names = ['other.test']", Bad),
        ("names = ['*.{name}']", Bad),
        ("names = ['{parent}']", Bad),
        ("names = []\ncommon-name = '{name}'", OpensslAccepts),
        ("names = ['other.test']\ncommon-name = '{name}'", Bad),
        ("issuer = 'self'", Bad),
        ("issuer = 'unknown'", Bad),
        ("issuer = 'root-b'", Bad),
        ("issuer = 'client-ca'", Bad),
        ("issuer = 'expired-ca'", Bad),
        ("issuer = 'path-too-long'", Bad),
        ("issuer = 'constrained-ca'", Bad),
        ("issuer = 'leaf'", Bad),
        ("issuer = 'signs-nothing'", WebpkiAccepts),
        ("omits-intermediate = true", Bad),
        ("broken-signature = true", Bad),
        ("usage = 'client'", Bad),
        ("critical-extension = true", Bad),
        ("key = 'rsa-1024'", OnlyWeak),
    ] {
        let chain = issue(recipe);
        let (name, roots) = (recipe.to_owned(), roots.clone());
        chains.0.push(One { name, chain, roots, expected });
    }
    let (good, root) = (issue(""), &roots[0]);
    let [leaf, intermediate] = &good[..] else { panic!("a chain has two") };
    let other = &issue("issuer = 'unknown'")[0];
    chains.add("duplicated", &[leaf, intermediate, intermediate], &[root], Good);
    chains.add("one too many", &[leaf, other, intermediate], &[root], Good);
    chains.add("root before intermediate", &[leaf, root, intermediate], &[root], Good);
    chains.add("the intermediate is the store", &[leaf, intermediate], &[intermediate], Good);
    chains.add("the intermediate is the store, and not sent", &[leaf], &[intermediate], Good);
    chains.add("intermediate first", &[intermediate, leaf], &[root], Bad);
}

fn of_own(chains: &mut Chains) {
    use Expected::{Bad, Good, OpensslAccepts, WebpkiAccepts};
    let none = Urls::default();
    let root = Ca::root("root", |_| {});
    let over = |params: &mut CertificateParams| {
        (params.not_before, params.not_after) = (days(-200), days(-1));
    };
    let begins = |params: &mut CertificateParams| params.not_before = days(1);
    let expired = Ca::root("expired root", over);
    let leaf = expired.leaf(&none, |_| {});
    chains.add("expired root", &[&leaf], &[&expired.der], WebpkiAccepts);
    let future = root.below("future", &none, begins);
    chains.add("future CA", &[&future.leaf(&none, |_| {}), &future.der], &[&root.der], Bad);
    // Two roots have certified one CA: the store has one of them.
    let (old, new) = (Ca::root("old root", |_| {}), Ca::root("new root", |_| {}));
    let middle = new.below("middle", &none, |_| {});
    let crossed = old.cross("middle", &middle);
    let leaf = middle.leaf(&none, |_| {});
    // OpenSSL follows the first certificate that fits, and turns round for none.
    chains.add("cross, old store", &[&leaf, &middle.der, &crossed], &[&old.der], WebpkiAccepts);
    chains.add("cross first, old store", &[&leaf, &crossed, &middle.der], &[&old.der], Good);
    chains.add("cross, new store", &[&leaf, &middle.der, &crossed], &[&new.der], Good);
    chains.add("cross, both", &[&leaf, &crossed, &middle.der], &[&old.der, &new.der], Good);
    chains.add("cross is missing", &[&leaf, &middle.der], &[&old.der], Bad);
    let cross_root = old.cross("new root", &new);
    chains.add("crossed root", &[&leaf, &middle.der, &cross_root], &[&old.der], Good);
    // Three CAs in an order that no path has.
    let one = root.below("one", &none, |_| {});
    let two = one.below("two", &none, |_| {});
    let leaf = two.leaf(&none, |_| {});
    chains.add("three", &[&leaf, &two.der, &one.der], &[&root.der], Good);
    chains.add("three, reversed", &[&leaf, &one.der, &two.der], &[&root.der], Good);
    chains.add("three, the upper one is missing", &[&leaf, &two.der], &[&root.der], Bad);
    chains.add("three, the lower one is missing", &[&leaf, &one.der], &[&root.der], Bad);
    let limited = root.below("limited", &none, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let leaf = limited.leaf(&none, |_| {});
    chains.add("CA for clients", &[&leaf, &limited.der], &[&root.der], Bad);
    let ca = root.leaf(&none, |params| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    });
    chains.add("CA as leaf", &[&ca], &[&root.der], OpensslAccepts);
    let alone = root.leaf(&none, |params| params.extended_key_usages = Vec::new());
    chains.add("leaf is the store", &[&alone], &[&alone], OpensslAccepts);
}

#[tokio::test]
async fn the_verdict_on_chains_is_that_of_openssl_and_of_webpki() {
    let mut chains = Chains(Vec::new());
    of_recipes(&mut chains);
    of_own(&mut chains);
    assert!(chains.0.len() >= 45, "{}", chains.0.len());
    let program = Command::new("openssl").arg("version").output().is_ok();
    let mut wrong = Vec::new();
    for One { name, chain, roots, expected } in &chains.0 {
        let mut trial = Trial::new(chain, roots, HOST);
        trial.options.fetches = false;
        let checked = trial.check().await;
        let ours = match checked.exit_code() {
            0 => true,
            1 => false,
            code => panic!("{name}: {code}"),
        };
        let webpki = of_webpki(chain, roots);
        // Where the program is not installed, half of this is not asked.
        let openssl = if program { of_openssl(&trial) } else { openssl_of(*expected) };
        let found = match (ours, openssl, webpki) {
            (true, true, true) => Some(Expected::Good),
            (false, false, false) => Some(Expected::Bad),
            (false, true, false) => Some(Expected::OpensslAccepts),
            (false, false, true) => Some(Expected::WebpkiAccepts),
            (false, true, true) => Some(Expected::OnlyWeak),
            (true, ..) => None,
        };
        if found != Some(*expected) {
            let stops = told(&checked, Weight::Stops).join(" ");
            wrong.push(format!("{name}: {found:?}, not {expected:?}: {stops}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn openssl_of(expected: Expected) -> bool {
    matches!(expected, Expected::Good | Expected::OpensslAccepts | Expected::OnlyWeak)
}

/// Whether `openssl verify` accepts the chain of a trial for a server of the name.
fn of_openssl(trial: &Trial) -> bool {
    let chain = fs::read_to_string(trial.path("chain.pem")).expect("it was written");
    let end = "-----END CERTIFICATE-----\n";
    let at = chain.find(end).expect("there is a leaf") + end.len();
    fs::write(trial.path("leaf.pem"), &chain[..at]).expect("a file can be written");
    let run = Command::new("openssl")
        .args(["verify", "-no-CApath", "-no-CAstore", "-partial_chain", "-purpose", "sslserver"])
        .args(["-verify_hostname", HOST])
        .arg("-CAfile")
        .arg(trial.path("roots.pem"))
        .arg("-untrusted")
        .arg(trial.path("chain.pem"))
        .arg(trial.path("leaf.pem"))
        .output();
    run.expect("the program can be run").status.success()
}

/// Whether rustls-webpki accepts it.
fn of_webpki(chain: &[Vec<u8>], roots: &[Vec<u8>]) -> bool {
    let ders: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let roots: Vec<_> = roots.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let anchors: Vec<_> =
        roots.iter().map(|root| anchor_from_trusted_cert(root).expect("it is a root")).collect();
    let Ok(leaf) = EndEntityCert::try_from(&ders[0]) else { return false };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let now = UnixTime::since_unix_epoch(now);
    let (algorithms, usage) = (webpki::ALL_VERIFICATION_ALGS, KeyUsage::server_auth());
    let verified =
        leaf.verify_for_usage(algorithms, &anchors, &ders[1..], now, usage, None, None).is_ok();
    let name = ServerName::try_from(HOST).expect("it is a name");
    verified && leaf.verify_is_valid_for_subject_name(&name).is_ok()
}
