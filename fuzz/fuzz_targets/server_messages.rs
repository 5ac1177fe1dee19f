//! No bytes of a server break a reader, and a ServerHello is written as it was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal::internals::wire::tls::{
    Exchange, ServerHello, ServerKeyExchange, read_certificate_status,
    read_certificates,
};

fuzz_target!(|bytes: &[u8]| {
    let Some((flags, body)) = bytes.split_first() else { return };
    if let Ok(hello) = ServerHello::read(body) {
        let _ = (hello.version(), hello.group(), hello.downgrade_sentinel(), hello.is_retry());
        assert_eq!(ServerHello::read(&hello.body()), Ok(hello));
    }
    let _ = read_certificates(body);
    let _ = read_certificate_status(body);
    for exchange in [Exchange::FiniteField, Exchange::EllipticCurve] {
        let read = ServerKeyExchange::read(body, exchange, flags & 1 == 1, flags & 2 == 2);
        let _ = read.map(|read| read.prime_bits());
    }
});
