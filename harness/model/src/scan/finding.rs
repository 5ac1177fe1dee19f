//! What a fact means for one requirement.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::requirement::Level;
use crate::verdict::Verdict;

/// One requirement, what was found, and the sentence that says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// An id of the catalogue.
    pub requirement: String,
    /// Under the scan's profile.
    pub level: Level,
    /// What it came to.
    pub verdict: Verdict,
    /// One sentence.
    pub text: String,
}
