//! What a store answers when it does not do what it was asked to, in words for people. What it answers is never shown
//! whole: it may hold more than anybody wants in a log.

use crate::error::{Code, Error, ErrorKind};
use std::error::Error as StdError;
use std::io;

/// What a store was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Write,
    Abort,
    Read,
    List,
}

impl Doing {
    fn done(self) -> &'static str {
        match self {
            Self::Write => "written",
            Self::Abort => "given up",
            Self::Read => "read",
            Self::List => "listed",
        }
    }

    /// What a policy must allow for it.
    fn action(self) -> &'static str {
        match self {
            Self::Write => "s3:PutObject and s3:AbortMultipartUpload on the objects",
            Self::Abort => "s3:AbortMultipartUpload on the objects",
            Self::Read => "s3:GetObject on the objects and s3:ListBucket on the bucket",
            Self::List => "s3:ListBucket on the bucket",
        }
    }
}

/// The longest cause that is told.
const CAUSE_BYTES_MAX: usize = 200;

/// The error for people: what could not be done where, and what to do.
pub(super) fn explain(doing: Doing, name: &str, error: &object_store::Error) -> Error {
    let cannot = format!("{name} cannot be {}", doing.done());
    if let Some(own) = causes(error).find_map(|cause| cause.downcast_ref::<Error>()) {
        return Error::new(own.kind(), own.code(), format!("{cannot}: {}", own.message()));
    }
    if let Some(error) = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>())
        && cannot.starts_with("file:")
    {
        return of_file(&cannot, error);
    }
    let text = error.to_string();
    let (code, unavailable) = (code_of(&text), || {
        let why = "it cannot be reached or is busy; what was asked was tried several times. Try again later";
        Error::new(ErrorKind::Unavailable, Code::Unavailable, format!("{cannot}: {why}."))
    });
    let config = |why: String| Error::config(format!("{cannot}: {why}."));
    match code {
        Some("NoSuchBucket") => {
            config("there is no such bucket (NoSuchBucket). Make it, or correct its name".into())
        }
        Some("NoSuchKey") => config("there is no such object (NoSuchKey)".into()),
        Some(code @ ("SignatureDoesNotMatch" | "InvalidAccessKeyId")) => {
            config(format!("the access key is wrong ({code}). Look at what says who this process is for AWS"))
        }
        Some(code @ ("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired")) => config(format!(
            "the credentials have ended ({code}). Log in again, for example by `aws sso login`"
        )),
        Some(code @ "RequestTimeTooSkewed") => {
            config(format!("this machine's clock is wrong ({code}). Set it"))
        }
        Some(
            code @ ("PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException"
            | "TemporaryRedirect"),
        ) => config(format!("the bucket lies in another region ({code}). Set AWS_REGION to that")),
        Some(code) if is_refusal(error) => {
            config(format!("the credentials do not allow it ({code}). Grant {}", doing.action()))
        }
        None if is_refusal(error) => {
            config(format!("the credentials do not allow it. Grant {}", doing.action()))
        }
        None if text.contains("redirect without LOCATION") => {
            config("the bucket lies in another region. Set AWS_REGION to that".into())
        }
        None if matches!(error, object_store::Error::NotFound { .. }) => {
            config("there is no such object".into())
        }
        Some(code) => unavailable().because(format!("the answer is {code}")),
        None => match innermost(error) {
            Some(cause) => unavailable().because(cause),
            None => unavailable(),
        },
    }
}

/// What a person must change where a file system refuses.
const REFUSALS: [(io::ErrorKind, &str); 6] = [
    (io::ErrorKind::NotFound, "there is no such file or folder"),
    (io::ErrorKind::PermissionDenied, "this user may not do that. Grant it, or name another folder"),
    (io::ErrorKind::ReadOnlyFilesystem, "the file system is read-only. Name another folder"),
    (io::ErrorKind::NotADirectory, "a file is in its way. Remove it, or name another folder"),
    (io::ErrorKind::AlreadyExists, "a file is in its way. Remove it, or name another folder"),
    (io::ErrorKind::IsADirectory, "a folder is in its way. Remove it, or name another folder"),
];

