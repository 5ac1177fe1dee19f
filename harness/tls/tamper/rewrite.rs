//! The tamperings: an honest flight in, the same with one thing changed out.

use waxseal_model::scenario::Tampering;

use super::keys;
use crate::wire::numbers::suite;
use crate::wire::tls::{
    ClientHello, Extension, Flight, HandshakeMessage, ServerHello, SignedCurve, content, handshake,
    kind, write_records,
};

/// What the engine says behind the flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Goes out as it is.
    GoesOut,
    /// Is kept back until the client has done something, or for a while: a client that notices the
    /// tampering ends the handshake before it comes, one that does not waits for it.
    IsHeld,
    /// Is kept back: it belongs to a hello that was not sent.
    IsDropped,
    /// Is kept back, and the connection is closed.
    Closes,
}

/// A changed flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rewritten {
    /// Whole records, unless they are tampered themselves.
    pub(super) bytes: Vec<u8>,
    pub(super) after: After,
}

/// Most octets that a record may hold in plaintext.
pub(super) const WHOLE: usize = 1 << 14;

/// The first octet count that no version allows a record (RFC 5246 section 6.2.3).
pub(super) const TOO_LONG: usize = (1 << 14) + 2048 + 1;

const ALL_GROUPS: &str = "it offers every group that we could choose";

/// Changes a flight. `client` is the hello that it answers, `retried` says whether a
/// HelloRetryRequest of the engine came before, `key` is the server's in PKCS#8.
///
/// # Errors
/// Why the tampering has no meaning with this hello: a fragment, not a failure of anybody.
pub(super) fn rewrite(
    tampering: Tampering,
    client: &ClientHello,
    mut flight: Flight,
    retried: bool,
    key: &[u8],
) -> Result<Rewritten, String> {
    let tls13 = flight.hello.version() >= 0x0304;
    let hello = &mut flight.hello;
    match tampering {
        Tampering::Nothing => {}
        // The engine has set it, because TLS 1.3 was struck out of the hello it saw.
        Tampering::DowngradeSentinel => has_sentinel(hello)?,
        Tampering::SuiteNotOffered => hello.suite = other_suite(client, hello.suite, tls13)?,
        Tampering::SuiteOfTls13 => hello.suite = 0x1301,
        Tampering::VersionSsl3 => version_ssl3(client, hello)?,
        Tampering::VersionTls13 => hello.legacy_version = 0x0304,
        Tampering::SelectedVersionOld => set(hello, kind::SUPPORTED_VERSIONS, &[3, 3]),
        Tampering::SelectedVersionUnknown => set(hello, kind::SUPPORTED_VERSIONS, &[3, 0x7f]),
        Tampering::SessionIdChanged => change_session_id(hello),
        Tampering::CompressionChosen => choose_compression(client, hello)?,
        Tampering::RenegotiationInfoMissing => leave_out_renegotiation_info(client, hello)?,
        Tampering::AlpnNotOffered => add_alpn(client, hello)?,
        Tampering::ExtensionUnknown => {
            hello.extensions.get_or_insert_default().push(Extension::new(0x1234, [0]));
        }
        Tampering::GroupNotOffered if tls13 => share_on_other_group(client, hello)?,
        Tampering::GroupNotOffered => choose_group(client, &mut flight, key)?,
        Tampering::GroupNotShared => share_on_group_not_shared(client, hello)?,
        Tampering::ShareAllZero => zero_share(hello),
        Tampering::SignatureBroken => break_signature(&mut flight)?,
        Tampering::DoneBeforeKeyExchange => done_before_key_exchange(&mut flight)?,
        Tampering::SecondServerHello => {
            let again = HandshakeMessage { kind: handshake::SERVER_HELLO, body: hello.body() };
            flight.messages.insert(0, again);
        }
        Tampering::RetryForSharedGroup => return Ok(retry_for_shared_group(flight)),
        Tampering::RetryTwice => return retry_twice(flight, retried),
        Tampering::Fragments => return Ok(Rewritten::goes_out(flight.records(1))),
        Tampering::EmptyRecord => return Ok(behind(content::HANDSHAKE, &[], &flight)),
        Tampering::WarningBeforeHello => return Ok(behind(content::ALERT, &[1, 112], &flight)),
        Tampering::RecordTooLong => return record_too_long(&flight).map(Rewritten::goes_out),
        Tampering::FlightTruncated => {
            let mut bytes = flight.records(WHOLE);
            bytes.truncate(bytes.len() / 2);
            return Ok(Rewritten { bytes, after: After::Closes });
        }
        Tampering::AlertAfterHello => return Ok(alert_after_hello(flight)),
    }
    // In TLS 1.2 the engine waits for the client behind this flight by itself.
    let held = tls13 && tampering != Tampering::Nothing;
    let after = if held { After::IsHeld } else { After::GoesOut };
    Ok(Rewritten { bytes: flight.records(WHOLE), after })
}

impl Rewritten {
    fn goes_out(bytes: Vec<u8>) -> Self {
        Self { bytes, after: After::GoesOut }
    }
}

