//! A sign of life on stderr: only on a terminal, and only when the work is long.

use super::terminal::{count, printable};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who waits no longer needs no sign.
const PATIENCE: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_millis(120);

/// How far the work is.
pub(super) struct Progress {
    started: Instant,
    records: usize,
    bar: Option<ProgressBar>,
    is_shown: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), records: 0, bar: None, is_shown: io::stderr().is_terminal() }
    }

    /// So many more records of `input` are done.
    pub(super) fn add(&mut self, records: usize, input: &str) {
        self.records += records;
        if !self.is_shown || self.started.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner().with_style(ProgressStyle::default_spinner());
            bar.enable_steady_tick(TICK);
            bar
        });
        let rate = self.records as f64 / self.started.elapsed().as_secs_f64();
        bar.set_message(format!(
            "{}, {rate:.0} a second, in {}",
            count(self.records, "record"),
            printable(input)
        ));
    }

    /// Takes the sign away.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The same for work that only lends it out.
pub(super) struct SharedProgress(Mutex<Progress>);

impl SharedProgress {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Progress::new()))
    }

    /// So many more rows of a table are done.
    pub(super) fn add(&self, rows: u64, table: &str) {
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(rows, table);
    }

    /// Takes the sign away.
    pub(super) fn finish(self) {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).finish();
    }
}
