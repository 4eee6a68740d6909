//! Logs: JSON or text on stderr, never a token, a body or a secret.

use tracing_subscriber::EnvFilter;

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogForm {
    /// For programs.
    Json,
    /// For people.
    Text,
}

/// Starts logging. kube's client logs whole bodies that do not decode, Secrets too: that target is silenced.
pub fn start(form: LogForm, default: &str) {
    let filter = EnvFilter::try_from_env("COUNTERSIGN_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let filter = match "kube_client::client=off".parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start, as in tests, changes nothing.
    let _already_started = match form {
        LogForm::Json => builder.json().try_init(),
        LogForm::Text => builder.with_target(false).try_init(),
    };
}
