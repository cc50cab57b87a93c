//! The cookies that bind a pushed request to the browser that opens it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _, digest::Key};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{
    Pending,
    browser::{Browser, MAX_BINDINGS},
};
use crate::{
    random::{RandomError, RandomSource as _, SystemRandom},
    server_secret::{Purpose, ServerSecret},
};

/// Seconds for which a browser needs its cookie when it has decided, in case that it does so again.
const AFTERWARDS: u32 = 30;
/// Bytes of the digests in a name: enough to tell a few apart, and too few to find a `request_uri` by.
const SHORT: usize = 9;
/// Characters of 32 bytes.
const ID_LENGTH: usize = 43;
/// Ends the query of a browser that was sent back. The endpoint ignores it beside a `request_uri`.
const RETURNED: &str = "&parjar_visit=2";

/// Makes and reads the cookies that bind pushed requests to browsers, so that a double click on a link, or a second tab, finds the
/// request open to it.
///
/// A browser that is clicked twice drops the answer to its first request, and the cookie that comes with it. If that request had
/// opened the authorization already, the second would come from a stranger. So a browser without a cookie is first sent back to the
/// same URL with one, and what opens the authorization is a visit with a cookie:
///
/// ```
/// use parjar::{AuthorizeRefusal, BindingCookie, BindingCookies, ParEndpoint};
///
/// enum Answer {
///     /// 303 with this query in the `Location`, and this `Set-Cookie`.
///     Back { query: String, set_cookie: String },
///     /// The page of the login, with this `Set-Cookie` and this token in a hidden field of its form.
///     Page { set_cookie: String, form_token: String },
/// }
///
/// /// Answers a GET of a browser. `cookie` was read out of its `Cookie` header by [`BindingCookies::read`].
/// async fn open(par: &ParEndpoint, query: &str, cookie: BindingCookie) -> Result<Answer, AuthorizeRefusal> {
///     let lifetime = par.policy().login_lifetime;
///     if let Some(query) = cookie.query_of_return(query) {
///         return Ok(Answer::Back { query, set_cookie: cookie.to_set(lifetime) });
///     }
///     let pending = par.authorize(query, cookie.browser()).await?;
///     let cookie = cookie.of(&pending);
///     Ok(Answer::Page { set_cookie: cookie.to_set(lifetime), form_token: cookie.form_token() })
/// }
///
/// # let key = [7; 32];
/// let cookies = BindingCookies::new("https://as.example.com", &key);
/// # let cookie = cookies.read("urn:ietf:params:oauth:request_uri:x", "")?;
/// # assert!(cookie.query_of_return("client_id=web").is_some());
/// # Ok::<_, parjar::RandomError>(())
/// ```
///
/// Nothing is kept in memory, and each visit may be on another node. It costs a browser two short round trips, once for each
/// request. Programs are never clicked twice: a host that wants to spare them the way sends back only what says that a person sees
/// it (`Sec-Fetch-Mode: navigate` with `Sec-Fetch-Dest: document`).
///
/// Each first visit has a cookie with a name of its own, so that neither two tabs with two requests nor two with one take the
/// cookie from each other.
#[derive(Clone)]
pub struct BindingCookies {
    mac: Hmac<Sha256>,
    /// By keys of secrets that were replaced.
    accepted: Vec<Hmac<Sha256>>,
    is_secure: bool,
}

/// The cookies of one browser for one request.
#[derive(Clone)]
pub struct BindingCookie {
    /// What the names begin with.
    prefix: String,
    /// Those that were sent, in their order, or a new one.
    bindings: Vec<Binding>,
    is_sent: bool,
    is_secure: bool,
    /// Of the request, ahead of the binding that has opened it.
    mac: Hmac<Sha256>,
    accepted: Vec<Hmac<Sha256>>,
}

#[derive(Clone)]
struct Binding {
    id: String,
    has_opened: bool,
}

