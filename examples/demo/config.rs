//! The configuration file: `policy`, `clients`, `keys` and `secret`. An error names the member and the `client_id` or `kid` it is about.

use std::path::Path;

use parjar::{Client, ClientRegistration, Policy, ServerSecret, ServerSecretError};
use serde_json::{Value, value::RawValue};

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

impl Config {
    pub(crate) fn read(path: &Path) -> Result<Self, StartError> {
        let place = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| StartError::new(place.to_string(), error))?;
        Self::parse(&text).map_err(|error| error.within(place))
    }

    fn parse(text: &str) -> Result<Self, StartError> {
        let members = Members::parse(text).map_err(|problem| StartError::new("configuration", problem))?;
        members.only(&["policy", "clients", "keys", "secret"])?;
        let policy = members.get("policy").map_or_else(|| Ok(Policy::default()), policy)?;
        let registrations = members.get("clients").map_or_else(|| Ok(Vec::new()), registrations)?;
        let keys = members.get("keys").map_or_else(|| Ok(Keys::default()), Keys::parse)?;
        let secret = members.get("secret").map(secret).transpose()?;
        Ok(Self { secret, ..Self::new(policy, registrations, keys)? })
    }

    pub(crate) fn new(
        policy: Policy,
        registrations: Vec<(String, ClientRegistration)>,
        keys: Keys,
    ) -> Result<Self, StartError> {
        let (mut clients, mut detail_types, mut cautions) = (Vec::<Client>::new(), Vec::new(), Vec::new());
        for (place, registration) in registrations {
            if clients.iter().any(|client| client.client_id() == registration.client_id) {
                return Err(StartError::new(place, "client_id: is registered twice"));
            }
            if registration.jwks_uri.is_some() {
                cautions.push(format!("{place}: jwks_uri: its keys cannot be used without --fetch"));
            }
            detail_types.extend(registration.authorization_details_types.iter().flatten().cloned());
            let client = Client::try_from(registration).map_err(|error| StartError::new(&place, error))?;
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
    ServerSecret::parse(&text).map_err(|error| match error {
        ServerSecretError::TooShort => StartError::new("secret", "must be a string of at least 32 characters"),
        error => StartError::new("secret", error),
    })
}

fn policy(raw: &RawValue) -> Result<Policy, StartError> {
    let members = Members::parse(raw.get()).map_err(|problem| StartError::new("policy", problem))?;
    let document = members.to_map().map_err(|error| error.within("policy"))?;
    serde_json::from_value(Value::Object(document)).map_err(|error| StartError::new("policy", error))
}

/// Each registration with the words that name it in an error.
fn registrations(raw: &RawValue) -> Result<Vec<(String, ClientRegistration)>, StartError> {
    let elements = elements(raw).ok_or_else(|| StartError::new("clients", "must be an array of registrations"))?;
    let registration = |(index, raw): (usize, &&RawValue)| {
        let place = format!("clients[{index}]");
        let members = Members::parse(raw.get()).map_err(|problem| StartError::new(&place, problem))?;
        let place = members.text("client_id").map_or(place, |id| format!("client {id:?}"));
        let document = members.to_map().map_err(|error| error.within(&place))?;
        let registration = ClientRegistration::try_from(document).map_err(|error| StartError::new(&place, error))?;
        Ok((place, registration))
    };
    elements.iter().enumerate().map(registration).collect()
}
