//! What a script says in one go.

use std::iter::Peekable;

use waxseal_model::script::{Act, Step};
use waxseal_model::trace::{Ending, Happening};

use super::conversation::Conversation;

/// The bytes of a step and of those behind it that are joined to it; each of them counts as reached.
pub(super) fn pieces<'a>(
    step: &Step,
    steps: &mut Peekable<impl Iterator<Item = &'a Step>>,
    talk: &Conversation,
) -> Vec<Vec<u8>> {
    let mut pieces = vec![bytes_of(&step.act)];
    talk.note(Happening::Reached { step: step.number });
    let is_joined =
        |act: &Act| matches!(act, Act::Say { joined: true, .. } | Act::Bytes { joined: true, .. });
    while let Some(next) = steps.next_if(|next| is_joined(&next.act)) {
        pieces.push(bytes_of(&next.act));
        talk.note(Happening::Reached { step: next.number });
    }
    pieces
}

fn bytes_of(act: &Act) -> Vec<u8> {
    match act {
        Act::Say { text, ending, .. } => {
            let mut bytes = text.clone().into_bytes();
            bytes.extend_from_slice(match ending {
                Ending::CrLf => b"\r\n",
                Ending::Lf => b"\n",
                Ending::Cr => b"\r",
                Ending::None => b"",
            });
            bytes
        }
        Act::Bytes { bytes, .. } => bytes.clone(),
        _ => Vec::new(),
    }
}
