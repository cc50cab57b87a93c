//! How a client authenticates.

use serde::{Deserialize, Serialize};

/// A `token_endpoint_auth_method` (RFC 7591 section 2). It applies at the PAR endpoint as at the token endpoint (RFC 9126
/// section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthenticationMethod {
    /// `none`: the client has no credentials.
    None,
    /// `client_secret_basic`: secret in the `Authorization` header.
    ClientSecretBasic,
    /// `client_secret_post`: secret in the body.
    ClientSecretPost,
}

impl AuthenticationMethod {
    /// The value on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
        }
    }
}
