//! The endpoint of oauth-as for pushed authorization requests, in its own router.

use std::{collections::HashMap, error::Error, fs, sync::Arc};

use axum::Router;
use oauth_as::{
    client::{Client, ClientAuth, ClientId, SecretHash},
    client_assertion::AssertionKeys,
    grant::GrantType,
    http::ServiceBuilder,
    jwt::{Jwk, JwsAlg},
    par::{JarConfig, ParConfig, RegisteredRequestObjectKey, RequestObjectKeys},
    scope::ScopeSet,
    server::{AuthorizationServer, ServerConfig},
    store::MemoryStorage,
};
use serde_json::Value;
use tokio::net::TcpListener;

/// What each client signs its request objects with.
struct Keys(HashMap<ClientId, RegisteredRequestObjectKey>);

impl RequestObjectKeys for Keys {
    fn registered_key(&self, client_id: &ClientId) -> Option<RegisteredRequestObjectKey> {
        self.0.get(client_id).cloned()
    }
}

/// The value of `--option`.
fn value_of(option: &str) -> Result<String, String> {
    std::env::args().skip_while(|argument| argument != option).nth(1).ok_or_else(|| format!("{option} is missing"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let configuration: Value = serde_json::from_str(&fs::read_to_string(value_of("--config")?)?)?;
    let issuer = value_of("--issuer")?;
    let mut config = ServerConfig::new(issuer.clone(), format!("{issuer}/device"));
    let mut par = ParConfig::new();
    par.pushed_authorization_request_endpoint = Some(format!("{issuer}/authorize/par"));
    config.par = Some(Box::new(par));
    config.jar = Some(Box::new(JarConfig::new()));

    let (mut clients, mut keys) = (Vec::new(), HashMap::new());
    for registration in configuration["clients"].as_array().into_iter().flatten() {
        let text = |name: &str| registration[name].as_str().unwrap_or_default().to_owned();
        let client_id = ClientId::new(text("client_id"));
        let auth = match registration["jwks"]["keys"].get(0) {
            None => ClientAuth::ConfidentialSecretHash { hash: SecretHash::sha256(&text("client_secret")) },
            Some(key) => {
                let key = Jwk::from_json(key)?;
                keys.insert(client_id.clone(), RegisteredRequestObjectKey::from_jwk(JwsAlg::Es256, key.clone())?);
                let keys = AssertionKeys::PublicKeys { alg: JwsAlg::Es256, keys: vec![key] };
                ClientAuth::ConfidentialAssertion { keys }
            }
        };
        let scope = ScopeSet::from_tokens(text("scope").split(' '))?;
        let redirect_uris = registration["redirect_uris"].as_array().into_iter().flatten();
        clients.push(Client {
            client_id,
            auth,
            grant_types: vec![GrantType::AuthorizationCode],
            redirect_uris: redirect_uris.filter_map(Value::as_str).map(str::to_owned).collect(),
            allowed_scopes: scope.clone(),
            default_scopes: scope,
            name: None,
            registration: None,
        });
    }
    let server = AuthorizationServer::new(config, MemoryStorage::new()).with_request_object_keys(Box::new(Keys(keys)));
    for client in clients {
        server.register_client(client).await?;
    }
    let router = Router::from(ServiceBuilder::new(Arc::new(server)).build()?);
    let listener = TcpListener::bind(value_of("--listen")?).await?;
    Ok(axum::serve(listener, router).await?)
}
