//! What stays of a connection when the session on it ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that only flushes where it should be shut down: close_notify goes out, the connection
/// stays. It ends when its last owner lets it go.
#[derive(Debug)]
pub(super) struct KeptOpen<T>(pub(super) T);

impl<T: AsyncRead + Unpin> AsyncRead for KeptOpen<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for KeptOpen<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
}

/// What stands behind the TLS records with which these bytes begin. A record that is cut short is
/// one.
pub(super) fn after_records(mut bytes: &[u8]) -> &[u8] {
    while let [20..=23, 3, _, high, low, ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        bytes = bytes.get(5 + length..).unwrap_or_default();
    }
    match bytes {
        [20..=23] | [20..=23, 3] | [20..=23, 3, _] | [20..=23, 3, _, _] => &[],
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_the_records_is_found() {
        for (bytes, rest) in [
            (&b""[..], &b""[..]),
            (b"QUIT\r\n", b"QUIT\r\n"),
            (b"\x15\x03\x03\x00\x02\x01\x00QUIT\r\n", b"QUIT\r\n"),
            (b"\x15\x03\x03\x00\x02\x01", b""),
            (b"\x15\x03", b""),
        ] {
            assert_eq!(after_records(bytes), rest, "{bytes:?}");
        }
    }
}
