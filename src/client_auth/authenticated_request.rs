//! A request to the token endpoint, with the client that it comes from.

use super::AuthenticatedClient;
use crate::protocol::parameters::Parameters;

/// A request to the token endpoint whose client has authenticated.
///
/// `Debug` keeps back the values of the parameters: a code, for instance.
#[derive(Clone, Debug)]
pub struct AuthenticatedRequest {
    client: AuthenticatedClient,
    parameters: Parameters,
}

impl AuthenticatedRequest {
    pub(crate) fn new(client: AuthenticatedClient, parameters: Parameters) -> Self {
        Self { client, parameters }
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &AuthenticatedClient {
        &self.client
    }

    /// The parameters of the request: `grant_type`, `code` and the like. Credentials (`client_secret`, `client_assertion` and
    /// `client_assertion_type`) are not among them, and neither are parameters without a value.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The client and the parameters.
    #[must_use]
    pub fn into_parts(self) -> (AuthenticatedClient, Parameters) {
        (self.client, self.parameters)
    }
}
