//! The answer to a push.

use std::fmt;

use crate::{http::Reply, protocol::request_uri::RequestUri};

/// A stored request: what the client is told about it.
///
/// `Reply::from` makes it the 201 of RFC 9126 section 2.2.
#[derive(Clone, PartialEq, Eq)]
pub struct Pushed {
    pub(super) request_uri: RequestUri,
    pub(super) expires_in: u32,
    pub(super) dpop_nonce: Option<String>,
}

impl Pushed {
    /// `request_uri`
    #[must_use]
    pub fn request_uri(&self) -> &str {
        self.request_uri.as_str()
    }

    /// `expires_in`, in seconds
    #[must_use]
    pub fn expires_in(&self) -> u32 {
        self.expires_in
    }

    /// The nonce for the next DPoP proof, where the policy demands one. The reply has it as `DPoP-Nonce`.
    #[must_use]
    pub fn dpop_nonce(&self) -> Option<&str> {
        self.dpop_nonce.as_deref()
    }
}

impl fmt::Debug for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pushed").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl From<Pushed> for Reply {
    fn from(pushed: Pushed) -> Self {
        // Neither value needs escaping: a URN of base64url, and a number.
        let mut body = String::with_capacity(128);
        for part in [r#"{"request_uri":""#, pushed.request_uri(), r#"","expires_in":"#] {
            body.push_str(part);
        }
        body.push_str(&pushed.expires_in.to_string());
        body.push('}');
        Self::json(201, body).with_dpop_nonce(pushed.dpop_nonce())
    }
}
