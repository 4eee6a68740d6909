//! Pages and the links between them.

use std::collections::BTreeMap;

use axum::response::Response;
use http::{HeaderValue, Uri};
use serde_json::{Value, json};

use super::Refusal;
use super::answer::{Answer, ok};
use crate::urlencoded;
use crate::world::World;

/// The query of a request.
#[derive(Debug)]
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    pub(crate) fn of(uri: &Uri) -> Self {
        Self(urlencoded::read(uri.query().unwrap_or_default()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn number(&self, name: &str, default: usize) -> usize {
        self.get(name).and_then(|text| text.parse().ok()).filter(|number| *number > 0).unwrap_or(default)
    }
}

/// One page of a list, and how to get to the others.
pub(crate) struct Page {
    pub(crate) items: Vec<Value>,
    pub(crate) total: usize,
    links: String,
}

impl Page {
    /// Cuts the page that the query asks for. No page has more than the configured number of entries.
    pub(crate) fn cut(world: &World, uri: &Uri, items: Vec<Value>) -> Self {
        let query = Query::of(uri);
        let size = query.number("per_page", 30).min(100).min(world.config.page_cap).max(1);
        let page = query.number("page", 1);
        let total = items.len();
        let last = total.div_ceil(size).max(1);
        let items = items.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
        let link = |number: usize, rel: &str| {
            let mut pairs = query.0.clone();
            pairs.insert("page".to_owned(), number.to_string());
            format!("<{}{}?{}>; rel=\"{rel}\"", world.base, uri.path(), urlencoded::write(&pairs))
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(link(page - 1, "prev"));
        }
        if page < last {
            links.push(link(page + 1, "next"));
            links.push(link(last, "last"));
        }
        if page > 1 {
            links.push(link(1, "first"));
        }
        Self { items, total, links: links.join(", ") }
    }

    /// As a bare list.
    pub(crate) fn answer(self) -> Answer {
        let body = Value::Array(self.items);
        with_links(ok(&body)?, &self.links)
    }

    /// As an object with the number of all.
    pub(crate) fn counted(self, name: &str) -> Answer {
        let body = json!({ "total_count": self.total, name: self.items });
        with_links(ok(&body)?, &self.links)
    }

    /// As a part of something larger.
    pub(crate) fn within(self, make: impl FnOnce(usize, Vec<Value>) -> Value) -> Answer {
        let body = make(self.total, self.items);
        with_links(ok(&body)?, &self.links)
    }
}

/// A list whose pages are found by a cursor and not by a number.
pub(crate) fn by_cursor(world: &World, uri: &Uri, items: Vec<(u64, Value)>) -> Answer {
    let query = Query::of(uri);
    let size = query.number("per_page", 30).min(100).min(world.config.page_cap).max(1);
    let start = match query.get("after") {
        None => 0,
        Some(cursor) => {
            let id = cursor.strip_prefix("cursor:").and_then(|id| id.parse::<u64>().ok());
            let at = items.iter().position(|(found, _)| Some(*found) == id);
            at.ok_or_else(|| Refusal::invalid("after is not a cursor"))? + 1
        }
    };
    let page: Vec<&(u64, Value)> = items.iter().skip(start).take(size).collect();
    let mut links = String::new();
    if let Some((id, _)) = page.last().filter(|_| start + size < items.len()) {
        let mut pairs = query.0.clone();
        pairs.insert("after".to_owned(), format!("cursor:{id}"));
        links = format!("<{}{}?{}>; rel=\"next\"", world.base, uri.path(), urlencoded::write(&pairs));
    }
    let body = Value::Array(page.into_iter().map(|(_, item)| item.clone()).collect());
    with_links(ok(&body)?, &links)
}

fn with_links(mut response: Response, links: &str) -> Answer {
    if !links.is_empty()
        && let Ok(value) = HeaderValue::from_str(links)
    {
        response.headers_mut().insert("link", value);
    }
    Ok(response)
}
