//! What a host is expected to show: pins of its certificate, versions and suites.
//!
//! Several certificates may be expected at once, so that a change of root or key is followed by
//! overlap; one that was retired stays in the file to tell an old certificate from a foreign one.

mod read;

use crate::certificate::{CertificateFacts, ChainFacts};
use crate::dated::Date;
use crate::facts::Suite;
use crate::foreign::Foreign;
use crate::offer::{SuiteChoice, Version};

/// What is expected of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pins {
    /// One line for people.
    pub about: String,
    /// The day on which the file was compared with its source, if it says so.
    pub checked: Option<Date>,
    /// Where the values are published.
    pub source: Option<String>,
    /// The only versions it may negotiate; empty: any.
    pub versions: Vec<Version>,
    /// The only suites it may negotiate; empty: any.
    pub suites: Vec<SuiteChoice>,
    /// In the order of the file; one that holds today has to fit.
    pub certificates: Vec<Pin>,
}

/// One certificate that is expected for a time; what is empty or `None` is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pin {
    /// Names of the root: one of them.
    pub roots: Vec<String>,
    /// A DNS name of the SAN, or the common name.
    pub name: Option<String>,
    /// O of the subject.
    pub organisation: Option<String>,
    /// OU of the subject.
    pub organisational_unit: Option<String>,
    /// Size of the key, exactly.
    pub key_bits: Option<u32>,
    /// The certificate does not begin before this day.
    pub not_before: Option<Day>,
    /// The certificate does not last beyond this day.
    pub not_after: Option<Day>,
    /// The first day on which it is expected.
    pub from: Option<Day>,
    /// The day from which on it is not expected any more.
    pub until: Option<Day>,
}

/// A day by its UTC midnight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Seconds since 1970.
    pub begins: i64,
    text: String,
}

/// What was seen of a host.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The chain it showed.
    pub chain: &'a ChainFacts,
    /// Versions it negotiated.
    pub versions: &'a [Version],
    /// Suites it negotiated.
    pub suites: &'a [Suite],
}

impl Pins {
    /// Says that the file is too old to be relied on, if it says when it was checked and that is
    /// more than a year before `today` (`2026-12-31`). `name` is that of the file.
    pub fn outdated(&self, name: &str, today: &str) -> Option<String> {
        let what = format!("The file of pins {name}");
        self.checked.as_ref()?.outdated(&what, self.source.as_deref(), today)
    }

    /// What differs from what was seen at `now` (seconds since 1970), as sentences; none: nothing.
    ///
    /// Where several certificates are expected, the one that is nearest is compared.
    pub fn differences(&self, seen: &Seen<'_>, now: i64) -> Vec<String> {
        let mut found = Vec::new();
        let versions = seen.versions.iter().filter(|version| !self.versions.contains(version));
        if !self.versions.is_empty() {
            found.extend(versions.map(|version| {
                format!("The host negotiates {version}, which is not among the expected versions.")
            }));
        }
        let expected = |suite: &Suite| {
            self.suites.iter().any(|choice| match choice {
                SuiteChoice::Kind(kind) => suite.is(*kind),
                SuiteChoice::Named(name) => suite.name == *name,
            })
        };
        if !self.suites.is_empty() {
            found.extend(seen.suites.iter().filter(|suite| !expected(suite)).map(|suite| {
                format!(
                    "The host negotiates {}, which is not among the expected suites.",
                    suite.name
                )
            }));
        }
        if self.certificates.is_empty() {
            return found;
        }
        let Some(leaf) = seen.chain.leaf() else {
            found.push("The host showed no certificate that can be compared.".into());
            return found;
        };
        let compared = |pin: &Pin| pin.differences(seen.chain, leaf);
        let holding = self.certificates.iter().filter(|pin| pin.holds(now));
        match holding.map(compared).min_by_key(Vec::len) {
            None => found.push("No certificate of the file is expected on this day.".into()),
            Some(nearest) => {
                let old = |pin: &&Pin| !pin.holds(now) && compared(pin).is_empty();
                if !nearest.is_empty()
                    && let Some(old) = self.certificates.iter().find(old)
                {
                    found.push(old.when());
                }
                found.extend(nearest);
            }
        }
        found
    }
}

impl Pin {
    fn holds(&self, now: i64) -> bool {
        self.from.as_ref().is_none_or(|day| day.begins <= now)
            && self.until.as_ref().is_none_or(|day| now < day.begins)
    }

    /// Says that this is the certificate of another time.
    fn when(&self) -> String {
        match (&self.from, &self.until) {
            (_, Some(day)) => {
                format!("The certificate is a retired one, which was expected until {}.", day.text)
            }
            (Some(day), None) => {
                format!("The certificate is one that is expected from {}.", day.text)
            }
            (None, None) => "The certificate is an expected one.".into(),
        }
    }

