//! Our tables of suites, held against those of the library.

use super::{library_name, listed};
use crate::wire::numbers::{openssl_name, registered_suites, suite, suite_parts};

#[test]
fn the_registry_agrees_with_the_vendored_library() {
    let listed = listed();
    assert!(listed.len() > 180, "{}", listed.len());
    for (id, standard_name, bits) in listed {
        assert_eq!(suite(id).name, standard_name, "{id:#06x}");
        let parts = suite_parts(id);
        // OpenSSL counts the key of Triple DES as 168 bits as well.
        assert_eq!(i32::from(parts.bits), bits, "{standard_name}");
    }
}

#[test]
fn names_are_those_of_the_library_no_more_and_no_less() {
    let differ: Vec<_> = registered_suites()
        .into_iter()
        .map(|id| (suite(id).name, openssl_name(id), library_name(id).map(str::to_owned)))
        // It speaks them, and does not list them unless it is told to.
        .filter(|(name, ..)| !name.starts_with("TLS_AES_128_CCM"))
        .filter(|(_, made, known)| made != known)
        .collect();
    assert!(differ.is_empty(), "{} {differ:#?}", differ.len());
}
