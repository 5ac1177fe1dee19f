//! The trace field that the relay adds to each message (RFC 5321 section 4.4).

use time::OffsetDateTime;

use super::Mutant;
use super::inbound::Server;

impl Server<'_> {
    /// One line with its ending: who sent it, how it came (RFC 3848), and when.
    pub(super) fn trace_field(&self, client: &str, by_helo: bool) -> String {
        let inside = match self.setup.mutant {
            Some(Mutant::ClientMarksTls) => true,
            Some(Mutant::ClientMarksPlaintext) => false,
            _ => self.in_tls(),
        };
        let protocol = match (by_helo, inside) {
            (true, _) => "SMTP",
            (false, true) => "ESMTPS",
            (false, false) => "ESMTP",
        };
        let (host, now) = (&self.setup.hostname, date(OffsetDateTime::now_utc()));
        format!("Received: from {client} by {host} with {protocol}; {now}\r\n")
    }
}

/// `Thu, 01 Jan 2026 00:00:00 +0000` (RFC 5322 section 3.3).
fn date(time: OffsetDateTime) -> String {
    let (day, month) = (time.weekday().to_string(), time.month().to_string());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!(
        "{day:.3}, {:02} {month:.3} {} {hour:02}:{minute:02}:{second:02} +0000",
        time.day(),
        time.year()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_mail_does() {
        assert_eq!(date(OffsetDateTime::UNIX_EPOCH), "Thu, 01 Jan 1970 00:00:00 +0000");
    }
}
