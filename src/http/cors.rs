//! Cross-origin requests (CORS, the Fetch standard) to the PAR and token endpoints, from clients that run in browsers.

use url::Url;

use crate::{error_text::debug_by_display, http::Reply};

/// Lets scripts of other origins read the replies of the PAR and token endpoints, for clients that run in a browser.
/// Off unless a host uses it; the authorization endpoint must never have it (RFC 9700 section 2.6).
///
/// It never allows cookies, client certificates or `Authorization`: a script in a page has no secret to keep. So it
/// serves clients without credentials, which also need
/// [`danger_allow_unauthenticated_clients`](crate::Policy::danger_allow_unauthenticated_clients), and clients that sign
/// assertions.
///
/// ```
/// use parjar::{Cors, ParEndpoint, FormRequest, Reply};
///
/// async fn push(par: &ParEndpoint, cors: &Cors, origin: Option<&str>, request: &FormRequest<'_>, method: &str) -> Reply {
///     match cors.preflight(method, origin) {
///         Some(reply) => reply,
///         None => cors.apply(origin, Reply::from(par.push(request).await)),
///     }
/// }
///
/// let cors = Cors::origins(["https://app.example.com"])?;
/// let reply = cors.preflight("OPTIONS", Some("https://app.example.com")).unwrap();
/// assert_eq!(reply.status(), 204);
/// assert_eq!(reply.header("access-control-allow-origin"), Some("https://app.example.com"));
/// # Ok::<_, parjar::CorsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// `None`: any.
    origins: Option<Vec<Box<str>>>,
}

/// A text that is no origin.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("origin number {number}: must be a scheme of http or https, a host and perhaps a port, as browsers write it")]
pub struct CorsError {
    number: usize,
}

debug_by_display!(CorsError);

impl Cors {
    /// Allows scripts of any origin. It gives them nothing that another server could not get as well.
    #[must_use]
    pub fn any_origin() -> Self {
        Self { origins: None }
    }

    /// Allows scripts of these origins, each as browsers write it: `https://app.example.com`, without a slash at the
    /// end and without the default port.
    ///
    /// # Errors
    ///
    /// The first text that no browser would send as an origin, counted from one. `null` is not one, since every sandbox
    /// has it.
    pub fn origins<T: AsRef<str>>(origins: impl IntoIterator<Item = T>) -> Result<Self, CorsError> {
        let checked = origins.into_iter().enumerate().map(|(index, origin)| {
            let origin = origin.as_ref();
            if is_origin(origin) { Ok(origin.into()) } else { Err(CorsError { number: index.saturating_add(1) }) }
        });
        Ok(Self { origins: Some(checked.collect::<Result<_, _>>()?) })
    }

    /// Returns the answer to a preflight: an `OPTIONS` with an `Origin`. `None` for every other request, which goes on
    /// to the endpoint.
    ///
    /// An origin that is not allowed gets an answer without permission, upon which its browser sends nothing.
    #[must_use]
    pub fn preflight(&self, method: &str, origin: Option<&str>) -> Option<Reply> {
        self.preflight_with(method, origin, |reply| {
            reply
                .with("access-control-allow-methods", "POST")
                .with("access-control-allow-headers", "Content-Type, DPoP")
        })
    }

    /// The same for a document that is read by GET.
    #[cfg(feature = "tower")]
    pub(crate) fn preflight_of_document(&self, method: &str, origin: Option<&str>) -> Option<Reply> {
        self.preflight_with(method, origin, |reply| reply.with("access-control-allow-methods", "GET, HEAD"))
    }

    fn preflight_with(&self, method: &str, origin: Option<&str>, allow: impl FnOnce(Reply) -> Reply) -> Option<Reply> {
        if method != "OPTIONS" || origin.is_none() {
            return None;
        }
        let reply = self.permit(origin, Reply::empty(204));
        Some(match self.allowed(origin) {
            None => reply,
            Some(_) => allow(reply).with("access-control-max-age", "600"),
        })
    }

    /// Lets the script that sent a request read the reply to it, with the headers that it needs to go on.
    #[must_use]
    pub fn apply(&self, origin: Option<&str>, reply: Reply) -> Reply {
        let reply = self.permit(origin, reply);
        match self.allowed(origin) {
            None => reply,
            Some(_) => reply.with("access-control-expose-headers", "DPoP-Nonce, WWW-Authenticate"),
        }
    }

    /// Lets the script that sent a request read the reply to it.
    pub(crate) fn permit(&self, origin: Option<&str>, reply: Reply) -> Reply {
        let reply = if self.origins.is_some() { reply.with("vary", "Origin") } else { reply };
        match self.allowed(origin) {
            None => reply,
            Some(allowed) => reply.with("access-control-allow-origin", allowed.to_owned()),
        }
    }

    /// Returns the value of `Access-Control-Allow-Origin`: never a text of the request, but the one here that is equal
    /// to it.
    fn allowed(&self, origin: Option<&str>) -> Option<&str> {
        let origin = origin?;
        match &self.origins {
            None => Some("*"),
            Some(origins) => origins.iter().find(|allowed| ***allowed == *origin).map(|allowed| &**allowed),
        }
    }
}

/// Returns `true` if a text is an origin. A pattern is not: origins are compared as they are, so it would match
/// nothing.
fn is_origin(text: &str) -> bool {
    let is_written_so =
        |url: Url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text;
    !text.contains('*') && Url::parse(text).is_ok_and(is_written_so)
}
