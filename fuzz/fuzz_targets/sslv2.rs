//! No bytes of a server break the reader of SSL 2.0.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal::internals::wire::tls::{Sslv2ClientHello, Sslv2ServerHello};

fuzz_target!(|bytes: &[u8]| {
    let _ = Sslv2ServerHello::read(bytes);
    let _ = Sslv2ClientHello::read(bytes);
});
