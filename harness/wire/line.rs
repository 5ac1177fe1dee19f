//! SMTP lines as they came.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use waxseal_model::limits;
use waxseal_model::trace::Ending;

use super::attention::Allowance;

/// One line as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Without its ending.
    pub bytes: Vec<u8>,
    /// How it ended.
    pub ending: Ending,
}

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// No complete line within the patience. Not a verdict: a quiet relay may be right.
    #[error("nothing came within {0:?}")]
    Silent(Duration),
    /// The limit was reached without an ending; the octets are in `so_far`.
    #[error("a line of more than {limit} octets")]
    TooLong {
        /// Octets allowed.
        limit: usize,
        /// What came.
        so_far: Vec<u8>,
    },
    /// A reply of more than [`limits::REPLY_LINES`] lines or [`limits::REPLY`] octets: it is not read
    /// to its end, and says nothing.
    #[error("a reply of more than {} lines or {} octets", limits::REPLY_LINES, limits::REPLY)]
    Endless {
        /// What came, without endings.
        so_far: Vec<Line>,
    },
    /// The connection ended in order before a line began.
    #[error("the connection ended")]
    Ended,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
}

/// What was read and not yet taken.
///
/// The buffer is the reader's own, so that clear bytes behind STARTTLS can be taken out as evidence
/// before TLS begins, and never reach it.
#[derive(Debug, Default)]
pub struct LineBuffer {
    bytes: Vec<u8>,
    taken: usize,
    /// So many of those that wait are known to hold no whole line.
    searched: usize,
    /// All that was ever pushed.
    read: usize,
}

impl LineBuffer {
    /// Takes a line out of the buffer, if a whole one is there.
    ///
    /// CR alone ends a line only when something else than LF follows it.
    pub fn take_line(&mut self) -> Option<Line> {
        let rest = &self.bytes[self.taken..];
        let from = self.searched.min(rest.len());
        let Some(at) = rest[from..].iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.searched = rest.len();
            return None;
        };
        let at = from + at;
        let (length, ending) = match (rest[at], rest.get(at + 1)) {
            (b'\n', _) => (1, Ending::Lf),
            (_, Some(b'\n')) => (2, Ending::CrLf),
            (_, Some(_)) => (1, Ending::Cr),
            (_, None) => {
                self.searched = at;
                return None;
            }
        };
        let bytes = rest[..at].to_vec();
        self.advance(at + length);
        Some(Line { bytes, ending })
    }

    /// Takes message content out of the buffer up to and without the line with the single dot.
    ///
    /// The content is as sent: dots are not unstuffed. `<LF>.<LF>` and its like do not end it
    /// (RFC 5321 section 4.1.1.4).
    pub fn take_content(&mut self) -> Option<Vec<u8>> {
        let rest = &self.bytes[self.taken..];
        if rest.starts_with(b".\r\n") {
            self.advance(3);
            return Some(Vec::new());
        }
        // A final dot may stand across what was searched and what is new.
        let from = self.searched.saturating_sub(4).min(rest.len());
        let found = rest[from..].windows(5).position(|window| window == b"\r\n.\r\n");
        let Some(at) = found.map(|at| from + at) else {
            self.searched = rest.len();
            return None;
        };
        let content = rest[..at + 2].to_vec();
        self.advance(at + 5);
        Some(content)
    }

    /// Takes all that is left.
    pub fn take_rest(&mut self) -> Vec<u8> {
        let rest = self.bytes.split_off(self.taken);
        self.bytes.clear();
        (self.taken, self.searched) = (0, 0);
        rest
    }

    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        // What was taken goes: a relay that never lets the buffer become empty must not fill the memory.
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
        self.read = self.read.saturating_add(bytes.len());
    }

    /// Octets that were ever added.
    pub fn read(&self) -> usize {
        self.read
    }

    /// Octets that wait.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn advance(&mut self, octets: usize) {
        self.taken += octets;
        self.searched = 0;
        if self.taken == self.bytes.len() {
            self.bytes.clear();
            self.taken = 0;
        }
    }
}

/// Reads one line as it came.
///
/// # Errors
/// See [`LineError`]. A last line without an ending is a line with [`Ending::None`], not an error.
pub async fn read_line<R: AsyncRead + Unpin>(
    reader: &mut R,
    buffer: &mut LineBuffer,
    patience: Duration,
) -> Result<Line, LineError> {
    let mut allowance = Allowance::new(patience);
    loop {
        if let Some(line) = buffer.take_line() {
            return Ok(line);
        }
        if buffer.len() > limits::LINE {
            return Err(LineError::TooLong { limit: limits::LINE, so_far: buffer.take_rest() });
        }
        if !fill(reader, buffer, &mut allowance, patience).await? {
            if buffer.is_empty() {
                return Err(LineError::Ended);
            }
            let mut bytes = buffer.take_rest();
            let ending = if bytes.last() == Some(&b'\r') { Ending::Cr } else { Ending::None };
            if ending == Ending::Cr {
                bytes.pop();
            }
            return Ok(Line { bytes, ending });
        }
    }
}

