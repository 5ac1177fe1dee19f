//! What a trace field says of the session in which a message came (RFC 5321 section 4.4).

use crate::trace::Channel;

/// The registered protocols of `with` that stand for TLS (RFC 3848, RFC 6531 section 4.3).
const INSIDE_TLS: [&str; 8] =
    ["ESMTPS", "ESMTPSA", "LMTPS", "LMTPSA", "UTF8LMTPS", "UTF8LMTPSA", "UTF8SMTPS", "UTF8SMTPSA"];

/// Those that stand for none. `SMTP` is not among them: a client that says HELO has no other name inside TLS.
const IN_PLAINTEXT: [&str; 8] =
    ["ESMTP", "ESMTPA", "LMTP", "LMTPA", "UTF8LMTP", "UTF8LMTPA", "UTF8SMTP", "UTF8SMTPA"];

/// Over what the message came to the first relay that added a trace field, as that field says: the lowest one, as
/// each relay adds its own above. `content` is a whole message. `None`: there is no such field, it has no
/// `with`, or the protocol there is none of the registered ones.
pub fn came_over(content: &[u8]) -> Option<Channel> {
    let text = String::from_utf8_lossy(content);
    let header = text.split("\r\n\r\n").next().unwrap_or_default();
    let unfolded = header.replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut fields = unfolded.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.rfind(|(name, _)| name.trim_end().eq_ignore_ascii_case("Received"))?;
    let protocol = protocol(value)?.to_ascii_uppercase();
    if INSIDE_TLS.contains(&protocol.as_str()) {
        Some(Channel::Tls)
    } else if IN_PLAINTEXT.contains(&protocol.as_str()) {
        Some(Channel::Plaintext)
    } else {
        None
    }
}

/// The word behind `with`, comments aside. Clauses are pairs of a name and a value, so a host of that name is none.
fn protocol(value: &str) -> Option<String> {
    let plain = without_comments(value);
    let clauses = plain.split(';').next().unwrap_or_default();
    let mut words = clauses.split_whitespace();
    while let Some(name) = words.next() {
        let value = words.next()?;
        if name.eq_ignore_ascii_case("with") {
            return Some(value.to_owned());
        }
    }
    None
}

/// The text without its comments, which may nest (RFC 5322 section 3.2.2).
fn without_comments(text: &str) -> String {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut kept = String::new();
    for letter in text.chars() {
        let escapes = escaped;
        escaped = letter == '\\' && !escapes;
        match letter {
            '"' if !escapes && depth == 0 => quoted = !quoted,
            '(' if !escapes && !quoted => depth += 1,
            ')' if !escapes && !quoted && depth > 0 => {
                depth -= 1;
                kept.push(' ');
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            // A quoted word stays one word.
            kept.push(if quoted && letter.is_whitespace() { '_' } else { letter });
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fields: &str, expected: Option<Channel>) {
        let content = format!("{fields}From: <a@b.test>\r\n\r\nReceived: with ESMTPS\r\n");
        assert_eq!(came_over(content.as_bytes()), expected, "{fields}");
    }

    #[test]
    fn the_protocol_stands_behind_with() {
        let (tls, clear) = (Some(Channel::Tls), Some(Channel::Plaintext));
        check(
            "Received: from a.test (a.test [192.0.2.1])\r\n\tby b.test with ESMTPS id 1\r\n",
            tls,
        );
        check(
            "Received: from a.test by b.test with esmtp (a mailer) id 1; Thu, 1 Jan 2026\r\n",
            clear,
        );
        check("received: from a.test by b.test (with ESMTPS (really)) with ESMTPA id 1\r\n", clear);
        check("Received: from with by b.test with UTF8SMTPS\r\n", tls);
        check("Received: from \"a (with\" by b.test with ESMTPSA\r\n", tls);
    }

    #[test]
    fn what_says_nothing_is_neither() {
        check("", None);
        check("Received: from a.test by b.test id 1\r\n", None);
        check("Received: from a.test by b.test with SMTP id 1\r\n", None);
        check("Received: from a.test by b.test with HTTP id 1\r\n", None);
        check("Received: by b.test with\r\n", None);
        check("Received: ((((\r\n", None);
    }

    #[test]
    fn the_lowest_field_is_the_first() {
        let filter = "Received: from localhost by b.test with ESMTP id 2\r\n";
        let first = "Received: from a.test by b.test with ESMTPS id 1\r\n";
        check(&format!("{filter}{first}"), Some(Channel::Tls));
    }
}
