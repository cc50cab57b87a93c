//! PAR in front of an authorization server of `oxide-auth`. What clients push, how they authenticate there, and how they are answered
//! is parjar's; clients, codes and tokens stay where they were, in `oxide.rs`.
//!
//! `cargo run -p parjar-oxide-auth --example oxide-auth` serves <http://127.0.0.1:3000>, or with `-- --listen ADDRESS` another address.

mod oxide;
mod page;

use std::{env, error::Error, net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use oxide_auth_axum::{OAuthRequest, OAuthResource, OAuthResponse, WebError};
use parjar::{
    AuthorizeRefusal, BindingCookie, BindingCookies, Client, ClientRegistration, Decision, DenialCode, FormRequest,
    InMemoryRegistry, ParEndpoint, Policy, RandomError, RandomSource as _, Reply, SystemRandom,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, signal::unix::SignalKind};
use url::form_urlencoded;

use self::oxide::Oxide;

struct Host {
    par: ParEndpoint,
    cookies: BindingCookies,
    oxide: Arc<Oxide>,
}

type App = State<Arc<Host>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listen = env::args().skip_while(|argument| argument != "--listen").nth(1);
    let address: SocketAddr = listen.as_deref().unwrap_or("127.0.0.1:3000").parse()?;
    let listener = TcpListener::bind(address).await?;
    let issuer = format!("http://{}", listener.local_addr()?);
    let app = Router::new()
        .route("/.well-known/oauth-authorization-server", get(metadata))
        .route("/authorize/par", any(push))
        .route("/authorize", get(open).head(async || ()).post(decide))
        .route("/token", post(token))
        .route("/resource", get(resource))
        .with_state(Arc::new(host(&issuer)?));
    println!("listening on {issuer}");
    let mut stop = tokio::signal::unix::signal(SignalKind::terminate())?;
    axum::serve(listener, app).with_graceful_shutdown(async move { _ = stop.recv().await }).await?;
    Ok(())
}

fn host(issuer: &str) -> Result<Host, Box<dyn Error>> {
    let oxide = Arc::new(Oxide::new()?);
    let mut registration = ClientRegistration::default();
    registration.client_id = oxide::CLIENT_ID.to_owned();
    registration.redirect_uris = vec![oxide::REDIRECT_URI.to_owned()];
    registration.scope = Some(oxide::SCOPE.to_owned());
    let client = Client::with_secret_verifier(registration, Arc::clone(&oxide))?;
    let mut policy = Policy::default();
    // What is not pushed would go past parjar.
    policy.require_pushed_authorization_requests = true;
    let par = ParEndpoint::builder(issuer)
        .policy(policy)
        .clients(InMemoryRegistry::new([client])?)
        .token_endpoint(format!("{issuer}/token"))
        .build()?;
    let mut key = [0; 32];
    SystemRandom.fill(&mut key)?;
    Ok(Host { par, cookies: BindingCookies::new(issuer, &key), oxide })
}

async fn metadata(State(host): App) -> Json<Value> {
    let mut document = host.par.metadata();
    document.insert("grant_types_supported".to_owned(), json!(["authorization_code"]));
    Json(document.into())
}

async fn push(State(host): App, head: Parts, body: Bytes) -> Response {
    Reply::from(host.par.push(&FormRequest::from_parts(&head, &body)).await).into()
}

/// Shows the page of a pushed request.
async fn open(State(host): App, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Refused> {
    let query = query.unwrap_or_default();
    let cookie = cookie(&host, &headers, &query)?;
    let set_cookie = [(header::SET_COOKIE, cookie.to_set(host.par.policy().login_lifetime))];
    if let Some(query) = cookie.query_of_return(&query) {
        let location = [(header::LOCATION, format!("/authorize?{query}"))];
        return Ok((StatusCode::SEE_OTHER, location, set_cookie).into_response());
    }
    let pending = host.par.authorize(&query, cookie.browser()).await?;
    let cookie = cookie.of(&pending);
    let set_cookie = [(header::SET_COOKIE, cookie.to_set(host.par.policy().login_lifetime))];
    Ok((set_cookie, page::render(&pending, &cookie)).into_response())
}

/// Takes the form of the page. An approved request goes through oxide-auth, which issues the code.
async fn decide(State(host): App, headers: HeaderMap, form: String) -> Result<Response, Refused> {
    let request = field(&form, "request");
    let cookie = cookie(&host, &headers, &request)?.of_form(&field(&form, "csrf"));
    let Some(cookie) = cookie else { return Ok(StatusCode::BAD_REQUEST.into_response()) };
    let denial = Decision::Deny(DenialCode::AccessDenied);
    let decision = if field(&form, "decision") == "approve" { Decision::Approve } else { denial };
    let pending = host.par.authorize_decision(&request, cookie.browser(), decision).await?;
    let answer = match decision {
        Decision::Deny(code) => host.par.deny(&pending, code).await?,
        Decision::Approve => {
            let granted = host.par.complete(&pending).await?;
            let parameters = granted.request().parameters().iter();
            match host.oxide.issue_code("alice", parameters) {
                Some(code) => granted.respond([("code", &*code)]).await?,
                None => granted.refuse(DenialCode::ServerError).await?,
            }
        }
    };
    let answer: Response = Reply::from(answer).into();
    Ok(([(header::SET_COOKIE, cookie.to_drop())], answer).into_response())
}

async fn token(State(host): App, request: OAuthRequest) -> Result<OAuthResponse, WebError> {
    host.oxide.token(request)
}

async fn resource(State(host): App, request: OAuthResource) -> Result<Response, WebError> {
    host.oxide.resource(request)
}

/// The cookie of the browser for this request, which is a query.
fn cookie(host: &Host, headers: &HeaderMap, request: &str) -> Result<BindingCookie, RandomError> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    host.cookies.read(&field(request, "request_uri"), &sent.collect::<Vec<_>>().join("; "))
}

fn field(form: &str, wanted: &str) -> String {
    let mut fields = form_urlencoded::parse(form.as_bytes());
    fields.find_map(|(name, value)| (name == wanted).then(|| value.into_owned())).unwrap_or_default()
}

/// Why a browser gets no page.
struct Refused(Response);

impl From<AuthorizeRefusal> for Refused {
    fn from(refusal: AuthorizeRefusal) -> Self {
        Self(Reply::from(refusal).into())
    }
}

impl From<RandomError> for Refused {
    fn from(_: RandomError) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.0
    }
}