fn has_sentinel(hello: &ServerHello) -> Result<(), String> {
    let there = hello.downgrade_sentinel().is_some();
    there.then_some(()).ok_or_else(|| "our server did not set the sentinel".into())
}

fn version_ssl3(client: &ClientHello, hello: &mut ServerHello) -> Result<(), String> {
    let offered = client.numbers(kind::SUPPORTED_VERSIONS, 1);
    // Without the list, SSL 3.0 is within what the hello's version allows.
    if offered.is_empty() {
        return Err("its hello does not list the versions that it offers".into());
    }
    if offered.contains(&0x0300) {
        return Err("it offers SSL 3.0".into());
    }
    hello.legacy_version = 0x0300;
    Ok(())
}

fn change_session_id(hello: &mut ServerHello) {
    match hello.session_id.first_mut() {
        Some(first) => *first ^= 1,
        None => hello.session_id = vec![7; 32],
    }
}

fn choose_compression(client: &ClientHello, hello: &mut ServerHello) -> Result<(), String> {
    if client.compression.contains(&1) {
        return Err("it offers DEFLATE".into());
    }
    hello.compression = 1;
    Ok(())
}

fn leave_out_renegotiation_info(
    client: &ClientHello,
    hello: &mut ServerHello,
) -> Result<(), String> {
    // It is asked for by a signaling suite or by the extension (RFC 5746 section 3.4).
    let asked =
        client.suites.contains(&0x00ff) || client.extension(kind::RENEGOTIATION_INFO).is_some();
    let all = hello.extensions.iter().flatten().count();
    hello.extensions.iter_mut().for_each(|list| {
        list.retain(|extension| extension.kind != kind::RENEGOTIATION_INFO);
    });
    if !asked || hello.extensions.iter().flatten().count() == all {
        return Err("it does not ask for renegotiation_info".into());
    }
    Ok(())
}

fn add_alpn(client: &ClientHello, hello: &mut ServerHello) -> Result<(), String> {
    if client.extension(kind::ALPN).is_some() {
        return Err("it offers ALPN".into());
    }
    hello.extensions.get_or_insert_default().push(Extension::alpn(&[b"smtp"]));
    Ok(())
}

fn share_on_other_group(client: &ClientHello, hello: &mut ServerHello) -> Result<(), String> {
    let offered = client.numbers(kind::SUPPORTED_GROUPS, 2);
    let (group, public) = keys::share(|group| !offered.contains(&group)).ok_or(ALL_GROUPS)?;
    set(hello, kind::KEY_SHARE, &server_share(group, &public));
    Ok(())
}

fn share_on_group_not_shared(client: &ClientHello, hello: &mut ServerHello) -> Result<(), String> {
    let offered = client.numbers(kind::SUPPORTED_GROUPS, 2);
    let shared = shared(client);
    let wanted = |group| offered.contains(&group) && !shared.contains(&group);
    let (group, public) =
        keys::share(wanted).ok_or("it shares every group that we could choose")?;
    set(hello, kind::KEY_SHARE, &server_share(group, &public));
    Ok(())
}

fn zero_share(hello: &mut ServerHello) {
    if let Some(share) = hello.extension(kind::KEY_SHARE) {
        // Group and length stay.
        let (head, public) = share.split_at(share.len().min(4));
        let zeros = [head, &vec![0; public.len()]].concat();
        set(hello, kind::KEY_SHARE, &zeros);
    }
}

fn break_signature(flight: &mut Flight) -> Result<(), String> {
    let exchange = flight.message(handshake::SERVER_KEY_EXCHANGE);
    let exchange = exchange.ok_or("the key exchange is not signed")?;
    // The last octets are the signature's.
    if let Some(last) = exchange.body.last_mut() {
        *last ^= 1;
    }
    Ok(())
}

fn done_before_key_exchange(flight: &mut Flight) -> Result<(), String> {
    let at = |kind| flight.messages.iter().position(|message| message.kind == kind);
    let exchange = at(handshake::SERVER_KEY_EXCHANGE);
    let (Some(to), Some(from)) = (exchange, at(handshake::SERVER_HELLO_DONE)) else {
        return Err("there is no key exchange to be out of order".into());
    };
    let done = flight.messages.remove(from);
    flight.messages.insert(to, done);
    Ok(())
}

/// Asks for the share that is there: a retry that would change nothing (RFC 8446 section 4.1.4).
fn retry_for_shared_group(mut flight: Flight) -> Rewritten {
    let group = flight.hello.group().unwrap_or_default();
    retry(&mut flight, Extension::new(kind::KEY_SHARE, group.to_be_bytes()))
}

fn retry_twice(mut flight: Flight, retried: bool) -> Result<Rewritten, String> {
    if !retried {
        return Err("it shares the one group of our server at once".into());
    }
    // It would change the next hello, so that only its coming twice is wrong.
    Ok(retry(&mut flight, Extension::new(kind::COOKIE, [0, 4, 7, 7, 7, 7])))
}

