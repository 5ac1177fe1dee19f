//! What lies on the disk is what is played: tables that were not made anew, roots that are none.

use std::time::SystemTime;

use waxseal_certs::{Authorities, Recipe};
use waxseal_model::domain::Protection::{Protected, Undecided, Unprotected};

use super::err;
use super::postfix_shapes::{CASES, PARTNER, Shape, answered, offered, tells};

/// A constant database (cdb) with one entry, as `postmap` makes it.
fn constant_database(key: &str, value: &str) -> Vec<u8> {
    // Keys and values end with a zero octet.
    let (key, value) = (format!("{key}\0").into_bytes(), format!("{value}\0").into_bytes());
    let hash = key.iter().fold(5381_u32, |hash, octet| (hash.wrapping_mul(33)) ^ u32::from(*octet));
    let number = |number: usize| u32::try_from(number).expect("it is small").to_le_bytes();
    let end = 2048 + 8 + key.len() + value.len();
    let mut made = Vec::new();
    for table in 0..256 {
        let slots = if table == (hash & 255) as usize { 2 } else { 0 };
        let at = if table > (hash & 255) as usize { end + 16 } else { end };
        made.extend([number(at), number(slots)].concat());
    }
    made.extend([number(key.len()), number(value.len())].concat());
    made.extend(&key);
    made.extend(&value);
    let mut slots = [[0; 8]; 2];
    slots[((hash >> 8) % 2) as usize] =
        [hash.to_le_bytes(), number(2048)].concat().try_into().expect("it has eight octets");
    made.extend(slots.concat());
    made
}

#[test]
fn a_table_that_was_not_made_anew_is_played_as_it_is() {
    let shape = Shape::new("amavis");
    shape.write("tls_policy", "partner.example encrypt\n");
    shape.write("tls_policy.cdb", constant_database("partner.example", "may"));
    let Some(played) = shape.play(&[&[PARTNER][..], &CASES].concat()) else { return };
    let told = answered(&played, 1, &[("partner.example", Unprotected)]);
    let words = [
        "it reads `partner.example may` where the file says `partner.example encrypt`",
        "override: smtpd_end_of_data_restrictions: check_policy_service inet:127.0.0.1:7777 is left out",
        "override: /etc/postfix/sender_access.pcre: FILTER smtp:[127.0.0.1]:10030 is left out",
    ];
    tells(&Some(told), &words);
}

#[test]
fn filters_at_every_place_are_left_out() {
    let shape = Shape::new("amavis");
    shape.write("tls_policy", "partner.example encrypt\n");
    shape.write("tls_policy.cdb", constant_database("partner.example", "encrypt"));
    let Some(played) = shape.play(&[&[PARTNER][..], &CASES].concat()) else { return };
    answered(&played, 0, &[("partner.example", Protected)]);
}

#[test]
fn a_table_that_was_never_made_is_a_finding_with_the_way_out() {
    let shape = Shape::new("amavis");
    shape.write("tls_policy", "partner.example encrypt\n");
    let told = err(&match shape.play(&[&[PARTNER][..], &CASES[..1]].concat()) {
        Some(played) => played,
        None => return,
    });
    let words =
        "there is no /etc/postfix/tls_policy.cdb, so Postfix puts off all mail that asks it";
    assert!(told.contains(words), "{told}");
    let line = offered(&told);
    assert_eq!(
        line.first().map(String::as_str),
        Some("--config-set=smtp_tls_policy_maps=texthash:/etc/postfix/tls_policy")
    );
}

/// Postfix puts such mail off, so nothing is said about TLS.
#[test]
fn a_type_of_table_that_there_is_none_of_is_a_finding() {
    let shape = Shape::new("amavis");
    let setting = "--config-set=smtp_tls_policy_maps=textash:/etc/postfix/tls_policy";
    let Some(played) = shape.play(&[PARTNER, setting, CASES[0]]) else { return };
    let told = answered(&played, 1, &[("partner.example", Undecided)]);
    let words = "finding: smtp_tls_policy_maps names textash:/etc/postfix/tls_policy, and Postfix has no type of table `textash`";
    tells(&Some(told), &[words]);
}

/// An empty list of roots turns TLS off for mail that goes out: what need not be encrypted is not.
#[test]
fn an_empty_list_of_roots_is_no_tls_at_all() {
    let shape = Shape::new("smarthost");
    shape.write("roots.pem", "");
    let arguments = [
        "--config-set=smtp_tls_CAfile=/etc/postfix/roots.pem",
        "--config-set=smtp_tls_security_level=may",
        "--connector=anyone.example=opportunistic",
        "--mx=anyone.example=smtp.provider.example:587",
        CASES[0],
    ];
    let Some(played) = shape.play(&arguments) else { return };
    let told = answered(&played, 1, &[("anyone.example", Unprotected)]);
    tells(
        &Some(told),
        &["finding: smtp_tls_CAfile names /etc/postfix/roots.pem, which holds no certificate"],
    );
}

/// Expired roots are TLS without proof: it is the finding that says so, for mail that wants none.
#[test]
fn an_expired_list_of_roots_is_a_finding() {
    let shape = Shape::new("doors");
    let arguments = [
        "--config-set=smtp_tls_CAfile=/etc/postfix/expired-root.pem",
        "--connector=anyone.example=opportunistic",
        CASES[0],
    ];
    let Some(played) = shape.play(&arguments) else { return };
    let told = answered(&played, 1, &[("anyone.example", Protected)]);
    let words = "finding: smtp_tls_CAfile names /etc/postfix/expired-root.pem, which holds expired certificates only";
    tells(&Some(told), &[words]);
}

/// What the listener shows is looked at where the user has it.
#[test]
fn a_key_of_another_certificate_is_a_finding() {
    let shape = Shape::new("amavis");
    shape.write("tls_policy", "partner.example encrypt\n");
    shape.write("tls_policy.cdb", constant_database("partner.example", "encrypt"));
    let authorities = Authorities::new(SystemTime::now()).expect("certificates can be made");
    let issue = |recipe: &str| {
        let recipe: Recipe = toml::from_str(recipe).expect("a recipe");
        authorities.issue(&recipe, "mail.example").expect("it can be made")
    };
    shape.write("chain.pem", issue("about = 'a'").chain_pem());
    shape.write("key.pem", issue("about = 'b'\nkey = 'p-384'").key_pem());
    let arguments = [
        "--config-set=smtpd_tls_chain_files=/etc/postfix/key.pem, /etc/postfix/chain.pem",
        PARTNER,
        CASES[0],
    ];
    let Some(played) = shape.play(&arguments) else { return };
    let told = err(&played);
    let words = ["smtpd_tls_chain_files: the key in ", " does not belong to the certificate in "];
    assert!(words.iter().all(|words| told.contains(words)), "{told}");
}
