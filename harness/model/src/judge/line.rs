//! One line of a reply.

/// Whether it is the last one of its reply (RFC 5321 section 4.2.1).
pub(super) fn ends_reply(line: &[u8]) -> bool {
    line.get(3) != Some(&b'-')
}

/// The keyword of an extension that it lists, in capitals, if it lists one.
pub(super) fn keyword(line: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(line.get(4..)?).ok()?;
    let ends = |c: char| c == '=' || c.is_ascii_whitespace();
    Some(text.split(ends).next()?.to_ascii_uppercase())
}
