//! The server's own keys: one that signs ID tokens, and those that request objects may be encrypted to.
//!
//! They come from a private JWK set in the configuration. What it lacks is made at start, and is gone with the process. Private
//! members leave this module only as a [`Signer`].

use josekit::{
    JoseError,
    jwk::{Jwk, alg::ec::EcCurve},
    jws::{ES256, JwsHeader, alg::ecdsa::EcdsaJwsSigner, serialize_compact},
};
use serde_json::{Map, Value, json, value::RawValue};

use super::{
    fault::Fault,
    key_check::{self, PrivateKey},
    members::{Members, elements},
};

#[derive(Default)]
pub(crate) struct Keys {
    signer: Option<Signer>,
    public: Vec<Map<String, Value>>,
}

impl Keys {
    /// Reads a private JWK set.
    pub(crate) fn parse(raw: &RawValue) -> Result<Self, Fault> {
        let set = Members::parse(raw.get()).map_err(|problem| Fault::new("keys", problem))?;
        set.only(&["keys"]).map_err(|fault| fault.within("keys"))?;
        let Some(elements) = set.get("keys").and_then(elements) else {
            return Err(Fault::new("keys", "must be a JWK set: an object with an array named keys"));
        };
        let mut keys = Self::default();
        for (index, raw) in elements.into_iter().enumerate() {
            let place = format!("keys[{index}]");
            let members = Members::parse(raw.get()).map_err(|problem| Fault::new(&place, problem))?;
            let place = members.text("kid").map_or(place, |kid| format!("key {kid:?}"));
            let jwk = members.to_map().map_err(|fault| fault.within(&place))?;
            keys.add(jwk).map_err(|fault| fault.within(place))?;
        }
        Ok(keys)
    }

    /// Makes what the configuration lacks.
    pub(crate) fn complete(mut self) -> Result<Self, Fault> {
        for usage in ["sig", "enc"] {
            if !self.public.iter().any(|key| key.get("use") == Some(&Value::from(usage))) {
                let mut jwk =
                    Jwk::generate_ec_key(EcCurve::P256).map_err(|_| Fault::new("keys", "cannot make a key"))?;
                jwk.set_key_use(usage);
                self.add(jwk.into())?;
            }
        }
        Ok(self)
    }

    /// The JWK set of the public halves.
    pub(crate) fn public_set(&self) -> Value {
        json!({ "keys": self.public })
    }

    /// The key that signs ID tokens.
    pub(crate) fn into_signer(self) -> Result<Signer, Fault> {
        self.signer.ok_or_else(|| Fault::new("keys", "there is no signing key"))
    }

    fn add(&mut self, jwk: Map<String, Value>) -> Result<(), Fault> {
        let PrivateKey { public, kid, signs } = key_check::check(&jwk)?;
        if self.public.iter().any(|known| known.get("kid") == public.get("kid")) {
            return Err(Fault::new("kid", "names another key of the set too"));
        }
        if signs {
            if self.signer.is_some() {
                return Err(Fault::new("use", "sig for a second key; one key signs"));
            }
            self.signer = Some(Signer::new(jwk, &kid).map_err(|_| Fault::new("key_ops", "does not fit use"))?);
        }
        self.public.push(public);
        Ok(())
    }
}

/// Signs with ES256.
pub(crate) struct Signer {
    header: JwsHeader,
    signer: EcdsaJwsSigner,
}

impl Signer {
    fn new(jwk: Map<String, Value>, kid: &str) -> Result<Self, JoseError> {
        let mut header = JwsHeader::new();
        header.set_token_type("JWT");
        header.set_key_id(kid);
        Ok(Self { header, signer: ES256.signer_from_jwk(&Jwk::from_map(jwk)?)? })
    }

    /// A JWT with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, JoseError> {
        serialize_compact(claims.to_string().as_bytes(), &self.header, &self.signer)
    }
}
