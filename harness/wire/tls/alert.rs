//! Alerts that stand in clear.

use super::record::content;

/// The last alert that stands in clear in these records: level and description.
///
/// Records are walked by their lengths alone, because encrypted ones may stand between.
pub fn last_alert(mut bytes: &[u8]) -> Option<(u8, u8)> {
    let mut found = None;
    while let [kind, 3, _, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let payload = &rest[..length.min(rest.len())];
        if let (content::ALERT, [level, description]) = (*kind, payload) {
            found = Some((*level, *description));
        }
        bytes = &rest[payload.len()..];
    }
    found
}
