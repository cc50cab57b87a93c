//! The server's side of all authorization responses: its issuer identifier and its signer.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use super::{
    AuthorizationResponse,
    answer::Answer,
    signer::{DynResponseSigner, SignerError, algorithm_for},
};
use crate::{clock::Clock, policy::Policy};

/// Seconds until a signed response is over: the time of a redirect, and clocks that differ. JARM section 2.1 recommends at most
/// ten minutes.
const SIGNED_RESPONSE_LIFETIME: i64 = 300;

/// Answers clients in the name of an issuer.
pub(crate) struct Responder {
    issuer: Arc<str>,
    signer: Option<Arc<dyn DynResponseSigner>>,
    clock: Arc<dyn Clock>,
}

impl Responder {
    pub(crate) fn new(issuer: Arc<str>, signer: Option<Arc<dyn DynResponseSigner>>, clock: Arc<dyn Clock>) -> Self {
        Self { issuer, signer, clock }
    }

    /// The issuer.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The signer, if there is one.
    pub(crate) fn signer(&self) -> Option<&dyn DynResponseSigner> {
        self.signer.as_deref()
    }

    /// Checks the signer against the policy.
    pub(crate) fn check(&self, policy: &Policy) -> Result<(), &'static str> {
        let mut types = policy.response_types_supported.iter();
        match &self.signer {
            None if types.any(|kind| policy.needs_signed_response(*kind)) => {
                Err("is missing, and the policy requires signed responses")
            }
            Some(signer) if signer.offered().is_empty() => Err("has no algorithm"),
            _ => Ok(()),
        }
    }

    /// Makes the response with these parameters, to which `state` and `iss` are added.
    pub(crate) async fn respond<'a>(
        &self,
        answer: &Answer,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<AuthorizationResponse, SignerError> {
        let ours = |(name, _): &(&str, &str)| matches!(*name, "state" | "iss");
        let mut pairs: Vec<(&str, &str)> = parameters.into_iter().filter(|pair| !ours(pair)).collect();
        pairs.extend(answer.state.as_deref().map(|state| ("state", state)));
        if !answer.mode.is_signed() {
            pairs.push(("iss", &self.issuer));
            return Ok(answer.with(&pairs));
        }
        let response = self.sign(answer, &pairs).await?;
        Ok(answer.with(&[("response", &response)]))
    }

    /// JARM section 2.1. `iss` is in the JWT and nowhere else (RFC 9207 section 2.4).
    async fn sign(&self, answer: &Answer, pairs: &[(&str, &str)]) -> Result<String, SignerError> {
        let client = &answer.client;
        let signer = self.signer().ok_or_else(|| SignerError::new("the endpoint has no signer"))?;
        let algorithm = algorithm_for(signer, client)
            .ok_or_else(|| SignerError::new("the signer has no algorithm that the client is registered for"))?;
        let expires_at = self.clock.now().unix_timestamp().saturating_add(SIGNED_RESPONSE_LIFETIME);
        let mut claims: Map<String, Value> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        claims.insert("iss".to_owned(), Value::from(&*self.issuer));
        claims.insert("aud".to_owned(), Value::from(client.client_id()));
        claims.insert("exp".to_owned(), Value::from(expires_at));
        signer.sign_boxed(client, algorithm, &Value::Object(claims).to_string()).await
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
