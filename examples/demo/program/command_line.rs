//! The command line.

use std::{collections::HashMap, ffi::OsString, net::SocketAddr, path::PathBuf};

use lexopt::{
    Arg::{Long, Short, Value},
    Parser,
};

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
    /// Reads the arguments of the process. `None` when help is asked for.
    pub(crate) fn parse() -> Result<Option<Self>, StartError> {
        let Some(mut given) = Given::read(Parser::from_env())? else { return Ok(None) };
        let listen = given.take("--listen", address)?.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 3000)));
        let issuer = given.take("--issuer", Issuer::parse)?;
        if issuer.is_none() {
            Issuer::of_address(listen, false).map_err(|problem| StartError::new("--issuer", problem))?;
        }
        Ok(Some(Self {
            listen,
            issuer,
            config: given.path("--config"),
            store: given.take("--store", Store::parse)?.unwrap_or(Store::Memory),
            tls: given.tls()?,
            metrics: given.take("--metrics", address)?,
            fetch: given.fetch()?,
        }))
    }
}

/// All flags. They take a value each, but for `--fetch` without one and `--tls-client-auth`, which may have one.
const FLAGS: [&str; 11] = [
    "--listen",
    "--issuer",
    "--config",
    "--store",
    "--tls-cert",
    "--tls-key",
    "--tls-client-auth",
    "--fetch",
    "--fetch-authorities",
    "--danger-fetch-from",
    "--metrics",
];

/// The flags that were given, and their values.
struct Given(HashMap<&'static str, Option<OsString>>);

impl Given {
    /// What is no flag may be a secret that has lost its flag, so it is not repeated.
    fn read(mut parser: Parser) -> Result<Option<Self>, StartError> {
        let mut given = HashMap::new();
        while let Some(argument) = parser.next().map_err(|error| match error {
            lexopt::Error::UnexpectedValue { option, .. } => StartError::new(option, "takes no value"),
            _ => StartError::new("command line", "cannot be read, see --help"),
        })? {
            let name = match argument {
                Long("help") | Short('h') => return Ok(None),
                Long(name) => format!("--{name}"),
                Short(letter) => format!("-{letter}"),
                Value(_) => return Err(StartError::new("command line", "takes flags only, see --help")),
            };
            let Some(flag) = FLAGS.into_iter().find(|flag| *flag == name) else {
                return Err(StartError::new(name, "is not a flag of this program, see --help"));
            };
            let value = match flag {
                "--fetch" => None,
                "--tls-client-auth" => parser.optional_value(),
                _ => Some(parser.value().map_err(|_| StartError::new(flag, "needs a value"))?),
            };
            if given.insert(flag, value).is_some() {
                return Err(StartError::new(flag, "is given twice"));
            }
        }
        Ok(Some(Self(given)))
    }

    fn take<T>(
        &mut self,
        flag: &'static str,
        read: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Result<Option<T>, StartError> {
        let Some(value) = self.0.remove(flag).flatten() else { return Ok(None) };
        let read = value.to_str().ok_or("is not UTF-8").and_then(read);
        read.map(Some).map_err(|problem| StartError::new(flag, problem))
    }

    fn path(&mut self, flag: &'static str) -> Option<PathBuf> {
        self.0.remove(flag).flatten().map(PathBuf::from)
    }

    fn tls(&mut self) -> Result<Option<TlsFiles>, StartError> {
        let client_auth = self.0.remove("--tls-client-auth");
        match (self.path("--tls-cert"), self.path("--tls-key")) {
            (Some(cert), Some(key)) => Ok(Some(TlsFiles {
                cert,
                key,
                asks_for_certificates: client_auth.is_some(),
                client_authorities: client_auth.flatten().map(PathBuf::from),
            })),
            (Some(_), None) => Err(StartError::new("--tls-cert", "needs --tls-key")),
            (None, Some(_)) => Err(StartError::new("--tls-key", "needs --tls-cert")),
            (None, None) if client_auth.is_some() => {
                Err(StartError::new("--tls-client-auth", "needs --tls-cert and --tls-key"))
            }
            (None, None) => Ok(None),
        }
    }

    fn fetch(&mut self) -> Result<Option<FetchSettings>, StartError> {
        let authorities = self.path("--fetch-authorities");
        let danger_from = self.take("--danger-fetch-from", address)?;
        match (self.0.contains_key("--fetch"), &authorities, danger_from) {
            (true, ..) => Ok(Some(FetchSettings { authorities, danger_from })),
            (false, None, None) => Ok(None),
            (false, Some(_), _) => Err(StartError::new("--fetch-authorities", "needs --fetch")),
            (false, None, Some(_)) => Err(StartError::new("--danger-fetch-from", "needs --fetch")),
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "must be an IP address and a port, such as 127.0.0.1:3000")
}
