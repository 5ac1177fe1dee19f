//! A client of TLS 1.2 that is played by hand, with one key exchange and one cipher: X25519 and
//! AES-128-GCM. It hides that it knows secure renegotiation, which no library can be told.
//!
//! Nothing is verified and nothing is protected: it only asks how a server takes a second hello.

use std::io;
use std::time::Duration;

use openssl::derive::Deriver;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{Id, PKey};
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use waxseal_model::facts::{FailureCause, TlsFailure};

use crate::tls::raw::answer::Flight;
use crate::tls::raw::binder::hmac;
use crate::wire::attention::Allowance;
use crate::wire::tls::{content, handshake, write_records};

/// Octets of a record's header.
const HEADER: usize = 5;
/// Octets of the nonce that stand in a record, and of the tag behind its content (RFC 5288 section 3).
const EXPLICIT: usize = 8;
const TAG: usize = 16;

/// A session, once both sides have sent Finished.
pub struct BareSession {
    keys: Keys,
    sent: u64,
    heard: u64,
    waiting: Vec<u8>,
    decrypts: bool,
}

/// Keys and fixed parts of nonces, ours first.
struct Keys([([u8; 16], [u8; 4]); 2]);

impl BareSession {
    /// Goes from the server's first flight to the end of the handshake. `hello`: the records of our
    /// ClientHello, which has to offer nothing but what this client knows.
    ///
    /// # Errors
    /// How the handshake ended instead.
    pub async fn establish<T>(
        io: &mut T,
        hello: &[u8],
        flight: &Flight,
        patience: Duration,
    ) -> Result<Self, TlsFailure>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let mut allowance = Allowance::new(patience);
        let ours = finish(hello, flight).map_err(|error| objection(&error))?;
        let mut session =
            Self { keys: ours.keys, sent: 0, heard: 0, waiting: Vec::new(), decrypts: false };
        let finished = session.seal(content::HANDSHAKE, &ours.finished);
        let finished = finished.map_err(|error| objection(&error))?;
        let clear = write_records(content::HANDSHAKE, 0x0303, &ours.clear, usize::MAX);
        let change = write_records(content::CHANGE_CIPHER_SPEC, 0x0303, &[1], 1);
        let sent = io.write_all(&[clear, change, finished].concat()).await;
        sent.map_err(|error| failure(FailureCause::RelayReset, None, error))?;
        // The server's Finished is the first message that is encrypted.
        session.message(io, handshake::FINISHED, &mut allowance).await?;
        Ok(session)
    }

    /// Sends a second ClientHello inside the session. `Ok`: the server answers it with a ServerHello.
    ///
    /// # Errors
    /// How the server refused, an alert no_renegotiation for example, or that it kept silent.
    pub async fn renegotiate<T>(
        &mut self,
        io: &mut T,
        hello: &[u8],
        patience: Duration,
    ) -> Result<(), TlsFailure>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let message = hello.get(HEADER..).unwrap_or_default();
        let record = self.seal(content::HANDSHAKE, message).map_err(|error| objection(&error))?;
        let sent = io.write_all(&record).await;
        sent.map_err(|error| failure(FailureCause::RelayReset, None, error))?;
        self.message(io, handshake::SERVER_HELLO, &mut Allowance::new(patience)).await
    }

    /// Waits for a handshake message of this type; what else is said is passed over.
    async fn message<T>(
        &mut self,
        io: &mut T,
        wanted: u8,
        allowance: &mut Allowance,
    ) -> Result<(), TlsFailure>
    where
        T: AsyncRead + Unpin,
    {
        loop {
            let (kind, payload) = self.record(io, allowance).await?;
            match (kind, payload.as_slice()) {
                (content::CHANGE_CIPHER_SPEC, _) => self.decrypts = true,
                (content::HANDSHAKE, [first, ..]) if *first == wanted => return Ok(()),
                (content::ALERT, [_, 0]) => {
                    return Err(failure(FailureCause::RelayClosed, None, "it just closed"));
                }
                (content::ALERT, [_, description]) => {
                    let alert = Some(*description);
                    return Err(failure(FailureCause::RelayAlert, alert, "it sent an alert"));
                }
                _ => {}
            }
        }
    }

    async fn record<T>(
        &mut self,
        io: &mut T,
        allowance: &mut Allowance,
    ) -> Result<(u8, Vec<u8>), TlsFailure>
    where
        T: AsyncRead + Unpin,
    {
        let mut chunk = [0; 4096];
        loop {
            if let [kind, _, _, high, low, ..] = self.waiting[..] {
                let end = HEADER + usize::from(u16::from_be_bytes([high, low]));
                if self.waiting.len() >= end {
                    let payload = self.waiting[HEADER..end].to_vec();
                    self.waiting.drain(..end);
                    return Ok((kind, self.open(kind, payload)?));
                }
            }
            match allowance.bound(io.read(&mut chunk)).await {
                Err(_) => {
                    return Err(failure(FailureCause::Silence, None, "no answer came in time"));
                }
                Ok(Ok(0)) => {
                    return Err(failure(FailureCause::RelayClosed, None, "it just closed"));
                }
                Ok(Ok(read)) => self.waiting.extend_from_slice(&chunk[..read]),
                Ok(Err(error)) => return Err(failure(FailureCause::RelayReset, None, error)),
            }
        }
    }

    fn seal(&mut self, kind: u8, plain: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let number = self.sent.to_be_bytes();
        self.sent += 1;
        let (key, fixed) = self.keys.0[0];
        let nonce = [&fixed[..], &number].concat();
        let mut tag = [0; TAG];
        let aad = additional(number, kind, plain.len());
        let cipher = Cipher::aes_128_gcm();
        let sealed = encrypt_aead(cipher, &key, Some(&nonce), &aad, plain, &mut tag)?;
        let payload = [&number[..], &sealed, &tag].concat();
        Ok(write_records(kind, 0x0303, &payload, usize::MAX))
    }

    fn open(&mut self, kind: u8, payload: Vec<u8>) -> Result<Vec<u8>, TlsFailure> {
        if !self.decrypts {
            return Ok(payload);
        }
        let number = self.heard.to_be_bytes();
        self.heard += 1;
        let short = || failure(FailureCause::OurObjection, None, "a record is too short");
        let length = payload.len().checked_sub(EXPLICIT + TAG).ok_or_else(short)?;
        let (explicit, rest) = payload.split_at(EXPLICIT);
        let (sealed, tag) = rest.split_at(length);
        let (key, fixed) = self.keys.0[1];
        let nonce = [&fixed[..], explicit].concat();
        let aad = additional(number, kind, length);
        decrypt_aead(Cipher::aes_128_gcm(), &key, Some(&nonce), &aad, sealed, tag)
            .map_err(|_| failure(FailureCause::OurObjection, None, "a record cannot be decrypted"))
    }
}

