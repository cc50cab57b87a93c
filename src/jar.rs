//! Request objects (RFC 9101): a whole authorization request as a JWT, signed by its client, and encrypted if that is wanted.
//!
//! One is opened in steps, each of which takes the value that the one before gives: the [`Envelope`], its content if it is
//! [`Decrypted`], the [`SignedObject`], for which the endpoint gets the client's keys, the [`VerifiedObject`], and the
//! [`RequestObject`] that was read from it.

mod parameters;
mod sender;

use std::{borrow::Cow, sync::Arc};

use serde_json::Value;
use time::OffsetDateTime;

pub(crate) use self::sender::Sender;
use crate::{
    client::{Client, Credential},
    jose::{Audience, ClaimSet, Dates, DecryptionKeys, Jwe, Jws, Permitted, Token, TokenFault, VerifiedJws, Verifier},
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

/// The content of an encrypted token, and the claims that its header repeats.
pub(crate) struct Decrypted {
    text: String,
    repeated: Vec<(&'static str, Value)>,
}

/// A signed token that is a request object by its type. Its signature has not been verified.
pub(crate) struct SignedObject<'a> {
    jws: Jws<'a>,
    decrypted: Option<&'a Decrypted>,
}

/// A request object whose signature was found to be the client's.
pub(crate) struct VerifiedObject<'a, 'c> {
    client: &'c Arc<Client>,
    jws: VerifiedJws<'a>,
    decrypted: Option<&'a Decrypted>,
}

/// The circumstances in which a request object is opened.
pub(crate) struct Opening<'s, 'a> {
    pub(crate) sender: Sender<'s>,
    pub(crate) policy: &'a Policy,
    pub(crate) issuer: &'a str,
    pub(crate) decryption_keys: Option<&'a DecryptionKeys>,
    pub(crate) now: OffsetDateTime,
}

/// A request object of its client, for this server, and good now. It may have been used before.
pub(crate) struct RequestObject<'c> {
    client: &'c Arc<Client>,
    parameters: Parameters,
    protection: Protection,
    expires_at: Option<i64>,
    single_use: Option<SingleUse>,
}

/// The `jti` of a request object that is good for one use only, and the time until which it must be remembered.
struct SingleUse {
    id: Box<str>,
    expires_at: i64,
}

impl<'a> Envelope<'a> {
    pub(crate) fn open(text: &'a str, opening: &Opening<'_, '_>) -> Result<Self, TokenFault> {
        let Opening { sender, policy, .. } = opening;
        match Token::parse(text, policy.limits.request_object)? {
            Token::Signed(_) if sender.client().must_encrypt(policy) => Err(TokenFault::NotEncrypted),
            Token::Signed(jws) => Ok(Self::Signed(jws)),
            Token::Encrypted(jwe) => {
                jwe.check_hints(policy.refuse_key_hints_in_token_headers).map(|()| Self::Encrypted(jwe))
            }
        }
    }
}

impl Decrypted {
    pub(crate) fn of(jwe: &Jwe<'_>, opening: &Opening<'_, '_>) -> Result<Self, TokenFault> {
        if !jwe.has_type(&[TYPE]) || !jwe.has_content_type(&[TYPE]) {
            return Err(TokenFault::Type);
        }
        let text = String::from_utf8(decrypt(jwe, opening)?).map_err(|_| TokenFault::Nesting)?;
        Ok(Self { text, repeated: jwe.repeated(&REPEATED) })
    }

    /// The signed token that was inside. Encrypted claims, or another encryption, prove nothing about their sender (RFC 9101
    /// section 10.2).
    pub(crate) fn signed(&self, policy: &Policy) -> Result<SignedObject<'_>, TokenFault> {
        match Token::parse(&self.text, policy.limits.request_object) {
            Ok(Token::Signed(jws)) => SignedObject::typed(jws, Some(self), policy),
            Ok(Token::Encrypted(_)) | Err(TokenFault::Malformed) => Err(TokenFault::Nesting),
            Err(fault) => Err(fault),
        }
    }
}

