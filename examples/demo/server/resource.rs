//! `GET /resource`: an API behind access tokens. It shows what the token stands for.

use parjar::{
    Confirmation, RandomError, Reply,
    dpop::{self, ResourceRequest},
};
use serde::Serialize;

use super::{Server, grant::Grant, random, request_view::RequestView};
use crate::demo::http::message::{Answer, Message};

#[derive(Serialize)]
struct Resource<'a> {
    client_id: &'a str,
    scope: String,
    sub: &'a str,
    request: RequestView<'a>,
}

pub(crate) async fn answer(server: &Server, message: &Message<'_>) -> Answer {
    let scheme = message.header("authorization").and_then(|value| value.split_once(' ')).map(|(scheme, _)| scheme);
    let interaction = match interaction_id(message) {
        Ok(id) => id,
        Err(error) => return error.into(),
    };
    let outcome = match scheme {
        Some(scheme) if scheme.eq_ignore_ascii_case("bearer") => with_bearer_token(server, message),
        Some(scheme) if scheme.eq_ignore_ascii_case("dpop") => with_dpop_token(server, message).await,
        _ => Err(refuse(r#"{"error":"unauthorized"}"#, "Bearer".to_owned(), challenge(server, ""))),
    };
    outcome.unwrap_or_else(|refusal| refusal).with("x-fapi-interaction-id", interaction)
}

/// The identifier by which client and server find the request in their logs: the client's, if it is one, or a new one (FAPI 1.0
/// Baseline section 6.2.1).
fn interaction_id(message: &Message<'_>) -> Result<String, RandomError> {
    let is_plain = |id: &&str| (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    message.header("x-fapi-interaction-id").filter(is_plain).map_or_else(random::uuid, |id| Ok(id.to_owned()))
}

fn with_bearer_token(server: &Server, message: &Message<'_>) -> Result<Answer, Answer> {
    let token = message.header("authorization").and_then(|value| value.split_once(' ')).map(|(_, token)| token.trim());
    let token = token.and_then(|token| server.tokens.find(token));
    // RFC 9449 section 7.2: what is bound to a key is no bearer token.
    match token.filter(|token| token.binding.jkt.is_none() && fits_certificate(token.binding, message)) {
        Some(token) => Ok(show(server, &token.grant)),
        None => Err(unknown_token(server)),
    }
}

async fn with_dpop_token(server: &Server, message: &Message<'_>) -> Result<Answer, Answer> {
    let uri = server.issuer.url("/resource");
    let request = ResourceRequest::new(message.method, &uri, message.headers.iter().copied());
    let token = request.access_token().and_then(|token| server.tokens.find(token));
    let token = token.filter(|token| fits_certificate(token.binding, message));
    let Some((token, jkt)) = token.and_then(|token| Some((token.clone(), token.binding.jkt?))) else {
        return Err(unknown_token(server));
    };
    server
        .par
        .verify_dpop_proof(&request, jkt)
        .await
        .map_err(|refusal| Answer::from(Reply::from(refusal)).no_store())?;
    let answer = show(server, &token.grant);
    Ok(match server.par.dpop_nonce() {
        Some(nonce) => answer.with("dpop-nonce", nonce),
        None => answer,
    })
}

/// RFC 8705 section 3
fn fits_certificate(binding: Confirmation, message: &Message<'_>) -> bool {
    let shown = message.certificate.map(|certificate| certificate.to_client_certificate().thumbprint());
    binding.x5t_s256.is_none() || binding.x5t_s256 == shown
}

fn show(server: &Server, grant: &Grant) -> Answer {
    let resource = Resource {
        client_id: grant.request.client_id(),
        scope: grant.scope(),
        sub: grant.account.subject_in(server.par.policy().profile),
        request: RequestView(&grant.request),
    };
    match serde_json::to_string(&resource) {
        Ok(body) => Answer::json(200, body).no_store(),
        Err(_) => Answer::json(500, r#"{"error":"server_error"}"#).no_store(),
    }
}

/// The same for all that is wrong with a token, so that a sender does not learn whether another client has it.
fn unknown_token(server: &Server) -> Answer {
    const ERROR: &str = r#"error="invalid_token", error_description="the token is unknown, has expired, was revoked, or is bound to another""#;
    refuse(r#"{"error":"invalid_token"}"#, format!("Bearer {ERROR}"), challenge(server, r#", error="invalid_token""#))
}

fn challenge(server: &Server, error: &str) -> String {
    dpop::challenge(&server.par.policy().dpop_signing_alg_values_supported, None) + error
}

/// RFC 6750 section 3 and RFC 9449 section 7.1: no error code for a request without a token.
fn refuse(body: &'static str, bearer: String, dpop: String) -> Answer {
    Answer::json(401, body).no_store().with("www-authenticate", bearer).with("www-authenticate", dpop)
}
