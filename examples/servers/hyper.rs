//! A server over hyper without a framework: clients from a file, requests and codes in the memory of this one process.
//!
//! `CLIENTS=clients.json cargo run -p parjar-example-servers --example hyper-memory`, with a JSON array of registrations. `PORT` is 3003 by
//! default. The only user is `alice`, with the password `wonderland`.

use std::{
    collections::HashMap,
    convert::Infallible,
    env,
    error::Error,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderValue},
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use parjar::{
    AuthorizeRefusal, BindingCookies, BoxedParEndpoint, BrowserRequest, CauseText, Client, ClientRegistration,
    CodeBinding, Decision, DenialCode, FormRequest, InMemoryRegistry, Login, MetadataService, MetricsObserver,
    ParEndpoint, Policy, Profile, RandomError, RandomSource as _, Reply, RequireCodeChallenge, ServerSecret,
    SystemRandom, TokenError, TokenErrorCode, TracingObserver, Visit,
};
use serde::Deserialize;
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
};
use tower_service::Service as _;

type AnyError = Box<dyn Error + Send + Sync>;
type Answer = Response<Full<Bytes>>;

const CODE_LIFETIME: Duration = Duration::from_secs(60);

struct App {
    par: BoxedParEndpoint,
    document: MetadataService,
    cookies: BindingCookies,
    codes: Mutex<HashMap<String, Code>>,
    metrics: PrometheusHandle,
}

