//! How long a cluster is waited for.

use std::time::Duration;

/// How long a cluster is waited for. Whatever takes longer is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection to come about.
    pub connect: Duration,
    /// For the next piece of an answer.
    pub read: Duration,
    /// For a whole answer.
    pub answer: Duration,
    /// For a credential plugin to end.
    pub plugin: Duration,
    /// Between two tries at most, whatever a busy server asks for.
    pub again: Duration,
}

impl Patience {
    /// For clusters anywhere. An answer takes a healthy one milliseconds, and seconds where it asks a webhook first.
    pub const USUAL: Self = Self {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(20),
        answer: Duration::from_secs(30),
        plugin: Duration::from_secs(20),
        again: Duration::from_secs(5),
    };
}
