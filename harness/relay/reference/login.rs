//! AUTH, which only some faults and variants of the relay know. Any name and password is accepted.

use super::inbound::Server;
use super::{Mutant, Variant};
use crate::wire::LineError;

impl Server<'_> {
    /// Whether this relay takes logins here.
    pub(super) fn takes_logins(&self) -> bool {
        let plaintext = self.setup.is(Mutant::ServerTakesUnlistedAuth) && !self.in_tls();
        plaintext
            || self.setup.is(Mutant::ServerKeepsLogin)
            || self.setup.varies(Variant::ServerTakesLogins)
    }

    /// AUTH PLAIN and LOGIN (RFC 4954 section 4), with an initial response or without.
    pub(super) async fn log_in(&mut self, argument: &str) -> Result<(), LineError> {
        if self.seen.logged_in {
            return self.session.say("503 5.5.1 Already logged in").await;
        }
        let mut words = argument.split_ascii_whitespace();
        let rounds = match words.next().map(str::to_ascii_uppercase).as_deref() {
            Some("PLAIN") => 1,
            Some("LOGIN") => 2,
            _ => return self.session.say("504 5.5.4 No such mechanism").await,
        };
        for _ in words.count()..rounds {
            self.session.say("334 ").await?;
            let line = self.session.line(super::session::PATIENCE * 8).await?;
            if line.bytes == b"*" {
                return self.session.say("501 5.7.0 Cancelled").await;
            }
        }
        self.seen.logged_in = true;
        self.session.say("235 2.7.0 Welcome").await
    }
}
