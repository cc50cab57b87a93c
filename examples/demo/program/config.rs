//! The configuration file: `policy`, `clients`, `keys` and `secret`. An error names the member and the `client_id` or `kid` it is about.

use std::{fmt::Display, path::Path};

use parjar::{Client, ClientRegistration, Policy, ServerSecret, ServerSecretError};
use serde_json::value::RawValue;

use super::{
    keys::Keys,
    members::{Members, elements},
    start_error::StartError,
};

pub(crate) struct Config {
    pub(crate) policy: Policy,
    pub(crate) clients: Vec<Client>,
    /// The types of `authorization_details` that any client has registered.
    pub(crate) detail_types: Vec<String>,
    pub(crate) keys: Keys,
    /// What the nodes of the issuer share.
    pub(crate) secret: Option<ServerSecret>,
    /// What works less than one might expect, for the log.
    pub(crate) cautions: Vec<String>,
}

/// A registration, the words that name it in an error, and where it is, if it is in a file.
pub(crate) struct Registration<'a> {
    pub(crate) place: String,
    pub(crate) registration: ClientRegistration,
    pub(crate) members: Option<Members<'a>>,
}

impl Registration<'_> {
    fn error(&self, member: &str, problem: impl Display) -> StartError {
        let error = StartError::new(&self.place, problem);
        match &self.members {
            Some(members) => error.at(members.part(member)),
            None => error,
        }
    }
}

impl Config {
    pub(crate) fn read(path: &Path) -> Result<Self, StartError> {
        let place = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| StartError::new(place.to_string(), error))?;
        Self::parse(&text).map_err(|error| error.in_file(place, &text))
    }

    fn parse(text: &str) -> Result<Self, StartError> {
        let members = Members::parse(text, "configuration")?;
        members.only(&["policy", "clients", "keys", "secret"])?;
        let policy = members.get("policy").map_or_else(|| Ok(Policy::default()), policy)?;
        let registrations = members.get("clients").map_or_else(|| Ok(Vec::new()), registrations)?;
        let keys = members.get("keys").map_or_else(|| Ok(Keys::default()), Keys::parse)?;
        let secret = members.get("secret").map(secret).transpose()?;
        Ok(Self { secret, ..Self::new(policy, registrations, keys)? })
    }

    pub(crate) fn new(policy: Policy, registrations: Vec<Registration<'_>>, keys: Keys) -> Result<Self, StartError> {
        let (mut clients, mut detail_types, mut cautions) = (Vec::<Client>::new(), Vec::new(), Vec::new());
        for read in registrations {
            let Registration { place, registration, .. } = &read;
            if clients.iter().any(|client| client.client_id() == registration.client_id) {
                return Err(read.error("client_id", "client_id: is registered twice"));
            }
            if registration.jwks_uri.is_some() {
                cautions.push(format!("{place}: jwks_uri: its keys cannot be used without --fetch"));
            }
            detail_types.extend(registration.authorization_details_types.iter().flatten().cloned());
            let client = Client::try_from(registration.clone()).map_err(|error| read.error(error.member(), &error))?;
            cautions.extend(client.ignored().iter().map(|ignored| format!("{place}: ignored: {ignored}")));
            clients.push(client);
        }
        detail_types.sort_unstable();
        detail_types.dedup();
        Ok(Self { policy, clients, detail_types, keys, secret: None, cautions })
    }
}

fn secret(raw: &RawValue) -> Result<ServerSecret, StartError> {
    let text: String = serde_json::from_str(raw.get()).unwrap_or_default();
    let error = |error: ServerSecretError| match error {
        ServerSecretError::TooShort => StartError::new("secret", "must be a string of at least 32 characters"),
        error => StartError::new("secret", error),
    };
    ServerSecret::parse(&text).map_err(|refused| error(refused).at(raw.get()))
}

fn policy(raw: &RawValue) -> Result<Policy, StartError> {
    let members = Members::parse(raw.get(), "policy")?;
    let document = members.to_map().map_err(|error| error.within("policy"))?;
    Policy::try_from(document).map_err(|error| StartError::new("policy", &error).at(members.part(error.member())))
}

fn registrations(raw: &RawValue) -> Result<Vec<Registration<'_>>, StartError> {
    let not_listed = || StartError::new("clients", "must be an array of registrations").at(raw.get());
    let listed = elements(raw).ok_or_else(not_listed)?;
    listed.into_iter().enumerate().map(|(index, raw)| registration(index, raw)).collect()
}

fn registration(index: usize, raw: &RawValue) -> Result<Registration<'_>, StartError> {
    let place = format!("clients[{index}]");
    let members = Members::parse(raw.get(), &place)?;
    let place = members.text("client_id").map_or(place, |id| format!("client {id:?}"));
    let document = members.to_map().map_err(|error| error.within(&place))?;
    let registration = ClientRegistration::try_from(document)
        .map_err(|error| StartError::new(&place, &error).at(members.part(error.member())))?;
    Ok(Registration { place, registration, members: Some(members) })
}
