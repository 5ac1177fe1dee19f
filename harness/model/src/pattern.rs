//! What the relay has to say: commands and replies, matched from their start.

use std::fmt;

/// Alternatives of which one has to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    alternatives: Vec<Alternative>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Alternative {
    /// Digits of a reply code, `None` for `x`; then text the reply's last line starts with.
    Reply([Option<u8>; 3], Option<String>),
    /// The start of a command line, without regard to case; `true`: anything may follow.
    Command(String, bool),
}

impl Pattern {
    /// Reads `EHLO *`, `STARTTLS`, `250`, `4xx`, `250|502`, `530 5.7.0 *`.
    ///
    /// # Errors
    /// A sentence when nothing stands there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_end();
        if text.is_empty() {
            return Err("the relay has to say something: write a command, a code or `*`".into());
        }
        let alternatives = text.split('|').map(|part| alternative(part.trim())).collect();
        Ok(Self { text: text.into(), alternatives })
    }

    /// Whether one line of a command matches.
    pub fn matches_command(&self, line: &[u8]) -> bool {
        self.alternatives.iter().any(|alternative| match alternative {
            Alternative::Command(start, open) => {
                line.len() >= start.len()
                    && line[..start.len()].eq_ignore_ascii_case(start.as_bytes())
                    && (*open || line[start.len()..].trim_ascii().is_empty())
            }
            Alternative::Reply(..) => false,
        })
    }

    /// Whether a whole reply matches, by the code and start of its last line. `lines` have no
    /// endings.
    pub fn matches_reply(&self, lines: &[Vec<u8>]) -> bool {
        let Some(last) = lines.last() else { return false };
        self.alternatives.iter().any(|alternative| match alternative {
            Alternative::Reply(digits, rest) => {
                last.len() >= 3
                    && digits.iter().zip(last).all(|(digit, byte)| digit.is_none_or(|d| d == *byte))
                    && last[..3].iter().all(u8::is_ascii_digit)
                    && rest.as_ref().is_none_or(|rest| {
                        last.get(4..).is_some_and(|text| text.starts_with(rest.as_bytes()))
                    })
            }
            Alternative::Command(start, _) => start.is_empty(),
        })
    }

    /// Whether every alternative is a refusing code (4yz or 5yz).
    pub fn only_refusals(&self) -> bool {
        self.alternatives.iter().all(|alternative| {
            matches!(alternative, Alternative::Reply([Some(b'4' | b'5'), _, _], _))
        })
    }
}

fn alternative(part: &str) -> Alternative {
    let bytes = part.as_bytes();
    let digit = |index: usize| match bytes.get(index) {
        Some(b'x') => Some(None),
        Some(byte) if byte.is_ascii_digit() => Some(Some(*byte)),
        _ => None,
    };
    if let (Some(Some(first)), Some(second), Some(third)) = (digit(0), digit(1), digit(2)) {
        let rest = part[3..].trim_start().trim_end_matches('*').trim_end();
        let rest = (!rest.is_empty()).then(|| rest.to_owned());
        return Alternative::Reply([Some(first), second, third], rest);
    }
    match part.strip_suffix('*') {
        Some(start) => Alternative::Command(start.trim_end().into(), true),
        None => Alternative::Command(part.into(), false),
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(pattern: &str, lines: &[&str]) -> bool {
        let lines: Vec<_> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        Pattern::parse(pattern).unwrap().matches_reply(&lines)
    }

    #[test]
    fn a_code_stands_for_a_whole_reply() {
        assert!(reply("250", &["250-one", "250 two"]));
        assert!(reply("5xx", &["530 5.7.0 Must issue a STARTTLS command first"]));
        assert!(reply("250|502", &["502 no"]));
        assert!(reply("530 5.7.0 *", &["530 5.7.0 no"]));
        assert!(!reply("530 5.7.0", &["530 5.7.1 no"]));
        assert!(!reply("4xx", &["550 no"]));
        assert!(!reply("250", &["25"]));
    }

    #[test]
    fn a_command_is_matched_from_its_start() {
        let ehlo = Pattern::parse("EHLO *").unwrap();
        assert!(ehlo.matches_command(b"ehlo mail.example"));
        let starttls = Pattern::parse("STARTTLS").unwrap();
        assert!(starttls.matches_command(b"STARTTLS"));
        assert!(!starttls.matches_command(b"STARTTLSX"));
        assert!(!starttls.matches_command(b"QUIT"));
    }
}
