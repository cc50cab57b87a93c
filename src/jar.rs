//! Request objects (RFC 9101): a whole authorization request as a JWT, signed by its client, and encrypted if that is wanted.
//!
//! It is opened in steps, each of which can only be made with what the one before has given: the [`Envelope`], its content if it
//! is [`Decrypted`], the signature, for which the endpoint gets the client's keys, and the [`RequestObject`], what it says.

mod parameters;

use std::borrow::Cow;

use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    client::Client,
    jose::{Audience, ClaimSet, Dates, DecryptionKeys, Jwe, Jws, Permitted, Token, TokenFault, Verified},
    policy::Policy,
    protocol::{parameters::Parameters, protection::Protection},
};

/// RFC 9101 section 4
const TYPE: &str = "oauth-authz-req+jwt";

/// Claims that an encrypted token may repeat in its header (RFC 7519 section 5.3).
const REPEATED: [&str; 3] = ["iss", "sub", "aud"];

/// The token as it came: signed, or encrypted around that.
pub(crate) enum Envelope<'a> {
    Signed(Jws<'a>),
    Encrypted(Jwe<'a>),
}

/// What was encrypted, and the claims that the header of the encryption repeats.
pub(crate) struct Decrypted {
    text: String,
    repeated: Vec<(&'static str, Value)>,
}

/// What decides how a request object is opened.
pub(crate) struct Opening<'a> {
    pub(crate) client: &'a Client,
    pub(crate) policy: &'a Policy,
    pub(crate) issuer: &'a str,
    pub(crate) decryption_keys: Option<&'a DecryptionKeys>,
    /// Whether an encrypted one may be decrypted for its sender.
    pub(crate) may_decrypt: bool,
    pub(crate) now: OffsetDateTime,
}

/// A request object of its client, for this server, and good now.
pub(crate) struct RequestObject {
    pub(crate) parameters: Parameters,
    pub(crate) protection: Protection,
    /// Seconds since 1970.
    pub(crate) expires_at: Option<i64>,
    /// What must be new, where the object is good for one use only.
    pub(crate) single_use: Option<SingleUse>,
}

/// A `jti`, and until when it must be remembered.
pub(crate) struct SingleUse {
    pub(crate) id: Box<str>,
    pub(crate) expires_at: i64,
}

impl<'a> Envelope<'a> {
    pub(crate) fn open(text: &'a str, opening: &Opening<'_>) -> Result<Self, TokenFault> {
        let Opening { client, policy, .. } = opening;
        match Token::parse(text, policy.limits.request_object)? {
            Token::Signed(_) if client.must_encrypt(policy) => Err(TokenFault::NotEncrypted),
            Token::Signed(jws) => Ok(Self::Signed(jws)),
            Token::Encrypted(jwe) => Ok(Self::Encrypted(jwe)),
        }
    }
}

impl Decrypted {
    pub(crate) fn of(jwe: &Jwe<'_>, opening: &Opening<'_>) -> Result<Self, TokenFault> {
        if !jwe.has_type(&[TYPE]) || !jwe.has_content_type(&[TYPE]) {
            return Err(TokenFault::Type);
        }
        let text = String::from_utf8(decrypt(jwe, opening)?).map_err(|_| TokenFault::Nesting)?;
        Ok(Self { text, repeated: jwe.repeated(&REPEATED) })
    }

    /// The signed token that was inside. Encrypted claims, or another encryption, prove nothing about their sender (RFC 9101
    /// section 10.2).
    pub(crate) fn jws(&self, policy: &Policy) -> Result<Jws<'_>, TokenFault> {
        match Token::parse(&self.text, policy.limits.request_object) {
            Ok(Token::Signed(jws)) => Ok(jws),
            Ok(Token::Encrypted(_)) | Err(TokenFault::Malformed) => Err(TokenFault::Nesting),
            Err(fault) => Err(fault),
        }
    }
}

/// Whether the signed token is a request object by its type, as far as it says.
pub(crate) fn check_type(jws: &Jws<'_>, policy: &Policy) -> Result<(), TokenFault> {
    let typed = match policy.require_request_object_type {
        true => jws.header.has_explicit_type(TYPE),
        false => jws.header.has_type(&[TYPE]),
    };
    if typed { Ok(()) } else { Err(TokenFault::Type) }
}

