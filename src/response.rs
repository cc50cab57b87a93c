//! The authorization response: parameters sent to the client through the browser (RFC 6749 section 4.1.2), in the response mode
//! that was asked for, always with `iss` (RFC 9207).

pub(crate) mod signer;

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{
    clock::Clock,
    error::{Reason, Refusal},
    http::Reply,
    protocol::response_type::ResponseMode,
    response::signer::{ResponseSigner, algorithm_for},
    validation::Answer,
};

/// Seconds until a signed response is over: the time of a redirect, and clocks that differ. JARM section 2.1 recommends at most
/// ten minutes.
const SIGNED_RESPONSE_LIFETIME: i64 = 300;

/// Where an authorization response goes.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) answer: Answer,
    pub(crate) issuer: Arc<str>,
    pub(crate) signer: Option<Arc<dyn ResponseSigner>>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Target {
    pub(crate) fn respond<'a>(
        &self,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> AuthorizationResponse {
        let ours = |(name, _): &(&str, &str)| matches!(*name, "state" | "iss");
        let mut pairs: Vec<(&str, &str)> = parameters.into_iter().filter(|pair| !ours(pair)).collect();
        pairs.extend(self.answer.state.as_deref().map(|state| ("state", state)));
        if !self.answer.mode.is_signed() {
            pairs.push(("iss", &self.issuer));
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
        let signer = self.signer.as_deref()?;
        let client = &self.answer.client;
        let expires_at = self.clock.now().unix_timestamp().saturating_add(SIGNED_RESPONSE_LIFETIME);
        let mut claims: Map<String, Value> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        claims.insert("iss".to_owned(), Value::from(&*self.issuer));
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

/// An authorization response, ready to be sent with `Reply::from`: a 303 to the redirect URI, or for `form_post` a page that
/// posts itself there. Where a signed response could not be signed, it is a page with status 500, for the user: see
/// [`refusal`](Self::refusal).
///
/// `Debug` keeps back what it carries, a code for instance.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationResponse(Form);

#[derive(Clone, PartialEq, Eq)]
enum Form {
    Location(String),
    Page(String),
    NotSigned,
}

impl AuthorizationResponse {
    /// The `Location`, unless the response mode is `form_post` or `form_post.jwt`.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        match &self.0 {
            Form::Location(location) => Some(location),
            Form::Page(_) | Form::NotSigned => None,
        }
    }

    /// Why nothing is sent to the client: its response had to be signed, and the
    /// [`ResponseSigner`](crate::ResponseSigner) could not do it.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        (self.0 == Form::NotSigned).then(|| Reason::ResponseNotSigned.into())
    }
}

impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationResponse(..)")
    }
}

impl From<AuthorizationResponse> for Reply {
    fn from(redirect: AuthorizationResponse) -> Self {
        match redirect.0 {
            Form::Location(location) => Self::see_other(location),
            Form::Page(html) => Self::page(200, html, FORM_POST_POLICY),
            Form::NotSigned => refusal_page(&Reason::ResponseNotSigned.into(), 500),
        }
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

/// Allows the one script below, by its digest, and no framing.
const FORM_POST_POLICY: &str = "default-src 'none'; script-src 'sha256-ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='; \
                                base-uri 'none'; frame-ancestors 'none'";
const FORM_POST_SCRIPT: &str = "document.forms[0].submit()";

/// OAuth 2.0 Form Post Response Mode. The button serves browsers without script.
fn form_post(redirect_uri: &str, pairs: &[(&str, &str)]) -> String {
    let mut inputs = String::new();
    for (name, value) in pairs {
        inputs.push_str(&format!(r#"<input type="hidden" name="{}" value="{}">"#, escape(name), escape(value)));
    }
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Continue</title></head>\
         <body><form method=\"post\" action=\"{}\">{inputs}<button>Continue</button></form>\
         <script>{FORM_POST_SCRIPT}</script></body></html>",
        escape(redirect_uri)
    )
}

/// A plain page for a refusal. The description may be the host's own text, so it is escaped.
pub(crate) fn refusal_page(refusal: &Refusal, status: u16) -> Reply {
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Request refused</title></head>\
         <body><h1>This request cannot be continued</h1><p>{}</p><p><code>{}</code></p></body></html>",
        escape(refusal.description()),
        refusal.code()
    );
    Reply::page(status, html, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
        .with_retry_after(refusal.retry_after())
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};

    use super::{FORM_POST_POLICY, FORM_POST_SCRIPT, with_query};

    #[test]
    fn the_policy_of_the_form_post_page_allows_its_script() {
        let digest = STANDARD.encode(Sha256::digest(FORM_POST_SCRIPT));
        assert!(FORM_POST_POLICY.contains(&format!("'sha256-{digest}'")), "{digest}");
    }

    #[test]
    fn a_query_is_appended_to_what_is_there() {
        let pairs = [("code", "a b")];
        assert_eq!(with_query("https://a.example/cb", &pairs), "https://a.example/cb?code=a+b");
        assert_eq!(with_query("https://a.example/cb?", &pairs), "https://a.example/cb?code=a+b");
        assert_eq!(with_query("https://a.example/cb?x=1", &pairs), "https://a.example/cb?x=1&code=a+b");
        assert_eq!(with_query("https://a.example/cb?x=1&", &pairs), "https://a.example/cb?x=1&code=a+b");
    }
}
