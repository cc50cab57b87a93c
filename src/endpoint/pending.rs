//! An authorization on its way: pending until it is ended, and then granted, once.

use std::{fmt, sync::Arc};

use super::{AuthorizeRefusal, answers::Answers, replay::MarkOfLogin};
use crate::{
    protocol::request_uri::RequestUri, response::AuthorizationResponse, store::Claim,
    validation::request::AuthorizationRequest,
};

/// An authorization that has begun and not ended, for the host to show to the user.
#[derive(Clone)]
pub struct Pending {
    pub(super) request: AuthorizationRequest,
    pub(super) ending: Ending,
}

/// The way in which a request ends.
#[derive(Clone)]
pub(super) enum Ending {
    /// Plain parameters can be sent again at any time.
    Nothing,
    /// A pushed request is spent.
    Spend { request_uri: RequestUri, claim: Claim },
    /// A request object that is good for one use is remembered.
    Remember(MarkOfLogin),
}

impl Pending {
    /// The request, validated against the present policy and registration.
    #[must_use]
    pub fn request(&self) -> &AuthorizationRequest {
        &self.request
    }

    /// The `request_uri` under which the request was pushed. `None` when it came in the query.
    ///
    /// To answer a login form on any node, send `client_id` and this along in hidden fields, and call
    /// [`ParEndpoint::authorize`](crate::ParEndpoint::authorize) with them again; where there is none, the query that it came in.
    #[must_use]
    pub fn request_uri(&self) -> Option<&str> {
        match &self.ending {
            Ending::Spend { request_uri, .. } => Some(request_uri.as_str()),
            Ending::Nothing | Ending::Remember(_) => None,
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("request", &self.request).finish_non_exhaustive()
    }
}

/// An authorization that was granted, to this caller alone: issue the code now.
#[derive(Clone)]
pub struct Granted {
    pub(super) request: AuthorizationRequest,
    pub(super) answers: Arc<Answers>,
}

impl Granted {
    /// The request. Keep with the code what the token endpoint needs of it: `redirect_uri`, `code_challenge`, scopes.
    #[must_use]
    pub fn request(&self) -> &AuthorizationRequest {
        &self.request
    }

    /// Makes the authorization response with these parameters, to which `state` and `iss` are added, in the response mode that was
    /// asked for. A `state` or `iss` among the parameters is left out. Where the mode is one of a signed response, they are
    /// claims of the JWT that is sent, and `aud` and `exp` are left out too.
    ///
    /// # Errors
    ///
    /// A refusal to be shown, with status 500, when the response had to be signed and the
    /// [`ResponseSigner`](crate::ResponseSigner) could not do it. The request is spent, and the client has got nothing: revoke the
    /// code and the tokens that were issued for it. The other response modes never fail.
    pub async fn respond<'a>(
        &self,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<AuthorizationResponse, AuthorizeRefusal> {
        Ok(self.answers.grant(&self.request, parameters).await?)
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted").field("request", &self.request).finish_non_exhaustive()
    }
}
