//! The clients of the playground beside those of a configuration: one for each method that the server offers. Their secrets and keys
//! never leave this process.

use std::sync::Arc;

use parjar::{AuthenticationMethod, Client, ClientRegistration, Policy, jose::SigningAlgorithm};
use serde_json::{Value, json};

use super::{assemble::with_certificates, config::Config, log, start_error::StartError};
use crate::demo::{
    http::tls::Tls,
    playground::{Authentication, ClientKey, OwnCertificate, PlayedClient, callback},
    server::{issuer::Issuer, random},
};

/// From the one that is chosen when the page opens.
const METHODS: [(AuthenticationMethod, &str, &str); 5] = [
    (AuthenticationMethod::ClientSecretBasic, "basic", "sends a secret in the header"),
    (AuthenticationMethod::PrivateKeyJwt, "key", "signs with a key"),
    (AuthenticationMethod::SelfSignedTlsClientAuth, "certificate", "shows a certificate"),
    (AuthenticationMethod::ClientSecretPost, "post", "sends a secret in the body"),
    (AuthenticationMethod::ClientSecretJwt, "mac", "makes MACs with a secret"),
];

/// Registers them.
pub(super) fn add(config: &mut Config, issuer: &Issuer, tls: Option<&Tls>) -> Result<Vec<PlayedClient>, StartError> {
    let policy = with_certificates(config.policy.clone(), tls);
    let mut played = Vec::new();
    for (method, name, about) in METHODS.iter().filter(|(method, ..)| policy.offers_authentication_method(*method)) {
        let wished = if played.is_empty() { "playground".to_owned() } else { format!("playground-{name}") };
        let client_id = free(wished, config)?;
        let (client, registration) = client(client_id, *method, about, &policy, issuer)?;
        config.clients.push(Client::try_from(registration).map_err(|error| StartError::new("playground", error))?);
        played.push(client);
    }
    let names: Vec<&str> = played.iter().map(|client| client.client_id.as_str()).collect();
    log::line(format_args!("the playground is the clients {names:?}; only this process has their secrets and keys"));
    Ok(played)
}

/// A name that no client of the configuration has.
fn free(mut client_id: String, config: &Config) -> Result<String, StartError> {
    while config.clients.iter().any(|client| client.client_id() == client_id) {
        client_id = format!("playground-{}", token()?);
    }
    Ok(client_id)
}

fn client(
    client_id: String,
    method: AuthenticationMethod,
    about: &'static str,
    policy: &Policy,
    issuer: &Issuer,
) -> Result<(PlayedClient, ClientRegistration), StartError> {
    let mut registration = ClientRegistration::new(client_id.as_str());
    registration.client_name = Some("The playground of this server".to_owned());
    registration.token_endpoint_auth_method = Some(method.as_str().to_owned());
    registration.redirect_uris = vec![callback(issuer)];
    let authentication = match method {
        AuthenticationMethod::ClientSecretBasic => Authentication::Basic(token()?),
        AuthenticationMethod::ClientSecretPost => Authentication::Post(token()?),
        AuthenticationMethod::ClientSecretJwt => Authentication::Mac(token()?),
        AuthenticationMethod::SelfSignedTlsClientAuth => {
            let certificate = OwnCertificate::generate(&client_id);
            Authentication::Certificate(Arc::new(
                certificate.map_err(|problem| StartError::new("playground", problem))?,
            ))
        }
        _ => Authentication::Key,
    };
    registration.client_secret = authentication.secret().map(Into::into);
    let keys = keys(policy)?;
    let certified = authentication.certificate().map(|certificate| certificate.public_jwk().clone());
    let public = keys.iter().map(|key| key.public().clone()).chain(certified);
    registration.jwks = Some(json!({ "keys": public.map(Value::Object).collect::<Vec<_>>() }));
    registration.tls_client_certificate_bound_access_tokens = method.uses_certificate();
    registration.authorization_signed_response_alg = Some("ES256".to_owned());
    let client = PlayedClient { client_id, authentication, keys, is_public_knowledge: false, about };
    Ok((client, registration))
}

/// A key for each algorithm that assertions and request objects may have. An RSA key takes long to make, so there is one only where
/// nothing else will do.
fn keys(policy: &Policy) -> Result<Vec<ClientKey>, StartError> {
    let lists =
        [&policy.token_endpoint_auth_signing_alg_values_supported, &policy.request_object_signing_alg_values_supported];
    let is_offered = |algorithm: &SigningAlgorithm| lists.iter().all(|list| list.contains(algorithm));
    let mut algorithms: Vec<_> = ClientKey::ALGORITHMS.into_iter().filter(is_offered).collect();
    if algorithms.len() > 1 {
        algorithms.retain(|algorithm| *algorithm != SigningAlgorithm::Ps256);
    }
    let keys = algorithms.into_iter().map(ClientKey::generate).collect::<Result<_, _>>();
    keys.map_err(|_| StartError::new("playground", "cannot make a key"))
}

fn token() -> Result<String, StartError> {
    random::token().map_err(|_| StartError::new("playground", "the system's random generator failed"))
}