impl RequestObject {
    /// Reads what a token says that was found to be the client's.
    pub(crate) fn read(
        object: Verified<'_>,
        decrypted: Option<&Decrypted>,
        opening: &Opening<'_>,
    ) -> Result<Self, TokenFault> {
        let Opening { client, policy, issuer, now, .. } = opening;
        let claims = ClaimSet::parse(object.payload())?;
        let disagrees = |(name, value): &&(&str, Value)| claims.json(name).as_ref() != Some(value);
        let repeated = decrypted.map(|decrypted| &*decrypted.repeated).unwrap_or_default();
        if let Some((name, _)) = repeated.iter().find(disagrees) {
            return Err(match *name {
                "iss" => TokenFault::Issuer,
                "sub" => TokenFault::Subject,
                _ => TokenFault::Audience,
            });
        }
        let client_id = client.client_id();
        let names = |claim: Option<Cow<'_, str>>| claim.is_some_and(|text| text == client_id);
        if !names(claims.text("iss")?) {
            return Err(TokenFault::Issuer);
        }
        if !names(claims.text("client_id")?) {
            return Err(TokenFault::ClientId);
        }
        // Or it could be used as a client assertion somewhere (RFC 9101 section 10.8).
        if names(claims.text("sub")?) {
            return Err(TokenFault::Subject);
        }
        if !claims.audience()?.is_some_and(|audience: Audience| audience.contains(issuer)) {
            return Err(TokenFault::Audience);
        }
        let dates = Dates::read(&claims)?;
        check_dates(dates, policy, now.unix_timestamp())?;
        // One of another type is not taken for absent, wanted or not.
        claims.text("jti")?;
        let single_use = match policy.single_use_request_objects {
            true => Some(SingleUse {
                id: claims.id()?.ok_or(TokenFault::Id)?,
                expires_at: dates.expires_at.ok_or(TokenFault::MissingExpiry)?,
            }),
            false => None,
        };
        Ok(RequestObject {
            parameters: parameters::of_claims(&claims, &policy.limits)?,
            protection: if decrypted.is_some() { Protection::SignedAndEncrypted } else { Protection::Signed },
            expires_at: dates.expires_at,
            single_use,
        })
    }
}

/// Which algorithms the client may sign with: those with its secret only if it has registered them.
pub(crate) fn permitted<'a>(client: &Client, policy: &'a Policy) -> Permitted<'a> {
    Permitted::for_client(&policy.request_object_signing_alg_values_supported, client.keys().object_algorithm)
}

/// `exp`, `nbf` and `iat`: good now, and not for longer or since longer than the policy allows.
fn check_dates(dates: Dates, policy: &Policy, now: i64) -> Result<(), TokenFault> {
    dates.check(now, policy.clock_leeway)?;
    if dates.expires_at.is_none() && !policy.danger_allow_request_objects_without_exp {
        return Err(TokenFault::MissingExpiry);
    }
    let oldest = now.saturating_sub(policy.request_object_lifetime.into());
    match dates.not_before {
        None if policy.require_request_object_nbf => return Err(TokenFault::MissingNotBefore),
        Some(date) if date < oldest => return Err(TokenFault::Lifetime),
        _ => {}
    }
    dates.check_lifetime(dates.not_before, policy.request_object_lifetime, now, policy.clock_leeway)
}

fn decrypt(jwe: &Jwe<'_>, opening: &Opening<'_>) -> Result<Vec<u8>, TokenFault> {
    let Opening { client, policy, now, .. } = opening;
    if !opening.may_decrypt {
        return Err(TokenFault::Unauthenticated);
    }
    let pair @ (algorithm, encryption) = jwe.algorithms()?;
    let offered = policy.request_object_encryption_alg_values_supported.contains(&algorithm)
        && policy.request_object_encryption_enc_values_supported.contains(&encryption);
    let registered = client.keys().object_encryption;
    let bound = client.must_encrypt(policy) && registered.is_some_and(|registered| registered != pair);
    let unregistered = algorithm.is_symmetric() && registered.is_none_or(|(registered, _)| registered != algorithm);
    if !offered || bound || unregistered {
        return Err(TokenFault::Algorithm);
    }
    if algorithm.is_symmetric() {
        return client.keys().decrypt(jwe, pair, *now);
    }
    opening.decryption_keys.ok_or(TokenFault::Decryption)?.open(jwe, algorithm, encryption)
}
