//! How the host recognizes the browser that a login runs in.

use std::fmt;

use crate::error_text::debug_by_display;

/// The browser that opens an authorization request, as the host recognizes it.
///
/// The first browser to open a pushed request keeps it: in another one, the login is refused as for an unknown `request_uri`.
///
/// ```
/// use parjar::Browser;
///
/// # fn cookie() -> String { "kM7s".to_owned() }
/// let cookie = cookie(); // set by the host at the first visit, random, `Secure`, `HttpOnly`, `SameSite=Lax`
/// let browser = Browser::bound(&cookie)?;
/// # Ok::<_, parjar::EmptyBinding>(())
/// ```
///
/// A browser that has no cookie yet and asks twice at once, by a double click on a link, is two browsers then, and the second is
/// refused. With [`BindingCookies`](crate::BindingCookies) it is one.
#[derive(Clone, Copy)]
pub struct Browser<'a> {
    /// The bindings that the request may have. It gets the first if it has none yet.
    bindings: [Option<&'a str>; MAX_BINDINGS],
    has_opened: bool,
}

/// How many bindings one browser may have.
pub(super) const MAX_BINDINGS: usize = 3;

/// A browser cannot be bound by an empty text.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the binding of a browser is empty")]
#[non_exhaustive]
pub struct EmptyBinding;

debug_by_display!(EmptyBinding);

impl<'a> Browser<'a> {
    /// The browser that sends this cookie: the value of one that the host has set, random, of 128 bits or more, and its own (not
    /// the whole `Cookie` header). For a browser without the cookie, draw the value that it is going to be set to, and pass that.
    ///
    /// # Errors
    ///
    /// When the value is empty: it would be the same for every browser without the cookie.
    pub fn bound(cookie: &'a str) -> Result<Self, EmptyBinding> {
        if cookie.is_empty() { Err(EmptyBinding) } else { Ok(Self::of([Some(cookie), None, None], false)) }
    }

    /// A browser that the host does not recognize. **An attacker can then begin a login and let a victim end it, or go on with
    /// one whose `request_uri` has leaked.** It opens requests that no browser is bound to, and binds none.
    #[must_use]
    pub fn danger_unbound() -> Self {
        Self::of([None; MAX_BINDINGS], false)
    }

    /// A browser with any of these bindings. One that `has_opened` the request may be told what became of it.
    pub(super) fn of(bindings: [Option<&'a str>; MAX_BINDINGS], has_opened: bool) -> Self {
        Self { bindings, has_opened }
    }

    /// The bindings that the request may have.
    pub(super) fn bindings(self) -> impl Iterator<Item = &'a str> {
        self.bindings.into_iter().flatten()
    }

    /// Returns `true` if this browser has surely opened the request before.
    pub(super) fn has_opened(self) -> bool {
        self.has_opened
    }
}

impl fmt::Debug for Browser<'_> {
    /// Leaves out the cookie.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.bindings().next().is_some() { "Browser(bound)" } else { "Browser(unbound)" })
    }
}