/// A HelloRetryRequest in the place of the ServerHello. What the engine says behind it answers a
/// hello that was not sent.
fn retry(flight: &mut Flight, why: Extension) -> Rewritten {
    let version = Extension::new(kind::SUPPORTED_VERSIONS, [3, 4]);
    flight.hello = flight.hello.retry(vec![version, why]);
    Rewritten { bytes: flight.records(WHOLE), after: After::IsDropped }
}

/// The flight behind one record more.
fn behind(content: u8, payload: &[u8], flight: &Flight) -> Rewritten {
    let first = write_records(content, flight.version, payload, WHOLE);
    Rewritten::goes_out([first, flight.records(WHOLE)].concat())
}

/// The flight in one record, filled up with messages that a client passes over.
fn record_too_long(flight: &Flight) -> Result<Vec<u8>, String> {
    let request = HandshakeMessage { kind: handshake::HELLO_REQUEST, body: Vec::new() };
    let payload = flight.payload();
    let lacking = TOO_LONG.saturating_sub(payload.len()).div_ceil(4);
    let mut long = request.bytes().repeat(lacking);
    long.extend_from_slice(&payload);
    let length = u16::try_from(long.len()).map_err(|_| "our chain is too long")?;
    let mut bytes = vec![content::HANDSHAKE];
    bytes.extend_from_slice(&flight.version.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&long);
    Ok(bytes)
}

fn alert_after_hello(mut flight: Flight) -> Rewritten {
    flight.messages.clear();
    let alert = write_records(content::ALERT, flight.version, &[2, 40], WHOLE);
    Rewritten { bytes: [flight.records(WHOLE), alert].concat(), after: After::Closes }
}

/// The ClientHello without TLS 1.3, as somebody on the path would leave it; `None`: it is not
/// offered.
pub(super) fn without_tls13(client: &ClientHello) -> Option<ClientHello> {
    let versions = client.numbers(kind::SUPPORTED_VERSIONS, 1);
    if !versions.contains(&0x0304) {
        return None;
    }
    let rest: Vec<u16> = versions.into_iter().filter(|version| *version != 0x0304).collect();
    let mut changed = client.clone();
    for extension in changed.extensions.iter_mut().flatten() {
        if extension.kind == kind::SUPPORTED_VERSIONS {
            *extension = Extension::versions(&rest);
        }
    }
    Some(changed)
}

/// Puts another body into an extension, where it is there.
fn set(hello: &mut ServerHello, kind: u16, body: &[u8]) {
    for extension in hello.extensions.iter_mut().flatten().filter(|found| found.kind == kind) {
        extension.body = body.to_vec();
    }
}

pub(super) fn server_share(group: u16, public: &[u8]) -> Vec<u8> {
    let length = u16::try_from(public.len()).unwrap_or(u16::MAX);
    [&group.to_be_bytes(), &length.to_be_bytes(), public].concat()
}

/// The groups for which the client has sent a share.
fn shared(client: &ClientHello) -> Vec<u16> {
    let mut rest = client.extension(kind::KEY_SHARE).and_then(|body| body.get(2..));
    let mut groups = Vec::new();
    while let Some([high, low, a, b, tail @ ..]) = rest {
        groups.push(u16::from_be_bytes([*high, *low]));
        rest = tail.get(usize::from(u16::from_be_bytes([*a, *b]))..);
    }
    groups
}

/// A suite of the same version that was not offered, and that the same certificate serves.
fn other_suite(client: &ClientHello, chosen: u16, tls13: bool) -> Result<u16, String> {
    let ecdsa = suite(chosen).name.contains("_ECDSA_");
    let candidates: &[u16] = match (tls13, ecdsa) {
        (true, _) => &[0x1301, 0x1302, 0x1303, 0x1304, 0x1305],
        (false, true) => &[0xc02c, 0xc02b, 0xcca9, 0xc024, 0xc023, 0xc00a, 0xc009, 0xc008, 0xc007],
        (false, false) => &[0xc030, 0xc02f, 0xcca8, 0xc028, 0xc027, 0xc014, 0xc013, 0xc012, 0xc011],
    };
    let free = candidates.iter().copied().find(|suite| !client.suites.contains(suite));
    free.ok_or_else(|| "it offers every suite that we could choose".into())
}

/// Replaces the group of a ServerKeyExchange, with a public value on it and a right signature.
fn choose_group(client: &ClientHello, flight: &mut Flight, key: &[u8]) -> Result<(), String> {
    let offered = client.numbers(kind::SUPPORTED_GROUPS, 2);
    let (group, public) = keys::share(|group| !offered.contains(&group)).ok_or(ALL_GROUPS)?;
    let randoms = [client.random, flight.hello.random].concat();
    let exchange = flight.message(handshake::SERVER_KEY_EXCHANGE);
    let exchange = exchange.ok_or("there is no key exchange")?;
    let mut curve = SignedCurve::read(&exchange.body).ok_or("the key exchange has no curve")?;
    (curve.group, curve.public) = (group, public);
    let content = [randoms, curve.parameters()].concat();
    curve.signature =
        keys::sign(key, curve.scheme, &content).ok_or("our key cannot sign another group")?;
    exchange.body = curve.body();
    Ok(())
}
