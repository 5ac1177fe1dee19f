//! The overview of a user's configuration: its policy entries and routes, as its driver lists them,
//! become the rules under test.

use std::path::Path;

use waxseal_model::configuration::{Entry, Told};
use waxseal_model::foreign::Foreign;
use waxseal_model::overview::OverviewRow;

use super::lab::Lab;
use super::lab_file::lab_file;
use super::rule::{domain_of, next_hop};
use super::{Own, Rule, RunError, RunOptions};
use crate::catalogue::Catalogue;
use crate::lab::{Afterwards, RunDir};
use crate::relay::{Adopt, RelaySpec, Start};

/// The cases of an overview where the user selects none: the control, and one scenario of each kind
/// that a grade goes by.
pub const SELECTION: [&str; 12] = [
    "outbound/control",
    "outbound/forced/not-offered",
    "outbound/forced/refused",
    "outbound/forced/handshake",
    "outbound/message/header-lifts-nothing",
    "outbound/opportunistic/not-offered",
    "outbound/certificates/name",
    "outbound/certificates/refused",
    "outbound/hosts/name",
    "outbound/forward-secrecy/static-rsa-only",
    "outbound/forward-secrecy/weak-dhe",
    "outbound/versions/old-only",
];

/// As many entries are played; the rest is listed.
const MOST: usize = 40;

/// The domain that stands for all others.
const OTHERS: &str = "unlisted.example";

/// Asks the driver what it tells of the configuration, its entries among it. The relay is not started.
///
/// # Errors
/// [`RunError`]: the driver refuses the configuration, or the lab cannot be built.
pub async fn survey(
    catalogue: &Catalogue,
    relay: &RelaySpec,
    options: &RunOptions,
) -> Result<Told, RunError> {
    let Some(own) = &options.own else { return Ok(Told::default()) };
    relay.check_needs(options.sandbox.as_ref())?;
    // Nothing is played: any free port of this network will do.
    let open = RunOptions { sandbox: None, own: None, ..options.clone() };
    let lab = Lab::build(catalogue, &open).await?;
    let private = options.sandbox.as_ref().map(|sandbox| Path::new(sandbox.files));
    let files = RunDir::create(Afterwards::Remove, private)?;
    let told = lab_file(&lab, &**relay, &files, &open).await?;
    let adopt = Adopt { overview: true, ..own.adopt() };
    let start = Start {
        lab: &told,
        files: &files,
        sandbox: options.sandbox.as_ref(),
        adopt: Some(&adopt),
        told: &|_| {},
    };
    Ok(relay.survey(start).await?)
}

/// The rules that entries stand for, and each entry with what is done about it.
pub fn rules(entries: Vec<Entry>) -> (Vec<Rule>, Vec<OverviewRow>) {
    let mut rules: Vec<Rule> = Vec::new();
    let rows = entries.into_iter().map(|entry| {
        let rule = rule(&entry).and_then(|rule| {
            if rules.iter().any(|earlier| earlier.domain == rule.domain) {
                Err("An earlier entry decides about this domain.".to_owned())
            } else if rules.len() == MOST {
                Err(format!("Of an overview {MOST} entries are played; name it by `--connector`."))
            } else {
                Ok(rule)
            }
        });
        match rule {
            Ok(rule) => {
                let played_as = Some(rule.domain.clone());
                rules.push(rule);
                OverviewRow { entry, played_as, left_out: None }
            }
            Err(why) => OverviewRow { entry, played_as: None, left_out: Some(why) },
        }
    });
    let rows = rows.collect();
    (rules, rows)
}

fn rule(entry: &Entry) -> Result<Rule, String> {
    let connector = entry.connector.ok_or("No connector of waxseal's is this.")?;
    let domain = match entry.domain.raw() {
        "-" | "*" => OTHERS.to_owned(),
        domain => domain_of(domain)?,
    };
    let hop = entry.hop.as_ref().map(|hop| next_hop(hop.raw())).transpose()?;
    Ok(Rule { domain, connector, next_hop: hop })
}

/// Gives the rules without a next hop that of their domain's entry. Gives a line for each.
pub fn known_hops(rules: &mut [Rule], entries: &[Entry]) -> Vec<String> {
    let without = rules.iter_mut().filter(|rule| rule.next_hop.is_none());
    let known = without.filter_map(|rule| {
        let fits = |entry: &&Entry| domain_of(entry.domain.raw()).as_ref() == Ok(&rule.domain);
        let others =
            |entry: &&Entry| matches!(entry.domain.raw(), "-" | "*") || entry.domain == OTHERS;
        let entry = entries.iter().find(fits).or_else(|| entries.iter().find(others))?;
        let hop = next_hop(entry.hop.as_ref().map(Foreign::raw)?).ok()?;
        let line = format!("mail to {} goes to {hop}, says {}", rule.domain, entry.place);
        rule.next_hop = Some(hop);
        Some(line)
    });
    known.collect()
}

