//! As much DER as it takes to take a certificate apart (X.690 section 8.1).

use crate::Error;

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// Tag, length and content.
    pub(crate) whole: &'a [u8],
    pub(crate) content: &'a [u8],
}

/// The elements that stand one behind the other. Tags are of one octet, as in all certificates.
///
/// # Errors
/// [`Error::Recipe`] where a length goes over the end, or has another form than DER gives it.
pub(crate) fn elements(mut bytes: &[u8]) -> Result<Vec<Element<'_>>, Error> {
    let unreadable = || Error::Recipe("the certificate that was made cannot be read");
    let mut found = Vec::new();
    while let [tag, first, ..] = bytes {
        let (header, length) = match first {
            0..=0x7f => (2, usize::from(*first)),
            0x81..=0x84 => {
                let octets = usize::from(first & 0x0f);
                let length = bytes.get(2..2 + octets).ok_or_else(unreadable)?;
                let length = length.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
                (2 + octets, length)
            }
            _ => return Err(unreadable()),
        };
        let whole = bytes.get(..header + length).ok_or_else(unreadable)?;
        found.push(Element { tag: *tag, whole, content: &whole[header..] });
        bytes = &bytes[header + length..];
    }
    if bytes.is_empty() { Ok(found) } else { Err(unreadable()) }
}

/// An element of this tag and content.
pub(crate) fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut wrapped = vec![tag];
    if length < 0x80 {
        wrapped.push(length as u8);
    } else {
        let octets: Vec<u8> =
            length.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
        wrapped.push(0x80 | octets.len() as u8);
        wrapped.extend(octets);
    }
    wrapped.extend_from_slice(content);
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wrapped_is_read_again() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let wrapped = [wrap(0x30, &content), wrap(0x04, &[])].concat();
            let read = elements(&wrapped).unwrap();
            assert_eq!((read.len(), read[0].tag, read[0].content), (2, 0x30, &content[..]));
            assert!(elements(&wrapped[..wrapped.len() - 1]).is_err());
        }
    }
}
