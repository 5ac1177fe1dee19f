//! Asks the addresses of certificates, each kind as it has to be, and all within one time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use waxseal_model::certificate::CertificateFacts;
use waxseal_model::foreign::Foreign;
use waxseal_model::limits;
use waxseal_model::preflight::{Revocation, RevocationStatus, UrlAnswer, UrlKind};

use super::fetch::{Fetched, Question, Refuses, fetch, host_of, read};
use crate::tls::{
    Status, StatusFacts, describe_certificate, ocsp_request, read_crl, read_issuers, read_ocsp,
};

/// Addresses that are asked at once.
const AT_ONCE: usize = 6;

/// How addresses are asked.
#[derive(Debug)]
pub(super) struct Asker {
    /// Whether they are asked at all.
    pub(super) fetches: bool,
    /// Which addresses are not connected to.
    refuses: Refuses,
    /// Time for one address.
    pub(super) patience: Duration,
    /// When the time for all of them is over.
    pub(super) until: Instant,
    /// Addresses that may still be asked.
    pub(super) left: usize,
    /// Addresses that were left out for that.
    pub(super) left_out: usize,
    /// Places for those that are asked at once.
    gate: Arc<Semaphore>,
    /// The place for a revocation list: there is memory for one.
    lists: Arc<Semaphore>,
}

/// One address to ask.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    pub(super) kind: UrlKind,
    pub(super) url: Foreign,
    /// The certificate that names it, DER.
    pub(super) certificate: Arc<Vec<u8>>,
    /// Its issuer, DER; `None`: it is not known.
    pub(super) issuer: Option<Arc<Vec<u8>>>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) errand: Errand,
    pub(super) took: Option<Duration>,
    pub(super) octets: Option<usize>,
    pub(super) hosts: Vec<String>,
    pub(super) answer: UrlAnswer,
    /// Certificates of issuers (DER) that it gave.
    pub(super) issuers: Vec<Vec<u8>>,
}

impl Asker {
    pub(super) fn new(fetches: bool, refuses: Refuses, patience: Duration) -> Self {
        // Six times the patience of one: a few slow hosts are waited for, a thousand are not.
        let until = Instant::now() + patience * 6;
        Self {
            fetches,
            refuses,
            patience,
            until,
            left: limits::URLS,
            left_out: 0,
            gate: Arc::new(Semaphore::new(AT_ONCE)),
            lists: Arc::new(Semaphore::new(1)),
        }
    }