impl Own {
    /// The same with the rules that these entries stand for.
    #[must_use]
    pub fn with_entries(self, entries: Vec<Entry>) -> Self {
        let (rules, overview) = rules(entries);
        Self { rules, overview, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<Entry> {
        Told::parse(text.as_bytes()).unwrap().entries
    }

    const LISTED: &str = "\
entry\ta.example\tencryption-only\t-\ttls_policy:1\tencrypt
entry\t.b.example\tdomain-validation\t[10.1.2.3]:465\ttransport:2\tsecure
entry\tc.example\t-\t-\ttls_policy:3\tfingerprint
entry\tA.example\topportunistic\t-\ttls_policy:4\tmay
entry\t^x.*$\topportunistic\t-\ttls_policy:5\tmay
entry\td.example\topportunistic\t[127.0.0.1]:10025\ttransport:6\tmay
entry\t-\topportunistic\tsmtp.isp.example:587\tmain.cf:7\tmay
";

    #[test]
    fn each_entry_is_played_or_says_why_not() {
        let (rules, rows) = rules(entries(LISTED));
        let played: Vec<_> = rules.iter().map(ToString::to_string).collect();
        let expected = [
            "a.example (encryption-only)",
            ".b.example (domain-validation)",
            "unlisted.example (opportunistic)",
        ];
        assert_eq!(played, expected);
        assert_eq!(rules[1].next_hop.as_ref().unwrap().to_string(), "[10.1.2.3]:465");
        let why: Vec<_> = rows.iter().filter_map(|row| row.left_out.as_deref()).collect();
        let expected = [
            "No connector of waxseal's is this.",
            "An earlier entry decides about this domain.",
            "`^x.*$` is no domain; write it in ASCII, with a leading dot for all below it",
            "`127.0.0.1` is no next hop of another machine",
        ];
        assert_eq!(why, expected);
        assert_eq!(rows.len(), 7);
    }

    #[test]
    fn a_long_list_is_played_in_part_and_listed_whole() {
        let line = |at| format!("entry\td{at}.example\topportunistic\t-\tx:{at}\tmay\n");
        let (rules, rows) = rules(entries(&(0..MOST + 2).map(line).collect::<String>()));
        assert_eq!((rules.len(), rows.len()), (MOST, MOST + 2));
        assert!(rows[MOST].left_out.as_ref().unwrap().contains("--connector"));
    }

    #[test]
    fn a_rule_takes_the_next_hop_of_its_entry_or_of_all_others() {
        let listed = entries(LISTED);
        let mut rules: Vec<Rule> = [".b.example=mutual", "z.example=mutual", "a.example=mutual"]
            .map(|rule| rule.parse().unwrap())
            .into();
        let told = known_hops(&mut rules, &listed);
        let hop = |at: usize| rules[at].next_hop.as_ref().map(ToString::to_string);
        assert_eq!(hop(0).as_deref(), Some("[10.1.2.3]:465"));
        assert_eq!(hop(1).as_deref(), Some("smtp.isp.example:587"));
        // Its own entry has none.
        assert_eq!(hop(2), None);
        assert_eq!(told[0], "mail to .b.example goes to [10.1.2.3]:465, says transport:2");
    }

    #[test]
    fn the_selection_holds_all_that_a_grade_takes() {
        let whole = Catalogue::embedded().unwrap();
        let cases = SELECTION.map(str::to_owned).to_vec();
        let options = RunOptions { cases, ..RunOptions::default() };
        let selected = super::super::plan::select(&whole, &options).unwrap();
        for connector in ["opportunistic", "encryption-only", "domain-validation"] {
            let of = |file: &str| {
                selected
                    .iter()
                    .any(|case| case.connector.name() == connector && case.file() == file)
            };
            assert!(of("outbound/control"), "{connector}");
            let forced = connector != "opportunistic";
            assert_eq!(of("outbound/forced/not-offered"), forced, "{connector}");
            assert!(of("outbound/versions/old-only"), "{connector}");
        }
        assert!(selected.iter().any(|case| case.file() == "outbound/certificates/refused"));
    }
}
