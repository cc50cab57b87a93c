//! A server of actix-web over Redis under the FAPI 2.0 Security Profile: keys of clients at a `jwks_uri` or in the file, DPoP with nonces, and
//! as many nodes as are started with the same issuer and secret.
//!
//! `CLIENTS=clients.json REDIS_URL=redis://... SERVER_SECRET=... cargo run -p parjar-example-servers --example actix-redis`. `PORT` is
//! 3002 by default, and `ISSUER` the URL that clients know. SIGHUP reads the clients again. The only user is `alice`, with the
//! password `wonderland`.

use std::{env, error::Error, net::TcpListener, time::Duration};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::{StatusCode, header},
    web::{self, Bytes, Data, PayloadConfig},
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use parjar::{
    AuthorizeRefusal, BindingCookies, BoxedParEndpoint, BrowserRequest, CauseText, Client, ClientRegistration,
    CodeBinding, Decision, DenialCode, FormRequest, GuardedFetcher, InMemoryRegistry, Login, MetricsObserver,
    ParEndpoint, Policy, Profile, RandomError, RandomSource as _, Reason, Reply, ServerSecret, SystemRandom,
    TokenError, TokenErrorCode, TracingObserver, Visit, store::RedisStore,
};
use redis::{AsyncCommands as _, aio::MultiplexedConnection};
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};

type AnyError = Box<dyn Error + Send + Sync>;

struct Node {
    par: BoxedParEndpoint,
    cookies: BindingCookies,
    /// For the codes. Beside the keys of the store, `codes:*` has to be permitted to the user of Redis.
    redis: redis::Client,
    metrics: PrometheusHandle,
}

#[derive(Serialize, Deserialize)]
struct Code {
    binding: CodeBinding,
    scope: String,
}

#[actix_web::main]
async fn main() -> Result<(), AnyError> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let metrics = PrometheusBuilder::new().install_recorder()?;
    tokio::spawn(upkeep(metrics.clone()));
    let port: u16 = env::var("PORT").map_or(Ok(3002), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let issuer = match env::var("ISSUER") {
        Ok(issuer) => issuer,
        Err(_) => format!("http://{}", listener.local_addr()?),
    };
    let secret = ServerSecret::parse(&env::var("SERVER_SECRET")?)?;
    let redis = redis::Client::open(env::var("REDIS_URL")?)?;
    let path = env::var("CLIENTS").unwrap_or_else(|_| "clients.json".to_owned());
    let clients = InMemoryRegistry::new(read_clients(&path)?)?;
    let mut policy = Policy::fapi2_security_profile();
    policy.require_dpop = true;
    policy.require_dpop_nonce = true;
    let par = ParEndpoint::builder(&*issuer)
        .token_endpoint(format!("{issuer}/token"))
        .policy(policy)
        .clients(clients.clone())
        .store(RedisStore::builder(redis.clone()).build().await?)
        .jwks_source(GuardedFetcher::new()?)
        .server_secret(&secret)
        .observer(TracingObserver)
        .observer(MetricsObserver::new())
        .build()?
        .boxed();
    for finding in par.lint(Profile::Fapi2SecurityProfile, &clients.clients()) {
        tracing::warn!(%finding, "lint");
    }
    tokio::spawn(compare_settings(par.clone()));
    tokio::spawn(reload(path, clients));
    let limit = par.policy().limits.body;
    let cookies = BindingCookies::from_secret(&issuer, &secret);
    let node = Data::new(Node { par, cookies, redis, metrics });
    println!("listening on {issuer}");
    let server = HttpServer::new(move || {
        App::new()
            .app_data(node.clone())
            .app_data(PayloadConfig::new(limit))
            .route("/authorize/par", web::to(push))
            .route("/.well-known/oauth-authorization-server", web::get().to(metadata))
            .route("/authorize", web::to(authorize))
            .route("/decision", web::post().to(decision))
            .route("/token", web::to(token))
            .route("/health", web::get().to(|| async { "alive" }))
            .route("/ready", web::get().to(ready))
            .route("/metrics", web::get().to(|node: Data<Node>| async move { node.metrics.render() }))
    });
    Ok(server.client_request_timeout(Duration::from_secs(10)).workers(2).listen(listener)?.run().await?)
}

/// One client that cannot be used leaves the others in service.
fn read_clients(path: &str) -> Result<Vec<Client>, AnyError> {
    let mut clients = Vec::new();
    for registration in serde_json::from_str::<Vec<serde_json::Value>>(&std::fs::read_to_string(path)?)? {
        let client_id = registration.get("client_id").and_then(|client_id| client_id.as_str()).map(str::to_owned);
        let read = serde_json::from_value::<ClientRegistration>(registration).map_err(AnyError::from);
        match read.and_then(|registration| Ok(Client::try_from(registration)?)) {
            Ok(client) => clients.push(client),
            Err(error) => tracing::error!(client_id, cause = %CauseText(&*error), "a client cannot be used"),
        }
    }
    Ok(clients)
}

