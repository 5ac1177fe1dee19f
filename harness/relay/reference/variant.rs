//! Other ways to be right: the reference relay as some other relay does it, within the rules. Each
//! proves that no scenario fails a relay that does nothing wrong.

macro_rules! variants {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// One other way to be right.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Variant { $($(#[doc = $doc])+ $name,)+ }

        impl Variant {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name in the tests.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

variants! {
    /// Inbound: has exactly the suites that RFC 9325 section 4.2 recommends, and AES-GCM in TLS 1.3.
    ServerHasAesGcmOnly = "server-has-aes-gcm-only",
    /// Inbound: has what is approved for FIPS mode: AES-GCM, and NIST curves.
    ServerInFipsMode = "server-in-fips-mode",
    /// Inbound: has X25519 and no other group.
    ServerHasX25519Only = "server-has-x25519-only",
    /// Inbound: lists `STARTTLS ` with a blank behind it.
    ServerListsWithBlank = "server-lists-with-blank",
    /// Inbound: lists `StartTLS`.
    ServerListsInOtherCase = "server-lists-in-other-case",
    /// Inbound: a listener that demands TLS ends the connection at any other command in plaintext.
    ServerEndsInPlaintext = "server-ends-in-plaintext",
    /// Inbound: a listener that demands TLS answers HELO with 530 too, as RFC 3207 section 4 says.
    ServerRefusesHelo = "server-refuses-helo",
    /// Inbound: takes logins in plaintext too, and forgets them when TLS begins.
    ServerTakesLogins = "server-takes-logins",
    /// Outbound: under force it sends STARTTLS whether it is listed or not.
    ClientAsksUnlisted = "client-asks-unlisted",
    /// Outbound: says EHLO twice in plaintext.
    ClientGreetsTwice = "client-greets-twice",
    /// Outbound: says HELO inside TLS.
    ClientSaysHeloInTls = "client-says-helo-in-tls",
    /// Outbound: says NOOP and RSET before it goes on.
    ClientBeginsSlowly = "client-begins-slowly",
    /// Outbound: writes its commands in lower case.
    ClientWritesLowerCase = "client-writes-lower-case",
    /// Outbound: reports a delay after the first attempt (RFC 3464 section 2.3.3).
    ClientReportsDelays = "client-reports-delays",
    /// Outbound: tries again after half an hour.
    ClientTriesAgainLate = "client-tries-again-late",
    /// Outbound: compares certificates with the recipient's domain, and with all names below it.
    ClientComparesDomain = "client-compares-domain",
    /// Outbound: has exactly the suites that RFC 9325 section 4.2 recommends, and AES-GCM in TLS 1.3.
    ClientHasAesGcmOnly = "client-has-aes-gcm-only",
    /// Outbound: has what is approved for FIPS mode: AES-GCM, and NIST curves.
    ClientInFipsMode = "client-in-fips-mode",
    /// Outbound: has X25519 and P-256, and no other group.
    ClientHasTwoGroups = "client-has-two-groups",
    /// Outbound: has X25519 and no other group.
    ClientHasX25519Only = "client-has-x25519-only",
}
