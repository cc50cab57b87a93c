//! huskarl, which is certified as a FAPI 2.0 client, through the whole flow: discovery, push, login, code, token, resource.
//!
//! The example server is the one that `PARJAR_EXAMPLE` names. Certificates are made by the `openssl` program.

mod browser;
mod server;

use http::{Method, Uri};
use huskarl::{
    core::{
        client_auth::{Audience, ClientAuthentication, JwtBearer, NoAuth},
        dpop::{AuthorizationServerDPoP, DPoP, NoDPoP},
        server_metadata::AuthorizationServerMetadata,
    },
    grant::authorization_code::{AuthorizationCodeGrant, CompleteInput, CompleteOutput, ResponseMode, StartInput},
    prelude::*,
    token::AccessToken,
};
use huskarl_crypto_native::asymmetric::signer::{GenerateAlgorithm, PrivateKey};
use huskarl_reqwest::ReqwestClient;
use serde_json::{Value, json};

use self::{
    browser::Browser,
    server::{Certificate, Server},
};

const REDIRECT_URI: &str = "https://client.example.com/cb";

fn new_key(algorithm: GenerateAlgorithm) -> PrivateKey {
    PrivateKey::generate(algorithm, Some("client-key".to_owned())).expect("a new key")
}

async fn public_jwk(key: &PrivateKey) -> Value {
    serde_json::to_value(key.select_asymmetric_signer().await.public_key_jwk()).expect("a JWK is JSON")
}

async fn key_client(key: &PrivateKey) -> Value {
    json!({
        "client_id": "huskarl",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": { "keys": [public_jwk(key).await] },
        "redirect_uris": [REDIRECT_URI],
        "scope": "openid accounts",
        "dpop_bound_access_tokens": true,
    })
}

async fn discover(server: &Server, http: &ReqwestClient) -> AuthorizationServerMetadata {
    AuthorizationServerMetadata::fetch().http_client(http).issuer(server.url.clone()).call().await.expect("metadata")
}

/// A grant of the client `huskarl`; with `signing`, its requests are signed objects, and the responses have to be signed.
async fn grant(
    server: &Server,
    http: &ReqwestClient,
    authentication: impl ClientAuthentication + 'static,
    dpop: impl AuthorizationServerDPoP + 'static,
    signing: Option<PrivateKey>,
) -> AuthorizationCodeGrant {
    let metadata = discover(server, http).await;
    let builder = AuthorizationCodeGrant::builder_from_metadata(&metadata)
        .expect("a server with an authorization endpoint")
        .client_id("huskarl".to_owned())
        .http_client(http.clone())
        .client_auth(authentication)
        .dpop(dpop)
        .redirect_uri(REDIRECT_URI.to_owned());
    let built = match signing {
        Some(key) => builder.jar(key).response_mode(ResponseMode::Jwt).build().await,
        None => builder.build().await,
    };
    built.expect("a grant")
}

fn private_key_jwt(key: &PrivateKey) -> JwtBearer {
    JwtBearer::builder().signer(key.clone()).audience(Audience::Issuer).build()
}

async fn tokens(grant: &AuthorizationCodeGrant, browser: &Browser) -> CompleteOutput {
    let scope = vec!["openid".to_owned(), "accounts".to_owned()];
    let started = grant.start(StartInput::scope(scope)).await.expect("a push that is accepted");
    assert!(started.expires_at.is_some(), "the request is pushed");
    let query = started.authorization_url.query().unwrap_or_default();
    assert!(query.contains("request_uri=") && !query.contains("code_challenge"), "{query}");
    let callback = browser.approve(&started.authorization_url.to_string()).await;
    assert!(callback.starts_with(REDIRECT_URI), "{callback}");
    let response: CompleteInput = callback.parse().expect("an authorization response");
    grant.complete(&started.pending_state, response).await.expect("tokens")
}

/// With a proof, and with another one when the server asks for a nonce.
async fn resource(
    server: &Server,
    http: &reqwest::Client,
    grant: &AuthorizationCodeGrant,
    token: &AccessToken,
) -> Value {
    let AccessToken::DPoP(token) = token else { panic!("{} is not bound to a key", token.token_type()) };
    let uri: Uri = format!("{}/resource", server.url).parse().expect("a URI");
    let proofs = grant.dpop().to_resource_server_dpop();
    for attempt in ["without a nonce", "with one"] {
        let proof =
            proofs.proof(&Method::GET, &uri, token.token(), token.jkt()).await.expect("a proof").expect("a proof");
        let request = http.get(uri.to_string()).header("dpop", proof.expose_secret());
        let answer = request.header("authorization", token.expose_header_value().expect("a token")).send().await;
        let answer = answer.expect("an answer");
        if answer.status() == 200 {
            assert_eq!(attempt, "with one");
            return serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        }
        assert_eq!(answer.status(), 401);
        let nonce = answer.headers().get("dpop-nonce").expect("a nonce").to_str().expect("ASCII");
        proofs.update_nonce(&uri, nonce.to_owned());
    }
    panic!("refused with the nonce that it has asked for");
}

