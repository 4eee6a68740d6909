//! What can go wrong when a test or the demo asks the stand-in for something directly.

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// It is not there.
    #[error("there is no {what} {name:?} here")]
    Missing {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The stand-in understood and refused, as the forge would.
    #[error("refused: {why}")]
    Refused {
        /// In the forge's words.
        why: String,
    },
    /// A git program failed.
    #[error("git {command} failed: {stderr}")]
    Git {
        /// The sub-command.
        command: String,
        /// What it said.
        stderr: String,
    },
    /// A file, a program or a socket.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Beneath.
        #[source]
        source: std::io::Error,
    },
    /// A description or pattern that cannot be read.
    #[error("{what} cannot be read: {why}")]
    Unreadable {
        /// What.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// An RSA key could not be made.
    #[error("no key could be made")]
    Key,
}

impl SimError {
    pub(crate) fn missing(what: &'static str, name: &str) -> Self {
        Self::Missing { what, name: name.to_owned() }
    }

    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into() }
    }

    pub(crate) fn io(doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }
}
