//! Laws of the tamperings: what is written can be read, and differs in the one thing.

use proptest::prelude::*;
use waxseal_model::scenario::Tampering;

use super::rewrite::{After, Rewritten, TOO_LONG, WHOLE, rewrite, server_share, without_tls13};
use crate::wire::tls::{
    ClientHello, Extension, Flight, HandshakeMessage, ServerHello, SignedCurve, handshake, kind,
};

/// The version, suite, groups and share of a hello that asks for all that is honest below.
fn client(session_id: &[u8]) -> ClientHello {
    ClientHello {
        legacy_version: 0x0303,
        random: [1; 32],
        session_id: session_id.to_vec(),
        suites: vec![0x1301, 0xc02b, 0x00ff],
        compression: vec![0],
        extensions: Some(vec![
            Extension::groups(&[0x001d, 0x0017]),
            Extension::versions(&[0x0304, 0x0303]),
            Extension::key_share(&[(0x001d, &[9; 32])]),
        ]),
    }
}

/// An honest flight of this version, with this random.
fn honest(tls13: bool, random: [u8; 32], session_id: &[u8]) -> Flight {
    let extensions = if tls13 {
        vec![
            Extension::new(kind::SUPPORTED_VERSIONS, [3, 4]),
            Extension::new(kind::KEY_SHARE, server_share(0x001d, &[9; 32])),
        ]
    } else {
        vec![Extension::renegotiation_info()]
    };
    let curve = SignedCurve {
        group: 0x001d,
        public: vec![9; 32],
        scheme: 0x0403,
        signature: vec![0x30, 6, 2, 1, 7, 2, 1, 9],
    };
    let message = |kind, body| HandshakeMessage { kind, body };
    let messages = vec![
        message(handshake::CERTIFICATE, vec![0, 0, 3, 0, 0, 0]),
        message(handshake::SERVER_KEY_EXCHANGE, curve.body()),
        message(handshake::SERVER_HELLO_DONE, Vec::new()),
    ];
    Flight {
        before: Vec::new(),
        version: 0x0303,
        hello: ServerHello {
            legacy_version: 0x0303,
            random,
            session_id: session_id.to_vec(),
            suite: if tls13 { 0x1301 } else { 0xc02b },
            compression: 0,
            extensions: Some(extensions),
        },
        messages: if tls13 { Vec::new() } else { messages },
    }
}

/// In how many fields two hellos differ, each extension being one.
fn differences(one: &ServerHello, other: &ServerHello) -> usize {
    let fields = [
        one.legacy_version != other.legacy_version,
        one.random != other.random,
        one.session_id != other.session_id,
        one.suite != other.suite,
        one.compression != other.compression,
    ];
    let of = |hello: &ServerHello, kind| hello.extension(kind).map(<[u8]>::to_vec);
    let kinds = [
        kind::SUPPORTED_VERSIONS,
        kind::KEY_SHARE,
        kind::RENEGOTIATION_INFO,
        kind::ALPN,
        kind::COOKIE,
        0x1234,
    ];
    let extensions = kinds.into_iter().filter(|kind| of(one, *kind) != of(other, *kind));
    fields.into_iter().filter(|differs| *differs).count() + extensions.count()
}

