//! No bytes of a server break the reader of flights, and a flight is read as it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal::internals::wire::tls::{Flight, SignedCurve};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some((flight, rest))) = Flight::take(bytes) {
        assert!(rest.len() < bytes.len());
        let written = flight.records(1 << 14);
        if let Ok(Some((again, _))) = Flight::take(&written) {
            assert_eq!(again, flight);
        }
    }
    if let Some(curve) = SignedCurve::read(bytes) {
        assert_eq!(SignedCurve::read(&curve.body()), Some(curve));
    }
});
