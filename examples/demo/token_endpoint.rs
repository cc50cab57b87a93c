//! `POST /token`: a client trades its code for an access token, and an ID token when `openid` was granted.

use std::sync::Arc;

use parjar::{AuthenticatedClient, Parameters, Profile, Reply};
use serde_json::json;

use super::{
    Demo,
    codes::{Grant, Unissued},
    id_token::id_token,
    message::{Answer, Message},
    tokens,
};

pub(crate) async fn answer(demo: &Demo, message: &Message) -> Answer {
    let request = match demo.par.authenticate_client(&message.to_push_request()).await {
        Ok(request) => request,
        Err(refusal) => return Reply::from(refusal).into(),
    };
    let client = request.client();
    match bound(demo, client).and_then(|()| redeem(demo, client, request.parameters())) {
        Ok(grant) => issue(demo, grant, client),
        Err((error, description)) => refuse(400, error, description),
    }
}

type Refused = (&'static str, &'static str);

/// Whether the tokens of this request can be bound where they have to be, to a key or to a certificate (FAPI 2.0 Security Profile
/// section 5.3.2.1).
fn bound(demo: &Demo, client: &AuthenticatedClient) -> Result<(), Refused> {
    let binding = client.confirmation();
    if client.client().binds_tokens_to_certificate() && binding.x5t_s256.is_none() {
        return Err(("invalid_request", "tokens of this client are bound to its certificate, and it has shown none"));
    }
    let may_be_free = matches!(demo.par.policy().profile, Profile::Oauth | Profile::Oidc);
    if binding.is_empty() && !may_be_free {
        return Err(("invalid_request", "tokens are bound to a key or a certificate, and the request has shown none"));
    }
    Ok(())
}

fn redeem(demo: &Demo, client: &AuthenticatedClient, form: &Parameters) -> Result<Arc<Grant>, Refused> {
    match form.get("grant_type") {
        Some("authorization_code") => {}
        Some(_) => return Err(("unsupported_grant_type", "only authorization_code is supported")),
        None => return Err(("invalid_request", "grant_type is missing")),
    }
    let code = form.get("code").ok_or(("invalid_request", "code is missing"))?;
    let unusable = ("invalid_grant", "the code is unknown, has expired or has been used");
    let grant = demo.codes.redeem(code, client.client().client_id()).ok_or(unusable)?;
    if !client.fulfils(grant.request.confirmation()) {
        return Err(("invalid_grant", "the code is bound to another key or certificate"));
    }
    // The AT Protocol binds a session to the key that its client has authenticated with first.
    let is_atproto = demo.par.policy().profile == Profile::Atproto;
    if is_atproto && !client.authenticated_with(grant.request.authentication_key()) {
        return Err(("invalid_grant", "the code was asked for with another key of the client"));
    }
    // A client that named its redirect URI in the authorization request has to name it again.
    let redirect_uri = grant.request.redirect_uri_parameter();
    if redirect_uri.is_some() && form.get("redirect_uri") != redirect_uri {
        return Err(("invalid_grant", "redirect_uri is not that of the authorization request"));
    }
    let verified = match (grant.request.code_challenge(), form.get("code_verifier")) {
        (Some(challenge), Some(verifier)) => challenge.verify(verifier),
        (None, None) => true,
        // A verifier without a challenge: somebody has stripped the challenge off (RFC 9700 section 4.8.2).
        _ => false,
    };
    if verified { Ok(grant) } else { Err(("invalid_grant", "code_verifier does not fit the code_challenge")) }
}

fn issue(demo: &Demo, grant: Arc<Grant>, client: &AuthenticatedClient) -> Answer {
    let failed = || refuse(500, "server_error", "the tokens could not be made");
    let binding = client.confirmation();
    let token = match demo.tokens.issue(Arc::clone(&grant), binding) {
        Ok(token) => token,
        Err(Unissued::Full) => return refuse(503, "temporarily_unavailable", "too many tokens are outstanding"),
        Err(Unissued::Failed) => return failed(),
    };
    let mut body = json!({
        "access_token": token,
        "token_type": tokens::token_type(binding),
        "expires_in": tokens::LIFE.as_secs(),
    });
    let Some(members) = body.as_object_mut() else { return failed() };
    let scope = grant.scope();
    if !scope.is_empty() {
        members.insert("scope".to_owned(), scope.into());
    }
    // RFC 9396 section 7: the demo grants what was asked for.
    if !grant.request.authorization_details().is_empty() {
        members.insert("authorization_details".to_owned(), json!(grant.request.authorization_details()));
    }
    if grant.request.has_scope("openid") {
        let Ok(id_token) = id_token(&demo.issuer, &demo.signer, &grant) else { return failed() };
        members.insert("id_token".to_owned(), id_token.into());
    }
    let answer = Answer::json(200, body.to_string()).no_store().with("pragma", "no-cache");
    match demo.par.dpop_nonce().filter(|_| binding.jkt.is_some()) {
        Some(nonce) => answer.with("dpop-nonce", nonce),
        None => answer,
    }
}

/// RFC 6749 section 5.2.
fn refuse(status: u16, error: &str, description: &str) -> Answer {
    let body = json!({ "error": error, "error_description": description });
    Answer::json(status, body.to_string()).no_store().with("pragma", "no-cache")
}
