//! Client attestations, and the proofs that their senders have the keys in them
//! (draft-ietf-oauth-attestation-based-client-auth).
//!
//! As assertions, they are looked at three times: for whose they claim to be, for whether they could be good at all, and with the
//! signature of the attester verified.

use crate::{
    error::Reason,
    http::{FormRequest, Header},
    jose::{Audience, ClaimSet, Dates, EmbeddedKey, Jws, Permitted, TokenFault, Verified},
    policy::Policy,
    protocol::{authentication_method::AuthenticationMethod, confirmation::Thumbprint},
};

const TYPE: &str = "oauth-client-attestation+jwt";
const PROOF_TYPE: &str = "oauth-client-attestation-pop+jwt";

/// What might be an attestation, and what came along to prove the possession of its key. Nothing of it has been verified.
pub(crate) struct Attestation<'a> {
    jws: Jws<'a>,
    client_id: Box<str>,
    issuer: Option<Box<str>>,
    certificates: Vec<Vec<u8>>,
    dates: Dates,
    key: EmbeddedKey,
    proof: Possession<'a>,
}

enum Possession<'a> {
    Jwt(Box<Proof<'a>>),
    /// The DPoP proof, which is verified after the client has been found.
    Dpop,
}

struct Proof<'a> {
    jws: Jws<'a>,
    audience: Option<Audience>,
    dates: Dates,
    id: Option<Box<str>>,
    challenge: Option<Box<str>>,
}

/// An attestation by an attester of its client, in the hands of the instance that it is for, unless that is left to a DPoP proof.
/// Whether it is fresh is left, and whether the proof was used before.
pub(crate) struct Attested<'a> {
    pub(crate) instance: Thumbprint,
    /// `jti` of the proof, and when it is over, in seconds since 1970. None where the DPoP proof has to be by the key.
    pub(crate) single_use: Option<(&'a str, i64)>,
}

impl<'a> Attestation<'a> {
    /// Reads the attestation of a request, if there is one.
    pub(super) fn read(request: &FormRequest<'a>, policy: &Policy) -> Result<Option<Self>, Reason> {
        let (attestation, proof) = (request.client_attestation, request.client_attestation_pop);
        let attestation = match (attestation, proof) {
            (Header::Repeated, _) | (_, Header::Repeated) => return Err(Reason::RepeatedHeader),
            (Header::Absent, _) => return Ok(None),
            (Header::Once(attestation), _) => attestation,
        };
        let proof = match (proof, request.dpop) {
            (Header::Once(proof), _) => {
                Possession::Jwt(Proof::parse(proof, policy).map(Box::new).map_err(Reason::AttestationProof)?)
            }
            (_, Header::Absent) => return Err(Reason::AttestationProof(TokenFault::Missing)),
            _ => Possession::Dpop,
        };
        Self::parse(attestation, proof, policy).map(Some).map_err(Reason::ClientAttestation)
    }

    fn parse(header: &'a [u8], proof: Possession<'a>, policy: &Policy) -> Result<Self, TokenFault> {
        let text = std::str::from_utf8(header).map_err(|_| TokenFault::Malformed)?;
        let (jws, certificates) = Jws::parse_with_certificates(text, MAX_ATTESTATION.max(policy.limits.value))?;
        let claims = ClaimSet::parse(jws.unverified_payload())?;
        Ok(Self {
            client_id: claims.text("sub")?.ok_or(TokenFault::Subject)?.into(),
            issuer: claims.text("iss")?.map(Into::into),
            dates: Dates::read(&claims)?,
            key: EmbeddedKey::of_confirmation(&claims.json("cnf").ok_or(TokenFault::Key)?)?,
            certificates,
            proof,
            jws,
        })
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    pub(crate) fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    pub(crate) fn jws(&self) -> &Jws<'a> {
        &self.jws
    }

    /// The method that its client must be registered for.
    pub(crate) fn method(&self) -> AuthenticationMethod {
        match self.proof {
            Possession::Jwt(_) => AuthenticationMethod::AttestJwtClientAuth,
            Possession::Dpop => AuthenticationMethod::AttestJwtClientAuthDpop,
        }
    }

    /// Whether it could be good: what is to be said about it whoever has sent it.
    pub(crate) fn check(&self, issuer: &str, policy: &Policy, now: i64) -> Result<(), Reason> {
        self.check_attestation(policy, now).map_err(Reason::ClientAttestation)?;
        match &self.proof {
            Possession::Jwt(proof) => proof.check(issuer, policy, now).map_err(Reason::AttestationProof),
            Possession::Dpop => Ok(()),
        }
    }

