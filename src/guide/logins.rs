//! A login from the link to the code: the cookie, the page and the decision, in their order.
//!
//! | step | the host | with |
//! | --- | --- | --- |
//! | 1 | reads the cookie of this request, or draws one | [`BindingCookies::read`] |
//! | 2 | sends a browser without the cookie back to the same URL with it | [`BindingCookie::query_of_return`], [`to_set`](BindingCookie::to_set) |
//! | 3 | opens the request | [`ParEndpoint::authorize`] |
//! | 4 | shows its page, with the request and a token in hidden fields | [`Pending::to_query`], [`BindingCookie::form_token`] |
//! | 5 | takes the form, if it comes from that page | [`BindingCookie::of_form`] |
//! | 6 | opens the request again, for a decision | [`ParEndpoint::authorize_decision`] |
//! | 7 | ends it | [`ParEndpoint::complete`], [`ParEndpoint::deny`] |
//! | 8 | writes the code, and answers | [`Granted::respond`] |
//!
//! Nothing of it is kept in memory between the steps, so each of them may be on another node.
//!
//! [`ParEndpoint::visit`] takes steps 1 to 3 for any method, with HEAD, with a POST of another site and with browsers that show nothing to a
//! person told apart, and [`ParEndpoint::decide`] steps 5 and 6. A host that has its own way with cookies takes the pieces:
//!
//! # The page
//!
//! ```
//! use parjar::{AuthorizeRefusal, BindingCookie, BindingCookies, ParEndpoint, Parameters, Pending, RandomError};
//!
//! /// The cookie for the request in a raw query. `cookies` is the `Cookie` header.
//! fn cookie(par: &ParEndpoint, all: &BindingCookies, query: &str, cookies: &str) -> Result<BindingCookie, RandomError> {
//!     // A query that cannot be read has no `request_uri`, and is refused by `authorize`.
//!     let parameters = Parameters::parse(query.as_bytes(), &par.policy().limits).unwrap_or_default();
//!     all.read(parameters.get("request_uri").unwrap_or_default(), cookies)
//! }
//!
//! enum Answer {
//!     /// 303 to the same path with this query.
//!     Back(String),
//!     Page(Pending, BindingCookie),
//! }
//!
//! /// GET of the authorization endpoint. Each answer sets `cookie.to_set(par.policy().login_lifetime)`.
//! async fn page(par: &ParEndpoint, query: &str, cookie: BindingCookie) -> Result<Answer, AuthorizeRefusal> {
//!     if let Some(query) = cookie.query_of_return(query) {
//!         return Ok(Answer::Back(query));
//!     }
//!     let pending = par.authorize(query, cookie.browser()).await?;
//!     let cookie = cookie.of(&pending);
//!     Ok(Answer::Page(pending, cookie))
//! }
//! ```
//!
//! The form of the page has two hidden fields: `request` with [`Pending::to_query`], and `token` with [`BindingCookie::form_token`].
//!
//! **A request without `request_uri`**, spelled out in the query, is not bound to a browser. Give [`read`](BindingCookies::read) the empty text for
//! it, as above: the cookie then carries the token of the form, and one for all such requests of a browser is enough. Where only
//! pushed requests are taken, there are none.
//!
//! **The form may be posted to any path of the same host.** The cookie has `Path=/`, and with an https issuer the prefix `__Host-`, which
//! keeps it on this very host. A form on another host, be it another name of the same server, comes without the cookie.
//!
//! # The decision
//!
//! ```
//! use parjar::{AuthorizeRefusal, BindingCookie, Decision, DenialCode, ParEndpoint, Reply};
//! # async fn write_code(_: &parjar::Granted) -> Result<String, std::io::Error> { Ok("SplxlOBeZQQYbYS6WxSbIA".to_owned()) }
//!
//! /// POST of the form. `cookie` was read for the value of `request`; the user has signed in, here or before.
//! async fn decided(par: &ParEndpoint, request: &str, cookie: BindingCookie, token: &str, allowed: bool) -> Result<Reply, AuthorizeRefusal> {
//!     let Some(cookie) = cookie.of_form(token) else {
//!         // ... 400: another site has posted this form, or cookies are off.
//!         # return Err(parjar::Refusal::from(parjar::Rejection::new(parjar::ErrorCode::InvalidRequest, "form", "a form of another site")).into());
//!     };
//!     let decision = if allowed { Decision::Approve } else { Decision::Deny(DenialCode::AccessDenied) };
//!     let pending = par.authorize_decision(request, cookie.browser(), decision).await?;
//!     if let Decision::Deny(error) = decision {
//!         return Ok(par.deny(&pending, error).await?.into());
//!     }
//!     let granted = par.complete(&pending).await?; // for one caller on all nodes
//!     let response = match write_code(&granted).await {
//!         Ok(code) => granted.respond([("code", code.as_str())]).await?,
//!         Err(_) => granted.refuse(DenialCode::ServerError).await?,
//!     };
//!     Ok(response.into()) // with `Set-Cookie: {cookie.to_drop()}`
//! }
//! ```
//!
//! Read the form with your framework, and give this crate the value of `request` alone. **The password does not belong in
//! [`Parameters::parse`]**: it keeps every value that is not a credential of a client, as parameters of the request, and does not wipe them.
//!
//! What the host keeps with the code is [`CodeBinding::of`] the [request](Granted::request), for its token endpoint
//! ([`sender_constrained`](super::sender_constrained)), the scopes, and the user.
//!
//! A host that logs users in on pages of its own, one after the other, keeps who has signed in by [`ParEndpoint::annotate`], asks
//! [`Pending::is_login_new_enough`], and has more time with [`ParEndpoint::extend`].
//!
//! # Second clicks
//!
//! A browser whose user clicks a button twice drops the answer to the first click. So `complete` and `deny` keep what they have
//! answered for ten seconds, and the second click gets the same answer again ([`AuthorizeRefusal::Answered`]), with the same code.
//!
//! * **Answers are kept per node.** Behind a balancer that sends the second click to another node, the user gets a refusal for the
//!   reason [`Reason::AlreadyAnswered`], and has not been sent to the client. Let the balancer keep a browser on a node (sticky sessions, a few
//!   seconds are enough), or say on the page that the request was answered and that the user begins anew in the app:
//!
//! ```
//! use parjar::{AuthorizeRefusal, Reason};
//!
//! fn text(refused: &AuthorizeRefusal) -> &'static str {
//!     match refused.refusal().reason() {
//!         Reason::AlreadyAnswered => "You have decided already. Go back to the app, and sign in again if it asks for it.",
//!         _ => "This link does not work any more. Go back to the app, and try again.",
//!     }
//! }
//! ```
//!
//! * **Servers drop the handler of a connection that the browser closes**, and with it the answer. Run the decision in a task of its own
//!   (`tokio::spawn`), and await that.
//! * Links are clicked twice as well, and are opened in two tabs. That is what step 2 is for.
//! * A host with cookies of its own ([`Browser::bound`]) has no step 2, and learns of an answer at another node no more than that the request is
//!   unknown.
//!
//! # In one transaction
//!
//! With requests in the host's own database, steps 6 to 8 up to the answer are one transaction: open for the decision, complete, write the
//! code, commit, and then respond. [`ParEndpoint::with_store`] has the code.
//!
//! | step | in the transaction |
//! | --- | --- |
//! | [`push`](ParEndpoint::push), [`authenticate_client`](ParEndpoint::authenticate_client) | no: what is rolled back makes an assertion good again |
//! | [`authorize`](ParEndpoint::authorize) for the page | no: it would lock the request while a user reads |
//! | [`authorize_decision`](ParEndpoint::authorize_decision), [`complete`](ParEndpoint::complete), [`deny`](ParEndpoint::deny) | yes |
//! | the host's own code, grant and session | yes |
//! | [`respond`](Granted::respond) | no: after the commit |
//!
//! The event `completed` tells that `complete` was granted, **before the host has committed**. A host that counts codes counts them itself.
//!
//! # What is counted
//!
//! `opened` counts pages, not logins: each load of the page and each decision is one. Logins that have come to an end are `completed` and
//! `denied`, logins that have begun are no more than `pushed`. See [`observability`](super::observability).
//!
//! # What else a page needs
//!
//! `Content-Security-Policy: frame-ancestors 'none'`, `Cache-Control: no-store`, `Referrer-Policy: same-origin` (with `no-referrer`, browsers keep back the `Origin` of the form, and it is taken for one of another site); names and URIs of the client escaped; and a HEAD that is answered without
//! [`authorize`](ParEndpoint::authorize). With `prompt=none` there is no page: the user is known, or
//! [`deny`](ParEndpoint::deny) says `login_required`.

#[cfg(doc)]
use crate::{
    AuthorizeRefusal, BindingCookie, BindingCookies, Browser, CodeBinding, Granted, ParEndpoint, Parameters, Pending,
    Reason,
};
