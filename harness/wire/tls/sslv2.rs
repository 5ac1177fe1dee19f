//! The hellos of SSL 2.0, which shares nothing with TLS but the port (RFC 6101 appendix E).

use super::cursor::{Cursor, Malformed};

/// Kinds of cipher of SSL 2.0, strongest first.
pub const SSLV2_CIPHERS: [[u8; 3]; 7] = [
    [0x07, 0x00, 0xc0],
    [0x05, 0x00, 0x80],
    [0x03, 0x00, 0x80],
    [0x01, 0x00, 0x80],
    [0x06, 0x00, 0x40],
    [0x04, 0x00, 0x80],
    [0x02, 0x00, 0x80],
];

/// A CLIENT-HELLO in the framing of SSL 2.0: `version` is 0x0002 for SSL 2.0 itself, or what a
/// client of RFC 5246 appendix E.2 would say. Each cipher has three octets; a suite of TLS is 0 and
/// its number.
pub fn write_sslv2_hello(version: u16, ciphers: &[[u8; 3]], challenge: &[u8; 16]) -> Vec<u8> {
    let mut body = vec![1];
    body.extend_from_slice(&version.to_be_bytes());
    body.extend_from_slice(&((ciphers.len() * 3) as u16).to_be_bytes());
    body.extend_from_slice(&0_u16.to_be_bytes());
    body.extend_from_slice(&16_u16.to_be_bytes());
    body.extend(ciphers.iter().flatten());
    body.extend_from_slice(challenge);
    let mut bytes = (0x8000 | body.len() as u16).to_be_bytes().to_vec();
    bytes.extend_from_slice(&body);
    bytes
}

/// A CLIENT-HELLO in the framing of SSL 2.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sslv2ClientHello {
    /// 0x0002 for SSL 2.0 itself, else the newest version of TLS that the client has.
    pub version: u16,
    /// In the client's order; a suite of TLS is 0 and its number.
    pub ciphers: Vec<[u8; 3]>,
    /// Of an earlier session; mostly empty.
    pub session_id: Vec<u8>,
    /// Octets of the message, without its header.
    pub octets: u16,
}

impl Sslv2ClientHello {
    /// Reads a record that is a CLIENT-HELLO; `None`: it is not complete yet, or is none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut at = Cursor(bytes);
        let header = at.number("header").ok().filter(|header| header & 0x8000 != 0)?;
        let octets = header & 0x7fff;
        let mut at = Cursor(at.take(usize::from(octets), "record").ok()?);
        let kind = at.octet("type").ok()?;
        let version = at.number("version").ok()?;
        let [ciphers, session_id, challenge] =
            [at.number("lengths"), at.number("lengths"), at.number("lengths")];
        let ciphers = at.take(usize::from(ciphers.ok()?), "ciphers").ok()?.chunks_exact(3);
        let ciphers = ciphers.map(|cipher| [cipher[0], cipher[1], cipher[2]]).collect();
        let session_id = at.take(usize::from(session_id.ok()?), "session id").ok()?.to_vec();
        at.take(usize::from(challenge.ok()?), "challenge").ok()?;
        let whole = kind == 1 && at.end().is_ok();
        whole.then_some(Self { version, ciphers, session_id, octets })
    }
}

/// A SERVER-HELLO of SSL 2.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sslv2ServerHello {
    /// 0x0002 for SSL 2.0.
    pub version: u16,
    /// The certificate, in DER.
    pub certificate: Vec<u8>,
    /// What client and server share; may be empty.
    pub ciphers: Vec<[u8; 3]>,
}

impl Sslv2ServerHello {
    /// The record, with an empty connection id.
    pub fn write(&self) -> Vec<u8> {
        let mut body = vec![4, 0, 1];
        body.extend_from_slice(&self.version.to_be_bytes());
        body.extend_from_slice(&(self.certificate.len() as u16).to_be_bytes());
        body.extend_from_slice(&((self.ciphers.len() * 3) as u16).to_be_bytes());
        body.extend_from_slice(&0_u16.to_be_bytes());
        body.extend_from_slice(&self.certificate);
        body.extend(self.ciphers.iter().flatten());
        let mut bytes = (0x8000 | body.len() as u16).to_be_bytes().to_vec();
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Reads a record that is a SERVER-HELLO. `Ok(None)`: it is not complete yet.
    ///
    /// # Errors
    /// [`Malformed`]: it is something else, a TLS alert or text for example.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let mut at = Cursor(bytes);
        let Some(&first) = bytes.first() else { return Ok(None) };
        if first & 0x80 == 0 {
            return Err(Malformed::Short("header"));
        }
        let Ok(length) = at.number("header") else { return Ok(None) };
        let Ok(body) = at.take(usize::from(length & 0x7fff), "record") else { return Ok(None) };
        let mut at = Cursor(body);
        if at.octet("type")? != 4 {
            return Err(Malformed::Short("type"));
        }
        at.take(2, "session id and certificate type")?;
        let version = at.number("version")?;
        let certificate = usize::from(at.number("lengths")?);
        let ciphers = usize::from(at.number("lengths")?);
        let connection = usize::from(at.number("lengths")?);
        let certificate = at.take(certificate, "certificate")?.to_vec();
        let ciphers = at.take(ciphers, "ciphers")?.chunks_exact(3);
        let ciphers = ciphers.map(|cipher| [cipher[0], cipher[1], cipher[2]]).collect();
        at.take(connection, "connection id")?;
        at.end()?;
        Ok(Some(Self { version, certificate, ciphers }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_hello_says_its_own_length() {
        let hello = write_sslv2_hello(2, &SSLV2_CIPHERS, &[9; 16]);
        assert_eq!(usize::from(u16::from_be_bytes([hello[0] & 0x7f, hello[1]])), hello.len() - 2);
        assert_eq!(hello[2..9], [1, 0, 2, 0, 21, 0, 0]);
    }

    #[test]
    fn a_hello_is_read_when_it_is_whole() {
        let bytes = write_sslv2_hello(0x0303, &[[0, 0xc0, 0x2f], [7, 0, 0xc0]], &[9; 16]);
        let hello = Sslv2ClientHello {
            version: 0x0303,
            ciphers: vec![[0, 0xc0, 0x2f], [7, 0, 0xc0]],
            session_id: Vec::new(),
            octets: 31,
        };
        assert_eq!(Sslv2ClientHello::read(&bytes), Some(hello));
        assert_eq!(Sslv2ClientHello::read(&bytes[..30]), None);
        assert_eq!(Sslv2ClientHello::read(b"\x16\x03\x01\0\x02ab"), None);
    }

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let body = [4, 0, 1, 0, 2, 0, 2, 0, 3, 0, 1, 0xaa, 0xbb, 1, 0, 0x80, 7];
        let mut bytes = vec![0x80, body.len() as u8];
        bytes.extend_from_slice(&body);
        let hello = Sslv2ServerHello {
            version: 2,
            certificate: vec![0xaa, 0xbb],
            ciphers: vec![[1, 0, 0x80]],
        };
        assert_eq!(Sslv2ServerHello::read(&bytes), Ok(Some(hello)));
        assert_eq!(Sslv2ServerHello::read(&bytes[..9]), Ok(None));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (Sslv2ServerHello::read(&bytes), Sslv2ClientHello::read(&bytes));
        }
    }

    #[test]
    fn an_alert_is_no_answer_of_ssl_2() {
        assert!(Sslv2ServerHello::read(&[21, 3, 1, 0, 2, 2, 70]).is_err());
    }
}
