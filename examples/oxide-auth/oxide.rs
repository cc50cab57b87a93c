//! The authorization server that was there before: clients, codes and tokens of oxide-auth, all in memory.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use oxide_auth::{
    endpoint::{AccessTokenFlow, AuthorizationFlow, OwnerConsent, ResourceFlow, Scope, Solicitation},
    frontends::simple::{
        endpoint::{FnSolicitor, Generic, Vacant},
        extensions::{AddonList, Extended, Pkce},
        request,
    },
    primitives::{
        authorizer::AuthMap,
        generator::RandomGenerator,
        grant::Grant,
        issuer::TokenMap,
        registrar::{Client, ClientMap, ExactUrl, Registrar as _, RegistrarError},
    },
};
use oxide_auth_axum::{OAuthRequest, OAuthResource, OAuthResponse, WebError};
use parjar::{SecretVerifier, VerifierError};
use serde_json::json;
use tokio::task::spawn_blocking;

pub(crate) const CLIENT_ID: &str = "shop";
pub(crate) const REDIRECT_URI: &str = "https://client.example.com/cb";
pub(crate) const SCOPE: &str = "accounts";
const SECRET: &str = "TheSecretOfTheShop";

pub(crate) struct Oxide {
    clients: Arc<ClientMap>,
    codes: Mutex<AuthMap<RandomGenerator>>,
    tokens: Mutex<TokenMap<RandomGenerator>>,
    scopes: Vec<Scope>,
}

type Endpoint<'a, S> = Extended<
    Generic<
        &'a ClientMap,
        MutexGuard<'a, AuthMap<RandomGenerator>>,
        MutexGuard<'a, TokenMap<RandomGenerator>>,
        S,
        &'a [Scope],
    >,
    AddonList,
>;

impl Oxide {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let scope: Scope = SCOPE.parse()?;
        let redirect_uri = ExactUrl::new(REDIRECT_URI.to_owned())?;
        let client = Client::confidential(CLIENT_ID, redirect_uri.into(), scope.clone(), SECRET.as_bytes());
        Ok(Self {
            clients: Arc::new([client].into_iter().collect()),
            codes: Mutex::new(AuthMap::new(RandomGenerator::new(16))),
            tokens: Mutex::new(TokenMap::new(RandomGenerator::new(16))),
            scopes: vec![scope],
        })
    }

    fn endpoint<S>(&self, solicitor: S) -> Endpoint<'_, S> {
        let mut addons = AddonList::new();
        addons.push_code(Pkce::required());
        let generic = Generic {
            registrar: &*self.clients,
            authorizer: self.codes.lock().unwrap_or_else(PoisonError::into_inner),
            issuer: self.tokens.lock().unwrap_or_else(PoisonError::into_inner),
            solicitor,
            scopes: &*self.scopes,
            response: Vacant,
        };
        Extended::extend_with(generic, addons)
    }

    /// The code for a request with these parameters, to which the user has agreed.
    pub(crate) fn issue_code<'a>(
        &self,
        user: &str,
        parameters: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Option<String> {
        let query: HashMap<_, _> = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let request = request::Request { query, ..Default::default() };
        let agreed = |_: &mut request::Request, _: Solicitation<'_>| OwnerConsent::Authorized(user.to_owned());
        let mut flow = AuthorizationFlow::prepare(self.endpoint(FnSolicitor(agreed))).ok()?;
        let location = flow.execute(request).ok()?.location?;
        let (_, code) = location.query_pairs().find(|(name, _)| name == "code")?;
        Some(code.into_owned())
    }

    pub(crate) fn token(&self, request: OAuthRequest) -> Result<OAuthResponse, WebError> {
        Ok(AccessTokenFlow::prepare(self.endpoint(Vacant))?.execute(request)?)
    }

    pub(crate) fn resource(&self, request: OAuthResource) -> Result<Response, WebError> {
        match ResourceFlow::prepare(self.endpoint(Vacant))?.execute(request.into()) {
            Ok(Grant { client_id, owner_id, scope, .. }) => {
                Ok(Json(json!({ "client_id": client_id, "sub": owner_id, "scope": scope.to_string() })).into_response())
            }
            Err(refused) => Ok(refused?.into_response()),
        }
    }
}

/// Secrets stay with oxide-auth, which has only hashes of them.
impl SecretVerifier for Oxide {
    async fn verify(&self, client_id: &str, secret: &[u8]) -> Result<bool, VerifierError> {
        let (clients, client_id, secret) = (Arc::clone(&self.clients), client_id.to_owned(), secret.to_owned());
        let checked = spawn_blocking(move || clients.check(&client_id, Some(&secret)));
        match checked.await.map_err(VerifierError::new)? {
            Ok(()) => Ok(true),
            Err(RegistrarError::Unspecified) => Ok(false),
            Err(RegistrarError::PrimitiveError) => Err(VerifierError::new("the hash of the secret is unreadable")),
        }
    }
}
