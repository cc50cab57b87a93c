//! `POST /token`: a client trades its code for an access token, and an ID token when `openid` was granted.

use std::sync::Arc;

use parjar::{AuthenticatedClient, AuthenticatedRequest, CodeBinding, Profile, Reply, TokenError, TokenErrorCode};
use serde_json::json;

use super::{
    Server,
    grant::{Grant, Unissued},
    id_token::id_token,
    tokens,
};
use crate::demo::http::message::{Answer, Message};

pub(crate) async fn answer(server: &Server, message: &Message<'_>) -> Answer {
    let request = match server.par.authenticate_client(&message.to_push_request()).await {
        Ok(request) => request,
        Err(refusal) => return Reply::from(refusal).into(),
    };
    let client = request.client();
    let redeemed = bound(server, client).map_err(Reply::from).and_then(|()| redeem(server, &request));
    let issued = redeemed.and_then(|grant| issue(server, grant, client).map_err(Reply::from));
    issued.unwrap_or_else(Answer::from)
}

const fn invalid_request(description: &'static str) -> TokenError {
    TokenError::new(TokenErrorCode::InvalidRequest, description)
}

const UNUSABLE: TokenError =
    TokenError::new(TokenErrorCode::InvalidGrant, "the code is unknown, has expired or has been used");

/// Whether the tokens of this request can be bound where they have to be, to a key or to a certificate (FAPI 2.0 Security Profile
/// section 5.3.2.1).
fn bound(server: &Server, client: &AuthenticatedClient) -> Result<(), TokenError> {
    let binding = client.confirmation();
    if client.client().binds_tokens_to_certificate() && binding.x5t_s256.is_none() {
        return Err(invalid_request("tokens of this client are bound to its certificate, and it has shown none"));
    }
    let may_be_free = matches!(server.par.policy().profile, Profile::Oauth | Profile::Oidc);
    if binding.is_empty() && !may_be_free {
        return Err(invalid_request("tokens are bound to a key or a certificate, and the request has shown none"));
    }
    Ok(())
}

fn redeem(server: &Server, request: &AuthenticatedRequest) -> Result<Arc<Grant>, Reply> {
    let refused = |error| server.par.refuse_token(request, error);
    request.grant_type(&["authorization_code"]).map_err(refused)?;
    let code = request.parameters().get("code").ok_or_else(|| refused(invalid_request("code is missing")))?;
    let grant = server.codes.redeem(code, request.client().client().client_id()).ok_or_else(|| refused(UNUSABLE))?;
    server.par.check_code(request, &CodeBinding::of(&grant.request))?;
    Ok(grant)
}

fn issue(server: &Server, grant: Arc<Grant>, client: &AuthenticatedClient) -> Result<Answer, TokenError> {
    const FAILED: TokenError = TokenError::new(TokenErrorCode::ServerError, "the tokens could not be made");
    const FULL: TokenError = TokenError::new(TokenErrorCode::TemporarilyUnavailable, "too many tokens are outstanding");
    let binding = client.confirmation();
    let token = server.tokens.issue(Arc::clone(&grant), binding).map_err(|unissued| match unissued {
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
    // The AT Protocol says whose tokens these are.
    let profile = server.par.policy().profile;
    if profile == Profile::Atproto {
        members.insert("sub".to_owned(), grant.account.subject_in(profile).into());
    }
    // RFC 9396 section 7: the demo grants what was asked for.
    if !grant.request.authorization_details().is_empty() {
        members.insert("authorization_details".to_owned(), json!(grant.request.authorization_details()));
    }
    if grant.request.has_scope("openid") {
        let id_token = id_token(server, &grant).map_err(|_| FAILED)?;
        members.insert("id_token".to_owned(), id_token.into());
    }
    let answer = Answer::json(200, body.to_string()).no_store().with("pragma", "no-cache");
    Ok(match server.par.dpop_nonce().filter(|_| binding.jkt.is_some()) {
        Some(nonce) => answer.with("dpop-nonce", nonce),
        None => answer,
    })
}
