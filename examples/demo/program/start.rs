//! From the command line to a server that is ready to answer.

use std::{net::SocketAddr, sync::Arc};

use parjar::{
    AuthenticationMethod, AuthorizationRequest, BindingCookies, BoxedRegistry, Client, ClientRegistration, ErrorCode,
    GuardedFetcher, InMemoryRegistry, MetricsObserver, ParEndpoint, Policy, Profile, Rejection, ServerSecret,
    store::{BoxedStore, RequestStore as _},
};
use serde_json::{Map, Value, json};

use super::{
    App, built_in,
    command_line::CommandLine,
    config::Config,
    fetching, findings,
    keys::public_set,
    log::{self, LogObserver},
    metrics, settings,
    start_error::StartError,
};
use crate::demo::{
    http::tls::Tls,
    playground::{Authentication, Player, Playground, callback},
    server::{
        Server,
        codes::Codes,
        issuer::Issuer,
        random,
        session::Sessions,
        signer::{ServerKey, Signer},
        tokens::Tokens,
    },
};

/// A configuration that can be used, before there is an address.
pub(crate) struct Start {
    listen: SocketAddr,
    issuer: Option<Issuer>,
    config: Option<Config>,
    store: BoxedStore,
    tls: Option<Tls>,
    metrics: Option<MetricsObserver>,
    fetcher: Option<GuardedFetcher>,
}

impl Start {
    /// Reads the configuration and opens the store, so that their errors show before a port is taken.
    pub(crate) async fn prepare(command_line: CommandLine) -> Result<Self, StartError> {
        let CommandLine { listen, issuer, config, store, tls, metrics, fetch } = command_line;
        let config = config.as_deref().map(Config::read).transpose()?;
        let profile = config.as_ref().map_or(Profile::Oauth, |config| config.policy.profile);
        let tls = tls.map(|files| files.load(profile)).transpose()?;
        let metrics = metrics.map(metrics::serve).transpose()?;
        let fetcher = fetch.map(|settings| settings.fetcher()).transpose()?;
        let store = store.open().await.map_err(|problem| StartError::new("--store", problem))?;
        Ok(Self { listen, issuer, config, store, tls, metrics, fetcher })
    }

    /// How connections are secured, if the server does that itself.
    pub(crate) fn tls(&self) -> Option<Tls> {
        self.tls.clone()
    }

    /// Where to listen.
    pub(crate) fn address(&self) -> SocketAddr {
        self.listen
    }

    /// The server, and what to tell the person who started it.
    pub(crate) fn run(self, address: SocketAddr) -> Result<(App, String), StartError> {
        let issuer = match self.issuer {
            Some(issuer) => issuer,
            None => Issuer::of_address(address, self.tls.is_some())
                .map_err(|problem| StartError::new("--issuer", problem))?,
        };
        let Self { config, store, tls, metrics, fetcher, .. } = self;
        let surroundings = Surroundings { store, tls, metrics, fetcher };
        match config {
            Some(mut config) => {
                let player = add_player(&mut config, &issuer)?;
                config.cautions.iter().for_each(log::line);
                log::line(format_args!(
                    "the playground is the client {:?}; only this process has its secret and its key",
                    player.client_id
                ));
                Ok((app(issuer, config, surroundings, vec![player])?, String::new()))
            }
            None => {
                if issuer.is_https() {
                    log::line(
                        "the secrets of the built-in clients are public knowledge: use --config to serve anybody else",
                    );
                }
                let introduction = built_in::introduction(&issuer);
                let config = built_in::config(&issuer)?;
                Ok((app(issuer, config, surroundings, built_in::players()?)?, introduction))
            }
        }
    }
}

/// The parts of a server that are chosen on the command line.
struct Surroundings {
    store: BoxedStore,
    tls: Option<Tls>,
    metrics: Option<MetricsObserver>,
    fetcher: Option<GuardedFetcher>,
}

