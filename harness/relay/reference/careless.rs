//! A TLS client that takes whatever a server says for right. No session comes of it: it has no keys,
//! and all that counts is whether it goes on.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::tls::base_point;
use crate::wire::attention::within;
use crate::wire::tls::{
    ClientHello, Extension, Message, Records, ServerHello, content, handshake, kind, write_records,
};

/// Groups that the hello lists. A share is sent for the first alone.
const GROUPS: [u16; 3] = [0x001d, 0x0017, 0x0018];

/// Says hello, goes on with the handshake whatever is answered, and waits for the end, at most
/// `patience`.
pub(super) async fn negotiate<T>(mut stream: T, host: &str, patience: Duration)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    // How the server takes it is nothing to this client.
    let _ = within(patience, talk(&mut stream, host)).await;
}

async fn talk<T: AsyncRead + AsyncWrite + Unpin>(stream: &mut T, host: &str) -> io::Result<()> {
    stream.write_all(&hello(host, GROUPS[0], None).records(0x0301, 1 << 14)).await?;
    let mut records = Records::default();
    let mut chunk = [0; 4096];
    let mut went_on = false;
    loop {
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            return Ok(());
        }
        records.push(&chunk[..read]);
        while !went_on {
            let answer = match records.next_message() {
                Ok(None) => break,
                Ok(Some(message)) => answer(&message, host),
                Err(_) => Some(key_exchange()),
            };
            if let Some(bytes) = answer {
                // Another hello is followed by another answer.
                went_on = !bytes.starts_with(&[content::HANDSHAKE, 3, 1]);
                stream.write_all(&bytes).await?;
            }
        }
    }
}

/// What is said to a message of the server; `None`: nothing yet.
fn answer(message: &Message, host: &str) -> Option<Vec<u8>> {
    match message {
        Message::Handshake { kind: handshake::SERVER_HELLO, body } => {
            let server = ServerHello::read(body).ok()?;
            if server.is_retry() {
                let group = server.group().unwrap_or(GROUPS[0]);
                let again = hello(host, group, server.extension(kind::COOKIE));
                return Some(again.records(0x0301, 1 << 14));
            }
            let tls13 = server.extension(kind::SUPPORTED_VERSIONS).is_some();
            tls13.then(|| write_records(content::APPLICATION_DATA, 0x0303, &[7; 53], 53))
        }
        Message::Handshake { kind: handshake::SERVER_HELLO_DONE, .. } | Message::Alert { .. } => {
            Some(key_exchange())
        }
        _ => None,
    }
}

fn key_exchange() -> Vec<u8> {
    let public = base_point(GROUPS[0]).unwrap_or_default();
    let length = u8::try_from(public.len()).unwrap_or_default();
    let message = [&[handshake::CLIENT_KEY_EXCHANGE, 0, 0, length + 1, length], &public[..]];
    write_records(content::HANDSHAKE, 0x0303, &message.concat(), 1 << 14)
}

/// An ordinary hello of TLS 1.2 and 1.3 with one share.
fn hello(host: &str, share: u16, cookie: Option<&[u8]>) -> ClientHello {
    let public = base_point(share).unwrap_or_default();
    let mut extensions = vec![
        Extension::server_name(host),
        Extension::groups(&GROUPS),
        Extension::point_formats(&[0]),
        Extension::schemes(&[0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601]),
        Extension::empty(kind::EXTENDED_MASTER_SECRET),
        Extension::versions(&[0x0304, 0x0303]),
        Extension::psk_modes(&[1]),
        Extension::key_share(&[(share, &public)]),
    ];
    extensions.extend(cookie.map(|cookie| Extension::new(kind::COOKIE, cookie)));
    ClientHello {
        legacy_version: 0x0303,
        random: [7; 32],
        session_id: vec![7; 32],
        suites: vec![0x1301, 0x1302, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0x00ff],
        compression: vec![0],
        extensions: Some(extensions),
    }
}
