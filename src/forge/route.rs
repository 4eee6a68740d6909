//! Paths of an API. What a person named is one segment, whatever characters it has.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One segment of a path, or one value of a query.
pub(super) struct Segment<'a>(pub(super) &'a str);

impl fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A client may resolve a lone dot or two as a step in the path.
        match self.0 {
            "." => f.write_str("%2E"),
            ".." => f.write_str("%2E%2E"),
            text => utf8_percent_encode(text, KEPT).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Segment;

    #[test]
    fn a_segment_stays_one_segment() {
        for (text, encoded) in [
            ("main", "main"),
            ("release/1.2", "release%2F1.2"),
            ("a#b?x=1", "a%23b%3Fx%3D1"),
            ("fix %2F ü", "fix%20%252F%20%C3%BC"),
            ("dependabot[bot]", "dependabot%5Bbot%5D"),
            ("..", "%2E%2E"),
        ] {
            assert_eq!(Segment(text).to_string(), encoded);
        }
    }
}
