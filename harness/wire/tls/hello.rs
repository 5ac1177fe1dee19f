//! The ClientHello, written with every field free and read as it came (RFC 8446 section 4.1.2).

use super::cursor::{Cursor, Malformed, numbers};
use super::extension::{Extension, read_extensions, write_extensions};
use super::record::{Message, Records, content, write_records};

/// `client_hello` as a handshake type.
pub const CLIENT_HELLO: u8 = 1;

/// A ClientHello: numbers as they stand on the wire, right or wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// `legacy_version`; the version itself up to TLS 1.2.
    pub legacy_version: u16,
    /// `random`.
    pub random: [u8; 32],
    /// At most 32 octets by the standard, 255 on the wire.
    pub session_id: Vec<u8>,
    /// Cipher suites in order, signals included.
    pub suites: Vec<u16>,
    /// Compression methods; `[0]` is "none".
    pub compression: Vec<u8>,
    /// Extensions in order; `None`: there is no block of extensions at all, as in SSL 3.0.
    pub extensions: Option<Vec<Extension>>,
}

impl ClientHello {
    /// The body of the first extension of this type.
    pub fn extension(&self, kind: u16) -> Option<&[u8]> {
        let extensions = self.extensions.iter().flatten();
        extensions.into_iter().find(|found| found.kind == kind).map(|found| found.body.as_slice())
    }

    /// A list of 16-bit numbers behind a length of `width` octets, as most extensions hold.
    pub fn numbers(&self, kind: u16, width: usize) -> Vec<u16> {
        numbers(self.extension(kind).and_then(|body| body.get(width..)).unwrap_or_default())
    }

    /// Puts an extension in the place of the one of its type, or at the end.
    pub fn set(&mut self, extension: Extension) {
        let extensions = self.extensions.get_or_insert_default();
        match extensions.iter_mut().find(|found| found.kind == extension.kind) {
            Some(found) => *found = extension,
            None => extensions.push(extension),
        }
    }

    /// Takes the extension of this type out.
    pub fn remove(&mut self, kind: u16) {
        self.extensions.get_or_insert_default().retain(|found| found.kind != kind);
    }

    /// The handshake message, with its type and length.
    ///
    /// A list that is longer than its length field can say is written with the low bits of its
    /// length: the message is then as wrong as it was asked to be.
    pub fn message(&self) -> Vec<u8> {
        let mut body = self.legacy_version.to_be_bytes().to_vec();
        body.extend_from_slice(&self.random);
        body.push(self.session_id.len() as u8);
        body.extend_from_slice(&self.session_id);
        body.extend_from_slice(&((self.suites.len() * 2) as u16).to_be_bytes());
        body.extend(self.suites.iter().flat_map(|suite| suite.to_be_bytes()));
        body.push(self.compression.len() as u8);
        body.extend_from_slice(&self.compression);
        if let Some(extensions) = &self.extensions {
            body.extend_from_slice(&write_extensions(extensions));
        }
        let mut message = vec![CLIENT_HELLO];
        message.extend_from_slice(&(body.len() as u32).to_be_bytes()[1..]);
        message.extend_from_slice(&body);
        message
    }

    /// The hello in records of this version, of at most `piece` octets each.
    pub fn records(&self, version: u16, piece: usize) -> Vec<u8> {
        write_records(content::HANDSHAKE, version, &self.message(), piece)
    }

    /// Reads the body of a `client_hello` message.
    ///
    /// # Errors
    /// [`Malformed`]; the bytes may still be what somebody sent on purpose.
    pub fn read(body: &[u8]) -> Result<Self, Malformed> {
        let mut at = Cursor(body);
        let legacy_version = at.number("version")?;
        let mut random = [0; 32];
        random.copy_from_slice(at.take(32, "random")?);
        let session_id = at.short("session id")?.to_vec();
        let suites = numbers(at.long("cipher suites")?);
        let compression = at.short("compression methods")?.to_vec();
        let extensions =
            if at.0.is_empty() { None } else { Some(read_extensions(at.long("extensions")?)?) };
        at.end()?;
        Ok(Self { legacy_version, random, session_id, suites, compression, extensions })
    }
}

/// Reads a whole ClientHello from the first bytes of a client, however its records are split.
///
/// `None`: it is not complete yet, or is none.
pub fn read_client_hello(bytes: &[u8]) -> Option<ClientHello> {
    let mut records = Records::default();
    records.push(bytes);
    match records.next_message() {
        Ok(Some(Message::Handshake { kind: CLIENT_HELLO, body })) => ClientHello::read(&body).ok(),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn extensions() -> impl Strategy<Value = Option<Vec<Extension>>> {
        let extension = (any::<u16>(), vec(any::<u8>(), 0..40))
            .prop_map(|(kind, body)| Extension { kind, body });
        proptest::option::of(vec(extension, 0..8))
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            (legacy_version, random) in (any::<u16>(), any::<[u8; 32]>()),
            session_id in vec(any::<u8>(), 0..=255),
            suites in vec(any::<u16>(), 0..400),
            compression in vec(any::<u8>(), 0..5),
            extensions in extensions(),
            piece in 1_usize..2000,
        ) {
            let hello =
                ClientHello { legacy_version, random, session_id, suites, compression, extensions };
            let bytes = hello.records(0x0301, piece);
            prop_assert_eq!(read_client_hello(&bytes), Some(hello));
            prop_assert_eq!(read_client_hello(&bytes[..bytes.len() - 1]), None);
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in vec(any::<u8>(), 0..300)) {
            let _ = ClientHello::read(&bytes);
        }
    }
}
