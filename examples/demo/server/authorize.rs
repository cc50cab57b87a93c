//! The authorization endpoint: open a request, let the user decide, answer the client.
//!
//! Nothing about the request is kept here between the page and the decision. The form carries the reference, or the plain
//! request itself, and the library is asked again, so any node behind the same store can take the decision.

use std::{borrow::Cow, sync::Arc};

use parjar::{AuthorizeRefusal, Decision, DenialCode, Granted, Pending, Reply, Visit};

use super::{
    Server,
    accounts::ALICE,
    consent_page, error_page,
    grant::{Grant, Unissued},
    id_token::id_token_with,
    session::Session,
    tokens,
};
use crate::demo::http::message::{Answer, Form, Message, encode};

/// It is answered to its end, whether or not the browser waits for that: a second click closes the connection of the first, and what
/// the browser gets then is the answer to the first.
pub(crate) async fn answer(server: &Server, message: &Message<'_>) -> Answer {
    let answered = match decision(message) {
        Some((form, decision)) => decide(server, message, form, decision).await,
        None => open(server, message).await,
    };
    answered.unwrap_or_else(refused)
}

/// The form of the page, and what its user has decided.
fn decision<'a>(message: &Message<'a>) -> Option<(Form<'a>, Decision)> {
    let form = message.form().filter(|_| message.method == "POST")?;
    Some(match &*form.field("decision")? {
        "approve" => (form, Decision::Approve),
        _ => (form, Decision::Deny(DenialCode::AccessDenied)),
    })
}

/// Shows the page. It may be loaded again as long as nothing has been decided.
async fn open(server: &Server, message: &Message<'_>) -> Result<Answer, AuthorizeRefusal> {
    let login = match server.par.visit(&server.cookies, &message.to_browser_request()).await? {
        Visit::Login(login) => login,
        Visit::Reply(reply) => return Ok(reply.into()),
    };
    let pending = login.pending();
    let session = session(server, message, pending);
    if pending.request().has_prompt("none") {
        return match session {
            Some(session) => approve(server, pending, session).await,
            None => deny(server, pending, DenialCode::LoginRequired).await,
        };
    }
    let answer = consent_page::render(&login, &server.issuer.path("/authorize"), &ALICE, session.is_some());
    Ok(answer.with_cookie(Some(login.set_cookie())))
}

async fn decide(
    server: &Server,
    message: &Message<'_>,
    form: Form<'_>,
    decision: Decision,
) -> Result<Answer, AuthorizeRefusal> {
    let decided = async {
        let (request, token) = (request_of(form), form.field("csrf").unwrap_or_default());
        let browser = message.to_browser_request();
        let login = server.par.decide(&server.cookies, &browser, &request, &token, decision).await?;
        let answer = match decision {
            Decision::Deny(error) => deny(server, login.pending(), error).await?,
            Decision::Approve => sign_in_and_approve(server, message, login.pending()).await?,
        };
        Ok(answer.with_cookie(login.drop_cookie()))
    };
    match decided.await {
        // The cookie that came with the first answer may have been lost with it.
        Err(again @ AuthorizeRefusal::Answered(_)) if decision == Decision::Approve => {
            let lost = server.sessions.of(message).is_none().then(|| server.sessions.cookie(&Session::begin(&ALICE)));
            Ok(refused(again).with_cookie(lost))
        }
        decided => decided,
    }
}

/// The page is where the demo's user signs in, unless there is a session that is good for the request.
async fn sign_in_and_approve(
    server: &Server,
    message: &Message<'_>,
    pending: &Pending,
) -> Result<Answer, AuthorizeRefusal> {
    if let Some(session) = session(server, message, pending) {
        return approve(server, pending, session).await;
    }
    let session = Session::begin(&ALICE);
    Ok(approve(server, pending, session).await?.with_cookie(Some(server.sessions.cookie(&session))))
}

/// The session of a user who need not sign in again for this request (OpenID Connect Core section 3.1.2.1).
fn session(server: &Server, message: &Message<'_>, pending: &Pending) -> Option<Session> {
    let session = server.sessions.of(message)?;
    // The page is the login page as well, so that a login for another request is none for this one.
    let signs_in_here = pending.request().has_prompt("login");
    (!signs_in_here && pending.is_login_new_enough(session.signed_in_at)).then_some(session)
}

/// The request that a decision is about, as [`consent_page`] put it into the form.
fn request_of(form: Form<'_>) -> String {
    let field = |name| form.field(name).unwrap_or(Cow::Borrowed(""));
    match form.field("request_query") {
        Some(plain) => plain.into_owned(),
        None => encode([("client_id", &*field("client_id")), ("request_uri", &*field("request_uri"))]),
    }
}

async fn approve(server: &Server, pending: &Pending, session: Session) -> Result<Answer, AuthorizeRefusal> {
    let granted = server.par.complete(pending).await?;
    let response = match response(server, &granted, session) {
        Ok(response) => granted.respond(response.iter().map(|(name, value)| (*name, value.as_str()))).await,
        // The request is spent by now, so the client has to push another one.
        Err(unissued) => granted.refuse(unissued.error()).await,
    };
    Ok(Reply::from(response?).into())
}

async fn deny(server: &Server, pending: &Pending, error: DenialCode) -> Result<Answer, AuthorizeRefusal> {
    Ok(Reply::from(server.par.deny(pending, error).await?).into())
}

/// What the response type asks for. The library adds `state` and `iss`.
fn response(server: &Server, granted: &Granted, session: Session) -> Result<Vec<(&'static str, String)>, Unissued> {
    let request = granted.request();
    let grant = Arc::new(Grant::new(request, session));
    let asked_for = |wanted: &str| request.response_type().as_str().split(' ').any(|value| value == wanted);
    let (mut response, mut beside) = (Vec::new(), Vec::new());
    if asked_for("code") {
        let code = server.codes.issue(Arc::clone(&grant))?;
        beside.push(("c_hash", code.clone()));
        response.push(("code", code));
    }
    if asked_for("token") {
        let binding = request.confirmation();
        let token = server.tokens.issue(Arc::clone(&grant), binding)?;
        beside.push(("at_hash", token.clone()));
        response.extend([
            ("access_token", token),
            ("token_type", tokens::token_type(binding).to_owned()),
            ("expires_in", tokens::LIFE.as_secs().to_string()),
        ]);
    }
    if asked_for("id_token") {
        beside.extend(request.state().map(|state| ("s_hash", state.to_owned())));
        let beside: Vec<_> = beside.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let id_token = id_token_with(server, &grant, &beside);
        response.push(("id_token", id_token.map_err(|_| Unissued::Failed)?));
    }
    Ok(response)
}

fn refused(refused: AuthorizeRefusal) -> Answer {
    let status = refused.page_status();
    match refused {
        AuthorizeRefusal::Page(refusal) => error_page::render(&refusal, status),
        refused => Reply::from(refused).into(),
    }
}
