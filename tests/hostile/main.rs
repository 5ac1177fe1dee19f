//! The suite under attack: relays and hosts that mean harm cost it bounded memory, disk, time and output,
//! and never a verdict.
//!
//! Without a name of an attack this is the tests; with one it is the relay.

mod attacker;
mod measured;
mod trials;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let [_, flag, attack] = words.as_slice()
        && flag == "--attack"
    {
        return attacker::play(attack);
    }
    let mut arguments = Arguments::from_args();
    // Each measures time and memory of a program that the attack keeps busy.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials::all()).exit_code()
}