fn tampered(tampering: Tampering, tls13: bool, random: [u8; 32], id: &[u8]) -> (Flight, Rewritten) {
    let key = openssl::ec::EcGroup::from_curve_name(openssl::nid::Nid::X9_62_PRIME256V1)
        .and_then(|group| openssl::ec::EcKey::generate(&group))
        .and_then(openssl::pkey::PKey::from_ec_key)
        .and_then(|key| key.private_key_to_pkcs8())
        .unwrap();
    let flight = honest(tls13, random, id);
    let retried = tampering == Tampering::RetryTwice;
    let rewritten = rewrite(tampering, &client(id), flight.clone(), retried, &key);
    (flight, rewritten.unwrap_or_else(|why| panic!("{}: {why}", tampering.name())))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_tampered_hello_can_be_read_and_differs_in_one_field(
        random in any::<[u8; 32]>(), id in prop_oneof![Just(vec![]), Just(vec![5; 32])],
    ) {
        for (tampering, tls13) in [
            (Tampering::AlpnNotOffered, false),
            (Tampering::CompressionChosen, false),
            (Tampering::ExtensionUnknown, false),
            (Tampering::RenegotiationInfoMissing, false),
            (Tampering::SuiteNotOffered, false),
            (Tampering::SuiteOfTls13, false),
            (Tampering::VersionSsl3, false),
            (Tampering::VersionTls13, false),
            (Tampering::GroupNotOffered, true),
            (Tampering::GroupNotShared, true),
            (Tampering::SelectedVersionOld, true),
            (Tampering::SelectedVersionUnknown, true),
            (Tampering::SessionIdChanged, true),
            (Tampering::ShareAllZero, true),
            (Tampering::SuiteNotOffered, true),
        ] {
            let (honest, rewritten) = tampered(tampering, tls13, random, &id);
            let (read, rest) = Flight::take(&rewritten.bytes).unwrap().unwrap();
            prop_assert_eq!(differences(&honest.hello, &read.hello), 1, "{}", tampering.name());
            prop_assert_eq!(&honest.messages, &read.messages, "{}", tampering.name());
            prop_assert!(rest.is_empty());
            let after = if tls13 { After::IsHeld } else { After::GoesOut };
            prop_assert_eq!(rewritten.after, after);
        }
    }

    #[test]
    fn a_tampered_key_exchange_leaves_the_hello_alone(random in any::<[u8; 32]>()) {
        for tampering in [Tampering::GroupNotOffered, Tampering::SignatureBroken] {
            let (honest, rewritten) = tampered(tampering, false, random, &[]);
            let (read, _) = Flight::take(&rewritten.bytes).unwrap().unwrap();
            prop_assert_eq!(&honest.hello, &read.hello);
            let changed: Vec<u8> = honest
                .messages
                .iter()
                .zip(&read.messages)
                .filter(|(one, other)| one != other)
                .map(|(one, _)| one.kind)
                .collect();
            prop_assert_eq!(changed, [handshake::SERVER_KEY_EXCHANGE]);
            let curve = SignedCurve::read(&read.messages[1].body).unwrap();
            let other_group = curve.group != 0x001d;
            prop_assert_eq!(other_group, tampering == Tampering::GroupNotOffered);
        }
    }

    #[test]
    fn what_is_tampered_around_an_honest_flight_leaves_it_whole(random in any::<[u8; 32]>()) {
        for tls13 in [false, true] {
            let (honest, fragments) = tampered(Tampering::Fragments, tls13, random, &[]);
            let whole = honest.payload();
            prop_assert_eq!(fragments.bytes.len(), 6 * whole.len());
            let (read, _) = Flight::take(&fragments.bytes).unwrap().unwrap();
            prop_assert_eq!(read.payload(), whole);
            for (tampering, before) in [
                (Tampering::Nothing, 0),
                (Tampering::EmptyRecord, 5),
                (Tampering::WarningBeforeHello, 7),
            ] {
                let (honest, rewritten) = tampered(tampering, tls13, random, &[]);
                prop_assert_eq!(&rewritten.bytes[before..], honest.records(WHOLE));
                prop_assert_eq!(rewritten.after, After::GoesOut);
            }
        }
    }
}

#[test]
fn messages_are_only_moved_or_repeated() {
    let kinds = |tampering| {
        let (_, rewritten) = tampered(tampering, false, [3; 32], &[]);
        let kinds = |bytes: &[u8]| {
            let (read, _) = Flight::take(bytes).unwrap().unwrap();
            read.messages.iter().map(|message| message.kind).collect::<Vec<_>>()
        };
        kinds(&rewritten.bytes)
    };
    assert_eq!(kinds(Tampering::DoneBeforeKeyExchange), [11, 14, 12]);
    assert_eq!(kinds(Tampering::SecondServerHello), [2, 11, 12, 14]);
}

#[test]
fn a_record_is_too_long_by_its_own_length_alone() {
    let (honest, rewritten) = tampered(Tampering::RecordTooLong, false, [3; 32], &[]);
    let [22, 3, 3, high, low, payload @ ..] = &rewritten.bytes[..] else { panic!("no record") };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    assert!((TOO_LONG..TOO_LONG + 4).contains(&length));
    assert_eq!(length, payload.len());
    assert!(payload.ends_with(&honest.payload()));
}

#[test]
fn a_retry_is_a_retry() {
    for (tampering, asked) in
        [(Tampering::RetryForSharedGroup, Some(0x001d)), (Tampering::RetryTwice, None)]
    {
        let (honest, rewritten) = tampered(tampering, true, [3; 32], &[5; 32]);
        let (read, _) = Flight::take(&rewritten.bytes).unwrap().unwrap();
        assert!(read.hello.is_retry());
        assert_eq!(read.hello.group(), asked);
        assert_eq!(read.hello.session_id, honest.hello.session_id);
        assert_eq!(rewritten.after, After::IsDropped);
    }
}

#[test]
fn what_has_no_meaning_with_a_hello_says_so() {
    let meaningless = |tampering, tls13, change: &dyn Fn(&mut ClientHello)| {
        let mut client = client(&[]);
        change(&mut client);
        rewrite(tampering, &client, honest(tls13, [3; 32], &[]), false, &[]).is_err()
    };
    let alpn = |client: &mut ClientHello| {
        client.extensions.get_or_insert_default().push(Extension::alpn(&[b"smtp"]));
    };
    assert!(meaningless(Tampering::AlpnNotOffered, false, &alpn));
    assert!(meaningless(Tampering::CompressionChosen, false, &|client| client.compression.push(1)));
    assert!(meaningless(Tampering::VersionSsl3, false, &|client| client.extensions = None));
    assert!(meaningless(Tampering::RenegotiationInfoMissing, false, &|client| client
        .suites
        .truncate(2)));
    assert!(meaningless(Tampering::RetryTwice, true, &|_| ()));
    assert!(meaningless(Tampering::DowngradeSentinel, false, &|_| ()));
    assert_eq!(without_tls13(&ClientHello::default()), None);
    let struck = without_tls13(&client(&[])).unwrap();
    assert_eq!(struck.numbers(kind::SUPPORTED_VERSIONS, 1), [0x0303]);
}
