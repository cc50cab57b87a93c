//! Client attestations, and the proofs that their senders have the keys in them
//! (draft-ietf-oauth-attestation-based-client-auth).
//!
//! As assertions, they are read, checked, and verified with the keys of the attester.

use std::sync::Arc;

use super::attesters::Attester;
use crate::{
    client::{Client, Credential},
    dpop::RecentNonce,
    error::Reason,
    http::{FormRequest, Header},
    jose::{
        Audience, ClaimSet, Dates, EmbeddedKey, EvenKeys, Jws, Permitted, TokenFault, VerificationKeys,
        verify_with_decoy_keys,
    },
    policy::Policy,
    protocol::{authentication_method::AuthenticationMethod, confirmation::Thumbprint},
};

const TYPE: &str = "oauth-client-attestation+jwt";
const PROOF_TYPE: &str = "oauth-client-attestation-pop+jwt";

/// An attestation by its form, with the proof that its sender has the key in it. Nothing of it has been verified.
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

/// An attestation that is good if an attester of its client has signed it, and its own key the proof.
pub(crate) struct CheckedAttestation<'a> {
    attestation: &'a Attestation<'a>,
    proof: Option<CheckedProof<'a>>,
}

struct CheckedProof<'a> {
    proof: &'a Proof<'a>,
    expires_at: i64,
}

/// An attestation by an attester of its client, in the hands of the instance that it is for, unless that is left to a DPoP proof.
/// It may not be fresh, and the proof may have been used before.
pub(crate) struct VerifiedAttestation<'a, 'c> {
    client: &'c Arc<Client>,
    attestation: &'a Attestation<'a>,
    single_use: Option<(&'a str, i64)>,
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

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    fn method(&self) -> AuthenticationMethod {
        match self.proof {
            Possession::Jwt(_) => AuthenticationMethod::AttestJwtClientAuth,
            Possession::Dpop => AuthenticationMethod::AttestJwtClientAuthDpop,
        }
    }

    /// `iat` of the proof, if that is a JWT of its own.
    pub(super) fn proof_issued_at(&self) -> Option<i64> {
        match &self.proof {
            Possession::Jwt(proof) => proof.dates.issued_at,
            Possession::Dpop => None,
        }
    }

    /// Checks all that does not depend on the client.
    pub(super) fn check(&self, issuer: &str, policy: &Policy, now: i64) -> Result<CheckedAttestation<'_>, Reason> {
        self.check_attestation(policy, now).map_err(Reason::ClientAttestation)?;
        let proof = match &self.proof {
            Possession::Jwt(proof) => Some(proof.check(issuer, policy, now).map_err(Reason::AttestationProof)?),
            Possession::Dpop => None,
        };
        Ok(CheckedAttestation { attestation: self, proof })
    }

    fn check_attestation(&self, policy: &Policy, now: i64) -> Result<(), TokenFault> {
        if !self.jws.header.has_explicit_type(TYPE) {
            return Err(TokenFault::Type);
        }
        permitted(policy).algorithm_of(&self.jws)?;
        if self.dates.expires_at.is_none() {
            return Err(TokenFault::MissingExpiry);
        }
        // That it has expired is told only if it is genuine.
        Dates { expires_at: None, ..self.dates }.check(now, policy.clock_leeway)
    }
}

impl<'a> CheckedAttestation<'a> {
    /// The method, by the proof that comes along.
    pub(super) fn method(&self) -> AuthenticationMethod {
        self.attestation.method()
    }

    /// The attester, as it is told to the host that knows its keys.
    pub(crate) fn attester<'b>(&'b self, client: &'b Client) -> Attester<'b> {
        let Attestation { jws, issuer, certificates, .. } = self.attestation;
        Attester { client, issuer: issuer.as_deref(), kid: jws.kid(), certificates }
    }

