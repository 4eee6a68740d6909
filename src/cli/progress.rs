//! How far a command is, for whoever watches.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::engine::Progress;

/// How often the time is shown anew.
const TICK: Duration = Duration::from_millis(250);

/// A bar on stderr; indicatif hides it where that is no terminal.
pub(super) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("  rendering  {bar:24} {pos}/{len} units  {elapsed}")
        {
            bar.set_style(style);
        }
        // Renders may begin before it is known how many there are.
        bar.enable_steady_tick(TICK);
        Self { bar }
    }

    /// Takes it away again.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Bar {
    /// Whatever ends early leaves no bar behind.
    fn drop(&mut self) {
        self.finish();
    }
}

impl Progress for Bar {
    fn planned(&self, units: usize) {
        self.bar.inc_length(u64::try_from(units).unwrap_or(u64::MAX));
    }

    fn rendered(&self, _unit: &str) {
        self.bar.inc(1);
    }
}
