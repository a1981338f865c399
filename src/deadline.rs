//! The moment by which an answer must be given. Whoever waits for something outside is told it.

use std::time::Duration;
use tokio::time::Instant;

/// The moment by which an answer must be given.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No deadline.
    #[must_use]
    pub fn never() -> Self {
        Self(None)
    }

    /// So much time from now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self(Instant::now().checked_add(time))
    }

    /// This one, or one in so much time if that is sooner.
    #[must_use]
    pub(crate) fn or_after(self, time: Duration) -> Self {
        if self.remaining().is_some_and(|left| left <= time) { self } else { Self::after(time) }
    }

    /// What is left of the time; `None` without a deadline.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether less than `time` is left.
    #[must_use]
    pub fn is_within(self, time: Duration) -> bool {
        self.remaining().is_some_and(|left| left < time)
    }

    /// What `work` comes to, if it does before less than `margin` of the time is left.
    #[cfg(feature = "archive")]
    pub(crate) async fn bound<T>(self, margin: Duration, work: impl Future<Output = T>) -> Option<T> {
        match self.0.and_then(|at| at.checked_sub(margin)) {
            Some(at) => tokio::time::timeout_at(at, work).await.ok(),
            None => Some(work.await),
        }
    }
}
