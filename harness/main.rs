//! The `waxseal` program.

fn main() -> std::process::ExitCode {
    waxseal::cli::main()
}
