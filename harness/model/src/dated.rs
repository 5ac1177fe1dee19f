//! Facts of others carry the day on which they were checked, and where.

use serde::{Deserialize, Deserializer, de::Error};

/// A day like `2026-12-31`. Days of this form are in the order of their text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(String);

impl Date {
    /// The day of a TOML date; `None` where a time stands beside it.
    pub fn of(at: &toml::value::Datetime) -> Option<Self> {
        at.date.filter(|_| at.time.is_none()).map(|date| Self(date.to_string()))
    }

    /// Whether more than a year lies between this day and `today` (`2026-12-31`).
    pub fn is_older_than_a_year(&self, today: &str) -> bool {
        let next = self.0.split_once('-').and_then(|(year, rest)| {
            let year: u32 = year.parse().ok()?;
            Some(format!("{:04}-{rest}", year + 1))
        });
        // A TOML date always has a year.
        next.is_none_or(|next| today > next.as_str())
    }

    /// Says that facts which were checked on this day are too old to be relied on, if they are.
    /// `what` begins the sentence.
    pub fn outdated(&self, what: &str, source: Option<&str>, today: &str) -> Option<String> {
        let source = source.map(|source| format!(" ({source})")).unwrap_or_default();
        self.is_older_than_a_year(today).then(|| {
            format!(
                "{what} was last checked on {self}, more than a year ago: compare it with its \
                 source{source}."
            )
        })
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let at = toml::value::Datetime::deserialize(from)?;
        Self::of(&at).ok_or_else(|| D::Error::custom("write a date alone, like 2026-12-31"))
    }
}

/// The day of a time (seconds since 1970), UTC, like `2026-12-31`. What lies before the year 1 or after 9999
/// is the first or the last day of these.
pub fn day(seconds: i64) -> String {
    const FIRST: i64 = -62_135_596_800;
    const LAST: i64 = 253_402_300_799;
    let at = time::UtcDateTime::from_unix_timestamp(seconds.clamp(FIRST, LAST));
    at.unwrap_or(time::UtcDateTime::UNIX_EPOCH).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date(text.into())
    }

    #[test]
    fn a_year_is_over_the_day_after_its_anniversary() {
        for (checked, today, old) in [
            ("2025-11-27", "2026-11-27", false),
            ("2025-11-27", "2026-11-28", true),
            ("2024-02-29", "2025-02-28", false),
            ("2024-02-29", "2025-03-01", true),
            ("2026-11-27", "2025-01-01", false),
        ] {
            assert_eq!(date(checked).is_older_than_a_year(today), old, "{checked}, {today}");
        }
    }

    #[test]
    fn what_is_too_old_says_so_with_its_source() {
        let told = date("2025-01-31").outdated("The profile x", Some("RFC 1"), "2026-11-27");
        assert_eq!(
            told.unwrap(),
            "The profile x was last checked on 2025-01-31, more than a year ago: compare it with \
             its source (RFC 1)."
        );
        assert_eq!(date("2026-01-31").outdated("The profile x", None, "2026-11-27"), None);
    }

    #[test]
    fn a_day_is_that_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_795_810_432, "2026-11-27"),
            (253_402_300_799, "9999-12-31"),
            (i64::MAX, "9999-12-31"),
            (i64::MIN, "0001-01-01"),
        ] {
            assert_eq!(day(seconds), expected, "{seconds}");
        }
    }
}
