//! The server's own keys: one that signs ID tokens, and those that request objects may be encrypted to.
//!
//! They come from a private JWK set in the configuration. What it lacks is made at start, and is gone with the process. Private
//! members leave this module only as a [`Signer`] and as [`DecryptionKeys`].

use josekit::jwk::{Jwk, alg::ec::EcCurve};
use parjar::jose::{DecryptionKeys, KeySetError};
use serde_json::{Map, Value, json, value::RawValue};

use super::{
    members::{Members, elements},
    start_error::StartError,
};
use crate::demo::server::signer::Signer;

#[derive(Default)]
pub(crate) struct Keys {
    signer: Option<Signer>,
    decryption: Option<DecryptionKeys>,
}

impl Keys {
    /// Reads a private JWK set.
    pub(crate) fn parse(raw: &RawValue) -> Result<Self, StartError> {
        let set = Members::parse(raw.get(), "keys")?;
        set.only(&["keys"]).map_err(|error| error.within("keys"))?;
        let Some(elements) = set.get("keys").and_then(elements) else {
            let problem = "must be a JWK set: an object with an array named keys";
            return Err(StartError::new("keys", problem).at(raw.get()));
        };
        let mut signer = None;
        let (mut places, mut encryption) = (Vec::new(), Vec::new());
        for (index, raw) in elements.into_iter().enumerate() {
            let place = format!("keys[{index}]");
            let members = Members::parse(raw.get(), &place)?;
            let place = members.text("kid").map_or(place.clone(), |kid| format!("{place} with kid {kid:?}"));
            let jwk = members.to_map().map_err(|error| error.within(&place))?;
            match Purpose::of(&jwk).map_err(|error| error.within(&place).at(members.part("use")))? {
                Purpose::Signature if signer.is_some() => {
                    let error = StartError::new(place, "use: sig for a second key; one key signs");
                    return Err(error.at(members.part("use")));
                }
                Purpose::Signature => {
                    signer = Some(Signer::of(jwk).map_err(|problem| StartError::new(place, problem).at(raw.get()))?);
                }
                Purpose::Encryption => {
                    places.push((place, raw.get()));
                    encryption.push(jwk);
                }
            }
        }
        let mut keys = Self { signer, decryption: None };
        if !encryption.is_empty() {
            keys.decryption = Some(decryption_keys(&encryption).map_err(|error| error_of(error, &places))?);
        }
        keys.check_names().map_err(|error| error.at(raw.get()))?;
        Ok(keys)
    }

    /// What the configuration has, and new keys for what it lacks.
    pub(crate) fn complete(self) -> Result<(Signer, DecryptionKeys), StartError> {
        let signer =
            self.signer.map_or_else(Signer::generate, Ok).map_err(|problem| StartError::new("keys", problem))?;
        let decryption = match self.decryption {
            Some(keys) => keys,
            None => {
                let jwk =
                    Jwk::generate_ec_key(EcCurve::P256).map_err(|_| StartError::new("keys", "cannot make a key"))?;
                decryption_keys(&[jwk.into()]).map_err(|error| StartError::new("keys", error))?
            }
        };
        Ok((signer, decryption))
    }

    /// In the published set, too, a name must lead to one key.
    fn check_names(&self) -> Result<(), StartError> {
        let (Some(signer), Some(decryption)) = (&self.signer, &self.decryption) else { return Ok(()) };
        let kid = signer.kid();
        if listed(&decryption.public_jwks()).any(|key| key.get("kid").is_some_and(|other| other == kid)) {
            return Err(StartError::new("keys", format_args!("kid: {kid:?} names a key of either use")));
        }
        Ok(())
    }
}

/// The JWK set of the public halves.
pub(crate) fn public_set(signer: &Signer, decryption: &DecryptionKeys) -> Value {
    let encryption = decryption.public_jwks();
    let keys: Vec<Value> = [signer.public().clone().into()].into_iter().chain(listed(&encryption).cloned()).collect();
    json!({ "keys": keys })
}

enum Purpose {
    Signature,
    Encryption,
}

impl Purpose {
    fn of(jwk: &Map<String, Value>) -> Result<Self, StartError> {
        match jwk.get("use").map(Value::as_str) {
            Some(Some("sig")) => Ok(Self::Signature),
            Some(Some("enc")) => Ok(Self::Encryption),
            Some(_) => Err(StartError::new("use", "must be sig or enc")),
            None => Err(StartError::new("use", "is missing")),
        }
    }
}

fn decryption_keys(jwks: &[Map<String, Value>]) -> Result<DecryptionKeys, KeySetError> {
    DecryptionKeys::parse(&json!({ "keys": jwks }).to_string())
}

fn error_of(error: KeySetError, places: &[(String, &str)]) -> StartError {
    let key = if let KeySetError::Key(key) = error { Some(key) } else { None };
    match key.and_then(|key| Some((places.get(key.index())?, key.problem()))) {
        Some(((place, part), problem)) => StartError::new(place, problem).at(part),
        None => StartError::new("keys", error),
    }
}

fn listed(set: &Value) -> impl Iterator<Item = &Value> {
    set.get("keys").and_then(Value::as_array).into_iter().flatten()
}
