//! A server's first flight, message by message: the one reader of it, for peers and for scans.

use waxseal_model::offer::Version;

use crate::wire::numbers::{key_exchange, suite_parts};
use crate::wire::tls::{
    Message, ServerHello, ServerKeyExchange, handshake, read_certificate_status, read_certificates,
};

/// What a server says in plaintext before it waits for the client.
#[derive(Clone, Debug)]
pub struct FirstFlight {
    /// Its ServerHello, or a HelloRetryRequest.
    pub hello: ServerHello,
    /// Parameters of an ephemeral key exchange, up to TLS 1.2.
    pub exchange: Option<ServerKeyExchange>,
    /// An OCSP answer was stapled, up to TLS 1.2.
    pub stapled: bool,
    /// The server's own certificate in DER, up to TLS 1.2.
    pub leaf: Option<Vec<u8>>,
}

impl FirstFlight {
    /// The version, where it is one that exists.
    pub fn version(&self) -> Option<Version> {
        Version::from_code(self.hello.version())
    }

    /// The group of the key exchange or key share.
    pub fn group(&self) -> Option<u16> {
        self.exchange.as_ref().and_then(|exchange| exchange.group).or_else(|| self.hello.group())
    }
}

/// Why messages are no first flight.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFlight {
    /// Something else came first.
    #[error("it does not begin with a ServerHello")]
    NoServerHello,
    /// It cannot be read.
    #[error("its ServerHello is wrong: {0}")]
    ServerHello(String),
    /// Something that is no handshake message stands in it.
    #[error("its answer is no flight of a server")]
    NoHandshake,
}

/// Takes the messages of a first flight one after another.
#[derive(Debug, Default)]
pub struct FlightReader {
    flight: Option<FirstFlight>,
}

impl FlightReader {
    /// Whether a ServerHello was read.
    pub fn begun(&self) -> bool {
        self.flight.is_some()
    }

    /// Takes the next message. The flight, once that is whole: with the ServerHello of TLS 1.3, or up to
    /// TLS 1.2 with ServerHelloDone.
    ///
    /// # Errors
    /// [`NoFlight`]: this message does not belong there.
    pub fn take(&mut self, message: &Message) -> Result<Option<FirstFlight>, NoFlight> {
        let Message::Handshake { kind, body } = message else {
            return Err(if self.begun() { NoFlight::NoHandshake } else { NoFlight::NoServerHello });
        };
        let Some(flight) = &mut self.flight else { return self.begin(*kind, body) };
        match *kind {
            handshake::SERVER_HELLO_DONE => return Ok(self.flight.take()),
            handshake::CERTIFICATE => {
                flight.leaf = read_certificates(body).ok().and_then(|c| c.into_iter().next());
            }
            handshake::SERVER_KEY_EXCHANGE => {
                flight.exchange = read_exchange(&flight.hello, body);
            }
            handshake::CERTIFICATE_STATUS => {
                flight.stapled =
                    read_certificate_status(body).is_ok_and(|(_, answer)| !answer.is_empty());
            }
            _ => {}
        }
        Ok(None)
    }

    fn begin(&mut self, kind: u8, body: &[u8]) -> Result<Option<FirstFlight>, NoFlight> {
        match kind {
            handshake::HELLO_REQUEST => Ok(None),
            handshake::SERVER_HELLO => {
                let hello = ServerHello::read(body)
                    .map_err(|wrong| NoFlight::ServerHello(wrong.to_string()))?;
                let whole = hello.version() >= Version::Tls13.code();
                let flight = FirstFlight { hello, exchange: None, stapled: false, leaf: None };
                if whole {
                    return Ok(Some(flight));
                }
                self.flight = Some(flight);
                Ok(None)
            }
            _ => Err(NoFlight::NoServerHello),
        }
    }
}

/// The key exchange of this suite: signed in TLS 1.2 with a named scheme, unless nobody signs (RFC 5246
/// section 7.4.3) or a key that both sides know takes the place of a signature (RFC 4279, 5489).
fn read_exchange(hello: &ServerHello, body: &[u8]) -> Option<ServerKeyExchange> {
    let (exchange, hint) = key_exchange(hello.suite)?;
    let anonymous = suite_parts(hello.suite).authentication == "anonymous";
    let signed = hello.legacy_version == Version::Tls12.code() && !anonymous && !hint;
    ServerKeyExchange::read(body, exchange, hint, signed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(version: u16, suite: u16) -> Message {
        let body = [&version.to_be_bytes()[..], &[7; 32], &[0], &suite.to_be_bytes(), &[0]];
        Message::Handshake { kind: handshake::SERVER_HELLO, body: body.concat() }
    }

    /// A key exchange over P-256; `signature` is what follows it.
    fn exchange(signature: &[u8]) -> Message {
        let body = [&[3, 0, 0x17, 65][..], &[4; 65], signature].concat();
        Message::Handshake { kind: handshake::SERVER_KEY_EXCHANGE, body }
    }

    fn done() -> Message {
        Message::Handshake { kind: handshake::SERVER_HELLO_DONE, body: Vec::new() }
    }

    fn read(messages: &[Message]) -> Result<Option<FirstFlight>, NoFlight> {
        let mut reader = FlightReader::default();
        for message in messages {
            if let Some(flight) = reader.take(message)? {
                return Ok(Some(flight));
            }
        }
        Ok(None)
    }

    #[test]
    fn the_group_is_read_whoever_signs_it() {
        let signed = [4, 3, 0, 1, 0];
        for (suite, signature) in [(0xc02f, &signed[..]), (0xc018, &[])] {
            let flight = read(&[hello(0x0303, suite), exchange(signature), done()]);
            let flight = flight.unwrap().expect("the flight is whole");
            assert_eq!(flight.group(), Some(0x0017), "{suite:#06x}");
        }
    }

    #[test]
    fn a_flight_ends_where_the_server_waits() {
        assert!(read(&[hello(0x0303, 0xc02f)]).unwrap().is_none());
        assert!(read(&[hello(0x0303, 0x002f), done()]).unwrap().is_some());
    }

    #[test]
    fn what_is_no_flight_is_told_from_one_that_breaks_off() {
        let alert = Message::Alert { level: 1, description: 112 };
        assert_eq!(read(&[done()]).unwrap_err(), NoFlight::NoServerHello);
        assert_eq!(read(std::slice::from_ref(&alert)).unwrap_err(), NoFlight::NoServerHello);
        let broken = read(&[hello(0x0303, 0xc02f), alert]);
        assert_eq!(broken.unwrap_err(), NoFlight::NoHandshake);
    }
}