async fn reload(path: String, clients: InMemoryRegistry) -> Result<(), AnyError> {
    let mut hangups = signal(SignalKind::hangup())?;
    while hangups.recv().await.is_some() {
        if let Err(error) = read_clients(&path).and_then(|read| Ok(clients.replace(read)?)) {
            fault("clients", &*error);
        }
    }
    Ok(())
}

/// Puts what was observed into its histograms, which otherwise waits in memory for the next scrape.
async fn upkeep(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        metrics.run_upkeep();
    }
}

/// Observers are told when another node has other settings.
async fn compare_settings(par: BoxedParEndpoint) {
    loop {
        if let Err(error) = par.compare_settings().await {
            fault("compare_settings", &error);
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

async fn push(node: Data<Node>, request: HttpRequest, body: Bytes) -> HttpResponse {
    response(node.par.push(&form(&request, &body)).await, None)
}

async fn metadata(node: Data<Node>) -> HttpResponse {
    let mut document = node.par.metadata();
    document.insert("grant_types_supported".to_owned(), serde_json::json!(["authorization_code"]));
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "max-age=60")).json(document)
}

async fn ready(node: Data<Node>) -> HttpResponse {
    let codes = async {
        let mut connection = connection(&node).await?;
        let _: bool = connection.exists("codes:").await?;
        Ok::<_, AnyError>(())
    };
    match (node.par.ready().await, codes.await) {
        (Ok(()), Ok(())) => HttpResponse::Ok().body("ready"),
        (_, Err(error)) => fault("ready", &*error),
        // The observers have written the cause down.
        (Err(_), Ok(())) => HttpResponse::ServiceUnavailable().finish(),
    }
}

async fn authorize(node: Data<Node>, request: HttpRequest, body: Bytes) -> HttpResponse {
    match node.par.visit(&node.cookies, &browser(&request, &body)).await {
        // There is no session that could answer without a page.
        Ok(Visit::Login(login)) if login.pending().request().has_prompt("none") => {
            match node.par.deny(login.pending(), DenialCode::LoginRequired).await {
                Ok(denied) => response(denied, login.drop_cookie()),
                Err(error) => refused(error),
            }
        }
        Ok(Visit::Login(login)) => page(&login, ""),
        Ok(Visit::Reply(reply)) => response(reply, None),
        Err(error) => refused(error),
    }
}

fn page(login: &Login, message: &str) -> HttpResponse {
    let request = login.pending().request();
    let html = format!(
        r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title>
<p role="alert">{message}</p><p>{client} asks for: {scopes}</p>
<form method="post" action="/decision">
<input type="hidden" name="request" value="{query}"><input type="hidden" name="token" value="{token}">
<label>User <input name="user"></label> <label>Password <input name="password" type="password"></label>
<button name="decision" value="approve">Allow</button> <button name="decision" value="deny">Deny</button></form></html>"#,
        client = escape(request.client_id()),
        scopes = escape(&request.scopes().collect::<Vec<_>>().join(" ")),
        query = escape(&login.pending().to_query()),
        token = escape(&login.form_token()),
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Without it, browsers may send `Origin: null` with the form.
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header((header::SET_COOKIE, login.set_cookie()))
        .body(html)
}

#[derive(Deserialize)]
struct DecisionForm {
    request: String,
    token: String,
    decision: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    password: String,
}

async fn decision(node: Data<Node>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let Ok(form) = serde_urlencoded::from_bytes::<DecisionForm>(&body) else {
        return HttpResponse::BadRequest().body("This form cannot be read.");
    };
    // In a task of its own, which a browser that hangs up does not end half-way.
    match actix_web::rt::spawn(async move { decide(&node, &request, &body, &form).await }).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => refused(error),
        Err(error) => fault("decision", &error),
    }
}

async fn decide(
    node: &Node,
    request: &HttpRequest,
    body: &Bytes,
    form: &DecisionForm,
) -> Result<HttpResponse, AuthorizeRefusal> {
    let denied = Decision::Deny(DenialCode::AccessDenied);
    let decision = if form.decision == "approve" { Decision::Approve } else { denied };
    let browser = browser(request, body);
    let login = node.par.decide(&node.cookies, &browser, &form.request, &form.token, decision).await?;
    if let Decision::Deny(error) = decision {
        return Ok(response(node.par.deny(login.pending(), error).await?, login.drop_cookie()));
    }
    if form.user != "alice" || form.password != "wonderland" {
        metrics::counter!("host_wrong_passwords_total").increment(1);
        return Ok(page(&login, "Wrong user or password."));
    }
    let granted = node.par.complete(login.pending()).await?;
    let code = Code {
        binding: CodeBinding::of(granted.request()),
        scope: granted.request().scopes().collect::<Vec<_>>().join(" "),
    };
    let answer = match write_code(node, &code).await {
        Ok(code) => granted.respond([("code", &*code)]).await?,
        Err(error) => {
            fault("write_code", &*error);
            granted.refuse(DenialCode::ServerError).await?
        }
    };
    Ok(response(answer, login.drop_cookie()))
}

async fn write_code(node: &Node, code: &Code) -> Result<String, AnyError> {
    let text = random_text()?;
    let _: () = connection(node).await?.set_ex(format!("codes:{text}"), serde_json::to_string(code)?, 60).await?;
    Ok(text)
}

/// A code is good once, whatever comes of it.
async fn take_code(node: &Node, text: &str) -> Result<Option<Code>, AnyError> {
    let code: Option<String> = connection(node).await?.get_del(format!("codes:{text}")).await?;
    Ok(code.map(|code| serde_json::from_str(&code)).transpose()?)
}

/// With the time limits that the driver has by itself: a second to connect, half of one for an answer.
async fn connection(node: &Node) -> Result<MultiplexedConnection, AnyError> {
    Ok(node.redis.get_multiplexed_async_connection().await?)
}

async fn token(node: Data<Node>, request: HttpRequest, body: Bytes) -> HttpResponse {
    match tokens(&node, &form(&request, &body)).await {
        Ok(tokens) => {
            let mut answer = HttpResponse::Ok();
            answer.insert_header((header::CACHE_CONTROL, "no-store"));
            if let Some(nonce) = node.par.dpop_nonce() {
                answer.insert_header(("DPoP-Nonce", nonce));
            }
            answer.json(tokens)
        }
        Err(refused) => response(refused, None),
    }
}

async fn tokens(node: &Node, request: &FormRequest<'_>) -> Result<serde_json::Value, Reply> {
    let request = node.par.authenticate_client(request).await?;
    let refused = |error: TokenError| node.par.refuse_token(&request, error);
    request.grant_type(&["authorization_code"]).map_err(refused)?;
    let code = request.parameters().get("code").ok_or_else(|| refused(TokenErrorCode::InvalidRequest.into()))?;
    let failed = |error: AnyError| {
        fault("token", &*error);
        TokenError::from(TokenErrorCode::TemporarilyUnavailable).with_retry_after(5)
    };
    let code = take_code(node, code).await.map_err(failed)?;
    let code = code.ok_or_else(|| refused(TokenErrorCode::InvalidGrant.into()))?;
    node.par.check_code(&request, &code.binding)?;
    let access_token = random_text().map_err(|error| failed(error.into()))?;
    Ok(serde_json::json!({
        "access_token": access_token, "token_type": "DPoP", "expires_in": 300, "scope": code.scope,
    }))
}

fn random_text() -> Result<String, RandomError> {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn form<'a>(request: &'a HttpRequest, body: &'a Bytes) -> FormRequest<'a> {
    FormRequest::new(request.method().as_str(), request.headers().iter(), body).with_query(request.uri().query())
}

fn browser<'a>(request: &'a HttpRequest, body: &'a Bytes) -> BrowserRequest<'a> {
    BrowserRequest::new(request.method().as_str(), request.headers().iter(), request.uri().query(), body)
}

fn refused(refused: AuthorizeRefusal) -> HttpResponse {
    // Of a double click, where the first went to another node.
    if matches!(&refused, AuthorizeRefusal::Page(refusal) if refusal.reason() == Reason::AlreadyAnswered) {
        return HttpResponse::BadRequest()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body("You have decided already. Go back to the app, and sign in again if it asks for it.");
    }
    response(refused, None)
}

fn response(reply: impl Into<Reply>, cookie: Option<String>) -> HttpResponse {
    let reply = reply.into();
    let status = StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in reply.headers() {
        response.append_header((*name, &**value));
    }
    if let Some(cookie) = cookie {
        response.append_header((header::SET_COOKIE, cookie));
    }
    response.body(reply.into_body())
}

fn fault(what: &'static str, error: &(dyn Error + 'static)) -> HttpResponse {
    metrics::counter!("host_faults_total", "what" => what).increment(1);
    tracing::error!(what, cause = %CauseText(error), "fault");
    HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, "5")).body("Please try again in a moment.")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
