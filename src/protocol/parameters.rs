//! The parameters of an authorization request, known to this library or not, in the order of the request.
//!
//! Credentials never get in here, so that everything here can be stored, shown to the host and carried through a login.

use std::fmt;

use url::form_urlencoded;

macro_rules! names {
    ($($variant:ident $text:literal,)*) => {
        /// The parameters that the library itself looks at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Name {
            $($variant,)*
        }

        // Each has a bit in a `u64`.
        const _: () = assert!([$(Name::$variant),*].len() <= 64);

        impl Name {
            pub(crate) fn of(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }

            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

names! {
    ClientId "client_id",
    ResponseType "response_type",
    ResponseMode "response_mode",
    RedirectUri "redirect_uri",
    Scope "scope",
    State "state",
    Nonce "nonce",
    CodeChallenge "code_challenge",
    CodeChallengeMethod "code_challenge_method",
    DpopJkt "dpop_jkt",
    Prompt "prompt",
    MaxAge "max_age",
    LoginHint "login_hint",
    IdTokenHint "id_token_hint",
    AcrValues "acr_values",
    UiLocales "ui_locales",
    Claims "claims",
    Resource "resource",
    AuthorizationDetails "authorization_details",
    Registration "registration",
    Request "request",
    RequestUri "request_uri",
    GrantType "grant_type",
    Code "code",
    CodeVerifier "code_verifier",
    RefreshToken "refresh_token",
    Password "password",
    ClientSecret "client_secret",
    ClientAssertion "client_assertion",
    ClientAssertionType "client_assertion_type",
}

impl Name {
    /// Returns a bit of its own, for sets of names.
    pub(crate) const fn bit(self) -> u64 {
        1u64.wrapping_shl(self as u32)
    }

    /// Returns `true` for a parameter of the token endpoint: without meaning in an authorization request and too
    /// sensitive to keep in one.
    pub(crate) const fn is_for_token_endpoint(self) -> bool {
        FOR_TOKEN_ENDPOINT & self.bit() != 0
    }

    /// Returns `true` if the value is JSON: OpenID Connect Core sections 5.5 and 7.2.1, RFC 9396, OpenID for Verifiable
    /// Presentations.
    pub(crate) const fn is_json(self) -> bool {
        matches!(self, Self::Claims | Self::AuthorizationDetails | Self::Registration)
    }

    /// Returns `true` for what is never a parameter of a request (RFC 9126 section 2.1).
    pub(crate) const fn is_credential(self) -> bool {
        matches!(self, Self::ClientSecret | Self::ClientAssertion | Self::ClientAssertionType)
    }
}

/// The bits of all names with [`Name::is_for_token_endpoint`].
pub(crate) const FOR_TOKEN_ENDPOINT: u64 = Name::GrantType.bit()
    | Name::Code.bit()
    | Name::CodeVerifier.bit()
    | Name::RefreshToken.bit()
    | Name::Password.bit();

/// An ordered list of names and values, decoded once and otherwise untouched.
///
/// ```
/// use parjar::{Limits, Parameters};
///
/// let parameters = Parameters::parse(b"scope=openid+email&resource=https://a.example&x=%C3%A9&state=", &Limits::default())?;
/// assert_eq!(parameters.get("scope"), Some("openid email"));
/// assert_eq!(parameters.get("x"), Some("é"));
/// assert_eq!(parameters.get("state"), None, "an empty value counts as omitted");
/// assert_eq!(parameters.iter().count(), 3);
/// # Ok::<_, parjar::FormError>(())
/// ```
///
/// In a form every value is a text. In a request object (RFC 9101) values have JSON types: a text is the same here wherever it
/// came from, and a value of any other type is kept as it was written, and stands here as its JSON.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    text: String,
    pairs: Vec<Pair>,
}

/// Encodes names and values as `application/x-www-form-urlencoded`.
pub(crate) fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Where a name and its value stand in the text: each pair follows the one before it without a gap.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pair {
    start: u32,
    name_end: u32,
    value_end: u32,
    known: Option<Name>,
    json: bool,
}

/// A value with its type. There are no others than these two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ParameterValue<'a> {
    /// A text.
    Text(&'a str),
    /// The JSON of a value that is no text, as it was written in a request object: a number, an object, an array, `true`,
    /// `false` or `null`.
    Json(&'a str),
}

impl fmt::Debug for ParameterValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Json(_) => "Json(..)",
        })
    }
}

