//! Messages are the same however a stream is cut. The first octet is the place of the cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal::internals::wire::tls::{Message, RecordError, Records, last_alert};

fn all(pieces: &[&[u8]]) -> (Vec<Message>, Option<RecordError>) {
    let mut records = Records::default();
    let mut found = Vec::new();
    for piece in pieces {
        records.push(piece);
        loop {
            match records.next_message() {
                Ok(Some(message)) => found.push(message),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, stream)) = bytes.split_first() else { return };
    let cut = usize::from(*cut).min(stream.len());
    assert_eq!(all(&[stream]), all(&[&stream[..cut], &stream[cut..]]));
    let _ = last_alert(stream);
});
