//! A login from the link to the code: the cookie, the page and the decision, in their order.
//!
//! | step | the host | with |
//! | --- | --- | --- |
//! | 1 | hands over each request to its authorization endpoint, of any method | [`ParEndpoint::visit`] |
//! | 2 | sends the reply that comes back, or shows its page with the cookie, and with two hidden fields | [`Login::set_cookie`], [`Login::form_token`], [`Pending::to_query`] |
//! | 3 | signs the user in, and asks for consent | [`Pending::request`] |
//! | 4 | hands over the form with the decision | [`ParEndpoint::decide`] |
//! | 5 | ends the request | [`ParEndpoint::complete`], [`ParEndpoint::deny`] |
//! | 6 | writes the code, and answers | [`Granted::respond`], [`Login::drop_cookie`] |
//!
//! Nothing of it is kept in memory between the steps, so each of them may be on another node.
//!
//! # The page
//!
//! [`visit`](ParEndpoint::visit) has the code of steps 1 and 2. A browser without a cookie is first sent back to the same URL with one; then
//! the request is opened, and bound to that browser. The page may be loaded again until the login ends: opening is repeatable for the browser
//! that came first, and for no other. What it shows is in [`Pending::request`]: the client with its name, the scopes, `authorization_details`,
//! and where the user goes afterwards.
//!
//! The form has two hidden fields: [`Pending::to_query`], and [`Login::form_token`] against other sites that would post it.
//!
//! **It may be posted to any path of the same host.** The cookie has `Path=/`, and with an https issuer the prefix `__Host-`, which
//! keeps it on this very host. A form on another host, be it another name of the same server, comes without the cookie.
//!
//! # The decision
//!
//! ```
//! use parjar::{AuthorizeRefusal, BindingCookies, BrowserRequest, Decision, DenialCode, ParEndpoint, Reply};
//! # async fn write_code(_: &parjar::Granted) -> Result<String, std::io::Error> { Ok("SplxlOBeZQQYbYS6WxSbIA".to_owned()) }
//!
//! /// `form` is the POST; `query` and `token` are its hidden fields. The user has signed in, here or before. The reply goes out with the
//! /// second value as its `Set-Cookie`.
//! async fn decided(
//!     par: &ParEndpoint,
//!     cookies: &BindingCookies,
//!     form: &BrowserRequest<'_>,
//!     (query, token): (&str, &str),
//!     decision: Decision,
//! ) -> Result<(Reply, Option<String>), AuthorizeRefusal> {
//!     let login = par.decide(cookies, form, query, token, decision).await?;
//!     let response = match decision {
//!         Decision::Deny(error) => par.deny(login.pending(), error).await?,
//!         Decision::Approve => {
//!             let granted = par.complete(login.pending()).await?; // for one caller on all nodes
//!             match write_code(&granted).await {
//!                 Ok(code) => granted.respond([("code", code.as_str())]).await?,
//!                 Err(_) => granted.refuse(DenialCode::ServerError).await?,
//!             }
//!         }
//!     };
//!     Ok((response.into(), login.drop_cookie()))
//! }
//! ```
//!
//! [`respond`](Granted::respond) adds `state` and `iss`, and answers in the response mode that was asked for. A refusal becomes a reply by
//! `Reply::from`, or a page of your own.
//!
//! Read the form with your framework, and give this crate the values of the two fields. **The password does not belong in
//! [`Parameters::parse`]**: it keeps every value that is not a credential of a client, as parameters of the request, and does not wipe them.
//!
//! What the host keeps with the code is [`CodeBinding::of`] the [request](Granted::request), for its token endpoint
//! ([`sender_constrained`](super::sender_constrained)), the scopes, and the user.
//!
//! A host that logs users in on pages of its own, one after the other, keeps who has signed in by [`ParEndpoint::annotate`], asks
//! [`Pending::is_login_new_enough`], and has more time with [`ParEndpoint::extend`]. With `prompt=none` there is no page: the user is known, or
//! [`deny`](ParEndpoint::deny) says `login_required`.
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
//! * Links are clicked twice as well, and are opened in two tabs. That is what the way back with a cookie is for.
//! * A host with cookies of its own ([`Browser::bound`]) has no way back, and learns of an answer at another node no more than that the request is
//!   unknown.
//!
//! # In one transaction
//!
//! With requests in the host's own database, steps 4 to 6 up to the answer are one transaction: open for the decision, complete, write the
//! code, commit, and then respond. [`ParEndpoint::with_store`] has the code.
//!
//! | step | in the transaction |
//! | --- | --- |
//! | [`push`](ParEndpoint::push), [`authenticate_client`](ParEndpoint::authenticate_client) | no: what is rolled back makes an assertion good again |
//! | [`visit`](ParEndpoint::visit), [`authorize`](ParEndpoint::authorize) for the page | no: it would lock the request while a user reads |
//! | [`decide`](ParEndpoint::decide), [`authorize_decision`](ParEndpoint::authorize_decision), [`complete`](ParEndpoint::complete), [`deny`](ParEndpoint::deny) | yes |
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
//! `Content-Security-Policy: frame-ancestors 'none'`, `Cache-Control: no-store`, `Referrer-Policy: same-origin` (with `no-referrer`, browsers
//! keep back the `Origin` of the form, and it is taken for one of another site), and names and URIs of the client escaped.
//!
//! # By the piece
//!
//! A host that has its own way with HEAD, with POSTs of other sites and with cookies takes the pieces that `visit` and `decide` are made of:
//!
//! ```
//! use parjar::{BindingCookie, BindingCookies, ParEndpoint, Parameters, RandomError};
//!
//! /// The cookie for the request in a raw query. `cookies` is the `Cookie` header.
//! fn cookie(par: &ParEndpoint, all: &BindingCookies, query: &str, cookies: &str) -> Result<BindingCookie, RandomError> {
//!     // A query that cannot be read has no `request_uri`, and is refused by `authorize`.
//!     let parameters = Parameters::parse(query.as_bytes(), &par.policy().limits).unwrap_or_default();
//!     all.read(parameters.get("request_uri").unwrap_or_default(), cookies)
//! }
//! ```
//!
//! * **A request without `request_uri`**, spelled out in the query, is not bound to a browser. Give [`read`](BindingCookies::read) the empty text for
//!   it, as above: the cookie then carries the token of the form, and one for all such requests of a browser is enough.
//! * [`BindingCookie::query_of_return`] says where a browser without the cookie goes, [`ParEndpoint::authorize`] opens the request,
//!   [`BindingCookie::of_form`] knows the form, and [`ParEndpoint::authorize_decision`] opens it again.
//! * A HEAD must open nothing. A POST of another site (OpenID Connect Core section 3.1.2.1) comes without `SameSite=Lax` cookies: answer it
//!   with a 303 to the same path and its form as the query.

#[cfg(doc)]
use crate::{
    AuthorizeRefusal, BindingCookie, BindingCookies, Browser, CodeBinding, Granted, Login, ParEndpoint, Parameters,
    Pending, Reason,
};