async fn private_key_jwt_and_dpop(preset: &str, algorithm: GenerateAlgorithm, signs_messages: bool) {
    let key = new_key(algorithm);
    let config = json!({
        "policy": {
            "preset": preset,
            "require_dpop_nonce": true,
            "require_signed_authorization_response": signs_messages,
        },
        "clients": [key_client(&key).await],
    });
    let server = Server::start(&config, &[]).await;
    let plain = browser::client(None);
    let http = ReqwestClient::from(plain.clone());
    let dpop = DPoP::builder().signer(new_key(GenerateAlgorithm::Es256)).build();
    let grant = grant(&server, &http, private_key_jwt(&key), dpop, signs_messages.then(|| key.clone())).await;

    let completed = tokens(&grant, &Browser::new(plain.clone())).await;

    assert!(completed.id_token.is_some(), "huskarl has verified the ID token");
    let shown = resource(&server, &plain, &grant, completed.token_response.access_token()).await;
    assert_eq!(shown["client_id"], "huskarl");
    assert_eq!(shown["request"]["redirect_uri"], REDIRECT_URI);
    server.stop().await;
}

#[tokio::test]
async fn fapi2_security_profile_with_private_key_jwt_and_dpop() {
    private_key_jwt_and_dpop("fapi2_security_profile", GenerateAlgorithm::Es256, false).await;
}

#[tokio::test]
async fn fapi2_security_profile_with_ed25519() {
    private_key_jwt_and_dpop("fapi2_security_profile", GenerateAlgorithm::Ed25519, false).await;
}

#[tokio::test]
async fn fapi2_message_signing_with_signed_requests_and_responses() {
    private_key_jwt_and_dpop("fapi2_message_signing", GenerateAlgorithm::Es256, true).await;
}

#[tokio::test]
async fn fapi2_message_signing_refuses_a_plain_request() {
    let key = new_key(GenerateAlgorithm::Es256);
    let config = json!({ "policy": { "preset": "fapi2_message_signing" }, "clients": [key_client(&key).await] });
    let server = Server::start(&config, &[]).await;
    let http = ReqwestClient::from(browser::client(None));
    let dpop = DPoP::builder().signer(new_key(GenerateAlgorithm::Es256)).build();
    let grant = grant(&server, &http, private_key_jwt(&key), dpop, None).await;
    grant.start(StartInput::scope(vec!["openid".to_owned()])).await.expect_err("a push without a request object");
    server.stop().await;
}

#[tokio::test]
async fn fapi2_security_profile_with_mutual_tls() {
    let (of_server, own) = (Certificate::make("server"), Certificate::make("huskarl"));
    let config = json!({
        "policy": {
            "preset": "fapi2_security_profile",
            "token_endpoint_auth_methods_supported": ["self_signed_tls_client_auth"],
        },
        "clients": [{
            "client_id": "huskarl",
            "token_endpoint_auth_method": "self_signed_tls_client_auth",
            "tls_client_certificate_bound_access_tokens": true,
            "jwks": { "keys": [own.jwk()] },
            "redirect_uris": [REDIRECT_URI],
            "scope": "openid accounts",
        }],
    });
    let files = ["--tls-cert", &of_server.cert_file, "--tls-key", &of_server.key_file, "--tls-client-auth"];
    let server = Server::start(&config, &files).await;
    let certified = browser::client(Some((&of_server, Some(&own))));
    let anonymous = browser::client(Some((&of_server, None)));
    let http = ReqwestClient::from(certified.clone()).with_uses_mtls(true);
    let grant = grant(&server, &http, NoAuth, NoDPoP, None).await;

    let completed = tokens(&grant, &Browser::new(anonymous.clone())).await;

    let token = completed.token_response.access_token();
    assert_eq!(token.token_type(), "Bearer");
    for (client, status) in [(&certified, 200), (&anonymous, 401)] {
        let request = client.get(format!("{}/resource", server.url));
        let request = request.header("authorization", token.expose_header_value().expect("a token"));
        assert_eq!(request.send().await.expect("an answer").status(), status);
    }
    server.stop().await;
}
