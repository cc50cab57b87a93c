//! From the command line to a server that is ready to answer.

use std::{net::SocketAddr, sync::Arc};

use parjar::{
    GuardedFetcher, MetricsObserver, Profile, ServerSecret,
    jose::SigningAlgorithm,
    store::{BoxedStore, RequestStore as _},
};

use super::{
    App,
    assemble::{self, ROOM, Surroundings},
    built_in,
    command_line::CommandLine,
    config::Config,
    findings, log, metrics, own_clients, settings,
    start_error::StartError,
};
use crate::demo::{
    http::tls::Tls,
    playground::{ClientKey, Playground, Preset},
    server::{Server, issuer::Issuer},
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
        let is_built_in = config.is_none();
        let (mut config, clients, certificate, introduction) = match config {
            Some(mut config) => {
                let clients = own_clients::add(&mut config, &issuer, tls.as_ref())?;
                (config, clients, None, String::new())
            }
            None => {
                let certificate = built_in::certificate()?;
                let (config, clients) = built_in::config(&issuer, tls.as_ref(), &certificate)?;
                let introduction = built_in::introduction(&issuer, &clients);
                (config, clients, Some(certificate), introduction)
            }
        };
        let secret = std::mem::take(&mut config.secret).map_or_else(ServerSecret::draw, Ok);
        let secret = secret.map_err(|error| StartError::new("secret", error))?;
        let (signer, decryption_keys) = std::mem::take(&mut config.keys).complete()?;
        let around = Surroundings {
            issuer: issuer.clone(),
            store,
            tls,
            metrics,
            fetcher,
            secret,
            signer: Arc::new(signer),
            decryption_keys,
            shows_reasons: is_built_in,
        };
        config.cautions.iter().for_each(log::line);
        let is_shared = around.store.is_shared();
        if around.secret.is_drawn() && is_shared {
            log::line(
                "there is no secret in the configuration: cookies and nonces of this node are no use to other nodes",
            );
        }
        if is_built_in && issuer.is_https() {
            log::line("the secrets of the built-in clients are public knowledge: use --config to serve others");
        }
        let (server, registered) = assemble::server(issuer, config, ROOM, &around)?;
        findings::log(&server.par, &registered, &clients);
        if is_shared {
            tokio::spawn(settings::compare(server.par.clone()));
        }
        let mut presets = vec![Preset {
            name: "",
            title: if is_built_in { "OAuth 2.0" } else { "This server" },
            about: "What is at the top of this origin.",
            server: Arc::clone(&server),
            clients,
        }];
        if let Some(certificate) = certificate {
            presets.extend(built_in::presets(&around, &certificate)?);
        }
        let playground = playground(Arc::clone(&server), presets)?;
        Ok((App { server, playground }, introduction))
    }
}

fn playground(server: Arc<Server>, presets: Vec<Preset>) -> Result<Arc<Playground>, StartError> {
    let dpop = ClientKey::generate(SigningAlgorithm::Es256);
    let dpop = dpop.map_err(|_| StartError::new("playground", "cannot make a key"))?;
    Ok(Arc::new(Playground::new(server, presets, dpop)))
}
