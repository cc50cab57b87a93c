//! From a configuration to an authorization server.

use std::sync::Arc;

use parjar::{
    AuthenticationMethod, AuthorizationRequest, BindingCookies, BoxedRegistry, Client, ErrorCode, GuardedFetcher,
    InMemoryRegistry, MetricsObserver, ParEndpoint, Policy, RegisteredClients, Rejection, ServerSecret,
    jose::DecryptionKeys, store::BoxedStore,
};
use serde_json::{Map, Value};

use super::{config::Config, fetching, keys::public_set, log::LogObserver, start_error::StartError};
use crate::demo::{
    http::tls::Tls,
    playground::ReasonObserver,
    server::{
        Server,
        codes::Codes,
        expiring_map::Room,
        issuer::Issuer,
        session::Sessions,
        signer::{ServerKey, Signer},
        tokens::Tokens,
    },
};

/// What all servers of one process share.
pub(super) struct Surroundings {
    /// The main server.
    pub(super) issuer: Issuer,
    pub(super) store: BoxedStore,
    pub(super) tls: Option<Tls>,
    pub(super) metrics: Option<MetricsObserver>,
    pub(super) fetcher: Option<GuardedFetcher>,
    pub(super) secret: ServerSecret,
    pub(super) signer: Arc<Signer>,
    pub(super) decryption_keys: DecryptionKeys,
    /// Whether the playground may show why a request was refused.
    pub(super) shows_reasons: bool,
}

/// What the codes of a server may take, and its tokens again.
pub(super) const ROOM: Room = Room { entries: 100_000, bytes: 256 * 1024 * 1024 };
/// The same for each server beside the main one. There are many of them, and few who use them.
pub(super) const ROOM_BESIDE: Room = Room { entries: ROOM.entries / 16, bytes: ROOM.bytes / 16 };

/// A server of this issuer, and its clients. The keys of `config` are among the surroundings already.
pub(super) fn server(
    issuer: Issuer,
    config: Config,
    room: Room,
    around: &Surroundings,
) -> Result<(Arc<Server>, RegisteredClients), StartError> {
    let clients = InMemoryRegistry::new(config.clients).map_err(|error| StartError::new("clients", error))?;
    // Those of the configuration come first.
    let registered = clients.clone();
    let registry = match around.fetcher.clone() {
        Some(fetcher) => BoxedRegistry::new((registered, fetching::documents(fetcher, config.policy.profile)?)),
        None => BoxedRegistry::new(registered),
    };
    let mut builder = ParEndpoint::builder(issuer.as_str())
        .policy(with_certificates(config.policy, around.tls.as_ref()))
        .clients(registry)
        .store(around.store.clone())
        .token_endpoint(issuer.url("/token"))
        .decryption_keys(around.decryption_keys.clone())
        .response_signer(ServerKey(Arc::clone(&around.signer)))
        .observer(LogObserver)
        .server_secret(&around.secret)
        .rule(id_token_needs_openid);
    if around.shows_reasons {
        builder = builder.observer(ReasonObserver);
    }
    if let Some(fetcher) = around.fetcher.clone() {
        builder = builder.jwks_source(fetcher);
    }
    if let Some(metrics) = around.metrics {
        builder = builder.observer(metrics);
    }
    if around.tls.as_ref().is_some_and(|tls| tls.asks_for_certificates) {
        builder = builder.asks_for_client_certificates();
    }
    for detail_type in config.detail_types {
        builder = builder.authorization_details_type(detail_type, take_registered);
    }
    let par = builder.build().map_err(|error| StartError::new("configuration", error))?.boxed();
    let secret_error = |error| StartError::new("secret", error);
    let server = Server {
        par,
        jwks: public_set(&around.signer, &around.decryption_keys).to_string(),
        signer: Arc::clone(&around.signer),
        codes: Codes::new(room),
        tokens: Tokens::new(room),
        cookies: BindingCookies::from_secret(issuer.as_str(), &around.secret),
        // One session for all of them: they have one origin, and so one cookie.
        sessions: Sessions::new(around.secret.key("sessions", around.issuer.as_str()).as_bytes(), &around.issuer)
            .map_err(secret_error)?,
        issuer,
    };
    Ok((Arc::new(server), clients.clients()))
}

/// Certificates count where clients can show them, and names in them where an authority vouches for those.
pub(super) fn with_certificates(mut policy: Policy, tls: Option<&Tls>) -> Policy {
    let asked_for = tls.is_some_and(|tls| tls.asks_for_certificates);
    let usable = |method: &AuthenticationMethod| match method {
        AuthenticationMethod::TlsClientAuth => tls.is_some_and(|tls| tls.authorities.is_some()),
        method => asked_for || !method.uses_certificate(),
    };
    policy.token_endpoint_auth_methods_supported.retain(usable);
    policy.tls_client_certificate_bound_access_tokens = asked_for;
    policy
}

/// OpenID Connect Core section 3.1.2.1: without `openid` an ID token has no meaning.
fn id_token_needs_openid(request: &AuthorizationRequest) -> Result<(), Rejection> {
    const NO_OPENID: Rejection =
        Rejection::new(ErrorCode::InvalidRequest, "id_token_without_openid", "an id_token needs the scope openid");
    if request.response_type().has_id_token() && !request.has_scope("openid") { Err(NO_OPENID) } else { Ok(()) }
}

/// Takes any object of a type that the client has registered: the library has held a registered list against it already.
fn take_registered(client: &Client, _: &Map<String, Value>) -> Result<(), Rejection> {
    const NONE_REGISTERED: Rejection = Rejection::new(
        ErrorCode::InvalidAuthorizationDetails,
        "no_detail_type_registered",
        "this client has registered no type of authorization_details",
    );
    if client.authorization_details_types().is_some() { Ok(()) } else { Err(NONE_REGISTERED) }
}
