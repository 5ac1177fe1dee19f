//! What a relay must never be seen doing.

use crate::words::words;

words! {
    /// Something that must not happen. One occurrence is a failure, whatever else happened.
    pub enum Never [
        /// One sentence about what happened when it did happen, without its final stop.
        happened: &'static str,
    ] {
        /// MAIL, RCPT, DATA, BDAT or content outside TLS.
        EnvelopeInPlaintext = "envelope-in-plaintext" only Outbound {
            happened: "the relay sent the envelope or the message outside TLS",
        },
        /// AUTH outside TLS.
        CredentialsInPlaintext = "credentials-in-plaintext" only Outbound {
            happened: "the relay sent AUTH outside TLS",
        },
        /// A SMTP line outside TLS on a connection where STARTTLS was already accepted.
        PlaintextAfterStarttls = "plaintext-after-starttls" only Outbound {
            happened: "the relay went on in plaintext after STARTTLS was accepted",
        },
        /// A ClientHello, though our reply to STARTTLS was not 220.
        HelloWithoutGoAhead = "hello-without-go-ahead" only Outbound {
            happened: "the relay began TLS although STARTTLS was not accepted",
        },
        /// Bytes behind STARTTLS before our reply.
        BytesAfterStarttls = "bytes-after-starttls" only Outbound {
            happened: "the relay sent bytes behind STARTTLS before it was answered",
        },
        /// A reply inside TLS that no command asked for.
        InjectedAnswer = "injected-answer" only Inbound {
            happened: "the relay answered inside TLS to a command sent in plaintext",
        },
        /// A command inside TLS while our reply to the one before is still due, though PIPELINING is
        /// not offered there.
        InjectedReplyUsed = "injected-reply-used" only Outbound {
            happened: "the relay took a reply injected in plaintext for one from TLS",
        },
        /// STARTTLS inside TLS.
        StarttlsInTls = "starttls-in-tls" only Outbound {
            happened: "the relay sent STARTTLS inside TLS",
        },
        /// An extension used inside TLS that was offered in plaintext only.
        PlaintextExtensionUsed = "plaintext-extension-used" only Outbound {
            happened: "the relay used an extension inside TLS that was only offered in plaintext",
        },
        /// TLS older than 1.2 was negotiated.
        OldTls = "old-tls" {
            happened: "the relay negotiated a version older than TLS 1.2",
        },
        /// TLS without forward secrecy was negotiated.
        StaticKeyExchange = "static-key-exchange" {
            happened: "the relay negotiated a suite without forward secrecy",
        },
        /// TLS with an anonymous suite was negotiated.
        AnonymousTls = "anonymous-tls" {
            happened: "the relay negotiated an anonymous suite",
        },
        /// The message is sent in this TLS session.
        MessageInTls = "message-in-tls" only Outbound {
            happened: "the relay sent the message over this TLS session",
        },
        /// The message is sent once more after it was accepted, or kept for that.
        SentTwice = "sent-twice" only Outbound {
            happened: "the relay sent a message again that had already been accepted",
        },
        /// STARTTLS, though the keyword was not offered.
        UnofferedStarttls = "unoffered-starttls" only Outbound {
            happened: "the relay sent STARTTLS although it was not offered",
        },
        /// The relay does what the fault of the scenario is after.
        ViolationAccepted = "violation-accepted" only Inbound {
            happened: "the relay accepted the protocol violation",
        },
        /// A reply other than 4yz or 5yz in plaintext, once TLS is up or where it has to begin.
        PlaintextReply = "plaintext-reply" only Inbound {
            happened: "the relay replied in plaintext where TLS was due",
        },
        /// MAIL, RCPT, DATA, BDAT or content inside TLS.
        EnvelopeInTls = "envelope-in-tls" only Outbound {
            happened: "the relay sent the envelope over this TLS session",
        },
        /// TLS with a finite-field prime of less than 2048 bits was negotiated.
        ShortPrime = "short-prime" {
            happened: "the relay negotiated a finite-field prime of less than 2048 bits",
        },
        /// A greeting inside TLS, though one was given in plaintext.
        SecondGreeting = "second-greeting" only Inbound {
            happened: "the relay greeted a second time, inside TLS",
        },
        /// A message without its end is passed on to a next hop.
        CutMessage = "cut-message" only Outbound {
            happened: "the relay passed on a message without its end",
        },
        /// A trace field on a message sent to a next hop that names TLS though it was submitted in plaintext,
        /// or the other way round.
        FalseTrace = "false-trace" only Outbound {
            happened: "the relay's trace field does not say how the message came: in plaintext, or inside TLS",
        },
    }
}
