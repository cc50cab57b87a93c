//! Parameters of the authorization response in the query of a redirect URI.

use url::{Url, form_urlencoded};

/// Names of parameters of an authorization response: a redirect URI whose query has one could forge a response.
const RESPONSE_PARAMETERS: [&str; 12] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "response",
    "access_token",
    "token_type",
    "expires_in",
    "id_token",
    "session_state",
];

/// Returns `true` if the query has a parameter of the response, for any server: also with `;` between parameters.
pub(super) fn is_in_query(url: &Url) -> bool {
    url.query().unwrap_or_default().split(['&', ';']).any(|pair| {
        let name = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name).unwrap_or_default();
        response_names(&name).into_iter().any(|name| RESPONSE_PARAMETERS.contains(&&*name))
    })
}

/// Returns the names under which servers find a parameter: ASP.NET in any letter case; PHP with an underscore for a dot, a space and a bracket
/// that nothing closes, up to a zero byte, and as an array under what stands before a bracket.
fn response_names(name: &str) -> [String; 2] {
    let name = name.split('\0').next().unwrap_or_default().trim().to_ascii_lowercase();
    let underscored = |name: &str| name.replace(['.', ' ', '['], "_");
    [underscored(name.split('[').next().unwrap_or_default().trim_end()), underscored(&name)]
}