/// RFC 5246 section 6.2.3.3.
fn additional(number: [u8; 8], kind: u8, length: usize) -> Vec<u8> {
    // A record holds less than 2^16.
    [&number[..], &[kind, 3, 3], &(length as u16).to_be_bytes()].concat()
}

/// Our part of the handshake.
struct Ours {
    /// Certificate where it is asked for, and ClientKeyExchange.
    clear: Vec<u8>,
    finished: Vec<u8>,
    keys: Keys,
}

fn finish(hello: &[u8], flight: &Flight) -> Result<Ours, ErrorStack> {
    let key = PKey::generate_x25519()?;
    let theirs = PKey::public_key_from_raw_bytes(&flight.public, Id::X25519)?;
    let mut deriver = Deriver::new(&key)?;
    deriver.set_peer(&theirs)?;
    let premaster = deriver.derive_to_vec()?;
    let message = hello.get(HEADER..).unwrap_or_default();
    let client = message.get(6..38).unwrap_or_default();
    let server = flight.random;
    let master = expand(&premaster, b"master secret", &[client, &server].concat(), 48)?;
    let block = expand(&master, b"key expansion", &[&server, client].concat(), 40)?;
    let mut keys = Keys([([0; 16], [0; 4]); 2]);
    for (side, (key, fixed)) in keys.0.iter_mut().enumerate() {
        key.copy_from_slice(&block[side * 16..][..16]);
        fixed.copy_from_slice(&block[32 + side * 4..][..4]);
    }
    let mut clear = Vec::new();
    if flight.asks_certificate {
        // An empty list (RFC 5246 section 7.4.6).
        clear.extend_from_slice(&[handshake::CERTIFICATE, 0, 0, 3, 0, 0, 0]);
    }
    let public = key.raw_public_key()?;
    clear.extend_from_slice(&[handshake::CLIENT_KEY_EXCHANGE, 0, 0, 33, 32]);
    clear.extend_from_slice(&public);
    let transcript = [message, &flight.messages, &clear].concat();
    let digest = hash(MessageDigest::sha256(), &transcript)?;
    let verify = expand(&master, b"client finished", &digest, 12)?;
    let finished = [&[handshake::FINISHED, 0, 0, 12][..], &verify].concat();
    Ok(Ours { clear, finished, keys })
}

/// The pseudorandom function of TLS 1.2 (RFC 5246 section 5).
fn expand(secret: &[u8], label: &[u8], seed: &[u8], octets: usize) -> Result<Vec<u8>, ErrorStack> {
    let digest = MessageDigest::sha256();
    let seed = [label, seed].concat();
    let mut a = seed.clone();
    let mut output = Vec::new();
    while output.len() < octets {
        a = hmac(secret, &a, digest)?;
        output.extend(hmac(secret, &[&a[..], &seed].concat(), digest)?);
    }
    output.truncate(octets);
    Ok(output)
}

fn objection(error: &ErrorStack) -> TlsFailure {
    failure(FailureCause::OurObjection, None, io::Error::other(error.to_string()))
}

fn failure(cause: FailureCause, alert_heard: Option<u8>, detail: impl ToString) -> TlsFailure {
    let detail = detail.to_string();
    TlsFailure { engine: None, cause, alert_heard, alert_said: None, detail }
}
