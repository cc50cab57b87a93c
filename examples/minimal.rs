//! An authorization server over axum in one file: pushed requests, a login page, codes and tokens.
//!
//! `cargo run --example minimal` serves <http://127.0.0.1:3000>, or another `PORT`. The user is `alice`, with `wonderland`. A
//! real server has TLS, time limits for slow clients, and tokens that end when their code comes again.

use axum::http::{StatusCode, header, request::Parts};
use axum::response::{AppendHeaders, Html, IntoResponse, Response, Result};
use axum::{Form, Json, Router, body::Bytes, extract::State, routing::any, routing::post};
use parjar::{
    BindingCookies, BoxedParEndpoint, BrowserRequest, Client, ClientRegistration, CodeBinding, Decision, DenialCode,
    FormRequest, InMemoryRegistry, Login, ParEndpoint, Policy, RandomSource as _, RequireCodeChallenge, ServerSecret,
    SystemRandom, TokenError, TokenErrorCode, TracingObserver, Visit,
};
use std::{collections::HashMap, env, error::Error, sync::Arc, time::Duration, time::Instant};

struct Server {
    par: BoxedParEndpoint,
    cookies: BindingCookies,
    /// What each code stands for, and since when. In a real server: a table.
    codes: tokio::sync::Mutex<HashMap<String, (CodeBinding, Instant)>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let port: u16 = env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let issuer = format!("http://{}", listener.local_addr()?);
    let server = axum::serve(listener, router(&issuer)?);
    println!("listening on {issuer}");
    Ok(server.with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) }).await?)
}

fn router(issuer: &str) -> Result<Router, Box<dyn Error>> {
    // In a real server: clients of a database, by `CachedRegistry`, and a secret that outlives the process.
    let web: ClientRegistration = serde_json::from_str(
        r#"{ "client_id": "web", "client_secret": "s3cret", "redirect_uris": ["http://127.0.0.1:8080/cb"] }"#,
    )?;
    let mut policy = Policy::oauth();
    policy.require_code_challenge = RequireCodeChallenge::Always;
    let par = ParEndpoint::builder(issuer)
        .token_endpoint(format!("{issuer}/token"))
        .policy(policy)
        .clients(InMemoryRegistry::new([Client::try_from(web)?])?)
        .observer(TracingObserver)
        .build()?
        .boxed();
    let cookies = BindingCookies::from_secret(issuer, &ServerSecret::draw()?);
    Ok(Router::new()
        .route_service("/authorize/par", par.push_service())
        .route_service("/.well-known/oauth-authorization-server", par.metadata_service())
        .route("/authorize", any(authorize))
        .route("/login", post(log_in))
        .route("/token", any(token))
        .with_state(Arc::new(Server { par, cookies, codes: Default::default() })))
}

async fn authorize(State(server): State<Arc<Server>>, parts: Parts, body: Bytes) -> Result<Response> {
    match server.par.visit(&server.cookies, &BrowserRequest::from_parts(&parts, &body)).await? {
        Visit::Login(login) => Ok(page(&login)),
        Visit::Reply(reply) => Ok(reply.into_response()),
    }
}

/// In a real server: who asks for what, with its texts escaped, and no page for a user who has signed in and agreed.
fn page(login: &Login) -> Response {
    let (token, request) = (login.form_token(), login.pending().to_query().replace('&', "&amp;"));
    let html = format!(
        r#"<!doctype html><title>Sign in</title><form method="post" action="/login">
        <input type="hidden" name="token" value="{token}"><input type="hidden" name="request" value="{request}">
        <label>User <input name="user"></label> <label>Password <input name="password" type="password"></label>
        <button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></form>"#
    );
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'")];
    (headers, [(header::SET_COOKIE, login.set_cookie())], Html(html)).into_response()
}

type Fields = HashMap<String, String>;

async fn log_in(State(server): State<Arc<Server>>, parts: Parts, Form(form): Form<Fields>) -> Result<Response> {
    let code = random_text()?;
    let field = |name| form.get(name).map_or("", String::as_str);
    let deny = Decision::Deny(DenialCode::AccessDenied);
    let decision = if field("decision") == "allow" { Decision::Approve } else { deny };
    let browser = BrowserRequest::from_parts(&parts, b"");
    let login = server.par.decide(&server.cookies, &browser, field("request"), field("token"), decision).await?;
    let response = match decision {
        Decision::Deny(error) => server.par.deny(login.pending(), error).await?,
        // In a real server: a hash of the password, and a limit for those who guess.
        _ if (field("user"), field("password")) != ("alice", "wonderland") => return Ok(page(&login)),
        _ => {
            let granted = server.par.complete(login.pending()).await?; // for exactly one caller
            let mut codes = server.codes.lock().await;
            codes.retain(|_, (_, issued)| issued.elapsed() < Duration::from_secs(60));
            codes.insert(code.clone(), (CodeBinding::of(granted.request()), Instant::now()));
            drop(codes);
            granted.respond([("code", &*code)]).await?
        }
    };
    Ok((login.drop_cookie().map(|cookie| AppendHeaders([(header::SET_COOKIE, cookie)])), response).into_response())
}

async fn token(State(server): State<Arc<Server>>, parts: Parts, body: Bytes) -> Result<Response> {
    let request = server.par.authenticate_client(&FormRequest::from_parts(&parts, &body)).await?;
    let refused = |error: TokenError| server.par.refuse_token(&request, error);
    request.grant_type(&["authorization_code"]).map_err(refused)?;
    let code = server.codes.lock().await.remove(request.parameters().get("code").unwrap_or_default());
    let code = code.filter(|(_, issued)| issued.elapsed() < Duration::from_secs(60)); // it is gone in any case
    let (code, _) = code.ok_or_else(|| refused(TokenErrorCode::InvalidGrant.into()))?;
    server.par.check_code(&request, &code)?; // client, redirect URI, PKCE, keys
    let token_type = if request.client().confirmation().jkt.is_some() { "DPoP" } else { "Bearer" };
    let tokens = serde_json::json!({ "access_token": random_text()?, "token_type": token_type });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response())
}

fn random_text() -> Result<String, StatusCode> {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
