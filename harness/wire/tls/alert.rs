//! Alerts that stand in plaintext.

use super::record::content;

/// What stands where a record should begin, in a stream of records; empty: they are all records.
pub fn strayed(mut bytes: &[u8]) -> &[u8] {
    while let [kind, 3, _, high, low, rest @ ..] = bytes
        && (content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT).contains(kind)
    {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        bytes = &rest[length.min(rest.len())..];
    }
    match bytes {
        // The beginning of a record that is not whole.
        [kind, ..] if (content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT).contains(kind) => &[],
        rest => rest,
    }
}

/// The last alert that stands in plaintext in these records: level and description.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_record_has_strayed() {
        let record = [23, 3, 3, 0, 2, 7, 8];
        assert_eq!(strayed(&record), b"");
        assert_eq!(strayed(&record[..3]), b"");
        assert_eq!(strayed(&[&record[..], b"500 what"].concat()), b"500 what");
        assert_eq!(strayed(&[&record[..], &record[..6]].concat()), b"");
    }
}
