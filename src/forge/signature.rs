//! Whether a delivery was signed with the webhook's secret. Never looks inside the body.

use aws_lc_rs::hmac;

use crate::ports::{DeliveryError, Secret};

/// The key that deliveries are signed with.
pub(super) struct WebhookKey(hmac::Key);

impl WebhookKey {
    pub(super) fn new(secret: &Secret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()))
    }

    /// Compares in constant time: HMAC-SHA-256 over the raw bytes, in hexadecimal digits.
    pub(super) fn verify(&self, body: &[u8], hex: Option<&str>) -> Result<(), DeliveryError> {
        let tag = hex.and_then(bytes_of).ok_or(DeliveryError::Signature)?;
        hmac::verify(&self.0, body, &tag).map_err(|_| DeliveryError::Signature)
    }
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits = hex.as_bytes().iter().map(digit).collect::<Option<Vec<_>>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const DOCUMENTED: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[track_caller]
    fn check(body: &str, hex: Option<&str>, genuine: bool) {
        let key = WebhookKey::new(&Secret::new("It's a Secret to Everybody".to_owned()));
        assert_eq!(key.verify(body.as_bytes(), hex).is_ok(), genuine, "{body:?} {hex:?}");
    }

    #[test]
    fn only_a_whole_and_right_signature_is_taken() {
        check("Hello, World!", Some(DOCUMENTED), true);
        check("Hello, World!", Some(&DOCUMENTED.to_uppercase()), true);
        check("Hello, World", Some(DOCUMENTED), false);
        check("Hello, World!", DOCUMENTED.get(..62), false);
        check("Hello, World!", DOCUMENTED.get(..63), false);
        check("Hello, World!", Some(&format!("{DOCUMENTED}00")), false);
        check("Hello, World!", Some("zz"), false);
        check("Hello, World!", Some(""), false);
        check("Hello, World!", None, false);
    }
}