impl BindingCookies {
    /// Cookies of an issuer, by 32 random bytes that all its nodes have. Where the issuer is an https URL they are `Secure`, and their
    /// names start with `__Host-`.
    #[must_use]
    pub fn new(issuer: &str, key: &[u8; 32]) -> Self {
        Self { mac: of_issuer(issuer, key), accepted: Vec::new(), is_secure: issuer.starts_with("https:") }
    }

    /// Cookies of an issuer, by a secret that all its nodes have. Those by a secret that is
    /// [accepted](ServerSecret::accepting) beside it count, and none are made by it.
    #[must_use]
    pub fn from_secret(issuer: &str, secret: &ServerSecret) -> Self {
        let keys = secret.derived(Purpose::BrowserBinding, issuer);
        let accepted = keys.accepted.iter().map(|key| of_issuer(issuer, key.as_bytes())).collect();
        Self { accepted, ..Self::new(issuer, keys.current.as_bytes()) }
    }

    /// Reads the cookie for a `request_uri` out of the `Cookie` headers of a request, joined by `; ` where there are several, or draws
    /// one. For a request without `request_uri` give the empty text: all of those of a browser have one cookie, which carries the token of
    /// the form. [`guide::logins`](crate::guide::logins) shows how to get the `request_uri` out of a query.
    ///
    /// # Errors
    ///
    /// When a cookie has to be drawn and the random generator of the system fails.
    pub fn read(&self, request_uri: &str, cookies: &str) -> Result<BindingCookie, RandomError> {
        let of_request = |mac: &Hmac<Sha256>| {
            let mut mac = mac.clone();
            put(&mut mac, request_uri);
            mac
        };
        let secure = if self.is_secure { "__Host-" } else { "" };
        let mut cookie = BindingCookie {
            prefix: format!("{secure}parjar-{}-", short_digest(request_uri)),
            bindings: Vec::new(),
            is_sent: true,
            is_secure: self.is_secure,
            mac: of_request(&self.mac),
            accepted: self.accepted.iter().map(of_request).collect(),
        };
        let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        // Browsers send the oldest first. A request that another one has opened was opened with that.
        let sent = pairs.filter_map(|(name, value)| cookie.binding(name, value)).take(MAX_BINDINGS).collect();
        cookie.bindings = sent;
        if cookie.bindings.is_empty() {
            cookie.is_sent = false;
            cookie.bindings.push(Binding { id: draw()?, has_opened: false });
        }
        Ok(cookie)
    }
}

impl BindingCookie {
    /// The binding in a cookie, if it is one for this request.
    fn binding(&self, name: &str, value: &str) -> Option<Binding> {
        let (id, mark) = value.split_once('.').unwrap_or((value, ""));
        let is_id =
            id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !is_id || name.strip_prefix(&*self.prefix) != Some(&*short_digest(id)) {
            return None;
        }
        let mut macs = std::iter::once(&self.mac).chain(&self.accepted);
        let has_opened = macs.any(|mac| mark.as_bytes().ct_eq(mark_by(mac, id).as_bytes()).into());
        Some(Binding { id: id.to_owned(), has_opened })
    }

    /// The query to send the browser back with, to the same path. `None` when it is time to open the request.
    ///
    /// A browser without a cookie is sent back with a mark in its query. When it returns with the cookie, it is sent on without the
    /// mark, and when it returns without one, since it keeps none, it sees the page nevertheless.
    ///
    /// `query` is what the request came with, as in its URL. `None` as well if it could not stand in a `Location` header.
    #[must_use]
    pub fn query_of_return(&self, query: &str) -> Option<String> {
        let is_visible = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        match (self.is_sent, query.strip_suffix(RETURNED)) {
            _ if !is_visible => None,
            (true, original) => original.map(str::to_owned),
            (false, None) => Some(format!("{query}{RETURNED}")),
            (false, Some(_)) => None,
        }
    }

