//! The two clients that push, and the configuration with which servers know them. The one with a secret is that of `examples/minimal.rs`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::Private,
};
use serde_json::{Value, json};

use crate::Fault;

pub(crate) const ISSUER: &str = "https://as.example.com";
pub(crate) const WITH_SECRET: &str = "web";
pub(crate) const SECRET: &str = "s3cret";
pub(crate) const WITH_KEY: &str = "bank";
pub(crate) const KEY_ID: &str = "k1";
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:8080/cb";
pub(crate) const SCOPE: &str = "openid accounts";

pub(crate) struct Clients {
    pub(crate) key: EcKey<Private>,
    public: Value,
}

impl Clients {
    pub(crate) fn new() -> Result<Self, Fault> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let key = EcKey::generate(&group)?;
        let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
        key.public_key().affine_coordinates_gfp(&group, &mut x, &mut y, &mut *BigNumContext::new()?)?;
        let coordinate = |number: &BigNum| number.to_vec_padded(32).map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let public = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID, "x": coordinate(&x)?, "y": coordinate(&y)?,
        });
        Ok(Self { key, public })
    }

    /// The configuration of each server: registrations with the names of RFC 7591.
    pub(crate) fn configuration(&self) -> Value {
        let common = json!({
            "redirect_uris": [REDIRECT_URI], "scope": SCOPE, "grant_types": ["authorization_code"], "response_types": ["code"],
            // Without it, redirect URIs over http are for native applications only in node-oidc-provider.
            "application_type": "native",
        });
        let client = |own: Value| {
            let mut client = common.clone();
            if let (Value::Object(client), Value::Object(own)) = (&mut client, own) {
                client.extend(own);
            }
            client
        };
        json!({ "clients": [
            client(json!({
                "client_id": WITH_SECRET, "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic",
            })),
            client(json!({
                "client_id": WITH_KEY, "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_signing_alg": "ES256", "request_object_signing_alg": "ES256",
                "jwks": { "keys": [self.public] },
            })),
        ] })
    }
}
