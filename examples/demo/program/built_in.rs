//! The configuration that is there without a file: clients for trying things out, whose secrets and keys are public.

use std::{fmt::Write as _, sync::Arc};

use parjar::{AuthenticationMethod, ClientRegistration, Policy};
use serde_json::{Map, Value, json};

use super::{
    assemble::{self, ROOM_BESIDE, Surroundings, with_certificates},
    config::{Config, Registration},
    keys::Keys,
    start_error::StartError,
};
use crate::demo::{
    http::tls::Tls,
    playground::{Authentication, ClientKey, OwnCertificate, PlayedClient, Preset, VARIANTS, Variant, callback},
    server::issuer::Issuer,
};

/// The example of RFC 7636 appendix B: the verifier for it is `dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`.
const CODE_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct BuiltIn {
    client_id: &'static str,
    name: &'static str,
    method: AuthenticationMethod,
    /// `None` for a client that has a key instead.
    secret: Option<&'static str>,
    about: &'static str,
}

/// The private keys of `bank`: public knowledge, like the secrets of the others.
const BANK_KEYS: [(&str, &str); 4] = [
    ("bank_key.json", include_str!("../bank_key.json")),
    ("bank_key_ps256.json", include_str!("../bank_key_ps256.json")),
    ("bank_key_eddsa.json", include_str!("../bank_key_eddsa.json")),
    ("bank_key_es384.json", include_str!("../bank_key_es384.json")),
];

const VAULT: &str = "vault";

const CLIENTS: [BuiltIn; 6] = [
    BuiltIn {
        client_id: "web",
        name: "Demo Web",
        method: AuthenticationMethod::ClientSecretBasic,
        secret: Some("web-secret"),
        about: "a web application",
    },
    BuiltIn {
        client_id: "shop",
        name: "Demo Shop",
        method: AuthenticationMethod::ClientSecretPost,
        secret: Some("shop-secret"),
        about: "the same with its secret in the body",
    },
    BuiltIn {
        client_id: "tenants",
        name: "Demo Tenants",
        method: AuthenticationMethod::ClientSecretBasic,
        secret: Some("tenants-secret"),
        about: "may push any redirect URI on https://tenants.example.com",
    },
    BuiltIn {
        client_id: "bank",
        name: "Demo Bank",
        method: AuthenticationMethod::PrivateKeyJwt,
        secret: None,
        about: "has a key, and can sign and encrypt its requests",
    },
    BuiltIn {
        client_id: "mac",
        name: "Demo MAC",
        method: AuthenticationMethod::ClientSecretJwt,
        secret: Some("mac-secret-of-at-least-32-characters"),
        about: "makes MACs with its secret, and never sends it",
    },
    BuiltIn {
        client_id: VAULT,
        name: "Demo Vault",
        method: AuthenticationMethod::SelfSignedTlsClientAuth,
        secret: None,
        about: "shows a certificate, and signs with the keys of bank",
    },
];

/// The certificate of `vault`, which is one for all servers: there is one file of it to fetch.
pub(super) fn certificate() -> Result<Arc<OwnCertificate>, StartError> {
    let certificate = OwnCertificate::generate(VAULT);
    Ok(Arc::new(certificate.map_err(|problem| StartError::new("playground", problem))?))
}

pub(super) fn config(
    issuer: &Issuer,
    tls: Option<&Tls>,
    certificate: &Arc<OwnCertificate>,
) -> Result<(Config, Vec<PlayedClient>), StartError> {
    let mut policy = Policy::default();
    policy.allow_per_request_redirect_uris = true;
    config_of(policy, issuer, tls, certificate)
}

/// The servers beside the main one.
pub(super) fn presets(around: &Surroundings, certificate: &Arc<OwnCertificate>) -> Result<Vec<Preset>, StartError> {
    let preset = |variant: &Variant| {
        let (config, clients) = config_of((variant.policy)(), &around.issuer, around.tls.as_ref(), certificate)?;
        let issuer = around.issuer.under(&variant.path());
        let (server, _) = assemble::server(issuer, config, ROOM_BESIDE, around)?;
        let Variant { name, title, about, .. } = *variant;
        Ok(Preset { name, title, about, server, clients })
    };
    VARIANTS.iter().map(preset).collect()
}