fn app(issuer: Issuer, config: Config, around: Surroundings, players: Vec<Player>) -> Result<App, StartError> {
    let Surroundings { store, tls, metrics, fetcher } = around;
    let (signer, decryption_keys) = config.keys.complete()?;
    let secret = config.secret.map_or_else(ServerSecret::draw, Ok).map_err(|error| StartError::new("secret", error))?;
    let is_shared = store.is_shared();
    if secret.is_drawn() && is_shared {
        log::line("there is no secret in the configuration: cookies and nonces of this node are no use to other nodes");
    }
    let signer = Arc::new(signer);
    let jwks = public_set(&signer, &decryption_keys).to_string();
    let clients = InMemoryRegistry::new(config.clients).map_err(|error| StartError::new("clients", error))?;
    // Those of the configuration come first.
    let (registered, fetched) = (clients.clone(), fetcher.clone());
    let registry = match fetched {
        Some(fetcher) => BoxedRegistry::new((registered, fetching::documents(fetcher, config.policy.profile)?)),
        None => BoxedRegistry::new(registered),
    };
    let mut builder = ParEndpoint::builder(issuer.as_str())
        .policy(with_certificates(config.policy, tls.as_ref()))
        .clients(registry)
        .store(store)
        .token_endpoint(issuer.url("/token"))
        .decryption_keys(decryption_keys)
        .response_signer(ServerKey(Arc::clone(&signer)))
        .observer(LogObserver)
        .server_secret(&secret)
        .rule(id_token_needs_openid);
    if let Some(fetcher) = fetcher {
        builder = builder.jwks_source(fetcher);
    }
    if let Some(metrics) = metrics {
        builder = builder.observer(metrics);
    }
    if tls.as_ref().is_some_and(|tls| tls.asks_for_certificates) {
        builder = builder.asks_for_client_certificates();
    }
    for detail_type in config.detail_types {
        builder = builder.authorization_details_type(detail_type, take_registered);
    }
    let par = builder.build().map_err(|error| StartError::new("configuration", error))?.boxed();
    findings::log(&par, &clients.clients(), &players);
    if is_shared {
        tokio::spawn(settings::compare(par.clone()));
    }
    let server = Arc::new(Server {
        par,
        jwks,
        signer,
        codes: Codes::new(),
        tokens: Tokens::new(),
        cookies: BindingCookies::from_secret(issuer.as_str(), &secret),
        sessions: Sessions::new(secret.key("sessions", issuer.as_str()).as_bytes(), &issuer)
            .map_err(|error| StartError::new("secret", error))?,
        issuer,
    });
    let playground = Arc::new(Playground::new(Arc::clone(&server), players));
    Ok(App { server, playground })
}

/// Certificates count where clients can show them, and names in them where an authority vouches for those.
fn with_certificates(mut policy: Policy, tls: Option<&Tls>) -> Policy {
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

/// The playground's own client, beside those of the configuration: with a secret and a key that never leave this
/// process.
fn add_player(config: &mut Config, issuer: &Issuer) -> Result<Player, StartError> {
    let failed = |_| StartError::new("playground", "the system's random generator failed");
    let secret = random::token().map_err(failed)?;
    let signer = Signer::generate().map_err(|problem| StartError::new("playground", problem))?;
    let mut client_id = "playground".to_owned();
    while config.clients.iter().any(|client| client.client_id() == client_id) {
        client_id = format!("playground-{}", random::token().map_err(failed)?);
    }
    let mut registration = ClientRegistration::default();
    registration.client_id.clone_from(&client_id);
    registration.client_name = Some("The playground of this server".to_owned());
    registration.client_secret = Some(secret.as_str().into());
    registration.jwks = Some(json!({ "keys": [signer.public()] }));
    registration.redirect_uris = vec![callback(issuer)];
    config.clients.push(Client::try_from(registration).map_err(|error| StartError::new("playground", error))?);
    Ok(Player {
        client_id,
        authentication: Authentication::Basic(secret),
        signer: Some(signer),
        is_public_knowledge: false,
        about: "the playground's own client",
    })
}
