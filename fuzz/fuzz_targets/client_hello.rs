//! A ClientHello that can be read is written again as the same message.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal::internals::wire::tls::{ClientHello, read_client_hello};

fuzz_target!(|bytes: &[u8]| {
    let _ = read_client_hello(bytes);
    if let Ok(hello) = ClientHello::read(bytes) {
        let message = hello.message();
        assert_eq!(ClientHello::read(&message[4..]), Ok(hello));
    }
});
