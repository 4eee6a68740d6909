//! `window`: a part of the week in some place.

use super::error::quoted;
use super::table::{Node, Reader};
use super::{Window, name};
use crate::policy::zone;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

pub(super) fn read<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Window> {
    let before = reader.errors.len();
    let table = reader.table(node, "`window`")?;
    reader.only(&table, &["days", "from", "to", "zone"], &[]);
    let mut days = [table.get("days").is_none(); 7];
    for text in table.get("days").map(|node| reader.texts(node)).unwrap_or_default() {
        match span(text.get_ref()) {
            Some(named) => days.iter_mut().zip(named).for_each(|(day, named)| *day |= named),
            None => reader.error_with(
                &text.span(),
                format!("{} names no days", quoted(text.get_ref())),
                "write `mon` or `mon-fri`, with `mon`, `tue`, `wed`, `thu`, `fri`, `sat` and `sun`",
            ),
        }
    }
    let mut minute = |key, otherwise| match table.get(key) {
        Some(node) => time(reader, node),
        None => Some(otherwise),
    };
    let (from, to) = (minute("from", 0), minute("to", MIDNIGHT));
    let zone = match table.get("zone") {
        Some(node) => {
            let zone = reader.text(node)?;
            if name::valid_line(&zone).is_err() || zone::find(&zone).is_none() {
                reader.error_with(
                    &node.span(),
                    format!("there is no time zone {}", quoted(&zone)),
                    "write it like `Europe/Berlin`, `UTC` or `+02:00`",
                );
            }
            zone
        }
        None => "UTC".to_owned(),
    };
    let (from, to) = (from?, to?);
    if from == to {
        reader.error_with(&table.span, "`from` and `to` are the same time", "leave both out for whole days");
    }
    (reader.errors.len() == before).then_some(Window { days, from, to, zone })
}

/// The end of a day, in minutes.
const MIDNIGHT: u16 = 24 * 60;

fn span(text: &str) -> Option<[bool; 7]> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(text)?, day(text)?),
    };
    let mut days = [false; 7];
    for (index, named) in days.iter_mut().enumerate() {
        *named = match first <= last {
            true => (first..=last).contains(&index),
            false => index >= first || index <= last,
        };
    }
    Some(days)
}

/// `HH:MM`, in minutes; `24:00` is the end of the day.
fn time<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<u16> {
    let text = reader.text(node)?;
    let part = |part: &str| part.parse::<u16>().ok().filter(|_| part.len() == 2 && !part.starts_with('+'));
    let minutes = text.split_once(':').and_then(|(hours, minutes)| {
        let (hours, minutes) = (part(hours)?, part(minutes)?);
        let total = hours * 60 + minutes;
        (minutes < 60 && total <= MIDNIGHT).then_some(total)
    });
    if minutes.is_none() {
        reader.error_with(
            &node.span(),
            format!("{} is not a time of day", quoted(&text)),
            "write it like `09:00`",
        );
    }
    minutes
}