    /// Verifies that an attester has made it for the client, with one of these keys, and that its own key has made the proof.
    pub(crate) fn verify<'c>(
        &self,
        keys: Credential<'c, &VerificationKeys>,
        policy: &Policy,
    ) -> Result<VerifiedAttestation<'a, 'c>, Reason> {
        let Self { attestation, proof } = self;
        let client = keys.client();
        if !client.is_called(&attestation.client_id) {
            return Err(Reason::ClientAttestation(TokenFault::Subject));
        }
        attestation.jws.verify(&EvenKeys(keys.value()), &permitted(policy)).map_err(Reason::ClientAttestation)?;
        let by_key = |proof: &CheckedProof<'a>| proof.verify(&attestation.key, policy);
        let single_use = proof.as_ref().map(by_key).transpose().map_err(Reason::AttestationProof)?;
        Ok(VerifiedAttestation { client, attestation, single_use })
    }

    /// Verifies it with a key of no attester.
    pub(super) fn verify_decoy(&self, policy: &Policy) {
        verify_with_decoy_keys(&self.attestation.jws, &policy.client_attestation.signing_alg_values_supported);
    }
}

impl<'a, 'c> VerifiedAttestation<'a, 'c> {
    pub(super) fn client(&self) -> &'c Arc<Client> {
        self.client
    }

    pub(super) fn method(&self) -> AuthenticationMethod {
        self.attestation.method()
    }

    /// The key of the instance.
    pub(super) fn instance(&self) -> Thumbprint {
        self.attestation.key.thumbprint()
    }

    /// `jti` of the proof, and when it is over, in seconds since 1970. `None` where the DPoP proof has to be by the key.
    pub(super) fn single_use(&self) -> Option<(&'a str, i64)> {
        self.single_use
    }

    pub(crate) fn is_fresh(&self, policy: &Policy, now: i64) -> bool {
        let dates = self.attestation.dates;
        let is_young =
            |max_age: u32| dates.issued_at.is_some_and(|issued_at| now <= issued_at.saturating_add(max_age.into()));
        dates.expires_at.is_some_and(|expiry| now < expiry) && policy.client_attestation.max_age.is_none_or(is_young)
    }

    /// With a proof that has a recent challenge, whose time counts in place of its own.
    pub(crate) fn with_challenge(self, challenge: RecentNonce) -> Self {
        Self { single_use: self.single_use.map(|(id, _)| (id, challenge.until())), ..self }
    }

    /// The challenge in the proof, if the proof is a JWT that can have one.
    pub(crate) fn challenge(&self) -> Option<Option<&'a str>> {
        match &self.attestation.proof {
            Possession::Jwt(proof) => Some(proof.challenge.as_deref()),
            Possession::Dpop => None,
        }
    }
}

/// Bytes of an attestation with a chain of certificates.
const MAX_ATTESTATION: usize = 16 * 1024;

/// The algorithms that attesters may use.
fn permitted(policy: &Policy) -> Permitted<'_> {
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

    fn check(&self, issuer: &str, policy: &Policy, now: i64) -> Result<CheckedProof<'_>, TokenFault> {
        if !self.jws.header.has_explicit_type(PROOF_TYPE) {
            return Err(TokenFault::Type);
        }
        Self::permitted(policy).algorithm_of(&self.jws)?;
        let issued_at = self.dates.issued_at.ok_or(TokenFault::MissingIssuedAt)?;
        // The first second in which it is too old.
        let expires_at = issued_at.saturating_add(policy.client_attestation.pop_lifetime.into()).saturating_add(1);
        // The time of a challenge counts in place of its own, and a device with a wrong clock that has no challenge yet must be told
        // one.
        if !policy.client_attestation.require_challenge {
            self.dates.check(now, policy.clock_leeway)?;
            if expires_at <= now {
                return Err(TokenFault::Lifetime);
            }
        }
        match &self.audience {
            Some(Audience::One(one)) if one == issuer => Ok(CheckedProof { proof: self, expires_at }),
            _ => Err(TokenFault::Audience),
        }
    }

    fn permitted(policy: &Policy) -> Permitted<'_> {
        Permitted::any_of(&policy.client_attestation.pop_signing_alg_values_supported)
    }
}

impl<'a> CheckedProof<'a> {
    /// Its `jti`, and when it is over, once it was found to be signed with the key.
    fn verify(&self, key: &EmbeddedKey, policy: &Policy) -> Result<(&'a str, i64), TokenFault> {
        let id = self.proof.id.as_deref().ok_or(TokenFault::Id)?;
        self.proof.jws.verify(key, &Proof::permitted(policy))?;
        Ok((id, self.expires_at))
    }
}