    /// Asks these side by side; gives what came of them in their order.
    pub(super) async fn ask(&mut self, errands: Vec<Errand>) -> Vec<Outcome> {
        let allowed = errands.len().min(self.left);
        self.left -= allowed;
        self.left_out += errands.len() - allowed;
        let mut running = tokio::task::JoinSet::new();
        for (at, errand) in errands.into_iter().take(allowed).enumerate() {
            let (gate, lists) = (Arc::clone(&self.gate), Arc::clone(&self.lists));
            let (fetches, refuses) = (self.fetches, self.refuses);
            let (patience, until) = (self.patience, self.until);
            running.spawn(async move {
                let _list = match errand.kind {
                    UrlKind::Crl => lists.acquire_owned().await.ok(),
                    UrlKind::Issuer | UrlKind::Ocsp => None,
                };
                let _place = gate.acquire_owned().await;
                let patience = patience.min(until.saturating_duration_since(Instant::now()));
                (at, one(errand, fetches, refuses, patience).await)
            });
        }
        let mut outcomes = running.join_all().await;
        outcomes.sort_by_key(|(at, _)| *at);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

/// The addresses of these kinds that a certificate names, once each.
pub(super) fn errands(
    facts: &CertificateFacts,
    kinds: &[UrlKind],
    certificate: &[u8],
    issuer: Option<&[u8]>,
) -> Vec<Errand> {
    let (certificate, issuer) =
        (Arc::new(certificate.to_vec()), issuer.map(|der| Arc::new(der.to_vec())));
    let mut found: Vec<Errand> = Vec::new();
    for kind in kinds {
        let urls = match kind {
            UrlKind::Issuer => &facts.issuers,
            UrlKind::Ocsp => &facts.ocsp,
            UrlKind::Crl => &facts.crl,
        };
        // A hostile certificate has a million of them.
        for url in urls.iter().collect::<BTreeSet<_>>() {
            let (certificate, issuer) = (Arc::clone(&certificate), issuer.clone());
            found.push(Errand { kind: *kind, url: url.clone(), certificate, issuer });
        }
    }
    found
}

async fn one(errand: Errand, fetches: bool, refuses: Refuses, patience: Duration) -> Outcome {
    let hosts: Vec<String> = host_of(errand.url.raw()).into_iter().collect();
    let not_asked = |errand, hosts, why: String| Outcome {
        errand,
        took: None,
        octets: None,
        hosts,
        answer: UrlAnswer::NotAsked(why),
        issuers: Vec::new(),
    };
    if let Err(why) = read(errand.url.raw()) {
        return not_asked(errand, hosts, why);
    }
    if !fetches {
        return not_asked(errand, hosts, "--no-fetch was given".into());
    }
    if patience.is_zero() {
        let mut outcome = not_asked(errand, hosts, String::new());
        outcome.answer = UrlAnswer::None("the time for all addresses was over".into());
        return outcome;
    }
    let question = match question(&errand) {
        Ok(question) => question,
        Err(why) => {
            let mut outcome = not_asked(errand, hosts, String::new());
            outcome.answer = UrlAnswer::None(why);
            return outcome;
        }
    };
    let begun = Instant::now();
    let Fetched { hosts, body } = fetch(&question, patience, refuses).await;
    let took = Some(begun.elapsed());
    let octets = body.as_ref().ok().map(Vec::len);
    let mut issuers = Vec::new();
    let answer = match body.and_then(|body| understood(&errand, &body, &mut issuers)) {
        Ok(answer) => answer,
        Err(why) => UrlAnswer::None(why),
    };
    Outcome { errand, took, octets, hosts, answer, issuers }
}

fn question(errand: &Errand) -> Result<Question, String> {
    let url = errand.url.clone();
    Ok(match (errand.kind, &errand.issuer) {
        (UrlKind::Issuer, _) => Question { url, post: None, most: limits::ISSUERS },
        (UrlKind::Crl, Some(_)) => Question { url, post: None, most: limits::CRL },
        (UrlKind::Ocsp, Some(issuer)) => {
            let request = ocsp_request(&errand.certificate, issuer);
            let request = request.ok_or("no request can be made for this certificate")?;
            let post = Some((request, "application/ocsp-request"));
            Question { url, post, most: limits::OCSP }
        }
        (UrlKind::Crl | UrlKind::Ocsp, None) => {
            return Err("the issuer is not known, by which an answer is verified".into());
        }
    })
}

/// What an answer says; certificates of issuers are added to `issuers`.
fn understood(
    errand: &Errand,
    body: &[u8],
    issuers: &mut Vec<Vec<u8>>,
) -> Result<UrlAnswer, String> {
    let status = |found: StatusFacts| {
        let StatusFacts { status, signed_by, this_update, next_update } = found;
        let status = match status {
            Status::Good => RevocationStatus::Good,
            Status::Revoked => RevocationStatus::Revoked,
            Status::Unknown => RevocationStatus::Unknown,
        };
        UrlAnswer::Status(Revocation { status, signed_by, this_update, next_update })
    };
    match (errand.kind, &errand.issuer) {
        (UrlKind::Issuer, _) => {
            let found = read_issuers(body);
            let below = describe_certificate(&errand.certificate);
            let fits = found.into_iter().take(limits::CERTIFICATES).filter_map(|der| {
                let facts = describe_certificate(&der)?;
                let fits = below.as_ref().is_some_and(|below| below.issuer == facts.subject);
                fits.then_some((der, facts.subject))
            });
            let fits: Vec<_> = fits.collect();
            let subject = fits.first().map(|(_, subject)| subject.clone());
            issuers.extend(fits.into_iter().map(|(der, _)| der));
            let why = "its answer does not hold the certificate of the issuer";
            subject.map(UrlAnswer::Issuer).ok_or_else(|| why.into())
        }
        (UrlKind::Ocsp, Some(issuer)) => read_ocsp(body, &errand.certificate, issuer)
            .map(status)
            .map_err(|why| format!("its response {why}")),
        (UrlKind::Crl, Some(issuer)) => {
            let url = errand.url.raw();
            let pem = crl_der(body);
            read_crl(pem.as_deref().unwrap_or(body), &errand.certificate, issuer, url)
                .map(status)
                .map_err(|why| format!("its list {why}"))
        }
        (UrlKind::Crl | UrlKind::Ocsp, None) => Err("the issuer is not known".into()),
    }
}

/// Some publish their lists in PEM, against RFC 5280 section 4.2.1.13.
fn crl_der(body: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body.get(..body.len().min(limits::ISSUERS))?).ok()?;
    let (_, text) = text.split_once("-----BEGIN X509 CRL-----")?;
    let (text, _) = text.split_once("-----END X509 CRL-----")?;
    let text: String = text.split_whitespace().collect();
    data_encoding::BASE64.decode(text.as_bytes()).ok()
}
