//! What the addresses of a chain mean for mail.

use super::{Chain, RevocationStatus, UrlAnswer, UrlFacts, UrlKind, Weight};
use crate::foreign::Foreign;
use crate::wording::counted;

/// Tells `add` what the answers mean at `now` (seconds since 1970).
pub(super) fn judge(chain: &Chain, now: i64, add: &mut impl FnMut(Weight, String)) {
    for url in &chain.urls {
        if let Some((weight, text)) = told(chain, url, now) {
            add(weight, text);
        }
    }
    if chain.more_urls > 0 {
        let text = format!(
            "The certificates name more addresses than waxseal asks: {} not asked.",
            match chain.more_urls {
                1 => "1 was".to_owned(),
                more => format!("{more} were"),
            }
        );
        add(Weight::Open, text);
    }
    // A certificate that tells nobody where to ask cannot be found to be revoked.
    let silent = chain.sent.first().and_then(|at| chain.certificates.get(*at));
    if let Some(leaf) = silent
        && leaf.facts.crl.is_empty()
        && leaf.facts.ocsp.is_empty()
        && !leaf.facts.self_issued()
    {
        let text = "The certificate names neither a revocation list nor an OCSP responder: nobody \
                    learns that it is revoked.";
        add(Weight::Note, text.into());
    }
}

fn told(chain: &Chain, url: &UrlFacts, now: i64) -> Option<(Weight, String)> {
    let unknown = Foreign::default();
    let of = chain.certificates.get(url.of).map_or(&unknown, |known| &known.facts.subject).short();
    let place = format!("{} address {} of `{of}`", url.kind.name(), url.url.short());
    let found = match &url.answer {
        UrlAnswer::NotAsked(why) => (Weight::Note, format!("The {place} was not asked: {why}.")),
        UrlAnswer::None(why) => {
            let open = match url.kind {
                UrlKind::Issuer => "",
                UrlKind::Ocsp | UrlKind::Crl => " Whether it is revoked is not known from there.",
            };
            (Weight::Open, format!("The {place} gave no answer that can be used: {why}.{open}"))
        }
        UrlAnswer::Issuer(_) => return None,
        UrlAnswer::Status(said) => match (said.status, said.is_current(now)) {
            // What is revoked stays so; only a hold is lifted, and mail stops until it is.
            (RevocationStatus::Revoked, _) => (
                Weight::Stops,
                format!(
                    "`{of}` is revoked, says {} (signed by {}).",
                    url.url.short(),
                    said.signed_by.short()
                ),
            ),
            (_, false) => {
                (Weight::Open, format!("The {place} gave a stale answer: {}.", stale(said, now)))
            }
            (RevocationStatus::Unknown, true) => {
                (Weight::Open, format!("The {place} does not know the certificate."))
            }
            (RevocationStatus::Good, true) => {
                (Weight::Good, format!("`{of}` is not revoked, says {}.", url.url.short()))
            }
        },
    };
    Some(found)
}

fn stale(said: &super::Revocation, now: i64) -> String {
    match said.next_update {
        Some(end) if end < now => {
            let days = usize::try_from((now - end) / 86_400).unwrap_or_default();
            format!("it was fresh until {} ago", counted(days, "day"))
        }
        _ => "its time has not begun".into(),
    }
}
