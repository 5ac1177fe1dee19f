//! What OCSP and revocation lists say, and how it is told.

use std::sync::Arc;

use waxseal_model::preflight::{UrlAnswer, UrlKind, Weight};

use super::pki::{Ca, HOST, Says, Urls};
use super::web::{Answer, Web};
use super::{Trial, told, why};

/// An intermediate below a root, and another CA that has no say.
struct Pki {
    root: Ca,
    intermediate: Arc<Ca>,
    other: Arc<Ca>,
}

impl Pki {
    fn new() -> Self {
        let root = Ca::root("root", |_| {});
        let intermediate = Arc::new(root.below("intermediate", &Urls::default(), |_| {}));
        Self { root, intermediate, other: Arc::new(Ca::root("intermediate", |_| {})) }
    }

    fn trial(&self, urls: &Urls) -> Trial {
        let leaf = self.intermediate.leaf(urls, |_| {});
        Trial::new(
            &[leaf, self.intermediate.der.clone()],
            std::slice::from_ref(&self.root.der),
            HOST,
        )
    }

    /// Checks a leaf whose OCSP address answers so: the exit code, and what was said first.
    async fn ocsp(
        &self,
        ca: &Arc<Ca>,
        says: Says,
        from: i64,
        until: i64,
        sent: bool,
    ) -> (u8, String) {
        let (web, ca) = (Web::start().await, Arc::clone(ca));
        let made =
            Answer::Made(Arc::new(move |request: &[u8]| ca.ocsp(request, says, from, until, sent)));
        let urls = Urls { ocsp: vec![web.at("/ocsp", made)], ..Urls::default() };
        let checked = self.trial(&urls).check().await;
        let chain = checked.chain.as_ref().expect("there is a chain");
        assert_eq!(chain.firewall, [web.address.to_string().as_str()]);
        let said = match &chain.urls[0].answer {
            UrlAnswer::Status(said) => format!("{:?} by {}", said.status, said.signed_by),
            other => format!("{other:?}"),
        };
        (checked.exit_code(), said)
    }
}

#[tokio::test]
async fn ocsp_is_told_as_what_it_says_and_who_signed_it() {
    let pki = Pki::new();
    let ca = &pki.intermediate;
    let check = |said: (u8, String), code: u8, text: &str| {
        assert_eq!(said.0, code, "{}", said.1);
        assert!(said.1.contains(text), "{}: {text}", said.1);
    };
    check(pki.ocsp(ca, Says::Good, -1, 1, false).await, 0, "Good by CN=intermediate");
    check(pki.ocsp(ca, Says::Revoked, -1, 1, false).await, 1, "Revoked by CN=intermediate");
    check(pki.ocsp(ca, Says::Unknown, -1, 1, false).await, 3, "Unknown by CN=intermediate");
    check(pki.ocsp(ca, Says::Good, -9, -2, false).await, 3, "Good by");
    check(pki.ocsp(ca, Says::Good, 2, 9, false).await, 3, "Good by");
    // What is revoked does not become good by waiting.
    check(pki.ocsp(ca, Says::Revoked, -9, -2, false).await, 1, "Revoked by");
    let appointed = Arc::new(ca.responder());
    let said = pki.ocsp(&appointed, Says::Good, -1, 1, true).await;
    check(said, 0, "Good by a responder appointed by CN=intermediate");
    // The same name and another key, and a leaf of the CA that nobody appointed.
    check(pki.ocsp(&pki.other, Says::Revoked, -1, 1, true).await, 3, "good signature");
    let stranger = Arc::new(pki.other.responder());
    check(pki.ocsp(&stranger, Says::Revoked, -1, 1, true).await, 3, "good signature");
    let leaf = Arc::new(ca.below("leaf", &Urls::default(), |params| {
        params.is_ca = rcgen::IsCa::ExplicitNoCa;
    }));
    check(pki.ocsp(&leaf, Says::Good, -1, 1, true).await, 3, "good signature");
}

#[tokio::test]
async fn a_revocation_list_is_told_as_what_it_says_and_who_signed_it() {
    let pki = Pki::new();
    let ca = &pki.intermediate;
    for (list, code, text) in [
        (ca.crl(-1, 1, false), 0, "is not revoked, says"),
        (ca.crl(-1, 1, true), 1, "is revoked, says"),
        (ca.crl(-9, -2, false), 3, "stale answer: it was fresh until 2 days ago"),
        (ca.crl(-9, -2, true), 1, "is revoked, says"),
        (pki.other.crl(-1, 1, true), 3, "its list does not carry a good signature of the issuer"),
        (pki.root.crl(-1, 1, true), 3, "its list is one of another issuer"),
        (b"no list".to_vec(), 3, "its list cannot be read"),
        (ca.crl(-1, 1, false)[..900].to_vec(), 3, "its list cannot be read"),
    ] {
        let web = Web::start().await;
        let urls = Urls { crl: vec![web.at("/list", Answer::Body(list))], ..Urls::default() };
        let checked = pki.trial(&urls).check().await;
        assert_eq!(checked.exit_code(), code, "{:#?}", checked.findings);
        let found = checked.findings.iter().any(|finding| finding.text.contains(text));
        assert!(found, "{text}: {:#?}", checked.findings);
    }
}

#[tokio::test]
async fn an_intermediate_that_is_not_sent_is_fetched_and_told_as_missing() {
    let web = Web::start().await;
    let root = Ca::root("root", |_| {});
    let urls = Urls { issuers: vec![web.url("/intermediate")], ..Urls::default() };
    let intermediate = root.below("intermediate", &Urls::default(), |_| {});
    web.at("/intermediate", Answer::Body(intermediate.der.clone()));
    let leaf = intermediate.leaf(&urls, |_| {});
    let mut trial = Trial::new(std::slice::from_ref(&leaf), std::slice::from_ref(&root.der), HOST);
    let checked = trial.check().await;
    let [text] = told(&checked, Weight::Stops)[..] else { panic!("{:#?}", checked.findings) };
    assert!(text.starts_with("The intermediate `CN=intermediate` is not sent."), "{text}");
    assert!(told(&checked, Weight::Good).iter().any(|text| text.contains("root `CN=root`")));
    trial.options.fetches = false;
    let checked = trial.check().await;
    assert!(told(&checked, Weight::Stops)[0].contains("missing intermediate or a private root"));
    assert_eq!(why(&checked, UrlKind::Issuer), "--no-fetch was given");
    // The certificate of somebody else at that address is no help.
    web.at("/other", Answer::Body(root.der.clone()));
    let urls = Urls { issuers: vec![web.url("/other")], ..Urls::default() };
    let leaf = intermediate.leaf(&urls, |_| {});
    let checked = Trial::new(&[leaf], std::slice::from_ref(&root.der), HOST).check().await;
    assert_eq!(checked.exit_code(), 1);
    assert!(why(&checked, UrlKind::Issuer).contains("does not hold the certificate of the issuer"));
}
