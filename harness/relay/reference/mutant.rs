//! Deliberate faults of the reference relay. Each proves that some scenario can fail.

macro_rules! mutants {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// One deliberate fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mutant { $($(#[doc = $doc])+ $name,)+ }

        impl Mutant {
            /// All faults.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name in the kill matrix.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

mutants! {
    /// Inbound: negotiates SSL 3.0, TLS 1.0 and 1.1.
    ServerTakesOldVersions = "server-takes-old-versions",
    /// Inbound: negotiates static RSA where nothing else is offered.
    ServerTakesStaticRsa = "server-takes-static-rsa",
    /// Inbound: prefers static RSA over ECDHE.
    ServerPrefersStaticRsa = "server-prefers-static-rsa",
    /// Inbound: negotiates anonymous suites.
    ServerTakesAnonymous = "server-takes-anonymous",
    /// Inbound: negotiates suites without encryption.
    ServerTakesNull = "server-takes-null",
    /// Inbound: negotiates RC4 and 3DES.
    ServerTakesWeakCiphers = "server-takes-weak-ciphers",
    /// Inbound: negotiates DHE with a prime of 512 bits.
    ServerTakesWeakDhe = "server-takes-weak-dhe",
    /// Inbound: does not do TLS 1.2.
    ServerLacksTls12 = "server-lacks-tls-1-2",
    /// Inbound: does not do TLS 1.3.
    ServerLacksTls13 = "server-lacks-tls-1-3",
    /// Inbound: runs commands inside TLS that came in plaintext.
    ServerRunsInjected = "server-runs-injected",
    /// Inbound: remembers the transaction over STARTTLS.
    ServerKeepsState = "server-keeps-state",
    /// Inbound: lists STARTTLS inside TLS.
    ServerListsStarttlsInTls = "server-lists-starttls-in-tls",
    /// Inbound: begins TLS a second time inside TLS.
    ServerTakesSecondStarttls = "server-takes-second-starttls",
    /// Inbound: knows no EHLO inside TLS.
    ServerForgetsEhlo = "server-forgets-ehlo",
    /// Inbound: greets a second time, inside TLS.
    ServerGreetsTwice = "server-greets-twice",
    /// Inbound: negotiates static RSA alone.
    ServerLacksForwardSecrecy = "server-lacks-forward-secrecy",
    /// Inbound: does not offer STARTTLS.
    ServerHidesStarttls = "server-hides-starttls",
    /// Inbound: takes STARTTLS before EHLO, and after HELO.
    ServerTakesEarlyStarttls = "server-takes-early-starttls",
    /// Inbound: ends the connection as soon as TLS is up.
    ServerLeavesAfterHandshake = "server-leaves-after-handshake",
    /// Inbound: offers AUTH in plaintext.
    ServerListsAuthInPlaintext = "server-lists-auth-in-plaintext",
    /// Inbound: takes STARTTLS with an argument.
    ServerTakesArgument = "server-takes-argument",
    /// Inbound: refuses what stands in one segment with a refused STARTTLS.
    ServerRefusesGroup = "server-refuses-group",
    /// Inbound: a forced listener takes mail in plaintext.
    ServerForcesNothing = "server-forces-nothing",
    /// Inbound: a forced listener refuses MAIL only, and lets other verbs pass.
    ServerForcesMailOnly = "server-forces-mail-only",
    /// Inbound: a forced listener takes mail in plaintext after HELO.
    ServerForcesEhloOnly = "server-forces-ehlo-only",
    /// Inbound: a forced listener refuses with a wrong enhanced code.
    ServerWrongEnhancedCode = "server-wrong-enhanced-code",
    /// Inbound: the public listener refuses plaintext.
    ServerForcesPublic = "server-forces-public",
    /// Inbound: `mutual` takes senders without a certificate.
    ServerTakesNoCertificate = "server-takes-no-certificate",
    /// Inbound: `mutual` takes certificates of any CA.
    ServerTakesAnyCa = "server-takes-any-ca",
    /// Inbound: `mutual` takes expired certificates.
    ServerTakesExpired = "server-takes-expired",
    /// Inbound: `mutual` takes certificates for any name.
    ServerTakesAnyName = "server-takes-any-name",
    /// Inbound: the partner's senders may come in plaintext.
    ServerTrustsSender = "server-trusts-sender",
    /// Inbound: `mutual` takes a certificate without the proof of its key.
    ServerTakesUnproven = "server-takes-unproven",
    /// Inbound: ends the session at a STARTTLS without EHLO before it.
    ServerDropsEarlyStarttls = "server-drops-early-starttls",
    /// Inbound: takes nothing in plaintext from anyone after a failed handshake.
    ServerBearsGrudges = "server-bears-grudges",
    /// Inbound: refuses clients without SNI.
    ServerNeedsSni = "server-needs-sni",
    /// Inbound: a forced listener refuses NOOP in plaintext.
    ServerRefusesNoop = "server-refuses-noop",
    /// Inbound: sends its certificate without the intermediate.
    ServerForgetsIntermediate = "server-forgets-intermediate",
    /// Inbound: sends its certificate twice before the intermediate.
    ServerRepeatsLeaf = "server-repeats-leaf",
    /// Inbound: shows a certificate for an RSA key of 1024 bits.
    ServerShowsShortKey = "server-shows-short-key",
    /// Inbound: refuses hellos of a version that it does not know.
    ServerFearsHighVersion = "server-fears-high-version",
    /// Inbound: refuses hellos with reserved numbers (RFC 8701).
    ServerFearsGrease = "server-fears-grease",
    /// Inbound: closes over hellos of more than 512 octets.
    ServerFearsLongHello = "server-fears-long-hello",
    /// Inbound: refuses hellos that begin in a small record.
    ServerFearsSmallRecords = "server-fears-small-records",
    /// Inbound: refuses hellos in records that are not labelled 3.1.
    ServerFearsRecordVersion = "server-fears-record-version",
    /// Inbound: answers hellos of SSL 2.0.
    ServerAnswersSslV2 = "server-answers-ssl-v2",
    /// Inbound: answers hellos that offer no suite it has, or not to send uncompressed.
    ServerTakesNonsense = "server-takes-nonsense",
    /// Inbound: compresses where the client offers it.
    ServerCompresses = "server-compresses",
    /// Inbound: takes a fallback to TLS 1.2 without a word.
    ServerIgnoresFallback = "server-ignores-fallback",
    /// Inbound: agrees to HTTP/2 by ALPN.
    ServerPicksHttp2 = "server-picks-http-2",
    /// Inbound: its ServerHello of TLS 1.2 has no extensions.
    ServerAcknowledgesNothing = "server-acknowledges-nothing",
    /// Inbound: negotiates suites in CBC mode, and never encrypt-then-MAC.
    ServerTakesCbc = "server-takes-cbc",
    /// Inbound: refuses hellos of TLS 1.3 without a key share.
    ServerWantsKeyShare = "server-wants-key-share",
    /// Inbound: uses key shares of groups that are not listed.
    ServerTakesForeignShare = "server-takes-foreign-share",
    /// Inbound: takes a ChangeCipherSpec before there are keys.
    ServerTakesEarlyChange = "server-takes-early-change",
    /// Inbound: answers heartbeats with what they say they hold.
    ServerBleeds = "server-bleeds",
    /// Inbound: overlooks clear lines between the records of a session.
    ServerOverlooksPlaintext = "server-overlooks-plaintext",
    /// Inbound: begins as many handshakes inside a session as the client wants.
    ServerRenegotiates = "server-renegotiates",
    /// Inbound: its tickets last thirty days.
    ServerGivesLongTickets = "server-gives-long-tickets",
    /// Inbound: its tickets allow early data.
    ServerAllowsEarlyData = "server-allows-early-data",
    /// Inbound: resumes sessions without a new key exchange where the client wants that.
    ServerResumesWithoutExchange = "server-resumes-without-exchange",
    /// Inbound: breaks off where a client wants to resume a session.
    ServerFearsResumption = "server-fears-resumption",
    /// Inbound: takes nothing at all.
    ServerTakesNothing = "server-takes-nothing",
    /// Inbound: a forced listener checks verbs in capitals only.
    ServerForcesCapitalsOnly = "server-forces-capitals-only",
    /// Inbound: a forced listener checks only the first command of a segment.
    ServerForcesFirstOfGroup = "server-forces-first-of-group",
    /// Inbound: a forced listener refuses once, and lets pass what comes after it.
    ServerForcesOnce = "server-forces-once",
    /// Inbound: a forced listener takes mail in plaintext from then on once a client was served in TLS.
    ServerRemembersTls = "server-remembers-tls",
    /// Inbound: the partner's domain is checked for the first sender of a session only.
    ServerChecksFirstSender = "server-checks-first-sender",
    /// Inbound: keeps the recipients over STARTTLS.
    ServerKeepsRecipient = "server-keeps-recipient",
    /// Inbound: lists STARTTLS inside TLS from the second EHLO on.
    ServerListsStarttlsAgain = "server-lists-starttls-again",
    /// Inbound: lists STARTTLS in the reply to the first EHLO only.
    ServerListsStarttlsOnce = "server-lists-starttls-once",
    /// Inbound: knows commands in capitals only.
    ServerMindsCase = "server-minds-case",
    /// Inbound: takes a message whose end never came.
    ServerTakesTruncated = "server-takes-truncated",
    /// Inbound: speaks SMTP in plaintext where TLS begins with the first octet.
    ServerGreetsInPlaintext = "server-greets-in-plaintext",
    /// Inbound: goes on in plaintext where a client sends no ClientHello after its STARTTLS.
    ServerRunsPlaintext = "server-runs-plaintext",
    /// Inbound: takes nothing from anyone after a client that never began TLS.
    ServerStallsOnSilence = "server-stalls-on-silence",
    /// Inbound: `mutual` takes resumed sessions without a certificate.
    ServerTrustsResumed = "server-trusts-resumed",
    /// Inbound: `mutual` ends resumed sessions.
    ServerEndsResumedMutual = "server-ends-resumed-mutual",
    /// Inbound: `mutual` takes certificates that are not valid yet.
    ServerTakesFuture = "server-takes-future",
    /// Inbound: `mutual` takes what any good certificate has signed, a CA's or not.
    ServerTakesFalseCa = "server-takes-false-ca",
    /// Inbound: a client that was refused in plaintext is refused inside TLS too.
    ServerRefusesForGood = "server-refuses-for-good",
    /// Inbound: takes one message a connection.
    ServerTakesOneMessage = "server-takes-one-message",
    /// Inbound: finds the partner's name in the common name.
    ServerMatchesCommonName = "server-matches-common-name",
    /// Inbound: finds the partner's name anywhere in a longer one.
    ServerMatchesPartOfName = "server-matches-part-of-name",
    /// Inbound: takes the dots of the partner's name for any character.
    ServerMatchesAnyCharacter = "server-matches-any-character",
    /// Inbound: knows the partner's name in small letters only.
    ServerMindsNameCase = "server-minds-name-case",
    /// Inbound: refuses names in SNI that have capitals.
    ServerMindsSniCase = "server-minds-sni-case",
    /// Inbound: refuses names in SNI that no host can have.
    ServerFearsOddSni = "server-fears-odd-sni",
    /// Inbound: negotiates DHE with a prime of 1024 bits.
    ServerTakesShortPrime = "server-takes-short-prime",
    /// Inbound: negotiates ECDHE over curves of less than 224 bits.
    ServerTakesShortCurve = "server-takes-short-curve",
    /// Inbound: signs its key exchange with SHA-1 where the client knows nothing better.
    ServerSignsWithSha1 = "server-signs-with-sha1",
    /// Inbound: a forced listener refuses MAIL, and takes the rest of that transaction.
    ServerRefusesInWords = "server-refuses-in-words",
    /// Inbound: takes logins in plaintext, which it does not list.
    ServerTakesUnlistedAuth = "server-takes-unlisted-auth",
    /// Inbound: remembers over STARTTLS who logged in.
    ServerKeepsLogin = "server-keeps-login",
    /// Inbound: remembers over STARTTLS that the client has greeted.
    ServerKeepsGreeting = "server-keeps-greeting",
    /// Inbound: `mutual` takes whatever is wrong with a path, but not another name, date or root.
    ServerTakesAnyPath = "server-takes-any-path",
    /// Inbound: `mutual` takes no client chain of more than one certificate.
    ServerWantsLeafAlone = "server-wants-leaf-alone",
    /// Inbound: takes dates after January 2038 for dates long ago.
    ServerReadsDatesIn32Bits = "server-reads-dates-in-32-bits",
    /// Inbound: `mutual` refuses certificates that expire within a day.
    ServerWantsADayLeft = "server-wants-a-day-left",
    /// Inbound: `mutual` refuses certificates with several usages.
    ServerWantsOneUsage = "server-wants-one-usage",
    /// Inbound: `mutual` refuses certificates without an extended key usage.
    ServerWantsUsage = "server-wants-usage",
    /// Inbound: `mutual` refuses certificates without a key usage.
    ServerWantsKeyUsage = "server-wants-key-usage",
    /// Inbound: `mutual` knows keys on P-256 and signatures with ECDSA and SHA-256 alone.
    ServerKnowsFewKinds = "server-knows-few-kinds",
    /// Inbound: reads no more than fifty names of a certificate.
    ServerReadsFiftyNames = "server-reads-fifty-names",
    /// Outbound: passes on a message whose end never came.
    ClientForwardsTruncated = "client-forwards-truncated",
    /// Outbound: its trace field says TLS of what came in plaintext.
    ClientMarksTls = "client-marks-tls",
    /// Outbound: its trace field says plaintext of what came in TLS.
    ClientMarksPlaintext = "client-marks-plaintext",
    /// Outbound: forced mail goes in plaintext where STARTTLS is not offered.
    ClientPlaintextIfNotOffered = "client-plaintext-if-not-offered",
    /// Outbound: forced mail goes in plaintext after a refused STARTTLS.
    ClientPlaintextIfRefused = "client-plaintext-if-refused",
    /// Outbound: forced mail goes in plaintext after a failed handshake.
    ClientPlaintextIfBroken = "client-plaintext-if-broken",
    /// Outbound: forced mail goes in plaintext after HELO.
    ClientPlaintextAfterHelo = "client-plaintext-after-helo",
    /// Outbound: all mail goes in plaintext on the second attempt.
    ClientPlaintextOnRetry = "client-plaintext-on-retry",
    /// Outbound: forced mail goes in plaintext on every MX but the first.
    ClientPlaintextOnSecondMx = "client-plaintext-on-second-mx",
    /// Outbound: reports ignore the rule of their domain.
    ClientPlaintextReports = "client-plaintext-reports",
    /// Outbound: does not check the chain.
    ClientTrustsAnyone = "client-trusts-anyone",
    /// Outbound: does not check the name.
    ClientIgnoresName = "client-ignores-name",
    /// Outbound: does not check the dates.
    ClientIgnoresDates = "client-ignores-dates",
    /// Outbound: checks the name under `certificate-validation` too.
    ClientChecksEveryName = "client-checks-every-name",
    /// Outbound: opportunistic mail goes in plaintext if the certificate is not trusted.
    ClientPrefersPlaintext = "client-prefers-plaintext",
    /// Outbound: opportunistic mail is never sent in plaintext.
    ClientNeverPlaintext = "client-never-plaintext",
    /// Outbound: does not use STARTTLS.
    ClientIgnoresStarttls = "client-ignores-starttls",
    /// Outbound: sends STARTTLS where it is not offered.
    ClientSendsUnoffered = "client-sends-unoffered",
    /// Outbound: recognises only `STARTTLS` in capitals.
    ClientMindsCase = "client-minds-case",
    /// Outbound: offers and negotiates old versions.
    ClientTakesOldVersions = "client-takes-old-versions",
    /// Outbound: offers and negotiates static RSA.
    ClientTakesStaticRsa = "client-takes-static-rsa",
    /// Outbound: offers and negotiates anonymous suites.
    ClientTakesAnonymous = "client-takes-anonymous",
    /// Outbound: offers and negotiates NULL, RC4 and 3DES suites, and short primes.
    ClientTakesWeakCiphers = "client-takes-weak-ciphers",
    /// Outbound: does not do TLS 1.3.
    ClientLacksTls13 = "client-lacks-tls-1-3",
    /// Outbound: does not do TLS 1.2.
    ClientLacksTls12 = "client-lacks-tls-1-2",
    /// Outbound: takes clear bytes behind 220 for replies inside TLS.
    ClientUsesInjected = "client-uses-injected",
    /// Outbound: uses extensions that were offered in plaintext.
    ClientKeepsExtensions = "client-keeps-extensions",
    /// Outbound: goes to no host outside the recipient's domain.
    ClientStaysInside = "client-stays-inside",
    /// Outbound: opens the session with HELO.
    ClientSaysHelo = "client-says-helo",
    /// Outbound: forced mail goes in plaintext over a new connection where something stood behind 220.
    ClientPlaintextIfInjected = "client-plaintext-if-injected",
    /// Outbound: its reports do not say why.
    ClientHidesReason = "client-hides-reason",
    /// Outbound: does not greet again inside TLS.
    ClientSkipsEhlo = "client-skips-ehlo",
    /// Outbound: sends STARTTLS again inside TLS where it is listed.
    ClientRepeatsStarttls = "client-repeats-starttls",
    /// Outbound: begins TLS whatever STARTTLS was answered.
    ClientIgnoresReply = "client-ignores-reply",
    /// Outbound: sends a command behind STARTTLS at once.
    ClientPipelinesStarttls = "client-pipelines-starttls",
    /// Outbound: goes on in plaintext on a connection whose handshake failed.
    ClientStaysAfterFailure = "client-stays-after-failure",
    /// Outbound: a host whose STARTTLS failed once gets plaintext from then on.
    ClientRemembersFailure = "client-remembers-failure",
    /// Outbound: a host that got mail under one rule is good enough for every other.
    ClientRemembersTrust = "client-remembers-trust",
    /// Outbound: resumes a session whatever rule it was opened under, and asks for no certificate then.
    ClientResumesForAnyRule = "client-resumes-for-any-rule",
    /// Outbound: resumes sessions with early data.
    ClientSendsEarlyData = "client-sends-early-data",
    /// Outbound: shows no certificate.
    ClientHidesCertificate = "client-hides-certificate",
    /// Outbound: knows the first MX only.
    ClientFirstMxOnly = "client-first-mx-only",
    /// Outbound: takes an odd greeting for the end of all formalities.
    ClientSkipsAfterOddGreeting = "client-skips-after-odd-greeting",
    /// Outbound: goes on in plaintext after a 421 to STARTTLS.
    ClientGoesOnAfter421 = "client-goes-on-after-421",
    /// Outbound: reads one line of the reply to STARTTLS.
    ClientReadsOneLine = "client-reads-one-line",
    /// Outbound: overlooks STARTTLS in the last line.
    ClientOverlooksLastLine = "client-overlooks-last-line",
    /// Outbound: breaks off when it is asked for a certificate that it does not have.
    ClientRefusesRequest = "client-refuses-request",
    /// Outbound: connects to a domain with a null MX.
    ClientIgnoresNullMx = "client-ignores-null-mx",
    /// Outbound: does not ask the resolver over TCP.
    ClientAsksUdpOnly = "client-asks-udp-only",
    /// Outbound: refuses wildcards.
    ClientRefusesWildcard = "client-refuses-wildcard",
    /// Outbound: takes signatures with ECDSA only.
    ClientRefusesRsa = "client-refuses-rsa",
    /// Outbound: its hello leads with suites without forward secrecy.
    ClientLeadsWithStaticRsa = "client-leads-with-static-rsa",
    /// Outbound: its hello offers compression and an export suite. No engine does any more: this hello
    /// and the next six are written by hand, and no session comes of them.
    ClientOffersRelics = "client-offers-relics",
    /// Outbound: its hello has the framing of SSL 2.0.
    ClientSpeaksSsl2 = "client-speaks-ssl-2",
    /// Outbound: a suite and an extension stand twice in its hello.
    ClientRepeatsItself = "client-repeats-itself",
    /// Outbound: its hello lists the oldest version first.
    ClientListsOldestFirst = "client-lists-oldest-first",
    /// Outbound: it would resume without a new key exchange.
    ClientResumesWithoutDhe = "client-resumes-without-dhe",
    /// Outbound: the name in SNI ends in a dot.
    ClientNamesWithDot = "client-names-with-dot",
    /// Outbound: the name in SNI is the address of the host.
    ClientNamesAddress = "client-names-address",
    /// Outbound: the name in SNI is the address where a message goes to one.
    ClientNamesLiteral = "client-names-literal",
    /// Outbound: the name in SNI is empty.
    ClientNamesNothing = "client-names-nothing",
    /// Outbound: the name in SNI is its own.
    ClientNamesItself = "client-names-itself",
    /// Outbound: the name in SNI is that of the greeting.
    ClientNamesBanner = "client-names-banner",
    /// Outbound: the name in SNI is the sender's domain.
    ClientNamesSender = "client-names-sender",
    /// Outbound: the name in SNI is that of the host that was tried first.
    ClientNamesFirstHost = "client-names-first-host",
    /// Outbound: its hello offers CBC suites without encrypt-then-MAC.
    ClientOffersBareCbc = "client-offers-bare-cbc",
    /// Outbound: offers TLS 1.2 alone, without a signal, after a failed attempt.
    ClientFallsBack = "client-falls-back",
    /// Outbound: takes whatever a server says in its half of the handshake for right. It is written
    /// by hand, and no session comes of it.
    ClientOverlooksTamperings = "client-overlooks-tamperings",
    /// Outbound: takes handshake messages in any order, and ServerHello twice.
    ClientTakesAnyOrder = "client-takes-any-order",
    /// Outbound: takes any session id in a ServerHello.
    ClientTakesAnySessionId = "client-takes-any-session-id",
    /// Outbound: takes a suite that it did not offer for one that it did.
    ClientTakesAnySuite = "client-takes-any-suite",
    /// Outbound: takes any version in a ServerHello for one that it offered.
    ClientTakesAnyVersion = "client-takes-any-version",
    /// Outbound: overlooks that the ServerHello chooses a compression.
    ClientTakesCompression = "client-takes-compression",
    /// Outbound: skips extensions of the ServerHello that it did not offer.
    ClientTakesUnofferedExtensions = "client-takes-unoffered-extensions",
    /// Outbound: goes on with a server that does not acknowledge renegotiation_info.
    ClientTakesUnsafeRenegotiation = "client-takes-unsafe-renegotiation",
    /// Outbound: makes keys of an all-zero share.
    ClientTakesZeroShare = "client-takes-zero-share",
    /// Outbound: sends a message once more if the session ends without close_notify after it.
    ClientMindsMissingCloseNotify = "client-minds-missing-close-notify",
    /// Outbound: breaks off when a handshake message is cut into small records.
    ClientRefusesFragments = "client-refuses-fragments",
    /// Outbound: a failed message disappears without a report.
    ClientLosesMail = "client-loses-mail",
    /// Outbound: begins TLS after any code of success to STARTTLS.
    ClientTakesAnySuccess = "client-takes-any-success",
    /// Outbound: sends the envelope before it looks at the certificate.
    ClientChecksAtData = "client-checks-at-data",
    /// Outbound: gives up at the first temporary failure.
    ClientNeverRetries = "client-never-retries",
    /// Outbound: forced mail goes in plaintext after the session was lost before DATA.
    ClientPlaintextIfLostAtMail = "client-plaintext-if-lost-at-mail",
    /// Outbound: forced mail goes in plaintext after the session was lost at DATA.
    ClientPlaintextIfLostAtData = "client-plaintext-if-lost-at-data",
    /// Outbound: forced mail goes in plaintext after EHLO was refused inside TLS.
    ClientPlaintextIfRefusedAtEhlo = "client-plaintext-if-refused-at-ehlo",
    /// Outbound: forced mail goes in plaintext after MAIL was refused inside TLS.
    ClientPlaintextIfRefusedAtMail = "client-plaintext-if-refused-at-mail",
    /// Outbound: forced mail goes in plaintext after RCPT was refused inside TLS.
    ClientPlaintextIfRefusedAtRcpt = "client-plaintext-if-refused-at-rcpt",
    /// Outbound: forced mail goes in plaintext after DATA was refused inside TLS.
    ClientPlaintextIfRefusedAtData = "client-plaintext-if-refused-at-data",
    /// Outbound: takes a session that is lost from DATA on for a message that was accepted.
    ClientTakesLossForSuccess = "client-takes-loss-for-success",
    /// Outbound: the second attempt sends half of the message.
    ClientCutsMessage = "client-cuts-message",
    /// Outbound: goes on in plaintext where the session ended and the connection did not.
    ClientGoesOnBeneath = "client-goes-on-beneath",
    /// Outbound: says QUIT in plaintext beneath the session.
    ClientQuitsBeneath = "client-quits-beneath",
    /// Outbound: goes to the first address of a host only.
    ClientFirstAddressOnly = "client-first-address-only",
    /// Outbound: forced mail goes in plaintext to every address of a host but the first.
    ClientPlaintextOnSecondAddress = "client-plaintext-on-second-address",
    /// Outbound: forced mail goes in plaintext to addresses of IPv6.
    ClientPlaintextOnIpv6 = "client-plaintext-on-ipv6",
    /// Outbound: checks certificates at addresses of IPv4 only.
    ClientJudgesIpv4Only = "client-judges-ipv4-only",
    /// Outbound: goes to no address of IPv6 where a host has one of IPv4.
    ClientStopsAtFirstFamily = "client-stops-at-first-family",
    /// Outbound: mail to an address in brackets goes in plaintext.
    ClientPlaintextToLiteral = "client-plaintext-to-literal",
    /// Outbound: no rule holds for mail to an address in brackets.
    ClientForgetsLiteralRule = "client-forgets-literal-rule",
    /// Outbound: checks the certificate at the first address of a host only.
    ClientJudgesFirstAddress = "client-judges-first-address",
    /// Outbound: forced mail goes in plaintext to the second of two hosts of equal preference.
    ClientPlaintextOnEqualMx = "client-plaintext-on-equal-mx",
    /// Outbound: forced mail goes in plaintext to a domain without MX records.
    ClientPlaintextOnImplicitMx = "client-plaintext-on-implicit-mx",
    /// Outbound: the rule is that of the domain of which the recipient's is an alias.
    ClientFollowsAliasForRule = "client-follows-alias-for-rule",
    /// Outbound: the rule goes by the name of the next hop.
    ClientRulesByHost = "client-rules-by-host",
    /// Outbound: all recipients of a transaction go by the rule of the first.
    ClientRulesByFirstRecipient = "client-rules-by-first-recipient",
    /// Outbound: only the first recipient of a transaction goes by its rule.
    ClientForcesFirstRecipient = "client-forces-first-recipient",
    /// Outbound: finds the rule of a domain only where it is written in small letters.
    ClientMindsDomainCase = "client-minds-domain-case",
    /// Outbound: a rule for all below a domain holds one label deep.
    ClientMindsDepth = "client-minds-depth",
    /// Outbound: `TLS-Required: No` lifts the administrator's rule.
    ClientHeedsTlsRequiredNo = "client-heeds-tls-required-no",
    /// Outbound: forced mail of eight bits goes in plaintext where it has to.
    ClientPlaintextIfEightBit = "client-plaintext-if-eight-bit",
    /// Outbound: forced mail of more than 64 KiB goes in plaintext where it has to.
    ClientPlaintextIfLarge = "client-plaintext-if-large",
    /// Outbound: forced mail from the null sender goes in plaintext where it has to.
    ClientPlaintextNullSender = "client-plaintext-null-sender",
    /// Outbound: its own reports need no proven host.
    ClientReportsToAnyone = "client-reports-to-anyone",
    /// Outbound: a host that did not offer STARTTLS once gets plaintext from then on.
    ClientRemembersNoOffer = "client-remembers-no-offer",
    /// Outbound: a host that proved its name once need not do so again.
    ClientVerifiesOnce = "client-verifies-once",
    /// Outbound: a host whose handshake failed once gets opportunistic mail in plaintext from then on.
    ClientRemembersBrokenTls = "client-remembers-broken-tls",
    /// Outbound: a host whose handshake failed once gets forced mail in plaintext from then on.
    ClientPlaintextIfBrokenBefore = "client-plaintext-if-broken-before",
    /// Outbound: a host that got mail in plaintext once gets forced mail so as well.
    ClientPlaintextIfPlaintextBefore = "client-plaintext-if-plaintext-before",
    /// Outbound: a host that was reached in TLS once is not forced to it again.
    ClientForcesOnce = "client-forces-once",
    /// Outbound: the name of a host is checked at the first connection only.
    ClientChecksNameOnce = "client-checks-name-once",
    /// Outbound: resumes a session at an address whatever name it was opened for, and asks for no
    /// certificate then.
    ClientResumesForAnyName = "client-resumes-for-any-name",
    /// Outbound: an address that was proven under one name is good for every name.
    ClientTrustsAddress = "client-trusts-address",
    /// Outbound: shows its server's certificate as a client.
    ClientShowsServerCertificate = "client-shows-server-certificate",
    /// Outbound: takes a certificate for a name that ends in the host's or the domain's letters.
    ClientMatchesSuffix = "client-matches-suffix",
    /// Outbound: takes a certificate for a name that begins with the host's.
    ClientMatchesPrefix = "client-matches-prefix",
    /// Outbound: takes a certificate for a domain above the host.
    ClientMatchesParent = "client-matches-parent",
    /// Outbound: a wildcard stands for any number of labels.
    ClientMatchesDeepWildcard = "client-matches-deep-wildcard",
    /// Outbound: a wildcard alone stands for every name.
    ClientMatchesBareWildcard = "client-matches-bare-wildcard",
    /// Outbound: a wildcard may stand in any label.
    ClientMatchesInnerWildcard = "client-matches-inner-wildcard",
    /// Outbound: a wildcard may be a part of the first label.
    ClientMatchesPartialWildcard = "client-matches-partial-wildcard",
    /// Outbound: takes a certificate for the address of the host.
    ClientMatchesAddress = "client-matches-address",
    /// Outbound: takes a certificate for the name in the greeting.
    ClientBelievesBanner = "client-believes-banner",
    /// Outbound: takes a certificate for the name in the reply to EHLO.
    ClientBelievesEhlo = "client-believes-ehlo",
    /// Outbound: takes a certificate for a name that is the end of the host's, in the middle of a label.
    ClientMatchesEnd = "client-matches-end",
    /// Outbound: takes a certificate for another host of the same domain.
    ClientMatchesSibling = "client-matches-sibling",
    /// Outbound: takes the dots of the host's name for any character.
    ClientMatchesAnyCharacter = "client-matches-any-character",
    /// Outbound: the first two labels may both be wildcards.
    ClientMatchesTwoWildcards = "client-matches-two-wildcards",
    /// Outbound: reads names in certificates up to a NUL.
    ClientStopsAtNul = "client-stops-at-nul",
    /// Outbound: cuts blanks off the names in certificates.
    ClientTrimsNames = "client-trims-names",
    /// Outbound: reads the first name of a certificate only.
    ClientReadsFirstName = "client-reads-first-name",
    /// Outbound: compares names in certificates letter by letter.
    ClientMindsNameCase = "client-minds-name-case",
    /// Outbound: checks the dates of the leaf alone.
    ClientIgnoresCaDates = "client-ignores-ca-dates",
    /// Outbound: a CA may stand below one that allows none.
    ClientIgnoresPathLength = "client-ignores-path-length",
    /// Outbound: a CA may sign certificates whatever its key usage says.
    ClientIgnoresKeyUsage = "client-ignores-key-usage",
    /// Outbound: skips critical extensions that it does not know.
    ClientIgnoresCriticalExtension = "client-ignores-critical-extension",
    /// Outbound: takes a CA with an RSA key of 1024 bits.
    ClientTakesWeakCa = "client-takes-weak-ca",
    /// Outbound: its hello leads with anonymous suites.
    ClientPrefersAnonymous = "client-prefers-anonymous",
    /// Outbound: goes to the address of a domain where the resolver fails.
    ClientTakesFailureForNone = "client-takes-failure-for-none",
    /// Outbound: refuses a certificate without an extended key usage.
    ClientWantsUsage = "client-wants-usage",
    /// Outbound: refuses a chain that has the root in it.
    ClientRefusesRootInChain = "client-refuses-root-in-chain",
    /// Outbound: overlooks the name constraints of a CA.
    ClientIgnoresNameConstraints = "client-ignores-name-constraints",
    /// Outbound: overlooks the extended key usage of a certificate.
    ClientIgnoresUsage = "client-ignores-usage",
    /// Outbound: finds the host's name anywhere in a certificate.
    ClientFindsNameAnywhere = "client-finds-name-anywhere",
    /// Outbound: refuses chains in which one certificate is not signed by the next.
    ClientWantsOrder = "client-wants-order",
    /// Outbound: refuses chains of more than two certificates.
    ClientWantsShortChain = "client-wants-short-chain",
    /// Outbound: refuses what comes from a CA with name constraints.
    ClientRefusesConstrainedCa = "client-refuses-constrained-ca",
    /// Outbound: takes dates after January 2038 for dates long ago.
    ClientReadsDatesIn32Bits = "client-reads-dates-in-32-bits",
    /// Outbound: refuses certificates that expire within a day.
    ClientWantsADayLeft = "client-wants-a-day-left",
    /// Outbound: refuses certificates with several usages.
    ClientWantsOneUsage = "client-wants-one-usage",
    /// Outbound: refuses certificates without a key usage.
    ClientWantsKeyUsage = "client-wants-key-usage",
    /// Outbound: knows signatures with ECDSA and SHA-256 alone.
    ClientKnowsFewKinds = "client-knows-few-kinds",
    /// Outbound: reads no more than fifty names of a certificate.
    ClientReadsFiftyNames = "client-reads-fifty-names",
}
