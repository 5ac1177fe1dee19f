//! Odd but right hellos: a host has to answer them as it does a plain one.

use waxseal_model::offer::Version;
use waxseal_model::scan::{Found, Oddity, Tolerance};

use super::answers::newest_told;
use super::host::Host;
use super::reply::Reply;
use super::versions::Heard;
use crate::tls::hello::{CURVES, GROUPS_TLS13, Hellos, SCHEMES, whole};
use crate::wire::tls::{ClientHello, Extension, grease};

/// Asks about every oddity. One connection each; the plain hello was answered before.
pub(super) async fn learn(host: &Host, hellos: &Hellos, heard: &[Heard]) -> Vec<Tolerance> {
    let Some((version, suites)) = newest_told(heard) else {
        return Vec::new();
    };
    let plain = hellos.hello(version, &suites);
    let ask = |oddity| one(host, &plain, version, oddity);
    let (a, b, c, d, e, f, g) = tokio::join!(
        ask(Oddity::Grease),
        ask(Oddity::HighVersion),
        ask(Oddity::RecordVersionSsl3),
        ask(Oddity::RecordVersionTls12),
        ask(Oddity::MediumHello),
        ask(Oddity::LongHello),
        ask(Oddity::SplitRecords),
    );
    vec![a, b, c, d, e, f, g]
}

async fn one(host: &Host, plain: &ClientHello, version: Version, oddity: Oddity) -> Tolerance {
    if oddity == Oddity::HighVersion && version != Version::Tls12 {
        return Tolerance { oddity, borne: Found::NotApplicable("TLS 1.2 is not spoken".into()) };
    }
    let borne = match host.ask_surely(&odd(plain, version, oddity)).await {
        Reply::Flight(flight) if flight.version() == Some(version) => Found::Known(true),
        Reply::Flight(_) | Reply::Refused(_) => Found::Known(false),
        Reply::Unclear(why) => Found::Unknown(why),
    };
    Tolerance { oddity, borne }
}

fn odd(plain: &ClientHello, version: Version, oddity: Oddity) -> Vec<u8> {
    let mut hello = plain.clone();
    match oddity {
        Oddity::Grease => {
            hello.suites.insert(0, grease(0));
            let groups = if version == Version::Tls13 { GROUPS_TLS13 } else { CURVES };
            hello.set(Extension::groups(&[&[grease(1)], groups].concat()));
            hello.set(Extension::schemes(&[&[grease(2)], SCHEMES].concat()));
            hello.set(Extension::versions(&[grease(4), version.code()]));
            hello.extensions.get_or_insert_default().insert(0, Extension::grease(3));
        }
        Oddity::HighVersion => hello.legacy_version = 0x0305,
        Oddity::RecordVersionSsl3 => return hello.records(0x0300, usize::MAX),
        Oddity::RecordVersionTls12 => return hello.records(0x0303, usize::MAX),
        Oddity::MediumHello => pad(&mut hello, 300),
        Oddity::LongHello => pad(&mut hello, 5000),
        Oddity::SplitRecords => return hello.records(0x0301, 50),
    }
    whole(&hello)
}

/// Brings the handshake message to that many octets; one that is longer is cut to fewer suites.
fn pad(hello: &mut ClientHello, octets: usize) {
    while hello.message().len() + 4 > octets && hello.suites.len() > 1 {
        hello.suites.remove(0);
    }
    let missing = octets.saturating_sub(hello.message().len() + 4);
    hello.extensions.get_or_insert_default().push(Extension::padding(missing));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padded_hello_has_the_length_that_its_name_says() {
        for version in [Version::Tls12, Version::Tls13] {
            let plain = Hellos::new("mail.example").hello(version, &[0xc02f; 60]);
            for (oddity, octets) in [(Oddity::MediumHello, 300), (Oddity::LongHello, 5000)] {
                assert_eq!(odd(&plain, version, oddity).len(), octets + 5);
            }
        }
    }
}