/// Reads message content up to the final dot, at most `limit` octets.
///
/// # Errors
/// See [`LineError`]; a connection that ends before the final dot is [`LineError::Ended`].
pub async fn read_content<R: AsyncRead + Unpin>(
    reader: &mut R,
    buffer: &mut LineBuffer,
    patience: Duration,
    limit: usize,
) -> Result<Vec<u8>, LineError> {
    let mut allowance = Allowance::new(patience);
    loop {
        if let Some(content) = buffer.take_content() {
            return Ok(content);
        }
        if buffer.len() > limit {
            return Err(LineError::TooLong { limit, so_far: buffer.take_rest() });
        }
        if !fill(reader, buffer, &mut allowance, patience).await? {
            return Err(LineError::Ended);
        }
    }
}

/// Reads a whole reply, however many lines (RFC 5321 section 4.2.1).
///
/// # Errors
/// See [`LineError`]; a reply without end is [`LineError::Endless`].
pub async fn read_reply<R: AsyncRead + Unpin>(
    reader: &mut R,
    buffer: &mut LineBuffer,
    patience: Duration,
) -> Result<Vec<Line>, LineError> {
    let mut lines: Vec<Line> = Vec::new();
    let mut room = ReplyRoom::default();
    loop {
        let line = read_line(reader, buffer, patience).await?;
        let more = line.bytes.get(3) == Some(&b'-');
        let fits = room.take(line.bytes.len());
        lines.push(line);
        match (more, fits) {
            (false, _) => return Ok(lines),
            (true, true) => {}
            (true, false) => return Err(LineError::Endless { so_far: lines }),
        }
    }
}

/// Counts the lines of a reply.
#[derive(Debug, Default)]
pub struct ReplyRoom {
    lines: usize,
    octets: usize,
}

impl ReplyRoom {
    /// Takes one line more in; whether there is room for another.
    pub fn take(&mut self, octets: usize) -> bool {
        self.lines += 1;
        self.octets += octets;
        self.lines < limits::REPLY_LINES && self.octets < limits::REPLY
    }
}

async fn fill<R: AsyncRead + Unpin>(
    reader: &mut R,
    buffer: &mut LineBuffer,
    allowance: &mut Allowance,
    patience: Duration,
) -> Result<bool, LineError> {
    let mut chunk = [0; 4096];
    let read = allowance
        .bound(reader.read(&mut chunk))
        .await
        .map_err(|_| LineError::Silent(patience))??;
    buffer.push(&chunk[..read]);
    Ok(read > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all_lines(pieces: &[&[u8]]) -> Vec<Line> {
        let mut buffer = LineBuffer::default();
        let mut lines = Vec::new();
        for piece in pieces {
            buffer.push(piece);
            while let Some(line) = buffer.take_line() {
                lines.push(line);
            }
        }
        let rest = buffer.take_rest();
        if !rest.is_empty() {
            lines.push(Line { bytes: rest, ending: Ending::None });
        }
        lines
    }

    fn bytes_of(lines: &[Line]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in lines {
            bytes.extend_from_slice(&line.bytes);
            bytes.extend_from_slice(match line.ending {
                Ending::CrLf => b"\r\n",
                Ending::Lf => b"\n",
                Ending::Cr => b"\r",
                Ending::None => b"",
            });
        }
        bytes
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_any_split_gives_the_same_lines(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), any::<u8>()], 0..200),
            cut in 0_usize..200,
        ) {
            let cut = cut.min(bytes.len());
            let whole = all_lines(&[&bytes]);
            let split = all_lines(&[&bytes[..cut], &bytes[cut..]]);
            prop_assert_eq!(&whole, &split);
            prop_assert_eq!(bytes_of(&whole), bytes);
        }

        #[test]
        fn content_ends_at_the_dot_wherever_it_is_split(
            body in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'\r'), Just(b'\n'), Just(b'.')], 0..60),
            cut in 0_usize..70,
        ) {
            let mut sent = body.clone();
            sent.extend_from_slice(b"\r\n.\r\nQUIT\r\n");
            let cut = cut.min(sent.len());
            let take = |pieces: &[&[u8]]| {
                let mut buffer = LineBuffer::default();
                let mut content = None;
                for piece in pieces {
                    buffer.push(piece);
                    content = content.or_else(|| buffer.take_content());
                }
                (content, buffer.take_rest())
            };
            prop_assert_eq!(take(&[&sent]), take(&[&sent[..cut], &sent[cut..]]));
        }
    }
}