/// The same for what a file system says.
pub(super) fn of_file(cannot: &str, error: &io::Error) -> Error {
    if let Some((_, why)) = REFUSALS.iter().find(|(kind, _)| *kind == error.kind()) {
        return Error::config(format!("{cannot}: {why}."));
    }
    let is_full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&error.kind());
    let why =
        if is_full { "there is no space left. Make room, and try again" } else { "the file system fails" };
    let message = format!("{cannot}: {why}.");
    Error::new(ErrorKind::Unavailable, Code::Unavailable, message).because(error.to_string())
}

fn is_refusal(error: &object_store::Error) -> bool {
    use object_store::Error::{PermissionDenied, Unauthenticated};
    matches!(error, PermissionDenied { .. } | Unauthenticated { .. })
}

fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The code of an answer of S3.
fn code_of(text: &str) -> Option<&str> {
    let (_, behind) = text.split_once("<Code>")?;
    let (code, _) = behind.split_once("</Code>")?;
    let is_code = (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then_some(code)
}

/// What the network said, without what a server answered.
fn innermost(error: &object_store::Error) -> Option<String> {
    let cause = causes(error).last()?.to_string();
    let is_short = cause.len() <= CAUSE_BYTES_MAX && !cause.contains(['<', '{', '\n']);
    is_short.then_some(cause)
}

#[cfg(test)]
mod tests {
    use super::{Doing, explain};
    use crate::error::ErrorKind;
    use object_store::Error;
    use std::io;

    fn refused(answer: &str) -> Error {
        let source = format!("Server returned non-2xx status code: 403 Forbidden: {answer}").into();
        Error::PermissionDenied { path: "k".to_owned(), source }
    }

    fn check(error: &Error, kind: ErrorKind, says: &str) {
        let error = explain(Doing::Write, "s3://b/k", error);
        let message = error.message();
        assert!(message.starts_with("s3://b/k cannot be written: ") && message.contains(says), "{message}");
        assert_eq!(error.kind(), kind, "{message}");
        let whole = format!("{error:?}");
        assert!(!whole.contains("hunter2"), "{whole}");
    }

    #[test]
    fn what_s3_answers_is_said_with_what_to_do() {
        let answer =
            |code: &str| format!("<Error><Code>{code}</Code><StringToSign>hunter2</StringToSign></Error>");
        let config = ErrorKind::Config;
        check(&refused(&answer("AccessDenied")), config, "(AccessDenied). Grant s3:PutObject");
        check(&refused(&answer("SignatureDoesNotMatch")), config, "the access key is wrong");
        check(&refused(&answer("ExpiredToken")), config, "`aws sso login`");
        check(&refused("hunter2"), config, "Grant s3:PutObject");
        let source = answer("NoSuchBucket").into();
        check(&Error::NotFound { path: "k".to_owned(), source }, config, "no such bucket");
        let generic = |text: String| Error::Generic { store: "S3", source: text.into() };
        check(&generic(answer("PermanentRedirect")), config, "AWS_REGION");
        check(&generic(answer("SlowDown")), ErrorKind::Unavailable, "Try again later");
        check(&generic("<html>hunter2</html>".to_owned()), ErrorKind::Unavailable, "Try again later");
    }

    #[test]
    fn what_a_file_system_says_is_said_with_what_to_do() {
        let of = |kind: io::ErrorKind| {
            let error = Error::Generic { store: "LocalFileSystem", source: io::Error::from(kind).into() };
            explain(Doing::Write, "file:///f", &error)
        };
        assert_eq!(of(io::ErrorKind::PermissionDenied).kind(), ErrorKind::Config);
        let full = of(io::ErrorKind::StorageFull);
        assert!(full.kind() == ErrorKind::Unavailable && full.message().contains("no space left"), "{full}");
    }
}
