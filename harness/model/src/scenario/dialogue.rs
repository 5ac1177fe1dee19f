//! Checks the script of a peer, with what is filled into it.

use super::check::Checker;
use crate::raw::Placed;
use crate::script::{Direction, Script};

impl Checker<'_> {
    /// The script, filled in; an empty one where it is wrong or not there.
    pub(super) fn script(&mut self, direction: Direction, raw: Option<&Placed<String>>) -> Script {
        let Some(raw) = raw else { return Script { parts: vec![Vec::new()] } };
        // `'''` strings have no escapes: a place in the value is a place in the file.
        let start = raw.span().start + 3;
        let shift = usize::from(raw.span().len() >= raw.get_ref().len() + 7);
        if let Err(errors) = Script::parse(&self.opaque(raw.get_ref()), direction) {
            for error in errors {
                let span = start + shift + error.span.start..start + shift + error.span.end;
                self.error(span, error.message, error.help);
            }
            return Script { parts: vec![Vec::new()] };
        }
        let text = self.fill(raw.get_ref(), &raw.span());
        match Script::parse(&text, direction) {
            Ok(script) => script,
            Err(errors) => {
                for error in errors {
                    let message = format!("filled in, the script is wrong: {}", error.message);
                    self.error(raw.span(), message, error.help);
                }
                Script { parts: vec![Vec::new()] }
            }
        }
    }

    /// The script with matrix names inside acts made harmless, places unchanged.
    fn opaque(&self, text: &str) -> String {
        text.split_inclusive('\n')
            .map(|line| {
                let act = line.find('<').filter(|at| line[*at..].contains('{'));
                match act {
                    Some(at) if line[..at].ends_with(": ") => {
                        line.replace(['<', '>'], "_").replace(['{', '}'], "_")
                    }
                    _ => line.to_owned(),
                }
            })
            .collect()
    }
}
