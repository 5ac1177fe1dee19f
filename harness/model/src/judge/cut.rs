//! What may be said of a relay that sent more than we read or keep, or that was not waited for again.

use crate::expect::Never;
use crate::trace::{Happening, Trace};

/// The first bound that was reached, or that the case was not played, and a sentence about it.
pub(super) fn first(trace: &Trace) -> Option<(usize, String)> {
    trace.events.iter().enumerate().find_map(|(at, event)| match &event.kind {
        Happening::NotPlayed { control } => {
            let sentence = format!(
                "The relay was silent on {control} until the time allowed was over, so this case was not \
                 played."
            );
            Some((at, sentence))
        }
        Happening::Cut { bound, .. } => {
            let sentence = format!(
                "The relay sent {}. That is a limit of waxseal, so the case cannot be judged.",
                bound.sentence()
            );
            Some((at, sentence))
        }
        _ => None,
    })
}

/// Whether hearing this is a breach however much more there was: what was exposed stays exposed, and
/// what was negotiated was negotiated. All else rests on what came when, which a cut confuses.
pub(super) fn stands(never: Never) -> bool {
    match never {
        Never::EnvelopeInPlaintext
        | Never::CredentialsInPlaintext
        | Never::OldTls
        | Never::StaticKeyExchange
        | Never::AnonymousTls
        | Never::ShortPrime
        | Never::EnvelopeInTls
        | Never::MessageInTls
        | Never::ViolationAccepted => true,
        Never::PlaintextAfterStarttls
        | Never::HelloWithoutGoAhead
        | Never::BytesAfterStarttls
        | Never::InjectedAnswer
        | Never::InjectedReplyUsed
        | Never::StarttlsInTls
        | Never::PlaintextExtensionUsed
        | Never::SentTwice
        | Never::CutMessage
        | Never::FalseTrace
        | Never::UnofferedStarttls
        | Never::SecondGreeting
        | Never::PlaintextReply => false,
    }
}
