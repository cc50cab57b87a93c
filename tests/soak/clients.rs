//! The clients that are registered at every node, and how they authenticate.

use std::{
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use josekit::{
    jwk::{Jwk, alg::ec::EcCurve},
    jws::{ES256, JwsHeader},
    jwt::{self, JwtPayload},
};
use serde_json::{Value, json};

use crate::{dice::Dice, http::form, world::ISSUER};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) id: &'static str,
    method: &'static str,
}

pub(crate) const WEB: Client = Client { id: "web", method: "client_secret_basic" };
pub(crate) const SHOP: Client = Client { id: "shop", method: "client_secret_post" };
pub(crate) const BANK: Client = Client { id: "bank", method: "private_key_jwt" };
/// The one that floods.
pub(crate) const FLOOD: Client = Client { id: "flood", method: "client_secret_basic" };
pub(crate) const USUAL: [Client; 3] = [WEB, SHOP, BANK];

/// In every secret, and nowhere else.
pub(crate) const CANARY: &str = "canary-of-secrets";

static KEY: LazyLock<Jwk> = LazyLock::new(|| {
    let mut key = Jwk::generate_ec_key(EcCurve::P256).unwrap();
    key.set_key_id("bank");
    key
});

impl Client {
    pub(crate) fn redirect_uri(self) -> String {
        format!("https://{}.example.com/cb", self.id)
    }

    fn secret(self) -> String {
        format!("{CANARY}-{}", self.id)
    }

    pub(crate) fn registration(self) -> Value {
        let mut registration = json!({
            "client_id": self.id,
            "token_endpoint_auth_method": self.method,
            "redirect_uris": [self.redirect_uri()],
            "scope": "accounts payments",
        });
        if self.method == "private_key_jwt" {
            registration["jwks"] = json!({ "keys": [KEY.to_public_key().unwrap()] });
        } else {
            registration["client_secret"] = self.secret().into();
        }
        registration
    }

    /// The header and the body of a request that this client authenticates, at a server whose clock is ahead by so many seconds.
    pub(crate) fn authenticated(self, dice: &mut Dice, ahead: i64, fields: &[(&str, &str)]) -> Signed {
        let (id, secret) = (self.id, self.secret());
        let with = |more: &[(&str, &str)]| form(fields.iter().chain(more).copied());
        match self.method {
            "client_secret_basic" => {
                let authorization = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
                Signed { authorization: Some(authorization), body: with(&[]) }
            }
            "client_secret_post" => {
                Signed { authorization: None, body: with(&[("client_id", id), ("client_secret", &secret)]) }
            }
            _ => {
                let of_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                let assertion = self.assertion(&dice.text(24), ahead);
                let body = with(&[("client_assertion_type", of_type), ("client_assertion", &assertion)]);
                Signed { authorization: None, body }
            }
        }
    }

    fn assertion(self, jti: &str, ahead: i64) -> String {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap() + ahead;
        let mut claims = JwtPayload::new();
        for name in ["iss", "sub"] {
            claims.set_claim(name, Some(self.id.into())).unwrap();
        }
        claims.set_claim("aud", Some(ISSUER.into())).unwrap();
        claims.set_claim("jti", Some(jti.into())).unwrap();
        claims.set_claim("iat", Some(now.into())).unwrap();
        claims.set_claim("exp", Some((now + 60).into())).unwrap();
        let mut header = JwsHeader::new();
        header.set_key_id("bank");
        let signer = ES256.signer_from_jwk(&KEY).unwrap();
        jwt::encode_with_signer(&claims, &header, &signer).unwrap()
    }
}

/// What a client sends to an endpoint of the server.
#[derive(Clone)]
pub(crate) struct Signed {
    authorization: Option<String>,
    pub(crate) body: String,
}

impl Signed {
    pub(crate) fn to(&self, path: &str) -> Vec<u8> {
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend(self.authorization.as_deref().map(|value| ("authorization", value)));
        crate::http::request("POST", path, &headers, self.body.as_bytes())
    }
}
