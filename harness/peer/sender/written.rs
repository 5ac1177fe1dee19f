//! How a sender writes its verbs, which have no case (RFC 5321 section 2.4).

/// The case of a verb.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Written {
    /// `MAIL FROM:`
    #[default]
    Capitals,
    /// `mail from:`
    Small,
    /// `Mail From:`
    Mixed,
}

impl Written {
    /// How the verb of this line is written.
    pub(super) fn of(line: &[u8]) -> Self {
        let verb: Vec<u8> = line.iter().copied().take_while(u8::is_ascii_alphabetic).collect();
        let (upper, lower) =
            (verb.iter().any(u8::is_ascii_uppercase), verb.iter().any(u8::is_ascii_lowercase));
        match (upper, lower) {
            (true, true) => Self::Mixed,
            (false, true) => Self::Small,
            (_, false) => Self::Capitals,
        }
    }

    /// The command, which stands there in capitals, written like this: all before the address or the argument.
    pub(super) fn write(self, command: &str) -> String {
        let end = match command.find(':') {
            Some(at) => at,
            None => command.find(' ').unwrap_or(command.len()),
        };
        let (verb, rest) = command.split_at(end);
        let written = match self {
            Self::Capitals => return command.to_owned(),
            Self::Small => verb.to_ascii_lowercase(),
            Self::Mixed => {
                let words = verb.split(' ').map(|word| {
                    let (first, others) = word.split_at(word.len().min(1));
                    first.to_owned() + &others.to_ascii_lowercase()
                });
                words.collect::<Vec<_>>().join(" ")
            }
        };
        written + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_is_written_as_what_was_said() {
        for (said, expected) in [
            ("MAIL FROM:<>", "RCPT TO:<A@b.test>"),
            ("mail from:<A@b>", "rcpt to:<A@b.test>"),
            ("Mail From:<A@b>", "Rcpt To:<A@b.test>"),
            ("mAIL", "Rcpt To:<A@b.test>"),
            (".", "RCPT TO:<A@b.test>"),
        ] {
            assert_eq!(
                Written::of(said.as_bytes()).write("RCPT TO:<A@b.test>"),
                expected,
                "{said}"
            );
        }
        assert_eq!(Written::Small.write("EHLO Client.test"), "ehlo Client.test");
        assert_eq!(Written::Mixed.write("QUIT"), "Quit");
    }
}
