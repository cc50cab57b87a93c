//! The URLs of an authorization server: where browsers come with authorization requests, and where clients authenticate.

use url::{Host, Url};

use super::build_error::BuildError;
use crate::{
    dpop::{Purpose, TargetUri},
    error::Reason,
    http::{FormRequest, Header},
    policy::Policy,
    protocol::host_endpoint::HostEndpoint,
};

/// The URLs that the host has given. Those it has not given are derived from the issuer.
#[derive(Default)]
pub(super) struct GivenUrls {
    pub(super) authorization: Option<String>,
    pub(super) pushed_authorization_request: Option<String>,
    pub(super) mtls_pushed_authorization_request: Option<String>,
    pub(super) token: Option<String>,
    pub(super) mtls_token: Option<String>,
    pub(super) hosts: Vec<GivenHostUrls>,
}

/// The URLs of another endpoint of the host.
pub(super) struct GivenHostUrls {
    pub(super) endpoint: HostEndpoint,
    pub(super) url: Option<String>,
    pub(super) mtls_alias: Option<String>,
}

/// The URLs of one authorization server.
pub(super) struct Urls {
    pub(super) authorization: Box<str>,
    pub(super) pushed_authorization_request: Endpoint,
    pub(super) token: HostUrls,
    pub(super) hosts: Vec<(HostEndpoint, HostUrls)>,
    /// For endpoints that the host has not told the URL of.
    pub(super) unknown: HostUrls,
}

/// An endpoint that the host serves. Its URL may be unknown.
pub(super) type HostUrls = Endpoint<Option<Box<str>>>;

/// The URLs of one endpoint: its own, and that of its alias.
pub(super) type EndpointUrls<'a> = [Option<&'a str>; 2];

/// For endpoints whose URLs are among those that all assertions may name.
pub(super) const NO_OTHER_URLS: EndpointUrls<'static> = [None, None];

/// An endpoint at which clients authenticate. The URL of one that the host serves may be unknown.
pub(super) struct Endpoint<U = Box<str>> {
    pub(super) url: U,
    /// Its alias for clients with certificates (RFC 8705 section 5).
    pub(super) mtls_alias: Option<Box<str>>,
    /// The URIs that DPoP proofs may name for it: its own, and that of the alias.
    dpop_targets: Vec<TargetUri>,
    /// The reason to refuse a DPoP proof that cannot be for it, since its URL is unknown.
    unknown: Reason,
}

/// The names under which an endpoint and its alias are set.
struct Names {
    endpoint: &'static str,
    alias: &'static str,
}

const PUSHED_AUTHORIZATION_REQUEST: Names =
    Names { endpoint: "pushed_authorization_request_endpoint", alias: "mtls_pushed_authorization_request_endpoint" };
const TOKEN: Names = Names { endpoint: "token_endpoint", alias: "mtls_token_endpoint" };
const HOST: Names = Names { endpoint: "host_endpoint", alias: "mtls_host_endpoint" };

impl GivenUrls {
    /// Sets URLs of an endpoint of the host.
    pub(super) fn set_host(&mut self, endpoint: HostEndpoint, set: impl FnOnce(&mut GivenHostUrls)) {
        let known = self.hosts.iter().position(|given| given.endpoint == endpoint);
        let mut given = match known {
            Some(index) => self.hosts.swap_remove(index),
            None => GivenHostUrls { endpoint, url: None, mtls_alias: None },
        };
        set(&mut given);
        self.hosts.push(given);
    }

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
        Ok(Urls {
            authorization: authorization.into(),
            pushed_authorization_request: Endpoint {
                dpop_targets: targets([Some(&push), push_alias.as_ref()], PUSHED_AUTHORIZATION_REQUEST.endpoint)?,
                url: push.into(),
                mtls_alias: push_alias.map(Into::into),
                unknown: Reason::UnknownHostEndpoint,
            },
            token: HostUrls::build(self.token, self.mtls_token, &TOKEN, Reason::UnknownTokenEndpoint)?,
            hosts: self.hosts.into_iter().map(GivenHostUrls::build).collect::<Result<_, _>>()?,
            unknown: HostUrls::build(None, None, &HOST, Reason::UnknownHostEndpoint)?,
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

    /// The URLs that an assertion may name that comes `at` these: them, and those of the token and the PAR endpoint.
    pub(super) fn of_client_authentication<'a>(&'a self, at: EndpointUrls<'a>) -> [EndpointUrls<'a>; 3] {
        let push = &self.pushed_authorization_request;
        [self.token.urls(), [Some(&push.url), push.mtls_alias.as_deref()], at]
    }

    /// The URLs of an endpoint of the host.
    pub(super) fn of_host(&self, endpoint: HostEndpoint) -> &HostUrls {
        self.hosts.iter().find(|(known, _)| *known == endpoint).map_or(&self.unknown, |(_, urls)| urls)
    }
}

impl GivenHostUrls {
    fn build(self) -> Result<(HostEndpoint, HostUrls), BuildError> {
        let urls = HostUrls::build(self.url, self.mtls_alias, &HOST, Reason::UnknownHostEndpoint)?;
        Ok((self.endpoint, urls))
    }
}

impl HostUrls {
    fn build(
        url: Option<String>,
        mtls_alias: Option<String>,
        names: &Names,
        unknown: Reason,
    ) -> Result<Self, BuildError> {
        for (url, name) in [(&url, names.endpoint), (&mtls_alias, names.alias)] {
            if let Some(url) = url {
                check(url, is_secure_url, name)?;
            }
        }
        Ok(Self {
            dpop_targets: targets([url.as_ref(), mtls_alias.as_ref()], names.endpoint)?,
            url: url.map(Into::into),
            mtls_alias: mtls_alias.map(Into::into),
            unknown,
        })
    }

    pub(super) fn urls(&self) -> EndpointUrls<'_> {
        [self.url.as_deref(), self.mtls_alias.as_deref()]
    }
}

impl<U> Endpoint<U> {
    /// The purpose that a DPoP proof must have which comes with this request.
    pub(super) fn purpose<'a>(&'a self, request: &FormRequest<'a>) -> Result<Purpose<'a>, Reason> {
        if self.dpop_targets.is_empty() && !matches!(request.dpop, Header::Absent) {
            return Err(self.unknown);
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
