//! `response_type` and `response_mode`: the contents of an authorization response, and the way it travels.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A `response_type`: a set of `code`, `token` and `id_token` (RFC 6749 section 3.1.1, OAuth 2.0 Multiple Response Types).
/// The order on the wire does not matter.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResponseType {
    code: bool,
    token: bool,
    id_token: bool,
}

impl ResponseType {
    /// `code`
    pub const CODE: Self = Self { code: true, token: false, id_token: false };
    /// `token`: the implicit flow, which RFC 9700 section 2.1.2 advises against.
    pub const TOKEN: Self = Self { code: false, token: true, id_token: false };
    /// `id_token`
    pub const ID_TOKEN: Self = Self { code: false, token: false, id_token: true };
    /// `code id_token`
    pub const CODE_ID_TOKEN: Self = Self { code: true, token: false, id_token: true };

    /// The names of all of them, in the customary order.
    pub(crate) const NAMES: [&'static str; 7] =
        ["code", "code id_token", "id_token", "id_token token", "code token", "code id_token token", "token"];

    /// Reads a response type. `None` for unknown values, repeated ones and `none`.
    ///
    /// ```
    /// use parjar::ResponseType;
    ///
    /// assert_eq!(ResponseType::parse("id_token code"), Some(ResponseType::CODE_ID_TOKEN));
    /// assert_eq!(ResponseType::parse("code code"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parsed = Self { code: false, token: false, id_token: false };
        for value in text.split(' ') {
            let flag = match value {
                "code" => &mut parsed.code,
                "token" => &mut parsed.token,
                "id_token" => &mut parsed.id_token,
                _ => return None,
            };
            if std::mem::replace(flag, true) {
                return None;
            }
        }
        Some(parsed)
    }

    /// Returns the values in the customary order.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match (self.code, self.id_token, self.token) {
            (true, false, false) => "code",
            (false, false, true) => "token",
            (false, true, false) => "id_token",
            (true, true, false) => "code id_token",
            (true, false, true) => "code token",
            (false, true, true) => "id_token token",
            (true, true, true) => "code id_token token",
            (false, false, false) => "",
        }
    }

    /// Returns `true` if an authorization code is asked for, which needs the grant type `authorization_code`.
    #[must_use]
    pub const fn has_code(self) -> bool {
        self.code
    }

    /// Returns `true` if an access token is asked for from the authorization endpoint itself.
    #[must_use]
    pub const fn has_token(self) -> bool {
        self.token
    }

    /// Returns `true` if an ID token is asked for from the authorization endpoint itself.
    #[must_use]
    pub const fn has_id_token(self) -> bool {
        self.id_token
    }

    /// Returns `true` if tokens come through the browser, which needs the grant type `implicit` and keeps the response
    /// out of the query.
    #[must_use]
    pub const fn is_front_channel(self) -> bool {
        self.token || self.id_token
    }

    /// Returns the response mode of a request that names none (OAuth 2.0 Multiple Response Types section 2.1).
    #[must_use]
    pub const fn default_mode(self) -> ResponseMode {
        if self.is_front_channel() { ResponseMode::Fragment } else { ResponseMode::Query }
    }
}

impl fmt::Debug for ResponseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseType({})", self.as_str())
    }
}

impl Serialize for ResponseType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ResponseType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("an unknown response type"))
    }
}

/// A `response_mode`: the way a response travels (OAuth 2.0 Multiple Response Types, OAuth 2.0 Form Post Response Mode,
/// JWT Secured Authorization Response Mode (JARM)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResponseMode {
    /// In the query of the redirect URI. Never for tokens.
    Query,
    /// In the fragment of the redirect URI.
    Fragment,
    /// In the body of a POST that the browser sends to the redirect URI.
    FormPost,
    /// `jwt`: signed, in the place that the response type has by default: `query.jwt` or `fragment.jwt`.
    Jwt,
    /// `query.jwt`: signed, in the query of the redirect URI.
    #[serde(rename = "query.jwt")]
    QueryJwt,
    /// `fragment.jwt`: signed, in the fragment of the redirect URI.
    #[serde(rename = "fragment.jwt")]
    FragmentJwt,
    /// `form_post.jwt`: signed, in the body of a POST that the browser sends to the redirect URI.
    #[serde(rename = "form_post.jwt")]
    FormPostJwt,
}

impl ResponseMode {
    /// All of them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Query, Self::Fragment, Self::FormPost, Self::Jwt, Self::QueryJwt, Self::FragmentJwt, Self::FormPostJwt];

    /// Reads a response mode.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }

    /// Returns the value on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
            Self::Jwt => "jwt",
            Self::QueryJwt => "query.jwt",
            Self::FragmentJwt => "fragment.jwt",
            Self::FormPostJwt => "form_post.jwt",
        }
    }

    /// Returns `true` if the response is a signed JWT (JARM).
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Jwt | Self::QueryJwt | Self::FragmentJwt | Self::FormPostJwt)
    }

    /// Returns the mode that `jwt` stands for (JARM section 2.3.4); every other mode is what it is.
    pub(crate) const fn resolved(self, response_type: ResponseType) -> Self {
        match self {
            Self::Jwt if response_type.is_front_channel() => Self::FragmentJwt,
            Self::Jwt => Self::QueryJwt,
            other => other,
        }
    }

    /// Returns `true` if the response goes into the query, which ends up in logs and in `Referer`.
    pub(crate) const fn is_in_query(self) -> bool {
        matches!(self, Self::Query | Self::QueryJwt)
    }

    /// Returns `true` if the response goes into the fragment.
    pub(crate) const fn is_in_fragment(self) -> bool {
        matches!(self, Self::Fragment | Self::FragmentJwt)
    }
}