impl Parameters {
    /// Returns all parameters in the order of the request, the JSON of a value standing for the value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|pair| (self.name(pair), self.value(pair)))
    }

    /// Returns all parameters in the order of the request, with the types of their values.
    pub fn iter_values(&self) -> impl Iterator<Item = (&str, ParameterValue<'_>)> {
        self.pairs.iter().map(|pair| (self.name(pair), self.typed(pair)))
    }

    /// Returns the value of a parameter; the first one of a parameter that may be repeated. A number and a text of the
    /// same digits look the same here: [`iter_values`](Self::iter_values) tells them apart.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// Returns all values of a parameter. Only `resource` can have more than one.
    pub fn get_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |pair| self.name(pair) == name).map(|pair| self.value(pair))
    }

    /// Returns all parameters as `application/x-www-form-urlencoded`, in their order, for a query or a body: reading it
    /// gives the same names and values. The JSON of a value of a request object becomes a text.
    ///
    /// ```
    /// use parjar::{Limits, Parameters};
    ///
    /// let parameters = Parameters::parse(b"scope=openid%20email&x=%C3%A9&x2=", &Limits::default())?;
    /// assert_eq!(parameters.to_query(), "scope=openid+email&x=%C3%A9");
    /// # Ok::<_, parjar::FormError>(())
    /// ```
    #[must_use]
    pub fn to_query(&self) -> String {
        encode(self.iter())
    }

    /// Returns the number of parameters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Returns `true` if there are no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    pub(crate) fn known(&self, name: Name) -> Option<&str> {
        self.known_all(name).next()
    }

    pub(crate) fn known_all(&self, name: Name) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |pair| pair.known == Some(name)).map(|pair| self.value(pair))
    }

    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), pairs: Vec::with_capacity(12) }
    }

    pub(crate) fn push(&mut self, name: &str, value: &str) {
        self.push_as(Name::of(name), name, value);
    }

    /// As [`push`](Self::push), for a caller that has looked the name up.
    pub(crate) fn push_as(&mut self, known: Option<Name>, name: &str, value: &str) {
        self.push_value(known, name, ParameterValue::Text(value));
    }

    pub(crate) fn push_value(&mut self, known: Option<Name>, name: &str, value: ParameterValue<'_>) {
        let (json, value) = match value {
            ParameterValue::Text(text) => (false, text),
            ParameterValue::Json(json) => (true, json),
        };
        let start = self.text.len();
        self.text.push_str(name);
        let name_end = self.text.len();
        self.text.push_str(value);
        let value_end = self.text.len();
        let (Ok(start), Ok(name_end), Ok(value_end)) =
            (u32::try_from(start), u32::try_from(name_end), u32::try_from(value_end))
        else {
            // 4 GiB of parameters: every limit stands far below.
            self.text.truncate(start);
            return;
        };
        self.pairs.push(Pair { start, name_end, value_end, known, json });
    }

    pub(crate) fn without(&self, drop: impl Fn(Name) -> bool) -> Self {
        let mut kept = Self::with_capacity(self.text.len());
        for pair in self.pairs.iter().filter(|pair| !pair.known.is_some_and(&drop)) {
            kept.push_value(pair.known, self.name(pair), self.typed(pair));
        }
        kept
    }

    /// The same, with this `client_id` where they have another one.
    pub(crate) fn of_client(self, client_id: &str) -> Self {
        if self.known(Name::ClientId).is_none_or(|named| named == client_id) {
            return self;
        }
        let mut renamed = Self::with_capacity(self.text.len());
        for pair in &self.pairs {
            let value = match pair.known {
                Some(Name::ClientId) => ParameterValue::Text(client_id),
                _ => self.typed(pair),
            };
            renamed.push_value(pair.known, self.name(pair), value);
        }
        renamed
    }

    /// All names and values, one after the other.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn name(&self, pair: &Pair) -> &str {
        self.slice(pair.start, pair.name_end)
    }

    fn value(&self, pair: &Pair) -> &str {
        self.slice(pair.name_end, pair.value_end)
    }

    fn typed(&self, pair: &Pair) -> ParameterValue<'_> {
        if pair.json { ParameterValue::Json(self.value(pair)) } else { ParameterValue::Text(self.value(pair)) }
    }

    fn slice(&self, start: u32, end: u32) -> &str {
        // u32 fits usize wherever the standard library's hash maps do.
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }
}

impl fmt::Debug for Parameters {
    /// Names only: values may be personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parameters")?;
        f.debug_list().entries(self.pairs.iter().filter_map(|pair| pair.known).map(Name::as_str)).finish()
    }
}
