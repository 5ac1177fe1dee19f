//! Laws of the dialogue notation.

use std::time::Duration;

use proptest::prelude::*;

use crate::pattern::Pattern;
use crate::script::{Act, Direction, Script, Step};
use crate::trace::Ending;

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Inbound), Just(Direction::Outbound)]
}

/// A line of ours. What looks like an act, or ends in a mark, is written otherwise.
fn said() -> impl Strategy<Value = String> {
    "\\PC{0,30}".prop_filter("an act or a mark", |text| {
        let act = text.starts_with('<') && text.ends_with('>');
        let mark = ["<LF>", "<CR>", "<no ending>"].iter().any(|mark| text.ends_with(mark));
        !act && !mark
    })
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let text = prop_oneof![
        "[A-Z]{1,8}( \\*)?",
        "[2-5][0-9x][0-9x]( 5\\.7\\.[0-9])?(\\|[45]xx)?",
        "[ -;=-~]{0,20}[!-;=-~]",
    ];
    text.prop_map(|text| Pattern::parse(&text).expect("something stands there"))
}

fn act() -> impl Strategy<Value = Act> {
    let ending = prop_oneof![
        4 => Just(Ending::CrLf),
        1 => Just(Ending::Lf),
        1 => Just(Ending::Cr),
        1 => Just(Ending::None),
    ];
    prop_oneof![
        4 => (said(), ending, any::<bool>())
            .prop_map(|(text, ending, joined)| Act::Say { text, ending, joined }),
        3 => pattern().prop_map(Act::Hear),
        1 => pattern().prop_map(Act::Condition),
        1 => Just(Act::NegotiateTls),
        1 => Just(Act::Close),
        1 => Just(Act::Reset),
        1 => Just(Act::CloseTls),
        1 => Just(Act::HearMessage),
        1 => (0_u64..100_000).prop_map(|millis| Act::Silent(Duration::from_millis(millis))),
        1 => (prop::collection::vec(any::<u8>(), 1..9), any::<bool>())
            .prop_map(|(bytes, joined)| Act::Bytes { bytes, joined }),
    ]
}

fn script() -> impl Strategy<Value = Script> {
    prop::collection::vec(prop::collection::vec(act(), 0..6), 1..4).prop_map(|parts| {
        let mut number = 0;
        let mut step = |(at, mut act): (usize, Act)| {
            // Nothing is before the first line of a part that it could be joined to.
            if let (0, Act::Say { joined, .. } | Act::Bytes { joined, .. }) = (at, &mut act) {
                *joined = false;
            }
            number += 1;
            Step { number: number - 1, act }
        };
        let mut part = |part: Vec<Act>| part.into_iter().enumerate().map(&mut step).collect();
        Script { parts: parts.into_iter().map(&mut part).collect() }
    })
}

/// The script without what only next hops do, where it is a client's, and the other way round.
fn for_direction(mut script: Script, direction: Direction) -> Script {
    for step in script.parts.iter_mut().flatten() {
        match (direction, &step.act) {
            (Direction::Inbound, Act::CloseTls | Act::HearMessage)
            | (Direction::Outbound, Act::Condition(_)) => step.act = Act::Close,
            _ => {}
        }
    }
    script
}

/// Text made of what scripts are made of, right and wrong.
fn scribble() -> impl Strategy<Value = String> {
    let words = vec![
        "C: ",
        "S: ",
        "C+: ",
        "S+: ",
        "C & S: ",
        "X: ",
        "<negotiate TLS>",
        "<next connection>",
        "<silent 1s>",
        "<silent ",
        "<bytes 16 03>",
        "<bytes 1>",
        "<close>",
        "<clsoe>",
        "<LF>",
        "250",
        "4xx|",
        "EHLO *",
        "ü",
        "\n",
    ];
    let piece = prop_oneof![
        1 => "\\PC{0,8}",
        1 => "[ \\t\\r\\n#:+<>{}]{1,3}",
        4 => prop::sample::select(words).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_printed_script_is_read_as_the_same(script in script(), direction in direction()) {
        let script = for_direction(script, direction);
        let printed = script.print(direction);
        let read = Script::parse(&printed, direction);
        prop_assert_eq!(read.as_ref(), Ok(&script), "{}", printed);
    }

    #[test]
    fn what_is_wrong_with_a_script_lies_in_its_text(text in scribble(), direction in direction()) {
        match Script::parse(&text, direction) {
            Ok(script) => {
                let printed = script.print(direction);
                prop_assert_eq!(Script::parse(&printed, direction), Ok(script), "{}", printed);
            }
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
                }
            }
        }
    }
}
