//! `waxseal certs`: what is made stands in files that others can use.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use openssl::pkey::PKey;
use openssl::x509::X509;

use super::cli::{code, err, file, out, waxseal};

fn made(dir: &Path, name: &str) -> Vec<u8> {
    fs::read(dir.join(name)).expect("the file was made")
}

#[test]
fn a_recipe_is_made_into_files_with_the_key_for_its_owner_alone() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let dir = folder.path().join("new");
    let path = dir.to_string_lossy();
    let run =
        waxseal(&["certs", "make", "one-more-hour", "--out", &path, "--name", "mx.example.org"]);
    assert_eq!(code(&run), Some(0), "{}", err(&run));
    let said = out(&run);
    for part in ["Valid for one more hour.", "2 certificates", "for mx.example.org", "valid from"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(said.lines().count(), 1, "{said}");
    let mode = |name: &str| {
        let file = fs::metadata(dir.join(name)).expect("the file was made");
        file.permissions().mode() & 0o777
    };
    assert_eq!((mode("key.pem"), mode("key.pem") & 0o077), (0o600, 0));
    let chain = X509::stack_from_pem(&made(&dir, "chain.pem")).expect("a chain in PEM");
    let roots = X509::stack_from_pem(&made(&dir, "root.pem")).expect("roots in PEM");
    let key = PKey::private_key_from_pem(&made(&dir, "key.pem")).expect("a key in PEM");
    let public = |certificate: &X509| certificate.public_key().expect("a certificate has a key");
    assert!(public(&chain[0]).public_eq(&key));
    assert!(chain[0].verify(&public(&chain[1])).expect("a signature"));
    assert!(chain[1].verify(&public(&roots[0])).expect("a signature"));
}

#[test]
fn what_is_there_is_overwritten_only_when_it_is_asked_for() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let key = file(&dir, "key.pem", "mine");
    let path = dir.path().to_string_lossy();
    let run = waxseal(&["certs", "make", "trusted", "--out", &path]);
    assert_eq!(code(&run), Some(2));
    assert!(err(&run).contains("key.pem is there; --force overwrites it"), "{}", err(&run));
    assert_eq!(fs::read_to_string(&key).expect("it is there"), "mine");
    assert!(!dir.path().join("chain.pem").exists());
    let run = waxseal(&["certs", "make", "trusted", "--out", &path, "--force"]);
    assert_eq!(code(&run), Some(0), "{}", err(&run));
    let mode = fs::metadata(&key).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "a key that replaces a file has the mode of a key");
}

#[test]
fn a_client_recipe_comes_with_the_root_for_clients() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let path = dir.path().to_string_lossy();
    let run = waxseal(&["certs", "make", "client", "--out", &path]);
    assert_eq!(code(&run), Some(0), "{}", err(&run));
    let chain = X509::stack_from_pem(&made(dir.path(), "chain.pem")).expect("a chain in PEM");
    let roots = X509::stack_from_pem(&made(dir.path(), "root.pem")).expect("roots in PEM");
    let public = roots[0].public_key().expect("a certificate has a key");
    assert!(chain[0].verify(&public).expect("a signature"));
}

#[test]
fn a_wrong_recipe_or_name_is_refused() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let path = dir.path().to_string_lossy();
    let run = waxseal(&["certs", "make", "one-more-our", "--out", &path]);
    assert_eq!(code(&run), Some(2));
    assert!(err(&run).contains("did you mean `one-more-hour`?"), "{}", err(&run));
    for name in ["", "a..b", "../x", "mx.example.org.", "a\nb"] {
        let run = waxseal(&["certs", "make", "trusted", "--out", &path, "--name", name]);
        assert_eq!(code(&run), Some(2), "{name}");
    }
    assert!(!dir.path().join("key.pem").exists());
}

#[test]
fn the_list_has_every_recipe_with_its_sentence() {
    let run = waxseal(&["certs", "list"]);
    assert_eq!(code(&run), Some(0));
    let listed = out(&run);
    assert!(listed.contains("Signed by itself."), "{listed}");
    assert!(listed.lines().count() > 150, "{listed}");
    assert!(listed.lines().all(|line| line.ends_with('.')), "{listed}");
}

#[test]
fn fields_that_cannot_be_honoured_together_are_refused_with_file_and_line() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let text = "[good]\nabout = \"Good.\"\n\n[mine]\nabout = \"Of version 1.\"\nversion-1 = true\n";
    let path = file(&dir, "certificates.toml", text);
    let run = waxseal(&["check", &path]);
    assert_eq!(code(&run), Some(2));
    let said = out(&run);
    assert!(said.contains("certificates.toml:4"), "{said}");
    assert!(said.contains("`mine` cannot be made: a certificate of version 1"), "{said}");
}
