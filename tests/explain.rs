//! Cases in words. `INSTA_UPDATE=always cargo test --test suite explain` writes them anew.

use std::process::Command;

#[test]
fn a_case_is_explained_in_the_words_of_its_file() {
    let mut told = String::new();
    for id in [
        "outbound/forced/refused#454,encryption-only",
        "outbound/forced/report",
        "outbound/mutual/shown#ask=required,version=1.3",
        "outbound/forward-secrecy/weak-dhe#1024",
        "inbound/injection/same-segment#opportunistic,command=noop",
        "inbound/forced/enhanced-code",
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_waxseal"))
            .args(["explain", id])
            .output()
            .expect("the program can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        told.push_str(&String::from_utf8_lossy(&output.stdout));
        told.push('\n');
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("explain", told);
    });
}
