//! What a host does with a request while its user logs in: it makes notes, and takes more time.

use std::{fmt, pin::pin, time::Duration};

use super::{AuthorizeRefusal, ParEndpoint, Pending, operation::Operation, pending::Ending, records::not_claimed};
use crate::{
    client::ClientRegistry,
    error::Refusal,
    error_text::debug_by_display,
    observer::{Stage, Step},
    store::{AnnotateError, Annotation, RequestStore},
};

/// The longest note, in bytes.
const LONGEST_ANNOTATION: usize = 1024;

/// The reason that a note was not taken down.
#[derive(Clone)]
#[non_exhaustive]
pub enum AnnotateRefusal {
    /// The request came in the query, so that it is stored nowhere.
    NotPushed,
    /// The note is longer than 1024 bytes.
    TooLong,
    /// Another call has changed the note since this request was opened. Open it again to read that note.
    Changed,
    /// The request is not open any more, not in this browser, or the store could not be asked.
    Refused(AuthorizeRefusal),
}

debug_by_display!(AnnotateRefusal);

impl fmt::Display for AnnotateRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPushed => f.write_str("a request that came in the query has no annotation"),
            Self::TooLong => f.write_str("the annotation is longer than 1024 bytes"),
            Self::Changed => f.write_str("the annotation was changed meanwhile"),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl std::error::Error for AnnotateRefusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(refusal) => std::error::Error::source(refusal),
            _ => None,
        }
    }
}

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Writes a note of the host on a pushed request that is open, of up to 1024 bytes: who has signed in, or which account was
    /// chosen. It takes the place of the note that [`Pending::annotation`] has, unless another call was faster: of all calls for
    /// the same state, on all nodes that share the store, at most one succeeds. An empty note takes it away.
    ///
    /// [`authorize`](Self::authorize) gives the note back to the same browser, on every node, until the request is ended or
    /// expires. It is as secret, and as safe from changes, as the store; a `SealedStore` encrypts it.
    ///
    /// Returns the request with the new note, for the next step.
    ///
    /// ```
    /// use parjar::{AnnotateRefusal, ParEndpoint, Pending};
    ///
    /// /// After the password was found right, and before a second factor is asked for on another page.
    /// async fn signed_in(par: &ParEndpoint, pending: &Pending, user: &str) -> Result<Pending, AnnotateRefusal> {
    ///     par.annotate(pending, user.as_bytes()).await
    /// }
    ///
    /// /// The user of the page that follows.
    /// fn user(pending: &Pending) -> Option<&str> {
    ///     std::str::from_utf8(pending.annotation()).ok().filter(|user| !user.is_empty())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AnnotateRefusal`]. After an outage the note may have been written or not: open the request again.
    pub async fn annotate(&self, pending: &Pending, annotation: &[u8]) -> Result<Pending, AnnotateRefusal> {
        let Ending::Spend { claim, revision, .. } = pending.ending else {
            return Err(AnnotateRefusal::NotPushed);
        };
        if annotation.len() > LONGEST_ANNOTATION {
            return Err(AnnotateRefusal::TooLong);
        }
        let operation = self.parts.begin(Stage::Authorize);
        let note = Annotation::new(annotation, revision);
        let work = async { operation.time(Step::Store, pin!(self.store.annotate(claim, note))).await };
        match operation.trace(pin!(work)).await {
            Ok(()) => {
                operation.worked();
                Ok(pending.clone().annotated(annotation))
            }
            Err(AnnotateError::Changed) => Err(AnnotateRefusal::Changed),
            Err(AnnotateError::NotOpen(error)) => {
                Err(AnnotateRefusal::Refused(lost(&operation, pending, not_claimed(error))))
            }
        }
    }

    /// Gives the login of a pushed request more time: [`Policy::login_lifetime`](crate::Policy::login_lifetime) from now, but no
    /// more than [`Policy::longest_login`](crate::Policy::longest_login) in all. Call it when the user does something on a page of
    /// the host. It can be repeated, and never shortens the time. Returns the time that is left.
    ///
    /// The cookie that the browser is bound by has to live as long: set it again, as
    /// [`BindingCookie::to_set`](crate::BindingCookie::to_set) does.
    ///
    /// A request in the query has its time from each call of [`authorize`](Self::authorize). This changes nothing about it, and
    /// returns what it has left.
    ///
    /// # Errors
    ///
    /// A refusal to be shown: the request is not open any more, not in this browser, or the store could not be asked.
    pub async fn extend(&self, pending: &Pending) -> Result<Duration, AuthorizeRefusal> {
        let Ending::Spend { claim, .. } = pending.ending else {
            return Ok(self.time_left(&pending.ending));
        };
        let operation = self.parts.begin(Stage::Authorize);
        let work = async { operation.time(Step::Store, pin!(self.parts.records.extend(&self.store, claim))).await };
        let time_left = operation.trace(pin!(work)).await.map_err(|refusal| lost(&operation, pending, refusal))?;
        operation.worked();
        Ok(time_left)
    }

    /// The time that is left for a request in the query.
    fn time_left(&self, ending: &Ending) -> Duration {
        match ending {
            Ending::Remember { login, .. } => self.parts.replay.time_left(login),
            Ending::Nothing | Ending::Spend { .. } => Duration::from_secs(self.policy().login_lifetime.into()),
        }
    }
}

/// Reports that a request which was open is lost.
fn lost(operation: &Operation<'_>, pending: &Pending, refusal: Refusal) -> AuthorizeRefusal {
    operation.refused(Some(pending.request.client_id()), refusal).into()
}
