//! Filling in names that are known only when a case is played.

use waxseal_model::judge::Names;
use waxseal_model::script::{Act, Script};
use waxseal_model::wording::fill;

/// The script with every name filled in.
pub(super) fn fill_script(script: &Script, names: &Names) -> Script {
    let mut script = script.clone();
    for step in script.parts.iter_mut().flatten() {
        if let Act::Say { text, .. } = &mut step.act {
            *text = fill(text, names);
        }
    }
    script
}
