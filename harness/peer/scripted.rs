//! What a script has answered on one connection, so that the peer stays the same host behind it.

/// The commands whose answer is the host's and not of one moment: said again, they get it again.
const KEPT: [&[u8]; 4] = [b"EHLO", b"HELO", b"MAIL", b"STARTTLS"];

/// The answers of a script in the channel that is open now.
#[derive(Debug, Default)]
pub(super) struct Scripted {
    /// By verb, in the order they were given; each as its pieces.
    answers: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    /// Whether the last of them may still go on.
    open: bool,
}

impl Scripted {
    /// What is said from now on answers this command.
    pub(super) fn begins(&mut self, line: &[u8]) {
        let verb = super::receiver::verb(line);
        self.open = KEPT.contains(&verb.as_slice());
        if self.open {
            self.answers.retain(|(known, _)| *known != verb);
            self.answers.push((verb, Vec::new()));
        }
    }

    /// This was said by the script.
    pub(super) fn said(&mut self, pieces: &[Vec<u8>]) {
        if let Some((_, answer)) = self.answers.last_mut().filter(|_| self.open) {
            answer.extend_from_slice(pieces);
        }
    }

    /// The last command is answered.
    pub(super) fn answered(&mut self) {
        self.open = false;
    }

    /// What this command was answered with before. Where STARTTLS was accepted, TLS begins, and
    /// nothing of this is left.
    pub(super) fn again(&self, verb: &[u8]) -> Option<Vec<Vec<u8>>> {
        self.answers.iter().find(|(known, _)| known == verb).map(|(_, answer)| answer.clone())
    }

    /// Whether EHLO or HELO was answered.
    pub(super) fn greeted(&self) -> bool {
        self.answers.iter().any(|(verb, _)| matches!(verb.as_slice(), b"EHLO" | b"HELO"))
    }

    /// Whether EHLO was answered without this keyword: then the host does not have it.
    pub(super) fn hides(&self, keyword: &str) -> bool {
        self.again(b"EHLO").is_some() && !self.lists(keyword)
    }

    /// Whether the answer to EHLO lists this keyword.
    pub(super) fn lists(&self, keyword: &str) -> bool {
        let text = self.again(b"EHLO").unwrap_or_default().concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines().any(|line| {
            let words = line.strip_prefix("250").and_then(|rest| rest.get(1..));
            let first = words.and_then(|words| words.split_ascii_whitespace().next());
            first.is_some_and(|word| word.eq_ignore_ascii_case(keyword))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripted(pairs: &[(&str, &[&str])]) -> Scripted {
        let mut scripted = Scripted::default();
        for (command, lines) in pairs {
            scripted.begins(command.as_bytes());
            for line in *lines {
                scripted.said(&[format!("{line}\r\n").into_bytes()]);
            }
            scripted.answered();
            scripted.said(&[b"never part of it".to_vec()]);
        }
        scripted
    }

    #[test]
    fn what_a_script_hides_is_not_there() {
        let hides = |lines: &[&str]| scripted(&[("EHLO x", lines)]).hides("STARTTLS");
        assert!(hides(&["250-mx.test", "250 8BITMIME"]));
        assert!(hides(&["250-mx.test", "250 XSTARTTLS"]));
        assert!(hides(&["502 5.5.1 no"]));
        assert!(!hides(&["250-mx.test", "250 StartTls "]));
        assert!(!scripted(&[]).hides("STARTTLS"));
        assert!(!scripted(&[("HELO x", &["250 mx.test"])]).hides("STARTTLS"));
    }

    #[test]
    fn the_same_command_gets_the_same_answer() {
        let answer = |verb: &[u8]| {
            let pairs: &[(&str, &[&str])] = &[
                ("EHLO x", &["250-mx.test", "250 STARTTLS"]),
                ("STARTTLS", &["454 not now"]),
                ("DATA", &["354 go"]),
            ];
            let pieces = scripted(pairs).again(verb)?;
            Some(String::from_utf8(pieces.concat()).unwrap())
        };
        assert_eq!(answer(b"EHLO").as_deref(), Some("250-mx.test\r\n250 STARTTLS\r\n"));
        assert_eq!(answer(b"STARTTLS").as_deref(), Some("454 not now\r\n"));
        assert_eq!(answer(b"DATA"), None);
        assert_eq!(answer(b"MAIL"), None);
    }
}
