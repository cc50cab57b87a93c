//! The command line.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use super::{fetching::FetchSettings, start_error::StartError, store::Store, tls_files::TlsFiles};
use crate::demo::server::issuer::Issuer;

pub(crate) const USAGE: &str = "\
An authorization server that takes pushed authorization requests (RFC 9126).

  --listen ADDRESS   IP address and port, default 127.0.0.1:3000; port 0 picks a free one
  --issuer URL       the origin clients and browsers use, default http://ADDRESS, with TLS https://ADDRESS
  --config FILE      policy, clients and keys as JSON; without it a built-in demo
  --store STORE      where pushed requests live: memory, the default, or what several nodes of one issuer share:
                     redis://USER:PASSWORD@HOST:PORT/DATABASE, rediss:// over TLS, or
                     postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require
  --tls-cert FILE, --tls-key FILE
                     serve TLS with this certificate chain and private key, both PEM
  --tls-client-auth  ask clients for certificates. None is needed, and any is taken whose key has signed the handshake:
                     clients of self_signed_tls_client_auth are known by their registered keys, and tokens are bound to
                     certificates. With --tls-client-auth=FILE, certificates that lead to one of the authorities in this
                     PEM file, and are valid, name clients of tls_client_auth too
  --fetch            fetch what clients publish: their keys at a jwks_uri, and metadata documents of clients whose client_id
                     is a URL, by the rules of the AT Protocol if the policy has its preset. Nothing is fetched from private
                     addresses
  --fetch-authorities FILE
                     trust these authorities when fetching, in the place of the system's; PEM
  --danger-fetch-from ADDRESS
                     for tests: fetch from this address, private or not, whatever the host of the URL is
  --metrics ADDRESS  serve counts of all outcomes at http://ADDRESS/metrics, as text for Prometheus
  --help             this text
";

pub(crate) struct CommandLine {
    pub(crate) listen: SocketAddr,
    pub(crate) issuer: Option<Issuer>,
    pub(crate) config: Option<PathBuf>,
    pub(crate) store: Store,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) fetch: Option<FetchSettings>,
}

impl CommandLine {
    /// Reads the arguments after the program's name. `None` when help is asked for.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, StartError> {
        let mut arguments = arguments.into_iter();
        let (mut listen, mut issuer, mut config, mut store) = (None, None, None, None);
        let (mut metrics, mut fetch, mut fetch_authorities, mut fetch_from) = (None, None, None, None);
        let (mut tls_cert, mut tls_key, mut tls_client_auth) = (None, None, None);
        while let Some(argument) = arguments.next() {
            let (flag, attached) = split(argument)?;
            let mut value = |flag| {
                attached.clone().or_else(|| arguments.next()).ok_or_else(|| StartError::new(flag, "needs a value"))
            };
            match flag.as_str() {
                "--help" | "-h" => return Ok(None),
                "--listen" => set(&mut listen, "--listen", address("--listen", value("--listen")?)?)?,
                "--metrics" => set(&mut metrics, "--metrics", address("--metrics", value("--metrics")?)?)?,
                "--fetch" if attached.is_none() => set(&mut fetch, "--fetch", ())?,
                "--fetch-authorities" => {
                    set(&mut fetch_authorities, "--fetch-authorities", PathBuf::from(value("--fetch-authorities")?))?;
                }
                "--danger-fetch-from" => {
                    let from = address("--danger-fetch-from", value("--danger-fetch-from")?)?;
                    set(&mut fetch_from, "--danger-fetch-from", from)?;
                }
                "--issuer" => set(&mut issuer, "--issuer", origin(value("--issuer")?)?)?,
                "--config" => set(&mut config, "--config", PathBuf::from(value("--config")?))?,
                "--store" => set(&mut store, "--store", shared(value("--store")?)?)?,
                "--tls-cert" => set(&mut tls_cert, "--tls-cert", PathBuf::from(value("--tls-cert")?))?,
                "--tls-key" => set(&mut tls_key, "--tls-key", PathBuf::from(value("--tls-key")?))?,
                "--tls-client-auth" => set(&mut tls_client_auth, "--tls-client-auth", attached.map(PathBuf::from))?,
                _ => return Err(StartError::new(flag, "is not a flag of this program, see --help")),
            }
        }
        let listen = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 3000)));
        if issuer.is_none() {
            Issuer::of_address(listen, false).map_err(|problem| StartError::new("--issuer", problem))?;
        }
        let tls = tls(tls_cert, tls_key, tls_client_auth)?;
        let fetch = fetch_settings(fetch.is_some(), fetch_authorities, fetch_from)?;
        Ok(Some(Self { listen, issuer, config, store: store.unwrap_or(Store::Memory), tls, metrics, fetch }))
    }
}

fn fetch_settings(
    is_on: bool,
    authorities: Option<PathBuf>,
    danger_from: Option<SocketAddr>,
) -> Result<Option<FetchSettings>, StartError> {
    match (is_on, &authorities, danger_from) {
        (true, ..) => Ok(Some(FetchSettings { authorities, danger_from })),
        (false, None, None) => Ok(None),
        (false, Some(_), _) => Err(StartError::new("--fetch-authorities", "needs --fetch")),
        (false, None, Some(_)) => Err(StartError::new("--danger-fetch-from", "needs --fetch")),
    }
}

fn tls(
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    client_auth: Option<Option<PathBuf>>,
) -> Result<Option<TlsFiles>, StartError> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles {
            cert,
            key,
            asks_for_certificates: client_auth.is_some(),
            client_authorities: client_auth.flatten(),
        })),
        (Some(_), None) => Err(StartError::new("--tls-cert", "needs --tls-key")),
        (None, Some(_)) => Err(StartError::new("--tls-key", "needs --tls-cert")),
        (None, None) if client_auth.is_some() => {
            Err(StartError::new("--tls-client-auth", "needs --tls-cert and --tls-key"))
        }
        (None, None) => Ok(None),
    }
}

/// Splits `--flag=value`. Whatever is no flag may be a secret that lost its flag, so it is not repeated.
fn split(argument: OsString) -> Result<(String, Option<OsString>), StartError> {
    let argument = argument.into_string().map_err(|_| StartError::new("command line", "an argument is not UTF-8"))?;
    if !argument.starts_with('-') {
        return Err(StartError::new("command line", "takes flags only, see --help"));
    }
    Ok(match argument.split_once('=') {
        Some((flag, value)) => (flag.to_owned(), Some(value.into())),
        None => (argument, None),
    })
}

fn set<T>(slot: &mut Option<T>, flag: &str, value: T) -> Result<(), StartError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(StartError::new(flag, "is given twice")),
    }
}

fn address(flag: &str, value: OsString) -> Result<SocketAddr, StartError> {
    let parsed = value.to_str().and_then(|value| value.parse().ok());
    parsed.ok_or_else(|| StartError::new(flag, "must be an IP address and a port, such as 127.0.0.1:3000"))
}

fn origin(value: OsString) -> Result<Issuer, StartError> {
    let text = value.to_str().ok_or_else(|| StartError::new("--issuer", "is not UTF-8"))?;
    Issuer::parse(text).map_err(|problem| StartError::new("--issuer", problem))
}

fn shared(value: OsString) -> Result<Store, StartError> {
    let text = value.to_str().ok_or_else(|| StartError::new("--store", "is not UTF-8"))?;
    Store::parse(text).map_err(|problem| StartError::new("--store", problem))
}
