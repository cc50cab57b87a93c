//! Client assertions: JWTs that a client authenticates with (RFC 7521, RFC 7523, OpenID Connect Core section 9).
//!
//! They are looked at three times: for whose they claim to be, for whether they could be good at all, and, with the signature
//! verified, for whether they are meant for this server.

use crate::{
    error::Reason,
    jose::{Audience, ClaimSet, Dates, Jws, TokenFault, Verified},
    policy::Policy,
};

/// The only `client_assertion_type` there is (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// RFC 7523bis
const TYPE: &str = "client-authentication+jwt";

/// What might be an assertion. Nothing of it has been verified.
pub(crate) struct Assertion<'a> {
    jws: Jws<'a>,
    client_id: Box<str>,
    audience: Option<Audience>,
    dates: Dates,
    id: Option<Box<str>>,
    is_for_something_else: bool,
}

/// Which servers an assertion may be meant for.
pub(crate) struct Audiences<'a> {
    pub(crate) issuer: &'a str,
    /// For clients that may still name an endpoint instead (RFC 9126 section 2): which.
    pub(crate) endpoints: Option<[[Option<&'a str>; 2]; 2]>,
}

/// An assertion of its client, for this server, and good now. Whether it was used before is left.
pub(crate) struct Accepted<'a> {
    id: &'a str,
    expires_at: i64,
}

impl<'a> Assertion<'a> {
    /// Reads an assertion, to find out whose it claims to be.
    pub(super) fn read(text: &'a str, kind: &str, policy: &Policy) -> Result<Self, Reason> {
        if kind != JWT_BEARER {
            return Err(Reason::AssertionType);
        }
        Self::parse(text, policy).map_err(Reason::ClientAssertion)
    }

    fn parse(text: &'a str, policy: &Policy) -> Result<Self, TokenFault> {
        let jws = Jws::parse(text, policy.limits.value)?;
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

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn jws(&self) -> &Jws<'a> {
        &self.jws
    }

    /// Whether it could be good: what is to be said about it whoever has sent it.
    pub(crate) fn check(&self, policy: &Policy, now: i64) -> Result<(), TokenFault> {
        let header = &self.jws.header;
        if !header.has_type(&[TYPE]) || (policy.require_client_assertion_type && !header.has_explicit_type(TYPE)) {
            return Err(TokenFault::Type);
        }
        // A request object must not serve as a credential (RFC 9101 section 10.8).
        if self.is_for_something_else {
            return Err(TokenFault::ForeignClaim);
        }
        let dates = self.dates;
        if dates.expires_at.is_none() {
            return Err(TokenFault::MissingExpiry);
        }
        if policy.require_client_assertion_iat && dates.issued_at.is_none() {
            return Err(TokenFault::MissingIssuedAt);
        }
        dates.check(now, policy.clock_leeway)?;
        let start = dates.issued_at.or(dates.not_before);
        dates.check_lifetime(start, policy.client_assertion_lifetime, now, policy.clock_leeway)?;
        if self.id.is_some() { Ok(()) } else { Err(TokenFault::Id) }
    }

    /// Accepts it, now that its signature was found to be the client's.
    pub(crate) fn accept(&self, proof: Verified<'_>, audiences: &Audiences<'_>) -> Result<Accepted<'_>, TokenFault> {
        if !proof.is_of(&self.jws) {
            return Err(TokenFault::Signature);
        }
        let meant = match (&self.audience, audiences.endpoints) {
            (Some(Audience::One(one)), _) if one == audiences.issuer => true,
            (Some(audience), Some(endpoints)) => {
                audience.contains(audiences.issuer)
                    || endpoints.into_iter().flatten().flatten().any(|url| audience.contains(url))
            }
            _ => false,
        };
        if !meant {
            return Err(TokenFault::Audience);
        }
        let id = self.id.as_deref().ok_or(TokenFault::Id)?;
        Ok(Accepted { id, expires_at: self.dates.expires_at.ok_or(TokenFault::MissingExpiry)? })
    }
}

impl Accepted<'_> {
    /// `jti`
    pub(crate) fn id(&self) -> &str {
        self.id
    }

    /// `exp`
    pub(crate) fn expires_at(&self) -> i64 {
        self.expires_at
    }
}
