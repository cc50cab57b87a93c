//! A request of a browser to the authorization endpoint, without a framework.

use std::fmt;

use super::Header;

/// A request to the authorization endpoint, put together from the parts of any framework's request, for
/// [`ParEndpoint::visit`](crate::ParEndpoint::visit) and [`ParEndpoint::decide`](crate::ParEndpoint::decide).
///
/// ```
/// use parjar::BrowserRequest;
///
/// let headers = [("cookie", &b"theme=dark"[..]), ("sec-fetch-site", b"cross-site")];
/// let request = BrowserRequest::new("GET", headers, Some("client_id=web&request_uri=urn:..."), b"");
/// ```
pub struct BrowserRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) query: &'a str,
    body: &'a [u8],
    content_type: Header<'a>,
    cookies: String,
    origin: Header<'a>,
    fetch_site: Header<'a>,
    fetch_mode: Header<'a>,
    fetch_dest: Header<'a>,
}

impl<'a> BrowserRequest<'a> {
    /// Makes a request from its method, all its header lines, the raw query of its URL without the question mark, and its body. Header names
    /// count without regard to case. A body may be cut off one byte above [`Limits::body`](crate::Limits::body).
    pub fn new<N, V, B>(
        method: &'a str,
        headers: impl IntoIterator<Item = (N, &'a V)>,
        query: Option<&'a str>,
        body: &'a B,
    ) -> Self
    where
        N: AsRef<str>,
        V: AsRef<[u8]> + ?Sized + 'a,
        B: AsRef<[u8]> + ?Sized,
    {
        let mut request = Self {
            method,
            query: query.unwrap_or_default(),
            body: body.as_ref(),
            content_type: Header::Absent,
            cookies: String::new(),
            origin: Header::Absent,
            fetch_site: Header::Absent,
            fetch_mode: Header::Absent,
            fetch_dest: Header::Absent,
        };
        for (name, value) in headers {
            let (name, value) = (name.as_ref(), value.as_ref());
            let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
            if is("cookie") {
                request.add_cookies(value);
            } else if is("content-type") {
                request.content_type.add(value);
            } else if is("origin") {
                request.origin.add(value);
            } else if is("sec-fetch-site") {
                request.fetch_site.add(value);
            } else if is("sec-fetch-mode") {
                request.fetch_mode.add(value);
            } else if is("sec-fetch-dest") {
                request.fetch_dest.add(value);
            }
        }
        request
    }

    /// HTTP/2 may bring several lines.
    fn add_cookies(&mut self, line: &[u8]) {
        let Ok(line) = std::str::from_utf8(line) else { return };
        if !self.cookies.is_empty() {
            self.cookies.push_str("; ");
        }
        self.cookies.push_str(line);
    }

    /// Returns all cookies, as one line, for [`BindingCookies::read`](crate::BindingCookies::read).
    #[must_use]
    pub fn cookies(&self) -> &str {
        &self.cookies
    }

    /// Returns `true` if the browser says that another site has sent it here, or another origin than `origin`, which is that of this server
    /// (`https://as.example.com`). Old browsers say nothing, and for a form of one of these its token has to do.
    ///
    /// What counts is what the server is called in its configuration and not the `Host` of the request, since a name of an attacker's may lead
    /// here too (DNS rebinding).
    #[must_use]
    pub fn comes_from_elsewhere(&self, origin: &str) -> bool {
        let other_origin = match self.origin {
            Header::Absent => false,
            Header::Once(sent) => sent != origin.as_bytes(),
            Header::Repeated => true,
        };
        let other_site = match self.fetch_site {
            Header::Absent => false,
            Header::Once(site) => !matches!(site, b"same-origin" | b"none"),
            Header::Repeated => true,
        };
        other_origin || other_site
    }

    /// Returns `true` if a person sees the answer: the browser loads it as a page.
    pub(crate) fn is_navigation(&self) -> bool {
        matches!((self.fetch_mode, self.fetch_dest), (Header::Once(b"navigate"), Header::Once(b"document")))
    }

    /// Returns the body, if it says that it is a form.
    pub(crate) fn form(&self) -> Option<&'a str> {
        let Header::Once(media_type) = self.content_type else { return None };
        let media_type = media_type.split(|byte| *byte == b';').next()?.trim_ascii();
        match media_type.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            true => std::str::from_utf8(self.body).ok(),
            false => None,
        }
    }
}

impl fmt::Debug for BrowserRequest<'_> {
    /// Shows nothing that the browser has sent: there are cookies and handles in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserRequest").finish_non_exhaustive()
    }
}
