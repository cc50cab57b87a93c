//! Where an authorization response goes, and in which response mode: in the query, in the fragment, or posted by a page, plain
//! or signed.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{
    AuthorizationResponse, Form, answer::Answer, page::form_post, responder::Responder, signer::algorithm_for,
};
use crate::protocol::response_type::ResponseMode;

/// Seconds until a signed response is over: the time of a redirect, and clocks that differ. JARM section 2.1 recommends at most
/// ten minutes.
const SIGNED_RESPONSE_LIFETIME: i64 = 300;

/// Where an authorization response goes.
#[derive(Clone)]
pub(crate) struct Target {
    answer: Answer,
    responder: Arc<Responder>,
}

impl Target {
    pub(crate) fn new(answer: Answer, responder: &Arc<Responder>) -> Self {
        Self { answer, responder: Arc::clone(responder) }
    }

    pub(crate) fn respond<'a>(
        &self,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> AuthorizationResponse {
        let ours = |(name, _): &(&str, &str)| matches!(*name, "state" | "iss");
        let mut pairs: Vec<(&str, &str)> = parameters.into_iter().filter(|pair| !ours(pair)).collect();
        pairs.extend(self.answer.state.as_deref().map(|state| ("state", state)));
        if !self.answer.mode.is_signed() {
            pairs.push(("iss", &self.responder.issuer));
            return self.send(&pairs);
        }
        match self.sign(&pairs) {
            Some(response) => self.send(&[("response", &response)]),
            None => AuthorizationResponse(Form::NotSigned),
        }
    }

    fn send(&self, pairs: &[(&str, &str)]) -> AuthorizationResponse {
        let redirect_uri = self.answer.redirect_uri.as_str();
        AuthorizationResponse(match self.answer.mode {
            ResponseMode::Query | ResponseMode::QueryJwt | ResponseMode::Jwt => {
                Form::Location(with_query(redirect_uri, pairs))
            }
            ResponseMode::Fragment | ResponseMode::FragmentJwt => {
                Form::Location(format!("{redirect_uri}#{}", encode(pairs)))
            }
            ResponseMode::FormPost | ResponseMode::FormPostJwt => Form::Page(form_post(redirect_uri, pairs)),
        })
    }

    /// JARM section 2.1. `iss` is in the JWT and nowhere else (RFC 9207 section 2.4).
    fn sign(&self, pairs: &[(&str, &str)]) -> Option<String> {
        let signer = self.responder.signer()?;
        let client = &self.answer.client;
        let expires_at = self.responder.clock.now().unix_timestamp().saturating_add(SIGNED_RESPONSE_LIFETIME);
        let mut claims: Map<String, Value> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        claims.insert("iss".to_owned(), Value::from(&*self.responder.issuer));
        claims.insert("aud".to_owned(), Value::from(client.client_id()));
        claims.insert("exp".to_owned(), Value::from(expires_at));
        signer.sign(client, algorithm_for(signer, client)?, &Value::Object(claims).to_string())
    }

    pub(crate) fn refuse(&self, code: &str, description: Option<&str>) -> AuthorizationResponse {
        let description = description.map(|text| ("error_description", text));
        self.respond([("error", code)].into_iter().chain(description))
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("mode", &self.answer.mode).finish_non_exhaustive()
    }
}

fn encode(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The redirect URI is emitted byte for byte; its own query stays (RFC 6749 section 3.1.2).
fn with_query(redirect_uri: &str, pairs: &[(&str, &str)]) -> String {
    let separator = match redirect_uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{redirect_uri}{separator}{}", encode(pairs))
}

#[cfg(test)]
mod tests {
    use super::with_query;

    #[test]
    fn a_query_is_appended_to_what_is_there() {
        let pairs = [("code", "a b")];
        assert_eq!(with_query("https://a.example/cb", &pairs), "https://a.example/cb?code=a+b");
        assert_eq!(with_query("https://a.example/cb?", &pairs), "https://a.example/cb?code=a+b");
        assert_eq!(with_query("https://a.example/cb?x=1", &pairs), "https://a.example/cb?x=1&code=a+b");
        assert_eq!(with_query("https://a.example/cb?x=1&", &pairs), "https://a.example/cb?x=1&code=a+b");
    }
}