    /// The browser, for [`ParEndpoint::authorize`](crate::ParEndpoint::authorize).
    #[must_use]
    pub fn browser(&self) -> Browser<'_> {
        let mut ids = self.bindings.iter().map(|binding| binding.id.as_str());
        let has_opened = self.bindings.iter().any(|binding| binding.has_opened);
        Browser::of([ids.next(), ids.next(), ids.next()], has_opened)
    }

    /// The cookie that the request is bound to, once it is open.
    #[must_use]
    pub fn of(mut self, pending: &Pending) -> Self {
        if pending.binding < self.bindings.len() {
            let Binding { id, .. } = self.bindings.swap_remove(pending.binding);
            self.bindings = vec![Binding { id, has_opened: true }];
        }
        self
    }

    /// Returns `true` if the browser has sent a cookie for this request.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.is_sent
    }

    /// A `Set-Cookie` header, so that the browser keeps the cookie for the time of the login: for the page, and for the way back to
    /// it. It has `Path=/`, so that the form of the page may be posted to any path of the same host. A page that is loaded again may set it again. The time is [`Policy::login_lifetime`](crate::Policy::login_lifetime), also for
    /// the answer to a page after which the host has [extended](crate::ParEndpoint::extend) the login.
    #[must_use]
    pub fn to_set(&self, login_lifetime: u32) -> String {
        self.header(login_lifetime.saturating_add(AFTERWARDS))
    }

    /// A `Set-Cookie` header for the answer to a decision. The cookie is of no use after some seconds, and a browser keeps few of
    /// one site.
    #[must_use]
    pub fn to_drop(&self) -> String {
        self.header(AFTERWARDS)
    }

    /// A token against forms of other sites (CSRF), for a hidden field of the page, and for [`of_form`](Self::of_form) when the form
    /// comes back. Other sites can neither read it nor compute it.
    #[must_use]
    pub fn form_token(&self) -> String {
        self.bindings.first().map(Binding::form_token).unwrap_or_default()
    }

    /// The cookie with which the browser was given the page that a form with this token comes from. `None` if it was given no such
    /// page. Compares in constant time.
    #[must_use]
    pub fn of_form(mut self, token: &str) -> Option<Self> {
        self.bindings.retain(|binding| binding.form_token().as_bytes().ct_eq(token.as_bytes()).into());
        (self.is_sent && !self.bindings.is_empty()).then_some(self)
    }

    /// A `Set-Cookie` header for a cookie that the browser keeps until it ends.
    pub(super) fn to_set_while_browser_runs(&self) -> String {
        self.header_with("")
    }

    fn header(&self, max_age: u32) -> String {
        self.header_with(&format!("; Max-Age={max_age}"))
    }

    fn header_with(&self, max_age: &str) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let pair = self.bindings.first().map(|binding| self.pair(binding)).unwrap_or_default();
        format!("{pair}; Path=/{max_age}; HttpOnly; SameSite=Lax{secure}")
    }

    fn pair(&self, Binding { id, has_opened }: &Binding) -> String {
        let mark = if *has_opened { format!(".{}", mark_by(&self.mac, id)) } else { String::new() };
        format!("{}{}={id}{mark}", self.prefix, short_digest(id))
    }
}

impl Binding {
    fn form_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::new().chain_update("parjar/1/form token\0").chain_update(&self.id).finalize())
    }
}

fn of_issuer(issuer: &str, key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Key::<Hmac<Sha256>>::default();
    for (slot, byte) in block.iter_mut().zip(key) {
        *slot = *byte;
    }
    let mut mac = Hmac::new(&block);
    mac.update(b"parjar/1/browser binding\0");
    put(&mut mac, issuer);
    mac
}

/// Shows that this server has opened the request to the browser with this binding.
fn mark_by(of_request: &Hmac<Sha256>, id: &str) -> String {
    let mut mac = of_request.clone();
    put(&mut mac, id);
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

fn draw() -> Result<String, RandomError> {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn short_digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text).get(..SHORT).unwrap_or_default())
}

/// The length keeps two texts from being one.
fn put(mac: &mut Hmac<Sha256>, text: &str) {
    mac.update(&(text.len() as u64).to_be_bytes());
    mac.update(text.as_bytes());
}

impl fmt::Debug for BindingCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BindingCookies(..)")
    }
}

impl fmt::Debug for BindingCookie {
    /// Leaves out the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BindingCookie").field("is_sent", &self.is_sent).finish_non_exhaustive()
    }
}
