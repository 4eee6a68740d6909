//! How large, long or many: the bounds of one value.

use serde_json::{Map, Number, Value};

/// Bounds of numbers, texts, lists and mappings.
#[derive(Debug, Clone, Default)]
pub(super) struct Bounds {
    least: Option<(Number, bool)>,
    most: Option<(Number, bool)>,
    step: Option<Number>,
    length: Span,
    items: Span,
    fields: Span,
    distinct: bool,
}

/// From so many to so many.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    least: Option<u64>,
    most: Option<u64>,
}

impl Span {
    fn of(schema: &Map<String, Value>, least: &str, most: &str) -> Self {
        let count = |key| schema.get(key).and_then(Value::as_u64);
        Self { least: count(least), most: count(most) }
    }

    fn breach(self, count: usize, what: &str) -> Option<String> {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        match (self.least, self.most) {
            (Some(least), _) if count < least => Some(format!("must not have fewer {what} than {least}")),
            (_, Some(most)) if count > most => Some(format!("must not have more {what} than {most}")),
            (Some(_) | None, Some(_) | None) => None,
        }
    }
}

impl Bounds {
    pub(super) fn of(schema: &Map<String, Value>) -> Self {
        let number = |key: &str| match schema.get(key) {
            Some(Value::Number(number)) => Some(number.clone()),
            Some(_) | None => None,
        };
        // Draft 4 and OpenAPI 3.0 say `exclusiveMinimum: true`, later drafts give it a number of its own.
        let bound = |inclusive: &str, exclusive: &str| match number(exclusive) {
            Some(bound) => Some((bound, true)),
            None => number(inclusive)
                .map(|bound| (bound, schema.get(exclusive).and_then(Value::as_bool).unwrap_or_default())),
        };
        Self {
            least: bound("minimum", "exclusiveMinimum"),
            most: bound("maximum", "exclusiveMaximum"),
            step: number("multipleOf"),
            length: Span::of(schema, "minLength", "maxLength"),
            items: Span::of(schema, "minItems", "maxItems"),
            fields: Span::of(schema, "minProperties", "maxProperties"),
            distinct: schema.get("uniqueItems").and_then(Value::as_bool).unwrap_or_default(),
        }
    }

    pub(super) fn number(&self, number: &Number) -> Option<String> {
        let beyond = |bound: &Option<(Number, bool)>, side: std::cmp::Ordering| {
            let (bound, exclusive) = bound.as_ref()?;
            let order = compare(number, bound)?;
            (order == side || *exclusive && order.is_eq()).then(|| (bound.clone(), *exclusive))
        };
        if let Some((bound, exclusive)) = beyond(&self.least, std::cmp::Ordering::Less) {
            return Some(format!("must be {} {bound}", if exclusive { "greater than" } else { "at least" }));
        }
        if let Some((bound, exclusive)) = beyond(&self.most, std::cmp::Ordering::Greater) {
            return Some(format!("must be {} {bound}", if exclusive { "less than" } else { "at most" }));
        }
        let step = self.step.as_ref().filter(|step| !is_multiple(number, step))?;
        Some(format!("must be a multiple of {step}"))
    }

    pub(super) fn text(&self, text: &str) -> Option<String> {
        self.length.breach(text.chars().count(), "characters")
    }

    pub(super) fn list(&self, items: &[Value]) -> Option<String> {
        let twice = || {
            let mut seen: Vec<String> = items.iter().map(Value::to_string).collect();
            seen.sort_unstable();
            seen.windows(2).any(|pair| pair.first() == pair.last())
        };
        self.items
            .breach(items.len(), "items")
            .or_else(|| (self.distinct && twice()).then(|| "has an item twice".to_owned()))
    }

    pub(super) fn mapping(&self, count: usize) -> Option<String> {
        self.fields.breach(count, "fields")
    }
}

fn compare(a: &Number, b: &Number) -> Option<std::cmp::Ordering> {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        (Some(_) | None, Some(_) | None) => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn is_multiple(number: &Number, step: &Number) -> bool {
    if let (Some(number), Some(step)) = (number.as_i128(), step.as_i128()) {
        return number.checked_rem(step).is_none_or(|rest| rest == 0);
    }
    let quotient = number.as_f64().zip(step.as_f64()).map(|(number, step)| number / step);
    quotient.is_none_or(|quotient| (quotient - quotient.round()).abs() < 1e-9)
}
