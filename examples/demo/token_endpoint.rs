//! `POST /token`: a client trades its code for an access token, and an ID token when `openid` was granted.

use std::sync::Arc;

use parjar::{AuthenticatedClient, AuthenticatedRequest, Profile, Reply, TokenError, TokenErrorCode};
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
    let issued = bound(demo, client).and_then(|()| redeem(demo, &request)).and_then(|grant| issue(demo, grant, client));
    issued.unwrap_or_else(|error| Reply::from(error).into())
}

const fn invalid_request(description: &'static str) -> TokenError {
    TokenError::new(TokenErrorCode::InvalidRequest, description)
}

const fn invalid_grant(description: &'static str) -> TokenError {
    TokenError::new(TokenErrorCode::InvalidGrant, description)
}

/// Whether the tokens of this request can be bound where they have to be, to a key or to a certificate (FAPI 2.0 Security Profile
/// section 5.3.2.1).
fn bound(demo: &Demo, client: &AuthenticatedClient) -> Result<(), TokenError> {
    let binding = client.confirmation();
    if client.client().binds_tokens_to_certificate() && binding.x5t_s256.is_none() {
        return Err(invalid_request("tokens of this client are bound to its certificate, and it has shown none"));
    }
    let may_be_free = matches!(demo.par.policy().profile, Profile::Oauth | Profile::Oidc);
    if binding.is_empty() && !may_be_free {
        return Err(invalid_request("tokens are bound to a key or a certificate, and the request has shown none"));
    }
    Ok(())
}

fn redeem(demo: &Demo, request: &AuthenticatedRequest) -> Result<Arc<Grant>, TokenError> {
    request.grant_type(&["authorization_code"])?;
    let (client, form) = (request.client(), request.parameters());
    let code = form.get("code").ok_or(invalid_request("code is missing"))?;
    let unusable = invalid_grant("the code is unknown, has expired or has been used");
    let grant = demo.codes.redeem(code, client.client().client_id()).ok_or(unusable)?;
    if !client.fulfils(grant.request.confirmation()) {
        return Err(invalid_grant("the code is bound to another key or certificate"));
    }
    // The AT Protocol binds a session to the key that its client has authenticated with first.
    let is_atproto = demo.par.policy().profile == Profile::Atproto;
    if is_atproto && !client.authenticated_with(grant.request.authentication_key()) {
        return Err(invalid_grant("the code was asked for with another key of the client"));
    }
    // A client that named its redirect URI in the authorization request has to name it again.
    let redirect_uri = grant.request.redirect_uri_parameter();
    if redirect_uri.is_some() && form.get("redirect_uri") != redirect_uri {
        return Err(invalid_grant("redirect_uri is not that of the authorization request"));
    }
    let verified = match (grant.request.code_challenge(), form.get("code_verifier")) {
        (Some(challenge), Some(verifier)) => challenge.verify(verifier),
        (None, None) => true,
        // A verifier without a challenge: somebody has stripped the challenge off (RFC 9700 section 4.8.2).
        _ => false,
    };
    if verified { Ok(grant) } else { Err(invalid_grant("code_verifier does not fit the code_challenge")) }
}

fn issue(demo: &Demo, grant: Arc<Grant>, client: &AuthenticatedClient) -> Result<Answer, TokenError> {
    const FAILED: TokenError = TokenError::new(TokenErrorCode::ServerError, "the tokens could not be made");
    const FULL: TokenError = TokenError::new(TokenErrorCode::TemporarilyUnavailable, "too many tokens are outstanding");
    let binding = client.confirmation();
    let token = demo.tokens.issue(Arc::clone(&grant), binding).map_err(|unissued| match unissued {
        Unissued::Full => FULL,
        Unissued::Failed => FAILED,
    })?;
    let mut body = json!({
        "access_token": token,
        "token_type": tokens::token_type(binding),
        "expires_in": tokens::LIFE.as_secs(),
    });
    let members = body.as_object_mut().ok_or(FAILED)?;
    let scope = grant.scope();
    if !scope.is_empty() {
        members.insert("scope".to_owned(), scope.into());
    }
    // RFC 9396 section 7: the demo grants what was asked for.
    if !grant.request.authorization_details().is_empty() {
        members.insert("authorization_details".to_owned(), json!(grant.request.authorization_details()));
    }
    if grant.request.has_scope("openid") {
        let id_token = id_token(&demo.issuer, &demo.signer, &grant).map_err(|_| FAILED)?;
        members.insert("id_token".to_owned(), id_token.into());
    }
    let answer = Answer::json(200, body.to_string()).no_store().with("pragma", "no-cache");
    Ok(match demo.par.dpop_nonce().filter(|_| binding.jkt.is_some()) {
        Some(nonce) => answer.with("dpop-nonce", nonce),
        None => answer,
    })
}
