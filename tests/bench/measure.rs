//! Times of many runs, and what they come to. No warm-up, no outliers thrown away: who wants them does so in sight.

use std::fmt;
use std::time::{Duration, Instant};

/// The times of runs, sorted.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut all: Vec<Duration>) -> Self {
        assert!(!all.is_empty(), "nothing was measured");
        all.sort();
        Self(all)
    }

    /// Runs something `runs` times.
    pub(crate) fn of(runs: usize, mut run: impl FnMut()) -> Self {
        let once = |_| {
            let began = Instant::now();
            run();
            began.elapsed()
        };
        Self::new((0..runs).map(once).collect())
    }

    pub(crate) fn min(&self) -> Duration {
        self.0[0]
    }

    pub(crate) fn median(&self) -> Duration {
        self.0[self.0.len() / 2]
    }

    /// 99 of 100 took no longer.
    pub(crate) fn p99(&self) -> Duration {
        self.0[(self.0.len() * 99).div_ceil(100) - 1]
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (min, median, p99) = (shown(self.min()), shown(self.median()), shown(self.p99()));
        write!(f, "min {min}, median {median}, p99 {p99} ({} runs)", self.count())
    }
}

/// A time in the unit that suits it.
pub(crate) fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        _ if seconds >= 1.0 => format!("{seconds:.2} s"),
        _ if seconds >= 0.001 => format!("{:.1} ms", seconds * 1e3),
        _ => format!("{:.0} µs", seconds * 1e6),
    }
}

/// How often the second goes into the first.
pub(crate) fn ratio(ours: Duration, other: Duration) -> String {
    format!("{:.2}", ours.as_secs_f64() / other.as_secs_f64())
}

/// Prints one line of the table.
pub(crate) fn row(what: &str, figure: &str, beside: &str, ratio: &str) {
    println!("| {what} | {figure} | {beside} | {ratio} |");
}

/// The most memory that a process held at once, in bytes, as far as it has come.
pub(crate) fn peak_memory(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Processor time of a process: its own, and that of its children that ended. The kernel counts in hundredths.
pub(crate) fn processor(process: &str) -> (Duration, Duration) {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<u64> =
        stat.rsplit_once(')').unwrap().1.split_whitespace().map(|word| word.parse().unwrap_or(0)).collect();
    let ticks = |first: usize| Duration::from_millis(10 * (fields[first] + fields[first + 1]));
    (ticks(11), ticks(13))
}
