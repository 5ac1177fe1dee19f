//! The `waxseal` program.

fn main() -> std::process::ExitCode {
    waxseal::internals::main()
}