struct Code {
    binding: CodeBinding,
    scope: String,
    issued: Instant,
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let metrics = PrometheusBuilder::new().install_recorder()?;
    tokio::spawn(upkeep(metrics.clone()));
    let port: u16 = env::var("PORT").map_or(Ok(3003), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let issuer = format!("http://{}", listener.local_addr()?);
    let clients = read_clients(&env::var("CLIENTS").unwrap_or_else(|_| "clients.json".to_owned()))?;
    // Of one process, whose requests end with it. Several nodes share a secret.
    let secret = ServerSecret::draw()?;
    let mut policy = Policy::oauth();
    policy.require_code_challenge = RequireCodeChallenge::Always;
    let par = ParEndpoint::builder(&*issuer)
        .token_endpoint(format!("{issuer}/token"))
        .policy(policy)
        .clients(clients.clone())
        .server_secret(&secret)
        .observer(TracingObserver)
        .observer(MetricsObserver::new())
        .build()?
        .boxed();
    for finding in par.lint(Profile::Oauth, &clients.clients()) {
        tracing::warn!(%finding, "lint");
    }
    let mut document = par.metadata();
    document.insert("grant_types_supported".to_owned(), serde_json::json!(["authorization_code"]));
    let app = Arc::new(App {
        par,
        document: MetadataService::new(document),
        cookies: BindingCookies::from_secret(&issuer, &secret),
        codes: Mutex::default(),
        metrics,
    });
    println!("listening on {issuer}");
    let mut terminated = signal(SignalKind::terminate())?;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = terminated.recv() => return Ok(()),
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        match accepted {
            Ok((stream, _)) => drop(tokio::spawn(serve(Arc::clone(&app), stream))),
            Err(error) => {
                fault("accept", &error);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Puts what was observed into its histograms, which otherwise waits in memory for the next scrape.
async fn upkeep(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        metrics.run_upkeep();
    }
}

/// One client that cannot be used leaves the others in service.
fn read_clients(path: &str) -> Result<InMemoryRegistry, AnyError> {
    let mut clients = Vec::new();
    for registration in serde_json::from_str::<Vec<serde_json::Value>>(&std::fs::read_to_string(path)?)? {
        let client_id = registration.get("client_id").and_then(|client_id| client_id.as_str()).map(str::to_owned);
        let read = serde_json::from_value::<ClientRegistration>(registration).map_err(AnyError::from);
        match read.and_then(|registration| Ok(Client::try_from(registration)?)) {
            Ok(client) => clients.push(client),
            Err(error) => tracing::error!(client_id, cause = %CauseText(&*error), "a client cannot be used"),
        }
    }
    Ok(InMemoryRegistry::new(clients)?)
}

async fn serve(app: Arc<App>, stream: TcpStream) {
    let service = service_fn(move |request| {
        let app = Arc::clone(&app);
        async move {
            let answer = tokio::time::timeout(Duration::from_secs(15), route(app, request)).await;
            Ok::<_, Infallible>(answer.unwrap_or_else(|_| plain(StatusCode::REQUEST_TIMEOUT, "")))
        }
    });
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = connection {
        tracing::debug!(%error, "connection");
    }
}

async fn route(app: Arc<App>, request: Request<Incoming>) -> Answer {
    match request.uri().path() {
        "/authorize/par" => return whole(app.par.push_service().call(request).await),
        "/.well-known/oauth-authorization-server" => return whole(app.document.clone().call(request).await),
        "/health" => return plain(StatusCode::OK, "alive"),
        "/ready" => return ready(&app).await,
        "/metrics" => return plain(StatusCode::OK, app.metrics.render()),
        _ => {}
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, app.par.policy().limits.body).collect().await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large, or did not come.");
    };
    let body = body.to_bytes();
    match parts.uri.path() {
        "/authorize" => authorize(&app, &parts, &body).await,
        "/decision" if parts.method == "POST" => decision(app, parts, body).await,
        "/decision" => plain(StatusCode::METHOD_NOT_ALLOWED, "POST only"),
        "/token" => token(&app, &parts, &body).await,
        _ => plain(StatusCode::NOT_FOUND, "There is nothing here."),
    }
}

fn whole(response: Result<Response<String>, Infallible>) -> Answer {
    let Ok(response) = response;
    response.map(|body| Full::new(body.into()))
}

async fn ready(app: &App) -> Answer {
    match app.par.ready().await {
        Ok(()) => plain(StatusCode::OK, "ready"),
        // The observers have written the cause down.
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    }
}

async fn authorize(app: &App, parts: &Parts, body: &Bytes) -> Answer {
    match app.par.visit(&app.cookies, &BrowserRequest::from_parts(parts, body)).await {
        // There is no session that could answer without a page.
        Ok(Visit::Login(login)) if login.pending().request().has_prompt("none") => {
            match app.par.deny(login.pending(), DenialCode::LoginRequired).await {
                Ok(response) => reply(response, login.drop_cookie()),
                Err(refused) => reply(refused, None),
            }
        }
        Ok(Visit::Login(login)) => page(&login, ""),
        Ok(Visit::Reply(answer)) => reply(answer, None),
        Err(refused) => reply(refused, None),
    }
}

fn page(login: &Login, message: &str) -> Answer {
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
    let mut answer = plain(StatusCode::OK, html);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Without it, browsers may send `Origin: null` with the form.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    with_cookie(answer, Some(login.set_cookie()))
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

async fn decision(app: Arc<App>, parts: Parts, body: Bytes) -> Answer {
    let Ok(form) = serde_urlencoded::from_bytes::<DecisionForm>(&body) else {
        return plain(StatusCode::BAD_REQUEST, "This form cannot be read.");
    };
    // In a task of its own, which a browser that hangs up does not end half-way.
    match tokio::spawn(async move { decide(&app, &parts, &body, &form).await }).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(refused)) => reply(refused, None),
        Err(error) => fault("decision", &error),
    }
}

async fn decide(app: &App, parts: &Parts, body: &Bytes, form: &DecisionForm) -> Result<Answer, AuthorizeRefusal> {
    let denied = Decision::Deny(DenialCode::AccessDenied);
    let decision = if form.decision == "approve" { Decision::Approve } else { denied };
    let browser = BrowserRequest::from_parts(parts, body);
    let login = app.par.decide(&app.cookies, &browser, &form.request, &form.token, decision).await?;
    if let Decision::Deny(error) = decision {
        return Ok(reply(app.par.deny(login.pending(), error).await?, login.drop_cookie()));
    }
    if form.user != "alice" || form.password != "wonderland" {
        metrics::counter!("host_wrong_passwords_total").increment(1);
        return Ok(page(&login, "Wrong user or password."));
    }
    let granted = app.par.complete(login.pending()).await?;
    let response = match random_text() {
        Ok(text) => {
            let binding = CodeBinding::of(granted.request());
            let scope = granted.request().scopes().collect::<Vec<_>>().join(" ");
            if let Ok(mut codes) = app.codes.lock() {
                codes.retain(|_, code| code.issued.elapsed() < CODE_LIFETIME);
                codes.insert(text.clone(), Code { binding, scope, issued: Instant::now() });
            }
            granted.respond([("code", &*text)]).await?
        }
        Err(error) => {
            fault("code", &error);
            granted.refuse(DenialCode::ServerError).await?
        }
    };
    Ok(reply(response, login.drop_cookie()))
}

async fn token(app: &App, parts: &Parts, body: &Bytes) -> Answer {
    match tokens(app, parts, body).await {
        Ok(tokens) => {
            let mut answer = plain(StatusCode::OK, tokens.to_string());
            answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            answer
        }
        Err(refused) => reply(refused, None),
    }
}

async fn tokens(app: &App, parts: &Parts, body: &Bytes) -> Result<serde_json::Value, Reply> {
    let request = app.par.authenticate_client(&FormRequest::from_parts(parts, body)).await?;
    let refused = |error: TokenError| app.par.refuse_token(&request, error);
    request.grant_type(&["authorization_code"]).map_err(refused)?;
    let code = request.parameters().get("code").ok_or_else(|| refused(TokenErrorCode::InvalidRequest.into()))?;
    // Good once, whatever comes of it.
    let code = app.codes.lock().ok().and_then(|mut codes| codes.remove(code));
    let code = code.filter(|code| code.issued.elapsed() < CODE_LIFETIME);
    let code = code.ok_or_else(|| refused(TokenErrorCode::InvalidGrant.into()))?;
    app.par.check_code(&request, &code.binding)?;
    let access_token = random_text().map_err(|error| {
        fault("token", &error);
        TokenError::from(TokenErrorCode::ServerError)
    })?;
    let token_type = if request.client().confirmation().jkt.is_some() { "DPoP" } else { "Bearer" };
    Ok(serde_json::json!({
        "access_token": access_token, "token_type": token_type, "expires_in": 300, "scope": code.scope,
    }))
}

fn random_text() -> Result<String, RandomError> {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn fault(what: &'static str, error: &(dyn Error + 'static)) -> Answer {
    metrics::counter!("host_faults_total", "what" => what).increment(1);
    tracing::error!(what, cause = %CauseText(error), "fault");
    plain(StatusCode::SERVICE_UNAVAILABLE, "Please try again in a moment.")
}

fn reply(reply: impl Into<Reply>, cookie: Option<String>) -> Answer {
    with_cookie(Response::<String>::from(reply.into()).map(|body| Full::new(body.into())), cookie)
}

fn with_cookie(mut answer: Answer, cookie: Option<String>) -> Answer {
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
