//! This test binary started once more, to be killed or to enter a sandbox.

use std::process::{Command, Stdio};

/// Set in the second process only; says that a part is to be played.
const PART: &str = "WAXSEAL_TEST_PART";

/// The second process, with one thread, running the test named `part` and nothing else.
pub fn second_process(part: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", part, "--nocapture", "--test-threads=1"])
        .env(PART, part)
        .stdin(Stdio::null());
    command
}

/// Whether this is the second process for `part`.
pub fn is_second(part: &str) -> bool {
    std::env::var_os(PART).is_some_and(|value| value == part)
}
