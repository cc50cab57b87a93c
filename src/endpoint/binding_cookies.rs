//! The cookie that binds a pushed request to the browser that opens it: one for each request.

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _, digest::Key};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Pending, browser::Browser};
use crate::clock::{Clock, SystemClock};

/// Seconds in which a browser without a cookie is given the same one.
const STEP: i64 = 10;
/// Seconds for which a browser needs its cookie when it has decided, in case that it does so again.
const AFTERWARDS: u32 = 30;
/// Bytes of the digests in a cookie: enough to tell a few apart, and too few to find a `request_uri` by.
const SHORT: usize = 9;

/// Makes and reads the cookies that bind pushed requests to browsers, so that a double click on a link, or a second tab, finds the
/// request open to it.
///
/// A browser has one cookie for each request, so that two tabs with two requests do not overwrite each other's. A browser that
/// brings no cookie is given a value that is a MAC of the `request_uri`, the time in steps of ten seconds, and what the host sees of
/// the browser; within a step or two, the same browser is given the same value again, on every node that has the same key.
///
/// **What it costs.** For up to twenty seconds after the first opening, another browser that has the `request_uri`, and looks the
/// same to the host, is taken for the one that opened it. What the host sees may be the `User-Agent`, the address, or an identifier of
/// its own for the first visit, which it gives to another one when it finds that the answer to the first went nowhere. A host that
/// passes something random each time makes every visit without a cookie one of another browser. It makes no difference to a browser
/// that has its cookie.
///
/// ```
/// use parjar::{AuthorizeRefusal, BindingCookies, ParEndpoint, Reply};
///
/// async fn open(
///     par: &ParEndpoint,
///     cookies: &BindingCookies,
///     request: (&str, &str),
///     cookie_header: &str,
///     user_agent: &str,
/// ) -> Result<(Option<String>, String), AuthorizeRefusal> {
///     let (query, request_uri) = request;
///     let cookie = cookies.read(request_uri, cookie_header, user_agent);
///     let pending = par.authorize(query, cookie.browser()).await?;
///     let cookie = cookie.of(&pending);
///     // A `Set-Cookie` header, and the token for the form of the page, to be compared when the form comes back.
///     Ok((cookie.to_set(par.policy().login_lifetime), cookie.form_token()))
/// }
///
/// # let secret = [7; 32];
/// let cookies = BindingCookies::new("https://as.example.com", &secret);
/// ```
#[derive(Clone)]
pub struct BindingCookies {
    mac: Hmac<Sha256>,
    is_secure: bool,
    clock: Arc<dyn Clock>,
}

/// The cookie of one browser for one request.
#[derive(Clone)]
pub struct BindingCookie {
    name: String,
    /// The value that was sent, or those that it may be given, the present one first.
    values: Vec<String>,
    is_sent: bool,
    is_genuine: bool,
    is_secure: bool,
}

impl BindingCookies {
    /// Cookies of an issuer, by 32 random bytes that all its nodes have. Where the issuer is an https URL they are `Secure`, and their
    /// names start with `__Host-`.
    #[must_use]
    pub fn new(issuer: &str, key: &[u8; 32]) -> Self {
        let mut block = Key::<Hmac<Sha256>>::default();
        for (slot, byte) in block.iter_mut().zip(key) {
            *slot = *byte;
        }
        let mut mac = Hmac::new(&block);
        mac.update(b"parjar/1/browser binding\0");
        put(&mut mac, issuer);
        Self { mac, is_secure: issuer.starts_with("https:"), clock: Arc::new(SystemClock) }
    }

    /// The same, by another clock than the system's.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Reads the cookie for a `request_uri` out of the `Cookie` headers of a request, joined by `; ` where there are several, or makes
    /// one up. `seen` is what the host sees of the browser beside cookies.
    #[must_use]
    pub fn read(&self, request_uri: &str, cookies: &str, seen: &str) -> BindingCookie {
        let name = format!("{}parjar-{}", if self.is_secure { "__Host-" } else { "" }, short_digest(request_uri));
        let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        let sent = pairs.into_iter().find(|(sent, value)| *sent == name && is_value(value));
        let (values, is_genuine) = match sent {
            Some((_, value)) => (vec![value.to_owned()], self.has_made(value, request_uri)),
            None => {
                let seen = short_digest(seen);
                let now = self.clock.now().unix_timestamp().div_euclid(STEP);
                // One step ahead too: of two requests at the turn of a step, either may open the request first.
                let steps = [now, now.saturating_sub(1), now.saturating_add(1)];
                (steps.map(|step| self.value(step, &seen, request_uri)).into(), false)
            }
        };
        BindingCookie { name, values, is_sent: sent.is_some(), is_genuine, is_secure: self.is_secure }
    }

    /// Returns `true` if this server has given this value to a browser, which it does to one that has opened the request.
    fn has_made(&self, value: &str, request_uri: &str) -> bool {
        let mut parts = value.splitn(3, '.');
        let (Some(step), Some(seen)) = (parts.next().and_then(|step| step.parse().ok()), parts.next()) else {
            return false;
        };
        self.value(step, seen, request_uri).as_bytes().ct_eq(value.as_bytes()).into()
    }

    fn value(&self, step: i64, seen: &str, request_uri: &str) -> String {
        let mut mac = self.mac.clone();
        mac.update(&step.to_be_bytes());
        put(&mut mac, request_uri);
        put(&mut mac, seen);
        format!("{step}.{seen}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}

impl BindingCookie {
    /// The browser, for [`ParEndpoint::authorize`](crate::ParEndpoint::authorize).
    #[must_use]
    pub fn browser(&self) -> Browser<'_> {
        let mut values = self.values.iter().map(String::as_str);
        Browser::of([values.next(), values.next(), values.next()], self.is_genuine)
    }

    /// The cookie that the request is bound to, once it is open.
    #[must_use]
    pub fn of(mut self, pending: &Pending) -> Self {
        if pending.binding < self.values.len() {
            self.values = vec![self.values.swap_remove(pending.binding)];
        }
        self
    }

    /// Returns `true` if the browser has sent it. Without it, a form cannot come from a page that this browser was given.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.is_sent
    }

    /// A `Set-Cookie` header for a browser that has not sent it, so that it is kept for the time of the login.
    #[must_use]
    pub fn to_set(&self, login_lifetime: u32) -> Option<String> {
        if self.is_sent { None } else { Some(self.header(login_lifetime.saturating_add(AFTERWARDS))) }
    }

    /// A `Set-Cookie` header for the answer to a decision. The cookie is of no use after some seconds, and a browser keeps few of
    /// one site.
    #[must_use]
    pub fn to_drop(&self) -> String {
        self.header(AFTERWARDS)
    }

    /// A token against forms of other sites (CSRF): put it into the form of the page, and compare it in constant time when the form
    /// comes back with the cookie. Other sites can neither read it nor compute it.
    #[must_use]
    pub fn form_token(&self) -> String {
        let value = self.values.first().map(String::as_str).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(Sha256::new().chain_update("parjar/1/form token\0").chain_update(value).finalize())
    }

    fn header(&self, max_age: u32) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let value = self.values.first().map(String::as_str).unwrap_or_default();
        format!("{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}", self.name)
    }
}

fn short_digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text).get(..SHORT).unwrap_or_default())
}

/// The length keeps two texts from being one.
fn put(mac: &mut Hmac<Sha256>, text: &str) {
    mac.update(&(text.len() as u64).to_be_bytes());
    mac.update(text.as_bytes());
}

/// Returns `true` if a value has the alphabet and the length of those that are made here.
fn is_value(text: &str) -> bool {
    (58..=80).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
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
