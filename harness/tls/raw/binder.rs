//! A ClientHello that asks to resume a session of TLS 1.3, with the proof that it may.

use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::PKey;
use openssl::sign::Signer;

use crate::wire::tls::{ClientHello, Extension, kind};

/// What a session of TLS 1.3 is resumed by (RFC 8446 section 4.6.1).
#[derive(Debug)]
pub struct Psk {
    pub(in crate::tls) secret: Vec<u8>,
    pub(in crate::tls) ticket: Vec<u8>,
    pub(in crate::tls) suite: u16,
}

/// Adds the pre-shared key and its binder (RFC 8446 section 4.2.11), last of all extensions.
///
/// The age of the ticket is given as 0: servers compare it for early data only.
pub(super) fn bind(hello: &mut ClientHello, psk: &Psk) -> Result<(), ErrorStack> {
    let (digest, length) = match psk.suite {
        0x1302 => (MessageDigest::sha384(), 48_u8),
        _ => (MessageDigest::sha256(), 32),
    };
    hello.suites = vec![psk.suite];
    let mut identity = (psk.ticket.len() as u16).to_be_bytes().to_vec();
    identity.extend_from_slice(&psk.ticket);
    identity.extend_from_slice(&[0; 4]);
    let mut body = (identity.len() as u16).to_be_bytes().to_vec();
    body.extend_from_slice(&identity);
    // The list of binders: its length, one binder behind its own length, not known yet.
    let list = [&[0, length + 1, length][..], &vec![0; usize::from(length)]].concat();
    let extensions = hello.extensions.get_or_insert_default();
    extensions.push(Extension::new(kind::PRE_SHARED_KEY, [&body[..], &list].concat()));
    let message = hello.message();
    let truncated = &message[..message.len() - list.len()];
    let binder = binder(&psk.secret, truncated, digest)?;
    let extensions = hello.extensions.get_or_insert_default();
    if let Some(last) = extensions.last_mut() {
        let at = last.body.len() - usize::from(length);
        last.body[at..].copy_from_slice(&binder);
    }
    Ok(())
}

/// RFC 8446 section 4.2.11.2 and section 7.1.
fn binder(psk: &[u8], truncated: &[u8], digest: MessageDigest) -> Result<Vec<u8>, ErrorStack> {
    let zeros = vec![0; digest.size()];
    let early_secret = hmac(&zeros, psk, digest)?;
    let nothing = hash(digest, &[])?;
    let binder_key = expand(&early_secret, b"res binder", &nothing, digest)?;
    let finished_key = expand(&binder_key, b"finished", &[], digest)?;
    hmac(&finished_key, &hash(digest, truncated)?, digest)
}

/// HKDF-Expand-Label to the length of one digest, so that one block is enough (RFC 8446 section 7.1).
fn expand(
    secret: &[u8],
    label: &[u8],
    context: &[u8],
    digest: MessageDigest,
) -> Result<Vec<u8>, ErrorStack> {
    let mut info = (digest.size() as u16).to_be_bytes().to_vec();
    info.push(6 + label.len() as u8);
    info.extend_from_slice(b"tls13 ");
    info.extend_from_slice(label);
    info.push(context.len() as u8);
    info.extend_from_slice(context);
    info.push(1);
    hmac(secret, &info, digest)
}

pub(super) fn hmac(key: &[u8], data: &[u8], digest: MessageDigest) -> Result<Vec<u8>, ErrorStack> {
    let key = PKey::hmac(key)?;
    Signer::new(digest, &key)?.sign_oneshot_to_vec(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_expanded_as_the_traces_of_the_standard_show() {
        let bytes = |hex: &str| -> Vec<u8> {
            let digits = hex.as_bytes().chunks(2);
            let pair = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            digits.map(pair).collect()
        };
        // RFC 8448 section 4: PSK, early secret, and what the binder of the resumed handshake is made with.
        let digest = MessageDigest::sha256();
        let psk = bytes("4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3");
        let early = hmac(&[0; 32], &psk, digest).unwrap();
        let expected = "9b2188e9b2fc6d64d71dc329900e20bb41915000f678aa839cbb797cb7d8332c";
        assert_eq!(early, bytes(expected));
        let key = expand(&early, b"res binder", &hash(digest, &[]).unwrap(), digest).unwrap();
        let expected = "69fe131a3bbad5d63c64eebcc30e395b9d8107726a13d074e389dbc8a4e47256";
        assert_eq!(key, bytes(expected));
        let finished = expand(&key, b"finished", &[], digest).unwrap();
        let expected = "5588673e72cb59c87d220caffe94f2dea9a3b1609f7d50e90a48227db9ed7eaa";
        assert_eq!(finished, bytes(expected));
    }
}
