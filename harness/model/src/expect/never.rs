//! What must never be heard of a relay.

use crate::script::Direction;

/// Something that must not be heard. One occurrence is a failure, whatever else happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Never {
    /// MAIL, RCPT, DATA, BDAT or content outside TLS.
    EnvelopeInPlaintext,
    /// AUTH outside TLS.
    CredentialsInPlaintext,
    /// A SMTP line outside TLS on a connection where STARTTLS was already accepted.
    PlaintextAfterStarttls,
    /// A ClientHello, though our reply to STARTTLS was not 220.
    HelloWithoutGoAhead,
    /// Bytes behind STARTTLS before our reply.
    BytesAfterStarttls,
    /// A reply inside TLS that no command asked for.
    InjectedAnswer,
    /// A command inside TLS while our reply to the one before is still due, though PIPELINING is
    /// not offered there.
    InjectedReplyUsed,
    /// STARTTLS inside TLS.
    StarttlsInTls,
    /// An extension used inside TLS that was offered in plaintext only.
    PlaintextExtensionUsed,
    /// TLS older than 1.2 was negotiated.
    OldTls,
    /// TLS without forward secrecy was negotiated.
    StaticKeyExchange,
    /// TLS with an anonymous suite was negotiated.
    AnonymousTls,
    /// The message taken inside TLS.
    MessageInTls,
    /// The message sent once more after it was taken, or kept for that.
    SentTwice,
    /// STARTTLS, though the keyword was not offered.
    UnofferedStarttls,
    /// What a fault of the scenario wants of the relay.
    ViolationAccepted,
    /// A reply other than 4yz or 5yz in plaintext, once TLS is up or where it has to begin.
    PlaintextReply,
    /// MAIL, RCPT, DATA, BDAT or content inside TLS.
    EnvelopeInTls,
    /// TLS with a finite-field prime of less than 2048 bits was negotiated.
    ShortPrime,
    /// A greeting inside TLS, though one was given in plaintext.
    SecondGreeting,
    /// A message taken by a next hop that lacks its end.
    CutMessage,
    /// A trace field on a message sent to a next hop that names TLS though it was submitted in plaintext,
    /// or the other way round.
    FalseTrace,
}

impl Never {
    /// All, with the names of scenario files.
    pub const NAMES: [(&'static str, Self); 22] = [
        ("envelope-in-plaintext", Self::EnvelopeInPlaintext),
        ("credentials-in-plaintext", Self::CredentialsInPlaintext),
        ("plaintext-after-starttls", Self::PlaintextAfterStarttls),
        ("hello-without-go-ahead", Self::HelloWithoutGoAhead),
        ("bytes-after-starttls", Self::BytesAfterStarttls),
        ("injected-answer", Self::InjectedAnswer),
        ("injected-reply-used", Self::InjectedReplyUsed),
        ("starttls-in-tls", Self::StarttlsInTls),
        ("plaintext-extension-used", Self::PlaintextExtensionUsed),
        ("old-tls", Self::OldTls),
        ("static-key-exchange", Self::StaticKeyExchange),
        ("anonymous-tls", Self::AnonymousTls),
        ("message-in-tls", Self::MessageInTls),
        ("sent-twice", Self::SentTwice),
        ("unoffered-starttls", Self::UnofferedStarttls),
        ("violation-accepted", Self::ViolationAccepted),
        ("plaintext-reply", Self::PlaintextReply),
        ("envelope-in-tls", Self::EnvelopeInTls),
        ("short-prime", Self::ShortPrime),
        ("second-greeting", Self::SecondGreeting),
        ("cut-message", Self::CutMessage),
        ("false-trace", Self::FalseTrace),
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, never)| *never == self).map_or("", |(name, _)| name)
    }

    /// Whether a relay can do it in this direction: it is the client of next hops, and the server of
    /// senders.
    pub fn exists(self, direction: Direction) -> bool {
        match self {
            Self::EnvelopeInPlaintext
            | Self::CredentialsInPlaintext
            | Self::CutMessage
            | Self::FalseTrace
            | Self::PlaintextAfterStarttls
            | Self::HelloWithoutGoAhead
            | Self::BytesAfterStarttls
            | Self::InjectedReplyUsed
            | Self::StarttlsInTls
            | Self::PlaintextExtensionUsed
            | Self::EnvelopeInTls
            | Self::MessageInTls
            | Self::SentTwice
            | Self::UnofferedStarttls => direction == Direction::Outbound,
            Self::InjectedAnswer
            | Self::ViolationAccepted
            | Self::PlaintextReply
            | Self::SecondGreeting => direction == Direction::Inbound,
            Self::OldTls | Self::StaticKeyExchange | Self::AnonymousTls | Self::ShortPrime => true,
        }
    }

    /// One sentence about what happened when it did happen.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::EnvelopeInPlaintext => "the relay sent the envelope or the message outside TLS",
            Self::CredentialsInPlaintext => "the relay sent AUTH outside TLS",
            Self::PlaintextAfterStarttls => {
                "the relay went on in plaintext after STARTTLS was accepted"
            }
            Self::HelloWithoutGoAhead => "the relay began TLS although STARTTLS was not accepted",
            Self::BytesAfterStarttls => {
                "the relay sent bytes behind STARTTLS before it was answered"
            }
            Self::InjectedAnswer => "the relay answered inside TLS to a command sent in plaintext",
            Self::InjectedReplyUsed => {
                "the relay took a reply injected in plaintext for one from TLS"
            }
            Self::StarttlsInTls => "the relay sent STARTTLS inside TLS",
            Self::PlaintextExtensionUsed => {
                "the relay used an extension inside TLS that was only offered in plaintext"
            }
            Self::OldTls => "the relay negotiated a version older than TLS 1.2",
            Self::StaticKeyExchange => "the relay negotiated a suite without forward secrecy",
            Self::AnonymousTls => "the relay negotiated an anonymous suite",
            Self::MessageInTls => "the relay sent the message over this TLS session",
            Self::SentTwice => "the relay sent a message again that had already been accepted",
            Self::UnofferedStarttls => "the relay sent STARTTLS although it was not offered",
            Self::PlaintextReply => "the relay replied in plaintext where TLS was due",
            Self::EnvelopeInTls => "the relay sent the envelope over this TLS session",
            Self::ShortPrime => "the relay negotiated a finite-field prime of less than 2048 bits",
            Self::SecondGreeting => "the relay greeted a second time, inside TLS",
            Self::CutMessage => "the relay passed on a message without its end",
            Self::FalseTrace => {
                "the relay's trace field does not say how the message came: in plaintext, or inside TLS"
            }
            Self::ViolationAccepted => "the relay went along with the fault",
        }
    }
}