/// The clients whose method the policy offers, as the server and as the playground know them.
fn config_of(
    policy: Policy,
    issuer: &Issuer,
    tls: Option<&Tls>,
    certificate: &Arc<OwnCertificate>,
) -> Result<(Config, Vec<PlayedClient>), StartError> {
    let offered = with_certificates(policy.clone(), tls);
    let is_offered = |client: &&BuiltIn| {
        offered.offers_authentication_method(client.method)
            && (client.client_id != "tenants" || policy.allow_per_request_redirect_uris)
    };
    let (mut registrations, mut played) = (Vec::new(), Vec::new());
    for client in CLIENTS.iter().filter(is_offered) {
        let place = format!("client {:?}", client.client_id);
        let as_played = client.played(certificate)?;
        let registration = ClientRegistration::try_from(client.registration(&as_played, &policy, issuer))
            .map_err(|error| StartError::new(&place, error))?;
        registrations.push(Registration { place, registration, members: None });
        played.push(as_played);
    }
    Ok((Config::new(policy, registrations, Keys::default())?, played))
}

impl BuiltIn {
    fn registration(&self, played: &PlayedClient, policy: &Policy, issuer: &Issuer) -> Map<String, Value> {
        let per_request = self.client_id == "tenants";
        let mut redirect_uris = vec![callback(issuer)];
        if per_request {
            redirect_uris.push("https://tenants.example.com/callback".to_owned());
        }
        let certified = played.authentication.certificate().map(|certificate| certificate.public_jwk().clone());
        let keys: Vec<Value> =
            played.keys.iter().map(|key| key.public().clone()).chain(certified).map(Value::Object).collect();
        let scope = ["openid", "accounts", "payments"].into_iter().map(str::to_owned);
        let scope: Vec<String> = scope.chain(policy.required_scopes.iter().cloned()).collect();
        let members = [
            ("client_id", self.client_id.into()),
            ("client_name", self.name.into()),
            ("client_secret", self.secret.into()),
            ("jwks", if keys.is_empty() { Value::Null } else { json!({ "keys": keys }) }),
            ("token_endpoint_auth_method", self.method.as_str().into()),
            ("redirect_uris", json!(redirect_uris)),
            ("scope", scope.join(" ").into()),
            ("authorization_details_types", json!(["payment"])),
            ("authorization_signed_response_alg", "ES256".into()),
            ("tls_client_certificate_bound_access_tokens", self.method.uses_certificate().into()),
            ("require_pushed_authorization_requests", per_request.into()),
            ("allow_per_request_redirect_uris", per_request.into()),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The same client for the playground, secret and keys included.
    fn played(&self, certificate: &Arc<OwnCertificate>) -> Result<PlayedClient, StartError> {
        let secret = self.secret.unwrap_or_default().to_owned();
        let authentication = match self.method {
            AuthenticationMethod::ClientSecretPost => Authentication::Post(secret),
            AuthenticationMethod::ClientSecretJwt => Authentication::Mac(secret),
            AuthenticationMethod::PrivateKeyJwt => Authentication::Key,
            AuthenticationMethod::SelfSignedTlsClientAuth => Authentication::Certificate(Arc::clone(certificate)),
            _ => Authentication::Basic(secret),
        };
        let keys = if self.secret.is_some() { Vec::new() } else { bank_keys()? };
        Ok(PlayedClient {
            client_id: self.client_id.to_owned(),
            authentication,
            keys,
            is_public_knowledge: true,
            about: self.about,
        })
    }
}

fn bank_keys() -> Result<Vec<ClientKey>, StartError> {
    let key = |(name, text): &(&str, &str)| {
        let jwk = serde_json::from_str(text).map_err(|_| StartError::new(*name, "is not a JWK"))?;
        ClientKey::of(jwk).map_err(|_| StartError::new(*name, "is not a key that signs"))
    };
    BANK_KEYS.iter().map(key).collect()
}

/// What to do next, for the terminal, with the clients that there are.
pub(super) fn introduction(issuer: &Issuer, clients: &[PlayedClient]) -> String {
    let mut text = String::from("\nBuilt-in clients, for trying out only:\n");
    for PlayedClient { client_id, authentication, about, .. } in clients {
        let (method, secret) = (authentication.method(), authentication.secret().unwrap_or("-"));
        let _ = writeln!(text, "  {client_id:<8} {method:<28} {secret:<36} {about}");
    }
    let [BuiltIn { client_id, secret, .. }, ..] = &CLIENTS;
    let _ = write!(
        text,
        "The private key of bank is in examples/demo/bank_key.json; its other keys are beside that.\n\
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