    fn check_attestation(&self, policy: &Policy, now: i64) -> Result<(), TokenFault> {
        if !self.jws.header.has_explicit_type(TYPE) {
            return Err(TokenFault::Type);
        }
        permitted(policy).algorithm_of(&self.jws)?;
        if self.dates.expires_at.is_none() {
            return Err(TokenFault::MissingExpiry);
        }
        // Whether it has expired is told only if it is genuine.
        Dates { expires_at: None, ..self.dates }.check(now, policy.clock_leeway)
    }

    /// Accepts it, now that its signature was found to be the attester's: if the proof is by its key.
    pub(crate) fn accept(&self, signature: Verified<'_>, policy: &Policy) -> Result<Attested<'_>, Reason> {
        if !signature.is_of(&self.jws) {
            return Err(Reason::ClientAttestation(TokenFault::Signature));
        }
        let single_use = match &self.proof {
            Possession::Jwt(proof) => Some(proof.accept(&self.key, policy).map_err(Reason::AttestationProof)?),
            Possession::Dpop => None,
        };
        Ok(Attested { instance: self.key.thumbprint(), single_use })
    }

    pub(crate) fn is_fresh(&self, policy: &Policy, now: i64) -> bool {
        let is_young = |max_age: u32| {
            self.dates.issued_at.is_some_and(|issued_at| now <= issued_at.saturating_add(max_age.into()))
        };
        self.dates.expires_at.is_some_and(|expiry| now < expiry)
            && policy.client_attestation.max_age.is_none_or(is_young)
    }

    /// The challenge in the proof, if the proof is a JWT that can have one.
    pub(crate) fn challenge(&self) -> Option<Option<&str>> {
        match &self.proof {
            Possession::Jwt(proof) => Some(proof.challenge.as_deref()),
            Possession::Dpop => None,
        }
    }
}

/// Bytes of an attestation with a chain of certificates.
const MAX_ATTESTATION: usize = 16 * 1024;

/// Which algorithms attesters may use.
pub(crate) fn permitted(policy: &Policy) -> Permitted<'_> {
    Permitted::any_of(&policy.client_attestation.signing_alg_values_supported)
}

impl<'a> Proof<'a> {
    fn parse(header: &'a [u8], policy: &Policy) -> Result<Self, TokenFault> {
        let text = std::str::from_utf8(header).map_err(|_| TokenFault::Malformed)?;
        let jws = Jws::parse(text, policy.limits.value)?;
        let claims = ClaimSet::parse(jws.unverified_payload())?;
        Ok(Self {
            audience: claims.audience()?,
            dates: Dates::read(&claims)?,
            id: claims.id()?,
            challenge: claims.text("challenge")?.map(Into::into),
            jws,
        })
    }

    fn check(&self, issuer: &str, policy: &Policy, now: i64) -> Result<(), TokenFault> {
        if !self.jws.header.has_explicit_type(PROOF_TYPE) {
            return Err(TokenFault::Type);
        }
        Self::permitted(policy).algorithm_of(&self.jws)?;
        let over = self.expires_at(policy)?;
        self.dates.check(now, policy.clock_leeway)?;
        if over <= now {
            return Err(TokenFault::Lifetime);
        }
        match &self.audience {
            Some(Audience::One(one)) if one == issuer => Ok(()),
            _ => Err(TokenFault::Audience),
        }
    }

    /// Its `jti`, and when it is over, once it was found to be signed with the key.
    fn accept(&self, key: &EmbeddedKey, policy: &Policy) -> Result<(&str, i64), TokenFault> {
        let id = self.id.as_deref().ok_or(TokenFault::Id)?;
        key.check(&self.jws, &Self::permitted(policy))?;
        Ok((id, self.expires_at(policy)?))
    }

    /// The first second in which it is too old.
    fn expires_at(&self, policy: &Policy) -> Result<i64, TokenFault> {
        let issued_at = self.dates.issued_at.ok_or(TokenFault::MissingIssuedAt)?;
        Ok(issued_at.saturating_add(policy.client_attestation.pop_lifetime.into()).saturating_add(1))
    }

    fn permitted(policy: &Policy) -> Permitted<'_> {
        Permitted::any_of(&policy.client_attestation.pop_signing_alg_values_supported)
    }
}
