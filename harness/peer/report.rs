//! Reads a delivery report (RFC 3464).

use waxseal_model::trace::{Channel, Happening};

/// What a report says of the message. A message without the fields of RFC 3464 is told as
/// `failed` with an empty status: nobody writes to an empty sender for another reason.
pub(super) fn read(content: &[u8], channel: Channel) -> Happening {
    let text = String::from_utf8_lossy(content).replace("\r\n ", " ").replace("\r\n\t", " ");
    let field = |name: &str| {
        text.lines()
            .find(|line| {
                line.len() > name.len()
                    && line.as_bytes()[..name.len()].eq_ignore_ascii_case(name.as_bytes())
            })
            .map(|line| line[name.len()..].trim().to_owned())
    };
    Happening::Reported {
        channel,
        action: field("Action:").unwrap_or_else(|| "failed".into()).to_ascii_lowercase().into(),
        status: field("Status:").unwrap_or_default().into(),
        diagnostic: field("Diagnostic-Code:").unwrap_or_default().into(),
    }
}
