//! The policy entries and routes of a user's configuration, and what became of each.

use serde::{Deserialize, Serialize};

use crate::configuration::Entry;
use crate::domain::DomainRecord;

/// One entry, and as which rule it was played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverviewRow {
    /// The entry as the driver lists it.
    pub entry: Entry,
    /// The domain of the rule that it was played as; `null`: it was not.
    pub played_as: Option<String>,
    /// Why it was not played, one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

impl OverviewRow {
    /// What became of it, among these domains.
    pub fn found<'a>(&self, domains: &'a [DomainRecord]) -> Option<&'a DomainRecord> {
        let (domain, connector) = (self.played_as.as_deref()?, self.entry.connector?);
        domains.iter().find(|found| found.domain == domain && found.connector == connector)
    }
}
