//! Why a command failed, what people are told and what scripts are told.

use rowtide::error::{Code, Error, ErrorKind};
use std::error::Error as StdError;
use std::io;

/// What scripts are told; of several the worst, which is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// Everything is durable, or was printed.
    Done,
    /// Something was reported, the sink failed, the breaker opened, the input broke off.
    Failed,
    /// Usage or configuration: the same command cannot succeed.
    Usage,
}

/// How a command ends when nothing keeps it from ending.
pub(super) type Ended = Result<Status, Failure>;

/// The end of a command that did not do what it was asked to.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: Status,
    /// Nobody reads the output any more: there is nothing to say.
    pub(super) quiet: bool,
    message: String,
    causes: Vec<String>,
}

impl Failure {
    fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, quiet: false, message: message.into(), causes: Vec::new() }
    }

    /// The command line cannot be followed.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Status::Usage, message)
    }

    /// The input, or something else that is no setting, is broken.
    pub(super) fn broken(message: impl Into<String>) -> Self {
        Self::new(Status::Failed, message)
    }

    /// Names the cause.
    pub(super) fn because(mut self, cause: &(dyn StdError + 'static)) -> Self {
        self.causes.extend(chain(cause));
        self
    }

    /// The output cannot be written. A reader that has gone away, as `head` does, has seen what it wanted.
    pub(super) fn output(error: &io::Error) -> Self {
        let quiet = error.kind() == io::ErrorKind::BrokenPipe;
        let status = if quiet { Status::Done } else { Status::Failed };
        Self { quiet, ..Self::new(status, "The output cannot be written.").because(error) }
    }

    /// The error, without its causes.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// What people are told: the error on one line, each cause on another.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let mut causes = self.causes.clone();
        // some libraries repeat the cause in their own words
        causes.dedup();
        let causes = causes.into_iter().map(|cause| format!("because: {cause}"));
        std::iter::once(format!("error: {}", self.message)).chain(causes)
    }
}

fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = String> + use<'e> {
    std::iter::successors(Some(error), |error| (*error).source()).map(ToString::to_string)
}

/// The breaker is no setting: the records are what is wrong.
const BREAKER: [Code; 2] = [Code::SystemicPoison, Code::ParkedLimit];

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let status = match error.kind() {
            ErrorKind::Config | ErrorKind::Schema if !BREAKER.contains(&error.code()) => Status::Usage,
            ErrorKind::Config
            | ErrorKind::Schema
            | ErrorKind::Malformed
            | ErrorKind::Unsupported
            | ErrorKind::Rejected
            | ErrorKind::Contended
            | ErrorKind::Unavailable => Status::Failed,
        };
        let causes = error.source().into_iter().flat_map(chain).collect();
        Self { causes, ..Self::new(status, error.message()) }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

/// Only the output is written with `?`; what reads a file says which.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::output(&error)
    }
}
