//! The client that a request claims to come from, before there is an endpoint to answer it.

use super::{AuthorizeRefusal, ParEndpoint, gate};
use crate::{
    client::is_client_id,
    client_auth::Presented,
    error::{Reason, Refusal},
    http::FormRequest,
    jose::{ClaimSet, Jws},
    policy::{Limits, Policy},
    protocol::{
        authentication_method::AuthenticationMethod,
        parameters::{Name, Parameters},
    },
};

impl FormRequest<'_> {
    /// Returns the `client_id` of the client that this request claims to come from, for a host that chooses a policy or an issuer by
    /// the client. **Nothing of it is verified**: the endpoint that gets the request authenticates the client, or refuses.
    ///
    /// It is read from all that can name a client: the form, HTTP Basic, the `sub` and `iss` of a client assertion, the `sub` of a
    /// client attestation, and where there are none of them, the `client_id` or `iss` of a signed request object. Names that
    /// are there together agree, as an endpoint demands. `None` is a request that names no client and shows no credentials in
    /// form or headers.
    ///
    /// The choice must follow from the client alone. The name is as it was sent: where the registry disregards the case of letters,
    /// the choice has to as well. A sender chooses the name, and with it the endpoint: one that is
    /// laxer for some clients must not know the others ([`with_clients`](ParEndpoint::with_clients)).
    ///
    /// ```
    /// use parjar::{FormRequest, Limits};
    ///
    /// let headers = [
    ///     ("content-type", &b"application/x-www-form-urlencoded"[..]),
    ///     ("authorization", b"Basic d2ViOnMzY3JldA=="),
    /// ];
    /// let request = FormRequest::new("POST", headers, b"response_type=code");
    /// assert_eq!(request.claimed_client_id(&Limits::default())?.as_deref(), Some("web"));
    /// # Ok::<_, parjar::Refusal>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A refusal, ready to be sent: that of every endpoint to a request that is malformed, uses two methods of authentication at
    /// once, or names two clients; and to a name that cannot be registered.
    pub fn claimed_client_id(&self, limits: &Limits) -> Result<Option<String>, Refusal> {
        let mut form = gate::pass(self, limits)?;
        let credentials = std::mem::take(&mut form.credentials);
        match Presented::read(self, &form, &credentials, &policy_for_reading(limits)) {
            Ok(presented) => checked(presented.client_id(), limits).map(Some),
            Err(refusal) if refusal.reason() == Reason::MissingClientId && credentials.client_secret.is_none() => {
                of_request_object(&form.parameters, limits)
            }
            Err(refusal) => Err(refusal),
        }
    }
}

impl ParEndpoint {
    /// Returns the `client_id` of the client that an authorization request claims to come from: the one in the query, or where
    /// there is none, that of a signed request object in it. As [`FormRequest::claimed_client_id`] for the authorization endpoint.
    ///
    /// ```
    /// use parjar::{Limits, ParEndpoint};
    ///
    /// let query = "client_id=web&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A6esc";
    /// assert_eq!(ParEndpoint::claimed_client_id(query, &Limits::default())?.as_deref(), Some("web"));
    /// # Ok::<_, parjar::AuthorizeRefusal>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A refusal to be shown, where the query is malformed, or the name cannot be registered.
    pub fn claimed_client_id(
        query: &(impl AsRef<[u8]> + ?Sized),
        limits: &Limits,
    ) -> Result<Option<String>, AuthorizeRefusal> {
        let parameters = Parameters::parse(query.as_ref(), limits).map_err(Refusal::from)?;
        Ok(match parameters.known(Name::ClientId) {
            Some(client_id) => Some(checked(client_id, limits)?),
            None => of_request_object(&parameters, limits)?,
        })
    }
}

/// A policy by which every kind of credentials can be read.
fn policy_for_reading(limits: &Limits) -> Policy {
    let mut policy = Policy { limits: limits.clone(), refuse_key_hints_in_token_headers: false, ..Policy::oauth() };
    policy
        .token_endpoint_auth_methods_supported
        .extend([AuthenticationMethod::AttestJwtClientAuth, AuthenticationMethod::AttestJwtClientAuthDpop]);
    policy
}

fn of_request_object(parameters: &Parameters, limits: &Limits) -> Result<Option<String>, Refusal> {
    let client_id = parameters.known(Name::Request).and_then(|object| {
        let jws = Jws::parse_ignoring_hints(object, limits.value).ok()?;
        let claims = ClaimSet::parse(jws.unverified_payload()).ok()?;
        let text = |name| claims.text(name).ok().flatten();
        text("client_id").or_else(|| text("iss")).map(String::from)
    });
    client_id.map(|client_id| checked(&client_id, limits)).transpose()
}

/// A name that cannot be registered reaches no database.
fn checked(client_id: &str, limits: &Limits) -> Result<String, Refusal> {
    if client_id.len() > limits.client_id {
        return Err(Reason::ClientIdTooLong.into());
    }
    if is_client_id(client_id) { Ok(client_id.to_owned()) } else { Err(Reason::UnknownClient.into()) }
}
