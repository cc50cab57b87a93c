//! Where and how a client is to be answered, to be kept until there is an answer.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::protocol::response_type::ResponseMode;

/// Where and how the client of a granted request is to be answered: what is left of a grant for a host that keeps it, and answers
/// later or in another process, with [`ParEndpoint::respond`](crate::ParEndpoint::respond) or
/// [`ParEndpoint::refuse`](crate::ParEndpoint::refuse). From [`Granted::target`](crate::Granted::target).
///
/// It is kept by `serde`, as a map: `issuer`, `client_id`, `redirect_uri`, `response_mode` as on the wire, `is_pushed`, and `state`
/// if there is one. Members that a later version adds are left out of account, unless it writes a `version` above 1 because they
/// must not be; such a target is not read. Keep it where only the host can write. When it is used, the client must still be registered with the redirect
/// URI; `state` goes back as it is here.
///
/// ```
/// use parjar::{AuthorizeRefusal, Granted, ParEndpoint, Reply, ResponseTarget};
///
/// fn keep(granted: &Granted) -> serde_json::Result<String> {
///     serde_json::to_string(&granted.target())
/// }
///
/// // In another process, once the code is there.
/// async fn answer(par: &ParEndpoint, kept: &str, code: &str) -> Result<Reply, Box<dyn std::error::Error>> {
///     let target: ResponseTarget = serde_json::from_str(kept)?;
///     Ok(par.respond(&target, [("code", code)]).await?.into())
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseTarget {
    /// 1 where it is not written, as it is not by this version.
    #[serde(default, rename = "version", skip_serializing, deserialize_with = "known_version")]
    _version: (),
    issuer: String,
    client_id: String,
    redirect_uri: String,
    response_mode: ResponseMode,
    /// `true` if the request was pushed: then the redirect URI may be one that only pushed requests can have.
    is_pushed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

/// The parts of a target.
pub(crate) struct TargetParts<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) response_mode: ResponseMode,
    pub(crate) is_pushed: bool,
    pub(crate) state: Option<&'a str>,
}

impl ResponseTarget {
    pub(crate) fn new(parts: &TargetParts<'_>) -> Self {
        Self {
            _version: (),
            issuer: parts.issuer.to_owned(),
            client_id: parts.client_id.to_owned(),
            redirect_uri: parts.redirect_uri.to_owned(),
            response_mode: parts.response_mode,
            is_pushed: parts.is_pushed,
            state: parts.state.map(str::to_owned),
        }
    }

    /// The issuer in whose name the client is answered.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The client.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The URI that the response goes to.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The way in which it goes there.
    #[must_use]
    pub fn response_mode(&self) -> ResponseMode {
        self.response_mode
    }

    /// The `state` of the request.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    pub(crate) fn is_pushed(&self) -> bool {
        self.is_pushed
    }
}

fn known_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    match u32::deserialize(deserializer)? {
        1 => Ok(()),
        later => Err(Error::custom(format_args!("a response target of version {later}, and this is for version 1"))),
    }
}

impl fmt::Debug for ResponseTarget {
    /// Leaves out `state`, by which the client knows the browser, and the redirect URI.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseTarget")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("response_mode", &self.response_mode)
            .finish_non_exhaustive()
    }
}
