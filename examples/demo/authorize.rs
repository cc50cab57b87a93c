//! The authorization endpoint: open a request, let the user decide, answer the client.
//!
//! Nothing about the request is kept here between the page and the decision. The form carries the reference, or the plain
//! request itself, and the library is asked again, so any node behind the same store can take the decision.

use std::{borrow::Cow, sync::Arc};

use parjar::{AuthorizeRefusal, DenialCode, Granted, Pending, Reply};

use super::{
    Demo,
    accounts::ALICE,
    browser::{Browser, comes_from_elsewhere},
    codes::{Grant, Unissued},
    consent_page, error_page,
    html::page,
    id_token::id_token_with,
    message::{Answer, Form, Message, encode},
    tokens,
};

/// Longer requests are not turned from a POST into a GET.
const MAX_URL: usize = 8 * 1024;

pub(crate) async fn answer(demo: &Demo, message: &Message) -> Answer {
    let answered = match message.method.as_str() {
        // Programs that only want to know whether a link works must not take the request away from the browser.
        "HEAD" => Ok(page(200, "Sign in", "")),
        "POST" => post(demo, message).await,
        _ => open(demo, message, message.query.as_deref().unwrap_or_default()).await,
    };
    answered.unwrap_or_else(|failure| failure)
}

async fn post(demo: &Demo, message: &Message) -> Result<Answer, Answer> {
    let Some(form) = message.form() else { return Err(error_page::invalid_request()) };
    if let Some(decision) = form.field("decision") {
        return decide(demo, message, form, &decision).await;
    }
    if comes_from_elsewhere(message, &demo.issuer) {
        if !fits_url(form.raw()) {
            return Err(error_page::invalid_request());
        }
        // A browser sends no SameSite cookie with this POST, but does so with the GET that follows, and stays the same browser.
        return Ok(Answer::see_other(format!("/authorize?{}", form.raw())));
    }
    open(demo, message, form.raw()).await
}

/// Shows the page. It may be loaded again as long as nothing has been decided.
async fn open(demo: &Demo, message: &Message, request: &str) -> Result<Answer, Answer> {
    let browser = Browser::of(message, &demo.issuer)?;
    let pending = demo.par.authorize(request, browser.binding()?).await.map_err(refused)?;
    if pending.request().has_prompt("none") {
        // The demo keeps no session, so nobody is signed in without being asked.
        return deny(demo, &pending, DenialCode::LoginRequired).await;
    }
    let answer = consent_page::render(&pending, request, &browser, &ALICE);
    Ok(match browser.set_cookie() {
        Some(cookie) => answer.with("set-cookie", cookie),
        None => answer,
    })
}

async fn decide(demo: &Demo, message: &Message, form: Form<'_>, decision: &str) -> Result<Answer, Answer> {
    let browser = Browser::of(message, &demo.issuer)?;
    if !browser.sent(message, form, &demo.issuer) {
        return Err(error_page::invalid_request());
    }
    let request = request_of(form);
    let pending = demo.par.authorize(&request, browser.binding()?).await.map_err(refused)?;
    match decision {
        "approve" => approve(demo, &pending).await,
        _ => deny(demo, &pending, DenialCode::AccessDenied).await,
    }
}

/// The request that a decision is about, as [`consent_page`] put it into the form.
fn request_of(form: Form<'_>) -> String {
    let field = |name| form.field(name).unwrap_or(Cow::Borrowed(""));
    match form.field("request_query") {
        Some(plain) => plain.into_owned(),
        None => encode([("client_id", &*field("client_id")), ("request_uri", &*field("request_uri"))]),
    }
}

async fn approve(demo: &Demo, pending: &Pending) -> Result<Answer, Answer> {
    let granted = demo.par.complete(pending).await.map_err(refused)?;
    let answered = match response(demo, &granted) {
        Ok(response) => granted.respond(response.iter().map(|(name, value)| (*name, value.as_str()))).await,
        // The request is spent by now, so the client has to push another one.
        Err(unissued) => granted.respond([("error", unissued.error().as_str())]).await,
    };
    Ok(Reply::from(answered.map_err(refused)?).into())
}

async fn deny(demo: &Demo, pending: &Pending, error: DenialCode) -> Result<Answer, Answer> {
    Ok(Reply::from(demo.par.deny(pending, error).await.map_err(refused)?).into())
}

/// What the response type asks for. The library adds `state` and `iss`.
fn response(demo: &Demo, granted: &Granted) -> Result<Vec<(&'static str, String)>, Unissued> {
    let request = granted.request();
    let grant = Arc::new(Grant::new(request, &ALICE));
    let asked_for = |wanted: &str| request.response_type().as_str().split(' ').any(|value| value == wanted);
    let (mut response, mut beside) = (Vec::new(), Vec::new());
    if asked_for("code") {
        let code = demo.codes.issue(Arc::clone(&grant))?;
        beside.push(("c_hash", code.clone()));
        response.push(("code", code));
    }
    if asked_for("token") {
        let binding = request.confirmation();
        let token = demo.tokens.issue(Arc::clone(&grant), binding)?;
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
        let id_token = id_token_with(&demo.issuer, &demo.signer, &grant, &beside);
        response.push(("id_token", id_token.map_err(|_| Unissued::Failed)?));
    }
    Ok(response)
}

fn refused(refusal: AuthorizeRefusal) -> Answer {
    let status = refusal.page_status();
    match refusal {
        AuthorizeRefusal::Page(refusal) => error_page::render(&refusal, status),
        AuthorizeRefusal::Redirect(refused) => Reply::from(refused.response().clone()).into(),
    }
}

fn fits_url(form: &str) -> bool {
    form.len() <= MAX_URL && form.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}
