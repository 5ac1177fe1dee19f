//! The clock for records and dates: the modules below have none.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The time, like `2026-12-31T23:59:59Z`.
pub fn now() -> Option<String> {
    let now = OffsetDateTime::now_utc();
    // A whole second can be written.
    now.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
}

/// The day, like `2026-12-31`. `WAXSEAL_TODAY` sets it, so that a report can be made anew as of the
/// day of another.
pub fn today() -> String {
    let form = time::macros::format_description!("[year]-[month]-[day]");
    let set = std::env::var("WAXSEAL_TODAY").ok();
    let set = set.and_then(|day| time::Date::parse(&day, form).ok());
    set.unwrap_or_else(|| OffsetDateTime::now_utc().date()).to_string()
}
