//! What a token endpoint answers when the client has authenticated and its grant is not good.

use parjar::{AuthenticatedRequest, FormRequest, Reply, TokenError, TokenErrorCode};
use serde_json::json;

use crate::support::{FORM, Server, authorization, basic, body, with};

fn authenticated(grant_types: Option<&[&str]>, form: &str) -> AuthenticatedRequest {
    let members = grant_types.map_or(json!({}), |types| json!({ "grant_types": types }));
    let server = Server::with(parjar::Policy::oauth(), [with(basic("basic"), members)]);
    let authorization = authorization("basic", "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
    pollster::block_on(server.par.authenticate_client(&FormRequest::new("POST", headers, form))).unwrap()
}

#[test]
fn an_error_is_the_reply_of_its_section_with_its_headers() {
    for (code, name, status) in [
        (TokenErrorCode::InvalidRequest, "invalid_request", 400),
        (TokenErrorCode::InvalidClient, "invalid_client", 401),
        (TokenErrorCode::InvalidGrant, "invalid_grant", 400),
        (TokenErrorCode::UnauthorizedClient, "unauthorized_client", 400),
        (TokenErrorCode::UnsupportedGrantType, "unsupported_grant_type", 400),
        (TokenErrorCode::InvalidScope, "invalid_scope", 400),
        (TokenErrorCode::InvalidTarget, "invalid_target", 400),
        (TokenErrorCode::InvalidAuthorizationDetails, "invalid_authorization_details", 400),
        (TokenErrorCode::AuthorizationPending, "authorization_pending", 400),
        (TokenErrorCode::SlowDown, "slow_down", 400),
        (TokenErrorCode::AccessDenied, "access_denied", 400),
        (TokenErrorCode::ExpiredToken, "expired_token", 400),
        (TokenErrorCode::UnsupportedTokenType, "unsupported_token_type", 400),
        (TokenErrorCode::ServerError, "server_error", 500),
        (TokenErrorCode::TemporarilyUnavailable, "temporarily_unavailable", 503),
    ] {
        let reply = Reply::from(TokenError::from(code));
        assert_eq!((reply.status(), &body(&reply)["error"]), (status, &json!(name)));
        assert!(body(&reply)["error_description"].as_str().is_some_and(|text| !text.is_empty()));
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("cache-control"), Some("no-cache, no-store"));
        assert_eq!(reply.header("pragma"), Some("no-cache"));
        assert_eq!(reply.header("www-authenticate").is_some(), status == 401, "{name}");
        assert!(reply.header("dpop-nonce").is_none() && reply.header("retry-after").is_none());
    }
}

#[test]
fn an_error_has_the_text_and_the_headers_that_the_host_gives_it() {
    let error = TokenError::new(TokenErrorCode::TemporarilyUnavailable, "too many tokens are outstanding")
        .with_dpop_nonce(Some("nonce".to_owned()))
        .with_retry_after(7);
    assert_eq!(error.to_string(), "temporarily_unavailable (too many tokens are outstanding)");
    let reply = Reply::from(error);
    assert_eq!(body(&reply)["error_description"], "too many tokens are outstanding");
    assert_eq!((reply.header("dpop-nonce"), reply.header("retry-after")), (Some("nonce"), Some("7")));
}

#[test]
fn a_text_that_the_specification_does_not_allow_is_replaced() {
    for text in ["with \"quotes\"", "back\\slash", "line\nbreak", "ümlaut"] {
        let error = TokenError::new(TokenErrorCode::InvalidGrant, text);
        assert_eq!(error, TokenError::from(TokenErrorCode::InvalidGrant), "{text:?}");
    }
}

#[test]
fn a_grant_type_must_be_there_supported_and_registered() {
    const SUPPORTED: &[&str] = &["authorization_code", "refresh_token"];
    let code = |grant_types, form| {
        authenticated(grant_types, form).grant_type(SUPPORTED).map_err(|error| error.code()).map(str::to_owned)
    };
    assert_eq!(code(None, "code=x"), Err(TokenErrorCode::InvalidRequest));
    assert_eq!(code(None, "grant_type=password"), Err(TokenErrorCode::UnsupportedGrantType));
    assert_eq!(code(None, "grant_type=refresh_token"), Err(TokenErrorCode::UnauthorizedClient));
    assert_eq!(code(None, "grant_type=authorization_code").as_deref(), Ok("authorization_code"));
    let both: Option<&[&str]> = Some(SUPPORTED);
    assert_eq!(code(both, "grant_type=refresh_token").as_deref(), Ok("refresh_token"));
}

#[test]
fn a_client_tells_what_it_is_registered_for() {
    let request = authenticated(Some(&["authorization_code", "refresh_token"]), "grant_type=refresh_token");
    let client = request.client().client();
    assert!(client.has_grant_type("refresh_token") && !client.has_grant_type("password"));
    assert_eq!(client.grant_types().count(), 2);
    assert_eq!(client.sector_identifier_uri(), None);
}