    fn differences(&self, chain: &ChainFacts, leaf: &CertificateFacts) -> Vec<String> {
        let mut found = Vec::new();
        let mut differs = |what: &str, seen: Option<&Foreign>, expected: &str| {
            found.push(match seen {
                Some(seen) => {
                    format!("The {what} is `{}`, expected: `{expected}`.", seen.short())
                }
                None => format!("There is no {what}, expected: `{expected}`."),
            });
        };
        let root = chain.root.as_ref();
        let is = |name: &String| root.is_some_and(|root| root.raw() == name);
        if !self.roots.is_empty() && !self.roots.iter().any(is) {
            differs("trusted root", root, &self.roots.join("` or `"));
        }
        if let Some(name) = &self.name {
            let same = |seen: &Foreign| seen.raw().eq_ignore_ascii_case(name);
            if !leaf.names.iter().chain(&leaf.common_name).any(same) {
                let seen = leaf.common_name.as_ref().or(leaf.names.first());
                differs("certificate's name", seen, name);
            }
        }
        for (what, pinned, seen) in [
            ("organisation", &self.organisation, &leaf.organisation),
            ("organisational unit", &self.organisational_unit, &leaf.organisational_unit),
        ] {
            let is = |pinned: &&String| seen.as_ref().map(Foreign::raw) == Some(pinned.as_str());
            if let Some(pinned) = pinned.as_ref().filter(|pinned| !is(pinned)) {
                differs(what, seen.as_ref(), pinned);
            }
        }
        if let Some(bits) = self.key_bits.filter(|bits| *bits != leaf.key_bits) {
            found.push(format!("The key has {} bits, expected: {bits}.", leaf.key_bits));
        }
        if let Some(day) = self.not_before.as_ref().filter(|day| leaf.not_before < day.begins) {
            found.push(format!("The certificate begins before {}.", day.text));
        }
        // The whole of the last day is allowed.
        if let Some(day) =
            self.not_after.as_ref().filter(|day| leaf.not_after >= day.begins + 86_400)
        {
            found.push(format!("The certificate lasts beyond {}.", day.text));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: i64 = 1_764_028_800;

    fn chain() -> ChainFacts {
        let leaf = serde_json::from_value(serde_json::json!({
            "subject": "CN=mail.host.test, O=Host", "issuer": "CN=above", "serial": "01",
            "common_name": "mail.host.test", "organisation": "Host", "organisational_unit": null,
            "issuer_name": "above", "names": ["mail.host.test", "mx.host.test"], "key": "rsa",
            "key_bits": 2048, "signature": "sha256WithRSAEncryption",
            "not_before": 1_735_689_600, "not_after": 1_767_225_599, "ca": false, "usages": [],
            "must_staple": false, "crl": [], "ocsp": [], "issuers": [], "fingerprint": "00",
        }))
        .unwrap();
        ChainFacts { certificates: vec![leaf], root: Some("Root".into()), problems: Vec::new() }
    }

    fn check(text: &str, expected: &[&str]) {
        let pins = Pins::parse("pins.toml", text).unwrap();
        let suite = Suite { id: 0x1301, name: "TLS_AES_128_GCM_SHA256".into(), kinds: Vec::new() };
        let seen =
            Seen { chain: &chain(), versions: &[Version::Tls10, Version::Tls13], suites: &[suite] };
        assert_eq!(pins.differences(&seen, TODAY), expected, "{text}");
    }

    #[test]
    fn each_pin_is_compared() {
        check("", &[]);
        let good = "[[certificate]]\nroot = 'Root'\nname = 'MX.host.test'\norganisation = 'Host'\n\
                    key-bits = 2048\nnot-before = 2025-01-01\nnot-after = 2025-12-31\n";
        check(good, &[]);
        let one = |line: &str, expected: &str| {
            check(&format!("[[certificate]]\n{line}\n"), &[expected]);
        };
        one("root = ['A', 'B']", "The trusted root is `Root`, expected: `A` or `B`.");
        one("name = 'x.test'", "The certificate's name is `mail.host.test`, expected: `x.test`.");
        one("organisation = 'Hos'", "The organisation is `Host`, expected: `Hos`.");
        one("organisational-unit = 'U'", "There is no organisational unit, expected: `U`.");
        one("key-bits = 4096", "The key has 2048 bits, expected: 4096.");
        one("not-before = 2025-01-02", "The certificate begins before 2025-01-02.");
        one("not-after = 2025-12-30", "The certificate lasts beyond 2025-12-30.");
        check(
            "versions = '1.3'\nsuites = 'tls-1.3'",
            &[
                "The host negotiates TLS 1.0, which is not among the expected versions.",
                "The host negotiates TLS_AES_128_GCM_SHA256, which is not among the expected suites.",
            ],
        );
    }

    #[test]
    fn certificates_overlap_and_an_old_one_is_known() {
        let two = |until: &str, from: &str| {
            format!(
                "[[certificate]]\nroot = 'Root'\nuntil = {until}\n\
                 [[certificate]]\nroot = 'New'\nfrom = {from}\n"
            )
        };
        check(&two("2026-01-01", "2025-01-01"), &[]);
        let missing = "The trusted root is `Root`, expected: `New`.";
        let old = "The certificate is a retired one, which was expected until 2025-11-01.";
        check(&two("2025-11-01", "2025-01-01"), &[old, missing]);
        check(
            &two("2025-11-01", "2026-01-01"),
            &["No certificate of the file is expected on this day."],
        );
    }

    #[test]
    fn what_is_wrong_is_shown_in_its_place() {
        let shown = |text: &str| Pins::parse("pins.toml", text).unwrap_err().render(text);
        insta::assert_snapshot!(
            [
                shown("[[certificate]]\norganization = 'Host'\n"),
                shown("versions = ['1.2', '1.4']\n"),
                shown("suites = 'ecdh'\n"),
                shown("[[certificate]]\nname = 'x'\nfrom = 2018-09-03T10:00:00\n"),
                shown("[[certificate]]\nuntil = 2018-09-03\n"),
                shown("[[certificate]]\nkey-bits = 'long'\n"),
            ]
            .join("\n\n")
        );
    }
}
