//! Tells Cargo that the embedded folders belong to the program.

fn main() {
    println!("cargo:rerun-if-changed=scenarios");
    println!("cargo:rerun-if-changed=relays");
}
