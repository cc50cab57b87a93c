//! Which client gets an authorization response, where, and in which response mode.

use std::sync::Arc;

use url::form_urlencoded;

use super::{AuthorizationResponse, Form, page::form_post};
use crate::{
    client::Client,
    protocol::{redirect_uri::RedirectUri, response_type::ResponseMode},
};

/// Where and how to answer a client through the browser. Its `redirect_uri` was found good.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) mode: ResponseMode,
    pub(crate) state: Option<Box<str>>,
    pub(crate) client: Arc<Client>,
}

impl Answer {
    /// The response with these parameters, in the query, in the fragment, or posted by a page.
    pub(super) fn with(&self, parameters: &[(&str, &str)]) -> AuthorizationResponse {
        let redirect_uri = self.redirect_uri.as_str();
        AuthorizationResponse(match self.mode {
            ResponseMode::Query | ResponseMode::QueryJwt | ResponseMode::Jwt => {
                Form::Location(with_query(redirect_uri, parameters))
            }
            ResponseMode::Fragment | ResponseMode::FragmentJwt => {
                Form::Location(format!("{redirect_uri}#{}", encode(parameters)))
            }
            ResponseMode::FormPost | ResponseMode::FormPostJwt => Form::Page(form_post(redirect_uri, parameters)),
        })
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
