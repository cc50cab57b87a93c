//! `GET /resource`: an API behind access tokens. It shows what the token stands for.

use serde::Serialize;

use super::{
    Demo,
    message::{Answer, Message},
    request_view::RequestView,
};

#[derive(Serialize)]
struct Resource<'a> {
    client_id: &'a str,
    scope: String,
    sub: &'a str,
    request: RequestView<'a>,
}

pub(crate) fn answer(demo: &Demo, message: &Message) -> Answer {
    let Some((scheme, token)) = message.header("authorization").and_then(|value| value.split_once(' ')) else {
        return refuse("Bearer");
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return refuse("Bearer");
    }
    let Some(grant) = demo.tokens.grant(token.trim()) else {
        return refuse(
            r#"Bearer error="invalid_token", error_description="the token is unknown, has expired or was revoked""#,
        );
    };
    let resource = Resource {
        client_id: grant.request.client_id(),
        scope: grant.scope(),
        sub: grant.account.subject,
        request: RequestView(&grant.request),
    };
    match serde_json::to_string(&resource) {
        Ok(body) => Answer::json(200, body).no_store(),
        Err(_) => Answer::json(500, r#"{"error":"server_error"}"#).no_store(),
    }
}

/// RFC 6750 section 3: no error code for a request without a token.
fn refuse(challenge: &'static str) -> Answer {
    let body = if challenge == "Bearer" { r#"{"error":"unauthorized"}"# } else { r#"{"error":"invalid_token"}"# };
    Answer::json(401, body).no_store().with("www-authenticate", challenge)
}
