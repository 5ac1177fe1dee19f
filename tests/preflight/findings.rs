//! Each finding is told of the chain that has it, with its weight.

use rcgen::{DnType, ExtendedKeyUsagePurpose};
use waxseal_model::preflight::{Preflight, Weight};

use super::pki::{Ca, HOST, Urls, days};
use super::{Trial, told};

struct Pki {
    root: Ca,
    middle: Ca,
}

impl Pki {
    fn new() -> Self {
        let root = Ca::root("root", |_| {});
        let middle = root.below("middle", &Urls::default(), |_| {});
        Self { root, middle }
    }

    /// Checks a chain to this root.
    async fn check(&self, chain: &[&Vec<u8>]) -> Preflight {
        let chain: Vec<_> = chain.iter().map(|der| (*der).clone()).collect();
        Trial::new(&chain, std::slice::from_ref(&self.root.der), HOST).check().await
    }
}

/// A sentence with this beginning is told with this weight, and mail goes on unless it stops.
fn has(checked: &Preflight, weight: Weight, text: &str) {
    let found = told(checked, weight).iter().any(|told| told.starts_with(text));
    assert!(found, "{text}: {:#?}", checked.findings);
    assert_eq!(checked.exit_code() == 1, weight == Weight::Stops, "{:#?}", checked.findings);
}

#[tokio::test]
async fn what_is_sent_beside_a_good_path_is_a_note() {
    let pki = Pki::new();
    let leaf = pki.middle.leaf(&Urls::default(), |_| {});
    let (middle, root) = (&pki.middle.der, &pki.root.der);
    let stranger = Ca::root("stranger", |_| {}).der;
    let good = pki.check(&[&leaf, middle]).await;
    has(&good, Weight::Good, "The chain ends in the root `CN=root`, which is in the store ");
    let again = pki.check(&[&leaf, middle, middle]).await;
    has(&again, Weight::Note, "`CN=middle` is sent more than once.");
    let with_root = pki.check(&[&leaf, middle, root]).await;
    has(&with_root, Weight::Note, "The root `CN=root` is sent; nobody needs it.");
    let with_other = pki.check(&[&leaf, middle, &stranger]).await;
    has(&with_other, Weight::Note, "`CN=stranger` is sent and is on no path");
    let low = pki.middle.below("low", &Urls::default(), |_| {});
    let leaf = low.leaf(&Urls::default(), |_| {});
    let misordered = pki.check(&[&leaf, middle, &low.der]).await;
    has(&misordered, Weight::Note, "The certificates are sent out of order");
    let ordered = pki.check(&[&leaf, &low.der, middle]).await;
    assert!(ordered.findings.iter().all(|finding| !finding.text.contains("out of order")));
}

#[tokio::test]
async fn an_end_that_is_near_is_told_beforehand() {
    let pki = Pki::new();
    let until = async |day: i64| {
        // Half a day more: seconds on the way do not count.
        let end = days(day) + time::Duration::hours(12);
        let leaf = pki.middle.leaf(&Urls::default(), |params| params.not_after = end);
        pki.check(&[&leaf, &pki.middle.der]).await
    };
    has(&until(20).await, Weight::Note, "`CN=leaf` expires in 20 days.");
    has(&until(40).await, Weight::Good, "Every certificate is valid for 40 days and more.");
    has(&until(-3).await, Weight::Stops, "`CN=leaf` expired 2 days ago.");
}

#[tokio::test]
async fn usages_say_what_partners_make_of_them() {
    use ExtendedKeyUsagePurpose::{ClientAuth, CodeSigning, ServerAuth};
    let pki = Pki::new();
    let of = async |usages: Vec<ExtendedKeyUsagePurpose>| {
        let leaf = pki.middle.leaf(&Urls::default(), |params| params.extended_key_usages = usages);
        pki.check(&[&leaf, &pki.middle.der]).await
    };
    let both = "The certificate is for servers and for clients.";
    has(&of(vec![ServerAuth, ClientAuth]).await, Weight::Good, both);
    has(&of(Vec::new()).await, Weight::Good, both);
    has(&of(vec![ServerAuth]).await, Weight::Note, "The certificate is for servers only: a relay");
    has(&of(vec![ClientAuth]).await, Weight::Stops, "The certificate is for clients only");
    has(&of(vec![CodeSigning]).await, Weight::Stops, "The certificate is for neither");
}

#[tokio::test]
async fn a_subject_cannot_write_a_finding_of_its_own() {
    let pki = Pki::new();
    let leaf = pki.middle.leaf(&Urls::default(), |params| {
        params.distinguished_name.push(DnType::OrganizationName, "x\nSTOPS MAIL owned\u{1b}[2J");
        params.not_after = days(5);
    });
    let checked = pki.check(&[&leaf, &pki.middle.der]).await;
    let note = told(&checked, Weight::Note).into_iter().find(|text| text.contains("expires"));
    let note = note.expect("it is told");
    assert!(note.contains("owned") && !note.contains(char::is_control), "{note}");
}
