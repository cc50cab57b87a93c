//! Client assertions: JWTs that a client authenticates with (RFC 7521, RFC 7523, OpenID Connect Core section 9).
//!
//! One is read, to learn which client it claims to come from; checked, without regard to that client; and verified, with its keys.
//! Each step gives the value that the next one takes.

use std::sync::Arc;

use crate::{
    client::{Client, Credential},
    error::Reason,
    jose::{Audience, ClaimSet, Dates, Jws, Permitted, TokenFault, Verifier, verify_with_decoy_keys},
    policy::Policy,
    protocol::{authentication_key::AuthenticationKey, authentication_method::AuthenticationMethod},
};

/// The only `client_assertion_type` there is (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// RFC 7523bis
const TYPE: &str = "client-authentication+jwt";

/// An assertion by its form. Nothing of it has been verified.
pub(crate) struct Assertion<'a> {
    jws: Jws<'a>,
    client_id: Box<str>,
    audience: Option<Audience>,
    dates: Dates,
    id: Option<Box<str>>,
    is_for_something_else: bool,
}

/// An assertion that is good if its client has signed it for this server.
pub(crate) struct CheckedAssertion<'a> {
    assertion: &'a Assertion<'a>,
    id: &'a str,
    expires_at: i64,
}

/// An assertion of its client, for this server, and good now. Its `jti` may have been used before.
pub(crate) struct VerifiedAssertion<'a, 'c> {
    client: &'c Arc<Client>,
    /// The key that has signed it. `None` where it has a MAC by a secret.
    key: Option<AuthenticationKey>,
    id: &'a str,
    expires_at: i64,
}

/// The servers that an assertion may be meant for.
pub(crate) struct Audiences<'a> {
    pub(crate) issuer: &'a str,
    /// The issuer may be the only element of an array.
    pub(crate) in_array: bool,
    /// The endpoints, for clients that may still name one instead (RFC 9126 section 2).
    pub(crate) endpoints: Option<[[Option<&'a str>; 2]; 3]>,
}

impl<'a> Assertion<'a> {
    /// Reads an assertion, to find out which client it claims to come from.
    pub(super) fn read(text: &'a str, kind: &str, policy: &Policy) -> Result<Self, Reason> {
        if kind != JWT_BEARER {
            return Err(Reason::AssertionType);
        }
        Self::parse(text, policy).map_err(Reason::ClientAssertion)
    }

    fn parse(text: &'a str, policy: &Policy) -> Result<Self, TokenFault> {
        let jws = Jws::parse_ignoring_hints(text, policy.limits.value)?;
        jws.header.check_hints(policy.refuse_key_hints_in_token_headers)?;
        let claims = ClaimSet::parse(jws.unverified_payload())?;
        let issuer = claims.text("iss")?.ok_or(TokenFault::Issuer)?;
        let subject = claims.text("sub")?.ok_or(TokenFault::Subject)?;
        if issuer != subject {
            return Err(TokenFault::Subject);
        }
        Ok(Self {
            client_id: subject.as_ref().into(),
            audience: claims.audience()?,
            dates: Dates::read(&claims)?,
            id: claims.id()?,
            is_for_something_else: claims.contains("response_type") || claims.contains("redirect_uri"),
            jws,
        })
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Checks all that does not depend on the client.
    pub(super) fn check(&self, policy: &Policy, now: i64) -> Result<CheckedAssertion<'_>, TokenFault> {
        let header = &self.jws.header;
        if !header.has_type(&[TYPE]) || (policy.require_client_assertion_type && !header.has_explicit_type(TYPE)) {
            return Err(TokenFault::Type);
        }
        // A request object must not serve as a credential (RFC 9101 section 10.8).
        if self.is_for_something_else {
            return Err(TokenFault::ForeignClaim);
        }
        let dates = self.dates;
        let expires_at = dates.expires_at.ok_or(TokenFault::MissingExpiry)?;
        if policy.require_client_assertion_iat && dates.issued_at.is_none() {
            return Err(TokenFault::MissingIssuedAt);
        }
        dates.check(now, policy.clock_leeway)?;
        let start = dates.issued_at.or(dates.not_before);
        dates.check_lifetime(start, policy.client_assertion_lifetime, now, policy.clock_leeway)?;
        let id = self.id.as_deref().ok_or(TokenFault::Id)?;
        Ok(CheckedAssertion { assertion: self, id, expires_at })
    }

    fn is_meant_for(&self, audiences: &Audiences<'_>) -> bool {
        match (&self.audience, audiences.endpoints) {
            (Some(Audience::One(one)), _) if one == audiences.issuer => true,
            (Some(Audience::Several(several)), _) if audiences.in_array && is_alone(audiences.issuer, several) => true,
            (Some(audience), Some(endpoints)) => {
                audience.contains(audiences.issuer)
                    || endpoints.into_iter().flatten().flatten().any(|url| audience.contains(url))
            }
            _ => false,
        }
    }
}

impl<'a> CheckedAssertion<'a> {
    /// Checks the algorithm, for which no key is needed.
    pub(crate) fn check_algorithm(&self, client: &Client, policy: &Policy) -> Result<(), TokenFault> {
        permitted(client, policy).algorithm_of(&self.assertion.jws).map(drop)
    }

    /// Returns `true` if it says by `kid` with which key it was signed.
    pub(crate) fn names_key(&self) -> bool {
        self.assertion.jws.names_key()
    }

    /// Verifies that a client has made it, with one of these keys or secrets, for one of these audiences.
    pub(crate) fn verify<'c>(
        &self,
        keys: Credential<'c, &impl Verifier>,
        audiences: &Audiences<'_>,
        policy: &Policy,
    ) -> Result<VerifiedAssertion<'a, 'c>, TokenFault> {
        let client = keys.client();
        if !client.is_called(&self.assertion.client_id) {
            return Err(TokenFault::Subject);
        }
        let key = keys.value().check(&self.assertion.jws, &permitted(client, policy))?;
        if !self.assertion.is_meant_for(audiences) {
            return Err(TokenFault::Audience);
        }
        Ok(VerifiedAssertion { client, key, id: self.id, expires_at: self.expires_at })
    }

    /// Verifies it with a key of no client.
    pub(super) fn verify_decoy(&self, policy: &Policy) {
        verify_with_decoy_keys(&self.assertion.jws, &policy.token_endpoint_auth_signing_alg_values_supported);
    }
}

/// The algorithms that the client may use.
fn permitted<'p>(client: &Client, policy: &'p Policy) -> Permitted<'p> {
    let offered = &policy.token_endpoint_auth_signing_alg_values_supported;
    Permitted::for_client(offered, client.keys().assertion_algorithm)
}

impl<'a, 'c> VerifiedAssertion<'a, 'c> {
    pub(super) fn client(&self) -> &'c Arc<Client> {
        self.client
    }

    pub(super) fn method(&self) -> AuthenticationMethod {
        match self.key {
            Some(_) => AuthenticationMethod::PrivateKeyJwt,
            None => AuthenticationMethod::ClientSecretJwt,
        }
    }

    pub(super) fn key(&self) -> Option<&AuthenticationKey> {
        self.key.as_ref()
    }

    /// `jti` and `exp`
    pub(super) fn single_use(&self) -> (&'a str, i64) {
        (self.id, self.expires_at)
    }
}

fn is_alone(issuer: &str, audiences: &[String]) -> bool {
    matches!(audiences, [one] if one == issuer)
}
