//! How a sender logs in, at relays that take mail from their users only.

use data_encoding::BASE64;
use serde::Deserialize;

/// A user of the relay.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its name.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl Account {
    /// The command that logs in, with its initial response (RFC 4954 section 4, RFC 4616 section 2).
    pub(super) fn command(&self) -> String {
        format!("AUTH PLAIN {}", self.response())
    }

    /// The initial response of the mechanism PLAIN, as it is written in the command.
    pub fn response(&self) -> String {
        BASE64.encode(format!("\0{}\0{}", self.user, self.password).as_bytes())
    }
}

impl Default for Account {
    /// Nobody at a relay that knows its users.
    fn default() -> Self {
        Self { user: "lab".into(), password: "waxseal".into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_that_of_the_standard() {
        // The second example of RFC 4616 section 4, without an authorization identity.
        let account = Account { user: "tim".into(), password: "tanstaaftanstaaf".into() };
        assert_eq!(account.command(), "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
    }
}