impl<'a> SignedObject<'a> {
    /// A token that was not encrypted.
    pub(crate) fn of(jws: Jws<'a>, policy: &Policy) -> Result<Self, TokenFault> {
        Self::typed(jws, None, policy)
    }

    fn typed(jws: Jws<'a>, decrypted: Option<&'a Decrypted>, policy: &Policy) -> Result<Self, TokenFault> {
        jws.header.check_hints(policy.refuse_key_hints_in_token_headers)?;
        let typed = match policy.require_request_object_type {
            true => jws.header.has_explicit_type(TYPE),
            false => jws.header.has_type(&[TYPE]),
        };
        if typed { Ok(Self { jws, decrypted }) } else { Err(TokenFault::Type) }
    }

    /// Checks the algorithm, for which no key is needed.
    pub(crate) fn check_algorithm(&self, client: &Client, policy: &Policy) -> Result<(), TokenFault> {
        permitted(client, policy).algorithm_of(&self.jws).map(drop)
    }

    /// Returns `true` if it says by `kid` with which key it was signed.
    pub(crate) fn names_key(&self) -> bool {
        self.jws.names_key()
    }

    /// Verifies that a client has made it, with one of these keys or secrets.
    pub(crate) fn verify<'c>(
        &self,
        keys: Credential<'c, &impl Verifier>,
        policy: &Policy,
    ) -> Result<VerifiedObject<'_, 'c>, TokenFault> {
        let client = keys.client();
        let jws = self.jws.verify(keys.value(), &permitted(client, policy))?;
        Ok(VerifiedObject { client, jws, decrypted: self.decrypted })
    }
}

impl<'c> VerifiedObject<'_, 'c> {
    /// Reads its claims.
    pub(crate) fn read(self, opening: &Opening<'_, '_>) -> Result<RequestObject<'c>, TokenFault> {
        let Self { client, jws, decrypted } = self;
        let Opening { policy, issuer, now, .. } = opening;
        let claims = ClaimSet::parse(jws.payload())?;
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
            client,
            parameters: parameters::of_claims(&claims, &policy.limits)?,
            protection: if decrypted.is_some() { Protection::SignedAndEncrypted } else { Protection::Signed },
            expires_at: dates.expires_at,
            single_use,
        })
    }
}

impl<'c> RequestObject<'c> {
    /// The client that has signed it.
    pub(crate) fn client(&self) -> &'c Arc<Client> {
        self.client
    }

    pub(crate) fn protection(&self) -> Protection {
        self.protection
    }

    /// `exp`
    pub(crate) fn expires_at(&self) -> Option<i64> {
        self.expires_at
    }

    /// `jti` and `exp`, where the object is good for one use only.
    pub(crate) fn single_use(&self) -> Option<(&str, i64)> {
        self.single_use.as_ref().map(|single_use| (&*single_use.id, single_use.expires_at))
    }

    pub(crate) fn into_parameters(self) -> Parameters {
        self.parameters
    }
}

/// The algorithms that the client may sign with: those with its secret only if it has registered them.
fn permitted<'a>(client: &Client, policy: &'a Policy) -> Permitted<'a> {
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

fn decrypt(jwe: &Jwe<'_>, opening: &Opening<'_, '_>) -> Result<Vec<u8>, TokenFault> {
    let Opening { sender, policy, now, .. } = opening;
    if !sender.may_encrypt(policy) {
        return Err(TokenFault::Unauthenticated);
    }
    let client = sender.client();
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
        return client.keys().shared.as_ref().ok_or(TokenFault::NoKey)?.at(*now).decrypt(jwe, pair);
    }
    opening.decryption_keys.ok_or(TokenFault::Decryption)?.open(jwe, algorithm, encryption)
}
