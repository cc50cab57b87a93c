//! Why a fetch has failed.

use std::error::Error;

use crate::error_text::debug_by_display;

/// A document or a key set could not be fetched. Nothing of the response is in it, and nothing of the URL.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The URL is not one that is fetched.
    #[error("the URL is not fetched: {0}")]
    Url(&'static str),
    /// The host has no address, or has it in the URL, that may be connected to: all of them are private, of this machine, or refused
    /// by the host.
    #[error("the host has no address that may be connected to")]
    ForbiddenAddress,
    /// The name could not be resolved.
    #[error("the name of the host could not be resolved")]
    Name(#[source] BoxError),
    /// No connection could be made: the host does not listen, or the certificate is not good for the host.
    #[error("no secure connection could be made")]
    Connection(#[source] BoxError),
    /// The time limit ran out before the last byte was there.
    #[error("the time limit ran out")]
    TimeLimit,
    /// The response is a redirect, which is not followed.
    #[error("the response is a redirect (status {0}), which is not followed")]
    Redirect(u16),
    /// The response has another status than 200.
    #[error("the response has status {0}")]
    Status(u16),
    /// The `Content-Type` of the response is not JSON.
    #[error("the response is not JSON by its Content-Type")]
    ContentType,
    /// The body is compressed, although that was not asked for.
    #[error("the response is compressed")]
    ContentEncoding,
    /// The body is longer than the limit, in bytes.
    #[error("the response is longer than {0} bytes")]
    TooLarge(usize),
    /// The body is not UTF-8.
    #[error("the response is not UTF-8")]
    NotUtf8,
    /// The connection broke off.
    #[error("the connection broke off")]
    Broken(#[source] BoxError),
    /// What a [`DocumentSource`](crate::DocumentSource) of the host's says.
    #[error("the source of documents failed")]
    Other(#[source] BoxError),
}

debug_by_display!(FetchError);

type BoxError = Box<dyn Error + Send + Sync>;

impl FetchError {
    /// Makes an error of another HTTP client. The cause, be it an error or a text, is for the log of the host.
    pub fn other(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Other(cause.into())
    }

    /// Returns `true` if the answer is that there is no such document: status 404 or 410. A copy of it is not good any more then.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Status(404 | 410))
    }
}
