//! The endpoints of a host at which clients authenticate.

/// An endpoint of the host at which clients authenticate, beside its token endpoint. See
/// [`ParEndpoint::authenticate_client_at`](crate::ParEndpoint::authenticate_client_at).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostEndpoint {
    /// Token revocation (RFC 7009), `revocation_endpoint` in the metadata.
    Revocation,
    /// Token introspection (RFC 7662), `introspection_endpoint` in the metadata. Its callers are resource servers, which are
    /// clients here, and have credentials.
    Introspection,
    /// Device authorization (RFC 8628), `device_authorization_endpoint` in the metadata.
    DeviceAuthorization,
    /// Backchannel authentication (OpenID Connect CIBA), `backchannel_authentication_endpoint` in the metadata.
    BackchannelAuthentication,
    /// Another one, by a name of the host's for events, such as `grant_management`. It is not in the metadata.
    Other(&'static str),
}

impl HostEndpoint {
    /// Returns a label for a metric: for [`Other`](Self::Other) its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revocation => "revocation",
            Self::Introspection => "introspection",
            Self::DeviceAuthorization => "device_authorization",
            Self::BackchannelAuthentication => "backchannel_authentication",
            Self::Other(name) => name,
        }
    }
}
