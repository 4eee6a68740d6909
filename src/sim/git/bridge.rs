//! Git over HTTP: hands requests to `git http-backend`, after looking at who asks and what they would push.

use std::process::Stdio;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use tokio::process::Command;

use super::ZERO;
use crate::acts::{Move, Via};
use crate::error::SimError;
use crate::github::{Caller, Need};
use crate::world::World;

/// A request under `/{owner}/{name}.git/`.
#[derive(Debug)]
pub(crate) struct GitRequest {
    owner: String,
    name: String,
    tail: String,
}

impl GitRequest {
    /// Whether a path is git's.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.splitn(3, '/');
        let (owner, name, tail) = (parts.next()?, parts.next()?, parts.next()?);
        let name = name.strip_suffix(".git")?;
        let plain = |text: &str| {
            !text.is_empty()
                && !text.starts_with('.')
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        let known = ["info/refs", "git-upload-pack", "git-receive-pack"].contains(&tail);
        (plain(owner) && plain(name) && known).then(|| Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
            tail: tail.to_owned(),
        })
    }

    fn pushes(&self, uri: &Uri) -> bool {
        self.tail == "git-receive-pack" || uri.query() == Some("service=git-receive-pack")
    }
}

/// Serves it.
pub(crate) async fn serve(
    world: &Arc<World>,
    git: &GitRequest,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
) -> Response {
    let (repo, actor) = match admit(world, git, git.pushes(uri), headers) {
        Ok(found) => found,
        Err(response) => return *response,
    };
    let served = if git.tail == "git-receive-pack" {
        push(world, git, method, uri, headers, body, (repo, actor)).await
    } else {
        backend(world, git, method, uri, headers, &body, "").await
    };
    served.unwrap_or_else(|error| {
        tracing::error!(%error, "git could not be served");
        (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
    })
}

/// Who asks, by basic authentication with a token as the password; the name does not matter, as on GitHub.
fn admit(
    world: &World,
    git: &GitRequest,
    pushes: bool,
    headers: &HeaderMap,
) -> Result<(u64, u64), Box<Response>> {
    let challenge = || {
        let header = [(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"GitHub\""))];
        (StatusCode::UNAUTHORIZED, header, "authentication is needed\n").into_response().into()
    };
    let caller = match headers.get(AUTHORIZATION) {
        None => Caller::Anonymous,
        Some(header) => {
            let token = basic(header).ok_or_else(challenge)?;
            Caller::of_token(world, &token).map_err(|_| challenge())?
        }
    };
    let state = world.state();
    let need = if pushes { Need::WriteContents } else { Need::ReadContents };
    match caller.repo(&state, &git.owner, &git.name, need) {
        Ok(repo) => Ok((repo, caller.account(&state).unwrap_or_default())),
        Err(_) if caller == Caller::Anonymous => Err(challenge()),
        Err(refusal) if refusal.status == StatusCode::NOT_FOUND => {
            Err((StatusCode::NOT_FOUND, "Repository not found.\n").into_response().into())
        }
        Err(_) => {
            let full = format!("{}/{}", git.owner, git.name);
            let login = caller.account(&state).map_or("nobody", |id| state.login(id));
            let why = format!("Permission to {full}.git denied to {login}.\n");
            Err((StatusCode::FORBIDDEN, why).into_response().into())
        }
    }
}

fn basic(header: &HeaderValue) -> Option<String> {
    let encoded = header.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, token) = text.split_once(':')?;
    (!user.is_empty()).then(|| token.to_owned())
}

async fn push(
    world: &Arc<World>,
    git: &GitRequest,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
    (repo, actor): (u64, u64),
) -> Result<Response, SimError> {
    let _turn = world.turn.lock().await;
    let verdicts = world.verdicts(repo, actor, &commands(&body));
    let response = backend(world, git, method, uri, headers, &body, &verdicts).await?;
    world.after_push(repo, actor, Via::Push).await?;
    Ok(response)
}

/// The moves of branches that a push asks for, from the packet lines before its pack.
fn commands(body: &[u8]) -> Vec<Move> {
    let mut rest = body;
    let mut found = Vec::new();
    while let Some((length, after)) = rest.split_at_checked(4) {
        let length = std::str::from_utf8(length).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some((line, next)) = length.and_then(|length| after.split_at_checked(length.checked_sub(4)?))
        else {
            break;
        };
        rest = next;
        let line = String::from_utf8_lossy(line);
        let line = line.split('\0').next().unwrap_or_default().trim_end();
        let mut words = line.splitn(3, ' ');
        if let (Some(before), Some(after), Some(name)) = (words.next(), words.next(), words.next())
            && let Some(branch) = name.strip_prefix("refs/heads/")
            && before.len() == ZERO.len()
        {
            found.push(Move {
                branch: branch.to_owned(),
                before: before.to_owned(),
                after: after.to_owned(),
            });
        }
    }
    found
}

async fn backend(
    world: &World,
    git: &GitRequest,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    verdicts: &str,
) -> Result<Response, SimError> {
    let text =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    // The name as it was given when the repository was made: paths know capital letters, the forge's names do not.
    let stored = {
        let state = world.state();
        state.repo_named(&git.owner, &git.name).map(|repo| state.full_name(repo.id)).unwrap_or_default()
    };
    let mut command = Command::new("git");
    super::quiet(&mut command, world.git.root());
    command
        .arg("http-backend")
        .env_remove("GIT_DIR")
        .env("GIT_PROJECT_ROOT", world.git.root())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", method.as_str())
        .env("PATH_INFO", format!("/{stored}.git/{}", git.tail))
        .env("QUERY_STRING", uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", text(CONTENT_TYPE.as_str()))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", text(CONTENT_ENCODING.as_str()))
        .env("GIT_PROTOCOL", text("git-protocol"))
        .env("REMOTE_USER", "sim")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("SIM_VERDICTS", verdicts)
        .stderr(Stdio::null());
    let output = super::feed(command, body).await?;
    Ok(answer(&output.stdout))
}

/// A CGI answer as an HTTP one.
fn answer(output: &[u8]) -> Response {
    let split = output.windows(4).position(|window| window == b"\r\n\r\n");
    let Some((head, body)) = split.and_then(|at| output.split_at_checked(at)) else {
        return (StatusCode::BAD_GATEWAY, "git http-backend said nothing").into_response();
    };
    let mut response = Bytes::copy_from_slice(body.get(4..).unwrap_or_default()).into_response();
    response.headers_mut().clear();
    for line in String::from_utf8_lossy(head).lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("status") {
            let code = value.split_whitespace().next().and_then(|code| code.parse().ok());
            *response.status_mut() =
                code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::OK);
        } else if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value.trim()))
        {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
