//! The URLs of an authorization server: where browsers come with authorization requests, and where clients authenticate.

use url::{Host, Url};

use super::build_error::BuildError;
use crate::{
    dpop::{Purpose, TargetUri},
    error::Reason,
    http::{FormRequest, Header},
    policy::Policy,
};

/// The URLs that the host has given. Those it has not given are derived from the issuer.
#[derive(Default)]
pub(super) struct GivenUrls {
    pub(super) authorization: Option<String>,
    pub(super) pushed_authorization_request: Option<String>,
    pub(super) mtls_pushed_authorization_request: Option<String>,
    pub(super) token: Option<String>,
    pub(super) mtls_token: Option<String>,
}

/// The URLs of one authorization server.
pub(super) struct Urls {
    pub(super) authorization: Box<str>,
    pub(super) pushed_authorization_request: Endpoint,
    pub(super) token: Endpoint<Option<Box<str>>>,
}

/// An endpoint at which clients authenticate. The URL of one that the host serves may be unknown.
pub(super) struct Endpoint<U = Box<str>> {
    pub(super) url: U,
    /// Its alias for clients with certificates (RFC 8705 section 5).
    pub(super) mtls_alias: Option<Box<str>>,
    /// The URIs that DPoP proofs may name for it: its own, and that of the alias.
    dpop_targets: Vec<TargetUri>,
}

/// The names under which an endpoint and its alias are set.
struct Names {
    endpoint: &'static str,
    alias: &'static str,
}

const PUSHED_AUTHORIZATION_REQUEST: Names =
    Names { endpoint: "pushed_authorization_request_endpoint", alias: "mtls_pushed_authorization_request_endpoint" };
const TOKEN: Names = Names { endpoint: "token_endpoint", alias: "mtls_token_endpoint" };

impl GivenUrls {
    pub(super) fn build(self, issuer: &str) -> Result<Urls, BuildError> {
        if !is_secure_url(issuer) || has_query(issuer) {
            return Err(BuildError::Issuer);
        }
        let authorization = self.authorization.unwrap_or_else(|| below(issuer, "/authorize"));
        let push = self.pushed_authorization_request.unwrap_or_else(|| below(&authorization, "/par"));
        check(&authorization, is_secure_url, "authorization_endpoint")?;
        // A push with a query is refused, so that an endpoint with one could never be used.
        let is_for_pushes = |url: &str| is_secure_url(url) && !has_query(url);
        check(&push, is_for_pushes, PUSHED_AUTHORIZATION_REQUEST.endpoint)?;
        let push_alias = self.mtls_pushed_authorization_request;
        if let Some(url) = &push_alias {
            check(url, is_for_pushes, PUSHED_AUTHORIZATION_REQUEST.alias)?;
        }
        for (url, name) in [(&self.token, TOKEN.endpoint), (&self.mtls_token, TOKEN.alias)] {
            if let Some(url) = url {
                check(url, is_secure_url, name)?;
            }
        }
        Ok(Urls {
            authorization: authorization.into(),
            pushed_authorization_request: Endpoint {
                dpop_targets: targets([Some(&push), push_alias.as_ref()], PUSHED_AUTHORIZATION_REQUEST.endpoint)?,
                url: push.into(),
                mtls_alias: push_alias.map(Into::into),
            },
            token: Endpoint {
                dpop_targets: targets([self.token.as_ref(), self.mtls_token.as_ref()], TOKEN.endpoint)?,
                url: self.token.map(Into::into),
                mtls_alias: self.mtls_token.map(Into::into),
            },
        })
    }
}

impl Urls {
    /// Finds what the policy needs and the host has not given.
    pub(super) fn check_policy(&self, policy: &Policy) -> Result<(), BuildError> {
        match (&self.token.url, policy.needs_token_endpoint()) {
            (None, Some(setting)) => Err(BuildError::TokenEndpoint(setting)),
            _ => Ok(()),
        }
    }

    /// All URLs at which clients authenticate.
    pub(super) fn of_client_authentication(&self) -> [[Option<&str>; 2]; 2] {
        let (push, token) = (&self.pushed_authorization_request, &self.token);
        [[token.url.as_deref(), token.mtls_alias.as_deref()], [Some(&push.url), push.mtls_alias.as_deref()]]
    }
}

impl<U> Endpoint<U> {
    /// The purpose that a DPoP proof must have which comes with this request.
    pub(super) fn purpose<'a>(&'a self, request: &FormRequest<'a>) -> Result<Purpose<'a>, Reason> {
        if self.dpop_targets.is_empty() && !matches!(request.dpop, Header::Absent) {
            return Err(Reason::UnknownTokenEndpoint);
        }
        Ok(Purpose::new(request.method, &self.dpop_targets))
    }
}

fn below(url: &str, path: &str) -> String {
    format!("{}{path}", url.trim_end_matches('/'))
}

fn check(url: &str, is_good: impl Fn(&str) -> bool, name: &'static str) -> Result<(), BuildError> {
    if is_good(url) { Ok(()) } else { Err(BuildError::Endpoint(name)) }
}

fn targets(urls: [Option<&String>; 2], name: &'static str) -> Result<Vec<TargetUri>, BuildError> {
    urls.into_iter().flatten().map(|url| TargetUri::parse(url).ok_or(BuildError::Endpoint(name))).collect()
}

fn has_query(url: &str) -> bool {
    url.contains('?')
}

/// Returns `true` for an https URL, or an http one on a loopback host, without user information and fragment.
pub(super) fn is_secure_url(text: &str) -> bool {
    // The parser repairs slashes, but clients compare the text.
    let authority = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if authority.is_none_or(|authority| authority.starts_with('/')) {
        return false;
    }
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let secure = match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost",
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    };
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'@' | b'\\' | b'"'));
    secure && plain
}
