//! Which names of clients are URLs of documents.

use std::{fmt, sync::Arc};

use url::{Host, Url};

/// A `client_id` that is the URL of a metadata document, in the one way that it can be written.
///
/// It is an `https` URL with a path, without user name, password, fragment and dot segments, whose host is a name on the internet and no
/// address (draft-ietf-oauth-client-id-metadata-document section 3). It is spelled as a parser prints it, so that no client has two
/// names: in lower case up to the path, without the port 443, and in ASCII.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientUrl(Arc<Url>);

impl ClientUrl {
    /// Returns the URL, or `None` if the text is none that a client may have.
    pub(super) fn parse(client_id: &str) -> Option<Self> {
        if !client_id.starts_with("https://") {
            return None;
        }
        let url = Url::parse(client_id).ok()?;
        let Some(Host::Domain(name)) = url.host() else { return None };
        let has_user = !url.username().is_empty() || url.password().is_some();
        let is_written = url.as_str() == client_id && !has_user && url.fragment().is_none() && url.path() != "/";
        (is_written && is_public_name(name)).then(|| Self(Arc::new(url)))
    }

    /// Returns the text, which is the `client_id`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the name of the host, for a list of those that are allowed, and for the consent page.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns the port, if it is not 443.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.0.port()
    }

    /// Returns the path, which begins with a `/` and is longer.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.path()
    }
}

/// A name of several labels that are on the internet, as far as it tells (RFC 6761, RFC 6762, RFC 8375).
fn is_public_name(name: &str) -> bool {
    const LOCAL: [&str; 6] = ["localhost", "local", "internal", "home.arpa", "onion", "invalid"];
    let is_below = |parent: &&str| name.strip_suffix(*parent).is_some_and(|rest| rest.ends_with('.'));
    name.contains('.') && !name.ends_with('.') && !LOCAL.iter().any(is_below)
}

impl fmt::Debug for ClientUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientUrl").field(&self.as_str()).finish()
    }
}

impl fmt::Display for ClientUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
