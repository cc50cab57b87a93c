//! An authorization server over actix-web in one file: pushed requests, a login page, codes and tokens.
//!
//! `cargo run --example minimal_actix` serves <http://127.0.0.1:3000>, or another `PORT`. The user is `alice`, with
//! `wonderland`. A real server has TLS, time limits for slow clients, and tokens that end when their code comes again.

use std::{collections::HashMap, env, error::Error, net::TcpListener, time::Duration, time::Instant};

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Bytes, Data, Form, Json, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Result, error};
use parjar::{
    BindingCookies, BoxedParEndpoint, BrowserRequest, Client, ClientRegistration, CodeBinding, Decision, DenialCode,
    FormRequest, InMemoryRegistry, Login, ParEndpoint, Policy, RandomSource as _, Reply, RequireCodeChallenge,
    ServerSecret, SystemRandom, TokenError, TokenErrorCode, TracingObserver, Visit,
};

struct Server {
    par: BoxedParEndpoint,
    cookies: BindingCookies,
    /// What each code stands for, and since when. In a real server: a table.
    codes: tokio::sync::Mutex<HashMap<String, (CodeBinding, Instant)>>,
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let port: u16 = env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let issuer = format!("http://{}", listener.local_addr()?);
    let server = Data::new(server(&issuer)?);
    println!("listening on {issuer}");
    let app = move || {
        App::new()
            .app_data(server.clone())
            .app_data(PayloadConfig::new(server.par.policy().limits.body.saturating_add(1)))
            .route("/authorize/par", web::to(push))
            .route("/.well-known/oauth-authorization-server", web::get().to(metadata))
            .route("/authorize", web::to(authorize))
            .route("/login", web::post().to(log_in))
            .route("/token", web::to(token))
    };
    Ok(HttpServer::new(app).listen(listener)?.run().await?)
}

fn server(issuer: &str) -> Result<Server, Box<dyn Error>> {
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
    Ok(Server { par, cookies, codes: Default::default() })
}

async fn push(server: Data<Server>, request: HttpRequest, body: Bytes) -> HttpResponse {
    response(server.par.push(&form(&request, &body)).await)
}

async fn metadata(server: Data<Server>) -> Json<serde_json::Map<String, serde_json::Value>> {
    Json(server.par.metadata())
}

async fn authorize(server: Data<Server>, request: HttpRequest, body: Bytes) -> Result<HttpResponse> {
    match server.par.visit(&server.cookies, &browser(&request, &body)).await.map_err(refused)? {
        Visit::Login(login) => Ok(page(&login)),
        Visit::Reply(reply) => Ok(response(reply)),
    }
}

/// In a real server: who asks for what, with its texts escaped, and no page for a user who has signed in and agreed.
fn page(login: &Login) -> HttpResponse {
    let (token, request) = (login.form_token(), login.pending().to_query().replace('&', "&amp;"));
    let html = format!(
        r#"<!doctype html><title>Sign in</title><form method="post" action="/login">
        <input type="hidden" name="token" value="{token}"><input type="hidden" name="request" value="{request}">
        <label>User <input name="user"></label> <label>Password <input name="password" type="password"></label>
        <button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></form>"#
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"))
        .insert_header((header::SET_COOKIE, login.set_cookie()))
        .body(html)
}

type Fields = HashMap<String, String>;

async fn log_in(server: Data<Server>, request: HttpRequest, fields: Form<Fields>) -> Result<HttpResponse> {
    let code = random_text()?;
    let field = |name| fields.get(name).map_or("", String::as_str);
    let deny = Decision::Deny(DenialCode::AccessDenied);
    let decision = if field("decision") == "allow" { Decision::Approve } else { deny };
    let form = browser(&request, b"");
    let login = server.par.decide(&server.cookies, &form, field("request"), field("token"), decision).await;
    let login = login.map_err(refused)?;
    let answer = match decision {
        Decision::Deny(error) => server.par.deny(login.pending(), error).await,
        // In a real server: a hash of the password, and a limit for those who guess.
        _ if (field("user"), field("password")) != ("alice", "wonderland") => return Ok(page(&login)),
        _ => {
            let granted = server.par.complete(login.pending()).await.map_err(refused)?; // for exactly one caller
            let mut codes = server.codes.lock().await;
            codes.retain(|_, (_, issued)| issued.elapsed() < Duration::from_secs(60));
            codes.insert(code.clone(), (CodeBinding::of(granted.request()), Instant::now()));
            drop(codes);
            granted.respond([("code", &*code)]).await
        }
    };
    let mut response = response(answer.map_err(refused)?);
    if let Some(cookie) = login.drop_cookie() {
        response.headers_mut().append(header::SET_COOKIE, cookie.parse()?);
    }
    Ok(response)
}

async fn token(server: Data<Server>, request: HttpRequest, body: Bytes) -> Result<HttpResponse> {
    let request = server.par.authenticate_client(&form(&request, &body)).await.map_err(refused)?;
    let no = |error: TokenError| refused(server.par.refuse_token(&request, error));
    request.grant_type(&["authorization_code"]).map_err(no)?;
    let code = server.codes.lock().await.remove(request.parameters().get("code").unwrap_or_default());
    let code = code.filter(|(_, issued)| issued.elapsed() < Duration::from_secs(60)); // it is gone in any case
    let (code, _) = code.ok_or_else(|| no(TokenErrorCode::InvalidGrant.into()))?;
    server.par.check_code(&request, &code).map_err(refused)?; // client, redirect URI, PKCE, keys
    let token_type = if request.client().confirmation().jkt.is_some() { "DPoP" } else { "Bearer" };
    let tokens = serde_json::json!({ "access_token": random_text()?, "token_type": token_type });
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(tokens))
}

fn random_text() -> Result<String> {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes).map_err(error::ErrorInternalServerError)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

fn form<'a>(request: &'a HttpRequest, body: &'a [u8]) -> FormRequest<'a> {
    FormRequest::new(request.method().as_str(), request.headers().iter(), body).with_query(request.uri().query())
}

fn browser<'a>(request: &'a HttpRequest, body: &'a [u8]) -> BrowserRequest<'a> {
    BrowserRequest::new(request.method().as_str(), request.headers().iter(), request.uri().query(), body)
}

fn response(reply: impl Into<Reply>) -> HttpResponse {
    let reply = reply.into();
    let status = StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in reply.headers() {
        response.append_header((*name, &**value));
    }
    response.body(reply.into_body())
}

fn refused(refusal: impl Into<Reply>) -> actix_web::Error {
    error::InternalError::from_response("refused", response(refusal)).into()
}
