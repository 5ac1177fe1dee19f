//! Taking vectors out of bytes, never beyond their end.

/// Why bytes are not the message they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A length says more than there is.
    #[error("it ends inside its {0}")]
    Short(&'static str),
    /// Bytes follow the end of the message.
    #[error("{0} octets follow its end")]
    Trailing(usize),
}

/// What is left of a message.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(
        &mut self,
        octets: usize,
        what: &'static str,
    ) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(octets).ok_or(Malformed::Short(what))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn octet(&mut self, what: &'static str) -> Result<u8, Malformed> {
        Ok(self.take(1, what)?[0])
    }

    pub(super) fn number(&mut self, what: &'static str) -> Result<u16, Malformed> {
        let pair = self.take(2, what)?;
        Ok(u16::from_be_bytes([pair[0], pair[1]]))
    }

    /// A vector behind one octet of length.
    pub(super) fn short(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        let length = self.octet(what)?;
        self.take(usize::from(length), what)
    }

    /// A vector behind two octets of length.
    pub(super) fn long(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        let length = self.number(what)?;
        self.take(usize::from(length), what)
    }

    /// A vector behind three octets of length.
    pub(super) fn huge(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        let length = self.take(3, what)?;
        let length = u32::from_be_bytes([0, length[0], length[1], length[2]]);
        self.take(length as usize, what)
    }

    /// That nothing is left.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed::Trailing(self.0.len())) }
    }
}

/// Pairs of octets as numbers; a single octet at the end is left out.
pub(super) fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}
