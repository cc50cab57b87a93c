//! The configuration that is there without a file: clients for trying things out, whose secrets and keys everybody knows.

use std::fmt::Write as _;

use parjar::{ClientRegistration, Policy};
use serde_json::{Map, Value, json};

use super::{
    config::{Config, Registration},
    keys::Keys,
    start_error::StartError,
};
use crate::demo::{
    playground::{Authentication, Player, callback},
    server::{issuer::Issuer, signer::Signer},
};

/// The example of RFC 7636 appendix B: the verifier for it is `dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`.
const CODE_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct BuiltIn {
    client_id: &'static str,
    name: &'static str,
    /// `None` for the client that has a key instead.
    secret: Option<&'static str>,
    method: &'static str,
    about: &'static str,
}

/// The private key of `bank`: public knowledge, like the secrets of the others.
const BANK_KEY: &str = include_str!("../bank_key.json");

const CLIENTS: [BuiltIn; 4] = [
    BuiltIn {
        client_id: "web",
        name: "Demo Web",
        secret: Some("web-secret"),
        method: "client_secret_basic",
        about: "a web application",
    },
    BuiltIn {
        client_id: "shop",
        name: "Demo Shop",
        secret: Some("shop-secret"),
        method: "client_secret_post",
        about: "the same with its secret in the body",
    },
    BuiltIn {
        client_id: "tenants",
        name: "Demo Tenants",
        secret: Some("tenants-secret"),
        method: "client_secret_basic",
        about: "may push any redirect URI on https://tenants.example.com",
    },
    BuiltIn {
        client_id: "bank",
        name: "Demo Bank",
        secret: None,
        method: "private_key_jwt",
        about: "has a key, and can sign and encrypt its requests",
    },
];

pub(crate) fn config(issuer: &Issuer) -> Result<Config, StartError> {
    let mut policy = Policy::default();
    policy.allow_per_request_redirect_uris = true;
    let registrations = CLIENTS.iter().map(|client| {
        let place = format!("client {:?}", client.client_id);
        let registration = ClientRegistration::try_from(registration(client, issuer)?)
            .map_err(|error| StartError::new(&place, error))?;
        Ok(Registration { place, registration, members: None })
    });
    Config::new(policy, registrations.collect::<Result<_, StartError>>()?, Keys::default())
}

fn registration(client: &BuiltIn, issuer: &Issuer) -> Result<Map<String, Value>, StartError> {
    let per_request = client.client_id == "tenants";
    let mut redirect_uris = vec![callback(issuer)];
    if per_request {
        redirect_uris.push("https://tenants.example.com/callback".to_owned());
    }
    let members = [
        ("client_id", client.client_id.into()),
        ("client_name", client.name.into()),
        ("client_secret", client.secret.into()),
        ("jwks", client.signer()?.map_or(Value::Null, |signer| json!({ "keys": [signer.public()] }))),
        ("token_endpoint_auth_method", client.method.into()),
        ("redirect_uris", json!(redirect_uris)),
        ("scope", "openid accounts payments".into()),
        ("authorization_details_types", json!(["payment"])),
        ("require_pushed_authorization_requests", per_request.into()),
        ("allow_per_request_redirect_uris", per_request.into()),
    ];
    Ok(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl BuiltIn {
    fn signer(&self) -> Result<Option<Signer>, StartError> {
        if self.secret.is_some() {
            return Ok(None);
        }
        let jwk = serde_json::from_str(BANK_KEY).map_err(|_| StartError::new("bank_key.json", "is not a JWK"))?;
        Signer::of(jwk).map(Some).map_err(|problem| StartError::new("bank_key.json", problem))
    }

    fn player(&self) -> Result<Player, StartError> {
        Ok(Player {
            client_id: self.client_id.to_owned(),
            authentication: match self.secret {
                None => Authentication::Assertion,
                Some(secret) if self.method == "client_secret_post" => Authentication::Post(secret.to_owned()),
                Some(secret) => Authentication::Basic(secret.to_owned()),
            },
            signer: self.signer()?,
            is_public_knowledge: true,
            about: self.about,
        })
    }
}

/// The same clients for the playground, secrets and keys included.
pub(crate) fn players() -> Result<Vec<Player>, StartError> {
    CLIENTS.iter().map(BuiltIn::player).collect()
}

/// What to do next, for the terminal.
pub(crate) fn introduction(issuer: &Issuer) -> String {
    let mut text = String::from("\nBuilt-in clients, for trying out only:\n");
    for BuiltIn { client_id, secret, method, about, .. } in &CLIENTS {
        let secret = secret.unwrap_or("-");
        let _ = writeln!(text, "  {client_id:<8} {secret:<15} {method:<20} {about}");
    }
    let [BuiltIn { client_id, secret, .. }, ..] = &CLIENTS;
    let _ = write!(
        text,
        "The private key of bank is in examples/demo/bank_key.json.\n\
         \nPush a request:\n  curl -u {client_id}:{secret} -d response_type=code -d scope=openid --data-urlencode \
         redirect_uri={callback} -d code_challenge={CODE_CHALLENGE} -d code_challenge_method=S256 {endpoint}\n\
         \nOr open the playground, which plays all of them: {playground}\n",
        secret = secret.unwrap_or_default(),
        callback = callback(issuer),
        endpoint = issuer.url("/authorize/par"),
        playground = issuer.url("/"),
    );
    text
}
