//! Client assertions: JWTs that a client authenticates with (RFC 7521, RFC 7523, OpenID Connect Core section 9).

use crate::{
    error::Reason,
    jose::{Audience, Dates, Jws, Members, TokenFault, Verified},
    policy::Policy,
};

/// The only `client_assertion_type` there is (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// RFC 7523bis
const TYPE: &str = "client-authentication+jwt";

/// Bytes of a `jti`.
const MAX_ID: usize = 256;

/// An assertion that might be one: well-formed, of the right kind, and good now. Whether it is its client's has yet to be
/// verified.
pub(crate) struct Assertion<'a> {
    jws: Jws<'a>,
    client_id: Box<str>,
    audience: Audience,
    expires_at: i64,
    id: String,
}

/// Which servers an assertion may be meant for.
pub(crate) struct Audiences<'a> {
    pub(crate) issuer: &'a str,
    /// The endpoints that RFC 9126 section 2 lists.
    pub(crate) endpoints: &'a [&'a str],
}

/// An assertion of its client, for this server.
pub(crate) struct Accepted<'a> {
    pub(crate) id: &'a str,
    pub(crate) expires_at: i64,
}

impl<'a> Assertion<'a> {
    /// Makes every check that does not depend on the client.
    pub(super) fn read(text: &'a str, kind: &str, policy: &Policy, now: i64) -> Result<Self, Reason> {
        if kind != JWT_BEARER {
            return Err(Reason::AssertionType);
        }
        Self::parse(text, policy, now).map_err(Reason::ClientAssertion)
    }

    fn parse(text: &'a str, policy: &Policy, now: i64) -> Result<Self, TokenFault> {
        let jws = Jws::parse(text, policy.limits.value)?;
        if !jws.header.has_type(&[TYPE]) {
            return Err(TokenFault::Type);
        }
        let claims = Members::parse(jws.unverified_payload())?;
        // A request object has these, and must not serve as a credential (RFC 9101 section 10.8).
        if claims.contains("response_type") || claims.contains("redirect_uri") {
            return Err(TokenFault::ForeignClaim);
        }
        let issuer = claims.text("iss")?.ok_or(TokenFault::Issuer)?;
        let subject = claims.text("sub")?.ok_or(TokenFault::Subject)?;
        if issuer != subject {
            return Err(TokenFault::Subject);
        }
        let audience = claims.audience()?.ok_or(TokenFault::Audience)?;
        let dates = Dates::read(&claims)?;
        let expires_at = dates.expires_at.ok_or(TokenFault::Expired)?;
        dates.check(now, policy.clock_leeway)?;
        let start = dates.issued_at.or(dates.not_before);
        dates.check_lifetime(start, policy.client_assertion_lifetime, now, policy.clock_leeway)?;
        let id = claims.text("jti")?.filter(|id| (1..=MAX_ID).contains(&id.len())).ok_or(TokenFault::Id)?.into_owned();
        let client_id = subject.as_ref().into();
        Ok(Self { client_id, audience, expires_at, id, jws })
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn jws(&self) -> &Jws<'a> {
        &self.jws
    }

    /// Checks what does depend on the client. Whether the assertion was used before is left.
    pub(crate) fn accept(
        &self,
        _proof: Verified<'_>,
        audiences: &Audiences<'_>,
        legacy: bool,
    ) -> Result<Accepted<'_>, TokenFault> {
        let meant = match &self.audience {
            Audience::One(one) if one == audiences.issuer => true,
            audience if legacy => {
                audience.contains(audiences.issuer) || audiences.endpoints.iter().any(|url| audience.contains(url))
            }
            _ => false,
        };
        if meant { Ok(Accepted { id: &self.id, expires_at: self.expires_at }) } else { Err(TokenFault::Audience) }
    }
}
