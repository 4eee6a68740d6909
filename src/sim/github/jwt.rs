//! The signed token by which an App says who it is: RS256, ten minutes at most.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use super::Refusal;
use crate::state::State;

const LONGEST: i64 = 600;
const DRIFT: i64 = 60;

/// The App's id.
pub(crate) fn verify(state: &State, token: &str) -> Result<u64, Refusal> {
    let refuse = |why: &str| Refusal::new(StatusCode::UNAUTHORIZED, why);
    let unreadable = || refuse("A JSON web token could not be decoded");
    let (signed, signature) = token.rsplit_once('.').ok_or_else(unreadable)?;
    let (header, claims) = signed.split_once('.').ok_or_else(unreadable)?;
    let header = json(header).ok_or_else(unreadable)?;
    let claims = json(claims).ok_or_else(unreadable)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| unreadable())?;
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(refuse("'Algorithm' must be RS256"));
    }
    let issuer = match claims.get("iss") {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let app = issuer.and_then(|id| state.apps.get(&id));
    let app = app.ok_or_else(|| refuse("'Issuer' claim ('iss') must be an Integer"))?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &app.public_key);
    key.verify(signed.as_bytes(), &signature).map_err(|_| unreadable())?;
    let time = |name: &str| claims.get(name).and_then(Value::as_i64);
    let now = Timestamp::now().as_second();
    let issued = time("iat").ok_or_else(|| refuse("Missing 'issued at' claim ('iat')"))?;
    let expires = time("exp").ok_or_else(|| refuse("Missing 'expiration' claim ('exp')"))?;
    if issued > now + DRIFT {
        return Err(refuse(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ));
    }
    if expires <= now {
        return Err(refuse(
            "'Expiration' claim ('exp') must be a numeric value representing the future time",
        ));
    }
    if expires > now + LONGEST {
        return Err(refuse("'Expiration time' claim ('exp') is too far in the future"));
    }
    Ok(app.id)
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
