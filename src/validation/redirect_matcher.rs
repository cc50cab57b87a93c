//! The rule of the host for redirect URIs that fit no registered one.

use crate::{client::Client, protocol::redirect_uri::RequestedRedirectUri};

/// A rule of the host for redirect URIs that the registered ones do not fit, for servers whose clients rely on it. **It weakens the
/// protection of codes**: an attacker who controls a page that matches can have the responses of the client sent there. See
/// [`danger_redirect_uri_matcher`](crate::ParEndpointBuilder::danger_redirect_uri_matcher).
///
/// It is asked at the push, again when the request is opened, and for requests in the query; never where a registered URI fits by the
/// rules of this library. A URI that it no longer accepts when a request is opened is refused
/// ([`Reason::RedirectUriWithdrawn`](crate::Reason::RedirectUriWithdrawn)). Each URI that it is asked about
///
/// * has at most [`MAX_LENGTH`](crate::RegisteredRedirectUri::MAX_LENGTH) bytes, of the characters of RFC 3986 alone, with neither
///   fragment nor user information, on a host of at most 253 bytes without a final dot;
/// * is of https, of http on `127.0.0.1`, `[::1]` or `localhost`, or of a private-use scheme with a dot;
/// * is not changed by parsing, but for the port that the scheme has anyway and the slash after an authority at its end; there are no
///   dot segments, encoded separators or empty segments in its path;
/// * has no parameter of a response in its query.
///
/// | rule that hosts have | how to write it | its risk |
/// | --- | --- | --- |
/// | the same URL: default port, slash after the host | [`is_equivalent_to`](RequestedRedirectUri::is_equivalent_to), as [`AsRegistered`](RedirectUriMatch::AsRegistered) | none that is known |
/// | the same path but for a slash at its end | [`url`](RequestedRedirectUri::url), as [`CodeWithPkce`](RedirectUriMatch::CodeWithPkce) | the server of the client may have another page there |
/// | any port on localhost, for every client | [`matches`](crate::RegisteredRedirectUri::matches) with [`LoopbackOrLocalhost`](crate::RedirectUriRule::LoopbackOrLocalhost), as [`CodeWithPkce`](RedirectUriMatch::CodeWithPkce) | every program on the user's machine can get a code; for clients of the web, that is no program of theirs |
/// | loopback URIs that are not registered | [`is_loopback`](RequestedRedirectUri::is_loopback), as [`CodeWithPkce`](RedirectUriMatch::CodeWithPkce) | the same, on every path: any program can start a login that looks like the client's |
/// | a beginning with `*` | [`RedirectUriPattern::matches`](crate::RedirectUriPattern::matches), as [`CodeWithPkce`](RedirectUriMatch::CodeWithPkce) | one open redirect, or one page of another author, below the pattern gives the code away |
///
/// A closure is a matcher:
///
/// ```
/// use parjar::{
///     Client, ClientRegistration, InMemoryRegistry, ParEndpoint, RedirectUriMatch, RedirectUriRule, RequestedRedirectUri,
/// };
///
/// fn rules(client: &Client, requested: &RequestedRedirectUri<'_>) -> RedirectUriMatch {
///     let localhost = RedirectUriRule::LoopbackOrLocalhost;
///     let mut registered = client.redirect_uris().iter();
///     if registered.clone().any(|uri| requested.is_equivalent_to(uri)) {
///         return RedirectUriMatch::AsRegistered;
///     }
///     let is_below = client.redirect_uri_patterns().iter().any(|pattern| pattern.matches(requested));
///     if is_below || registered.any(|uri| uri.matches(localhost, requested.as_str()).is_ok()) {
///         return RedirectUriMatch::CodeWithPkce;
///     }
///     RedirectUriMatch::No
/// }
///
/// let registration: ClientRegistration = serde_json::from_str(
///     r#"{ "client_id": "web", "client_secret": "1YVgm1x8fnDGVKbWGJnN4w",
///          "danger_redirect_uri_patterns": ["https://app.example.com/cb/*"] }"#,
/// )?;
/// let par = ParEndpoint::builder("https://as.example.com")
///     .clients(InMemoryRegistry::new([Client::try_from(registration)?])?)
///     .danger_redirect_uri_matcher(rules)
///     .build()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub trait RedirectUriMatcher: Send + Sync + 'static {
    /// Tells if a response may be sent to this URI of a request of this client.
    fn match_redirect_uri(&self, client: &Client, requested: &RequestedRedirectUri<'_>) -> RedirectUriMatch;
}

impl<F> RedirectUriMatcher for F
where
    F: Fn(&Client, &RequestedRedirectUri<'_>) -> RedirectUriMatch + Send + Sync + 'static,
{
    fn match_redirect_uri(&self, client: &Client, requested: &RequestedRedirectUri<'_>) -> RedirectUriMatch {
        self(client, requested)
    }
}

/// The answer of a [`RedirectUriMatcher`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectUriMatch {
    /// The request is refused.
    No,
    /// Others than the client may get what is sent there: the request must be for a code that is not answered in the fragment, and
    /// have a `code_challenge` by S256, which makes the code worthless to them.
    /// [`RedirectUri::is_registered`](crate::RedirectUri::is_registered) is `false`, so that a consent page can show the URI.
    CodeWithPkce,
    /// It is as good as a registered one: for every response that the client may have, and with PKCE only where the policy
    /// demands it.
    AsRegistered,
}
