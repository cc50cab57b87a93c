//! A server of axum over PostgreSQL: clients in a table that an operator changes while it runs, requests and codes beside it, and a decision
//! that spends the request and writes the code in one transaction.
//!
//! `MIGRATE=1 DATABASE_URL=postgres://... cargo run -p parjar-example-servers --example axum-postgres`. `PORT` is 3001 by default;
//! `SERVER_SECRET` is what several nodes share. The only user is `alice`, with the password `wonderland`.

use std::{env, error::Error, future::poll_fn, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Request, State},
    http::{StatusCode, header, request::Parts},
    middleware::{self, Next},
    response::{Html, IntoResponse as _, Response},
    routing::{any, get, post},
};
use deadpool_postgres::{Manager, Pool};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use parjar::{
    AuthorizationResponse, AuthorizeRefusal, BindingCookies, BoxedParEndpoint, BrowserRequest, CachedRegistry,
    CauseText, Client, ClientRegistration, CodeBinding, Decision, DenialCode, FormRequest, Granted, Login,
    MetadataService, MetricsObserver, ParEndpoint, Policy, Profile, RandomError, RandomSource as _, Reply,
    RequireCodeChallenge, ServerSecret, SystemRandom, TokenError, TokenErrorCode, TracingObserver, Visit,
    store::PostgresStore,
};
use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio_postgres::{AsyncMessage, Config, NoTls};

type AnyError = Box<dyn Error + Send + Sync>;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS clients (client_id text PRIMARY KEY, registration text NOT NULL);
CREATE TABLE IF NOT EXISTS codes (
    digest bytea PRIMARY KEY, binding text NOT NULL, scope text NOT NULL, expires_at timestamptz NOT NULL);
CREATE OR REPLACE FUNCTION client_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM pg_notify('clients', OLD.client_id); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM pg_notify('clients', NEW.client_id); END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER client_changed AFTER INSERT OR UPDATE OR DELETE ON clients
    FOR EACH ROW EXECUTE FUNCTION client_changed();";

/// The store bounds its own statements. These are ours.
const TIME_LIMIT: Duration = Duration::from_secs(3);

#[derive(Clone)]
struct App {
    par: BoxedParEndpoint,
    cookies: Arc<BindingCookies>,
    store: PostgresStore,
    pool: Pool,
    metrics: PrometheusHandle,
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let metrics = PrometheusBuilder::new().install_recorder()?;
    tokio::spawn(upkeep(metrics.clone()));
    let port: u16 = env::var("PORT").map_or(Ok(3001), |port| port.parse())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let issuer = match env::var("ISSUER") {
        Ok(issuer) => issuer,
        Err(_) => format!("http://{}", listener.local_addr()?),
    };
    let secret = match env::var("SERVER_SECRET") {
        Ok(secret) => ServerSecret::parse(&secret)?,
        Err(_) => ServerSecret::draw()?,
    };
    let config: Config = env::var("DATABASE_URL")?.parse()?;
    let pool = Pool::builder(Manager::new(config.clone(), NoTls)).max_size(16).build()?;
    let store = PostgresStore::builder(pool.clone()).build()?;
    if env::var("MIGRATE").is_ok() {
        store.migrate().await?;
        pool.get().await?.batch_execute(TABLES).await?;
    }
    let of_clients = pool.clone();
    let clients = CachedRegistry::new(move |client_id: String| {
        let pool = of_clients.clone();
        async move { registration(&pool, &client_id).await }
    });
    let mut policy = Policy::oauth();
    policy.require_code_challenge = RequireCodeChallenge::Always;
    let par = ParEndpoint::builder(&*issuer)
        .token_endpoint(format!("{issuer}/token"))
        .policy(policy)
        .clients(clients.clone())
        .store(store.clone())
        .server_secret(&secret)
        .observer(TracingObserver)
        .observer(MetricsObserver::new())
        .build()?
        .boxed();
    if let Err(error) = lint(&par, &pool).await {
        fault("lint", &*error);
    }
    tokio::spawn(follow_changes(config, clients));
    tokio::spawn(sweep(store.clone(), pool.clone()));
    let mut document = par.metadata();
    document.insert("grant_types_supported".to_owned(), serde_json::json!(["authorization_code"]));
    let push = par.push_service();
    let cookies = Arc::new(BindingCookies::from_secret(&issuer, &secret));
    let routes = Router::new()
        .route_service("/authorize/par", push)
        .route_service("/.well-known/oauth-authorization-server", MetadataService::new(document))
        .route("/authorize", any(authorize))
        .route("/decision", post(decision))
        .route("/token", any(token))
        .route("/health", get(|| async { "alive" }))
        .route("/ready", get(ready))
        .route("/metrics", get(|State(app): State<App>| async move { app.metrics.render() }))
        .layer(middleware::from_fn(answer_in_time))
        .with_state(App { par, cookies, store, pool, metrics });
    println!("listening on {issuer}");
    let mut terminated = signal(SignalKind::terminate())?;
    let ended = async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    Ok(axum::serve(listener, routes).with_graceful_shutdown(ended).await?)
}

/// Waits for bodies as well. How long the head of a request may take is for the proxy in front: `axum::serve` does not limit it.
async fn answer_in_time(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(Duration::from_secs(15), next.run(request)).await;
    answer.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}

async fn registration(pool: &Pool, client_id: &str) -> Result<Option<String>, AnyError> {
    let connection = pool.get().await?;
    let statement = connection.prepare_cached("SELECT registration FROM clients WHERE client_id = $1").await?;
    let row = connection.query_opt(&statement, &[&client_id]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Tells of rows that cannot be used before their clients find out, and of what is weak in the others.
async fn lint(par: &BoxedParEndpoint, pool: &Pool) -> Result<(), AnyError> {
    let mut clients = Vec::new();
    for row in pool.get().await?.query("SELECT client_id, registration FROM clients", &[]).await? {
        let (client_id, text): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let read = serde_json::from_str::<ClientRegistration>(&text).map_err(AnyError::from);
        match read.and_then(|registration| Ok(Client::try_from(registration)?)) {
            Ok(client) => clients.push(client),
            Err(error) => tracing::error!(client_id, cause = %CauseText(&*error), "a client cannot be used"),
        }
    }
    for finding in par.lint(Profile::Oauth, &clients) {
        tracing::warn!(%finding, "lint");
    }
    Ok(())
}

/// Forgets a client when its row changes, on every node.
async fn follow_changes(config: Config, clients: CachedRegistry) {
    loop {
        if let Err(error) = listen(&config, &clients).await {
            fault("changes_of_clients", &*error);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn listen(config: &Config, clients: &CachedRegistry) -> Result<(), AnyError> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let (sender, mut changes) = tokio::sync::mpsc::unbounded_channel();
    let driver = tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(change) = message?
                && sender.send(change).is_err()
            {
                break;
            }
        }
        Ok::<_, tokio_postgres::Error>(())
    });
    client.batch_execute("LISTEN clients").await?;
    // What changed before was not heard of.
    clients.invalidate_all();
    while let Some(change) = changes.recv().await {
        clients.invalidate(change.payload());
    }
    driver.await??;
    Err("the connection was closed".into())
}

/// Puts what was observed into its histograms, which otherwise waits in memory for the next scrape.
async fn upkeep(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        metrics.run_upkeep();
    }
}

/// Deletes what has expired.
async fn sweep(store: PostgresStore, pool: Pool) {
    const ROWS: u32 = 1_000;
    loop {
        let swept = store.sweep(ROWS).await;
        if let Err(error) = &swept {
            fault("sweep", error);
        }
        if let Err(error) = sweep_codes(&pool).await {
            fault("sweep", &*error);
        }
        if !swept.is_ok_and(|rows| rows >= u64::from(ROWS)) {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    }
}

async fn sweep_codes(pool: &Pool) -> Result<(), AnyError> {
    Ok(pool.get().await?.batch_execute("DELETE FROM codes WHERE expires_at < now()").await?)
}

async fn ready(State(app): State<App>) -> Response {
    let own = async {
        app.pool.get().await?.batch_execute("SELECT FROM clients LIMIT 0; SELECT FROM codes LIMIT 0").await?;
        Ok(())
    };
    match (app.par.ready().await, within_time(own).await) {
        (Ok(()), Ok(())) => "ready".into_response(),
        (_, Err(error)) => fault("ready", &*error),
        // The observers have written the cause down.
        (Err(_), Ok(())) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn authorize(State(app): State<App>, parts: Parts, body: Bytes) -> Response {
    match app.par.visit(&app.cookies, &BrowserRequest::from_parts(&parts, &body)).await {
        // There is no session that could answer without a page.
        Ok(Visit::Login(login)) if login.pending().request().has_prompt("none") => {
            match app.par.deny(login.pending(), DenialCode::LoginRequired).await {
                Ok(response) => with_cookie(response, login.drop_cookie()),
                Err(refused) => refused.into_response(),
            }
        }
        Ok(Visit::Login(login)) => page(&login, ""),
        Ok(Visit::Reply(reply)) => reply.into_response(),
        Err(refused) => refused.into_response(),
    }
}

fn page(login: &Login, message: &str) -> Response {
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
    let headers = [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        // Without it, browsers may send `Origin: null` with the form.
        (header::REFERRER_POLICY, "same-origin".to_owned()),
        (header::SET_COOKIE, login.set_cookie()),
    ];
    (headers, Html(html)).into_response()
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

/// Why there is no answer to a decision.
enum NoAnswer {
    Refused(AuthorizeRefusal),
    Fault(AnyError),
}

impl From<AuthorizeRefusal> for NoAnswer {
    fn from(refused: AuthorizeRefusal) -> Self {
        Self::Refused(refused)
    }
}

impl From<AnyError> for NoAnswer {
    fn from(error: AnyError) -> Self {
        Self::Fault(error)
    }
}

async fn decision(State(app): State<App>, parts: Parts, body: Bytes) -> Response {
    let Ok(form) = serde_urlencoded::from_bytes::<DecisionForm>(&body) else {
        return (StatusCode::BAD_REQUEST, "This form cannot be read.").into_response();
    };
    // In a task of its own, which a browser that hangs up does not end half-way; what takes too long is rolled back.
    let task = tokio::spawn(async move {
        let decided = tokio::time::timeout(TIME_LIMIT, decide(&app, &parts, &body, &form)).await;
        decided.unwrap_or_else(|late| Err(NoAnswer::Fault(late.into())))
    });
    match task.await {
        Ok(Ok(response)) => response,
        Ok(Err(NoAnswer::Refused(refused))) => refused.into_response(),
        Ok(Err(NoAnswer::Fault(error))) => fault("decision", &*error),
        Err(error) => fault("decision", &error),
    }
}

enum Outcome {
    Denied(AuthorizationResponse),
    WrongPassword,
    Granted(Box<Granted>),
}

async fn decide(app: &App, parts: &Parts, body: &Bytes, form: &DecisionForm) -> Result<Response, NoAnswer> {
    let denied = Decision::Deny(DenialCode::AccessDenied);
    let decision = if form.decision == "approve" { Decision::Approve } else { denied };
    let browser = BrowserRequest::from_parts(parts, body);
    let mut connection = app.pool.get().await.map_err(AnyError::from)?;
    let transaction = connection.transaction().await.map_err(AnyError::from)?;
    // The endpoint borrows the transaction until it is committed.
    let (login, outcome) = {
        let par = app.par.with_store(app.store.in_transaction(&transaction));
        let login = par.decide(&app.cookies, &browser, &form.request, &form.token, decision).await?;
        let outcome = match decision {
            Decision::Deny(error) => Outcome::Denied(par.deny(login.pending(), error).await?),
            _ if form.user != "alice" || form.password != "wonderland" => Outcome::WrongPassword,
            _ => Outcome::Granted(Box::new(par.complete(login.pending()).await?)),
        };
        (login, outcome)
    };
    let code = match &outcome {
        Outcome::Granted(granted) => Some(write_code(&transaction, granted).await?),
        _ => None,
    };
    transaction.commit().await.map_err(AnyError::from)?;
    Ok(match outcome {
        Outcome::Denied(response) => with_cookie(response, login.drop_cookie()),
        Outcome::WrongPassword => {
            metrics::counter!("host_wrong_passwords_total").increment(1);
            page(&login, "Wrong user or password.")
        }
        Outcome::Granted(granted) => {
            let response = granted.respond(code.as_deref().map(|code| ("code", code))).await?;
            with_cookie(response, login.drop_cookie())
        }
    })
}

async fn write_code(transaction: &deadpool_postgres::Transaction<'_>, granted: &Granted) -> Result<String, AnyError> {
    let code = random_text()?;
    let binding = serde_json::to_string(&CodeBinding::of(granted.request()))?;
    let scope = granted.request().scopes().collect::<Vec<_>>().join(" ");
    let statement = "INSERT INTO codes (digest, binding, scope, expires_at)
        VALUES (sha256(convert_to($1, 'UTF8')), $2, $3, now() + interval '60 seconds')";
    transaction.execute(statement, &[&code, &binding, &scope]).await?;
    Ok(code)
}

async fn token(State(app): State<App>, parts: Parts, body: Bytes) -> Response {
    match tokens(&app, &parts, &body).await {
        Ok(tokens) => ([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn tokens(app: &App, parts: &Parts, body: &Bytes) -> Result<serde_json::Value, Reply> {
    let request = app.par.authenticate_client(&FormRequest::from_parts(parts, body)).await?;
    let refused = |error: TokenError| app.par.refuse_token(&request, error);
    request.grant_type(&["authorization_code"]).map_err(refused)?;
    let code = request.parameters().get("code").ok_or_else(|| refused(TokenErrorCode::InvalidRequest.into()))?;
    let failed = |error: AnyError| {
        fault("token", &*error);
        TokenError::from(TokenErrorCode::TemporarilyUnavailable).with_retry_after(5)
    };
    let taken = within_time(take_code(&app.pool, code)).await.map_err(failed)?;
    let (binding, scope) = taken.ok_or_else(|| refused(TokenErrorCode::InvalidGrant.into()))?;
    app.par.check_code(&request, &binding)?;
    let access_token = random_text().map_err(|error| failed(error.into()))?;
    let token_type = if request.client().confirmation().jkt.is_some() { "DPoP" } else { "Bearer" };
    Ok(serde_json::json!({
        "access_token": access_token, "token_type": token_type, "expires_in": 300, "scope": scope,
    }))
}

/// A code is good once, whatever comes of it.
async fn take_code(pool: &Pool, code: &str) -> Result<Option<(CodeBinding, String)>, AnyError> {
    let statement = "DELETE FROM codes WHERE digest = sha256(convert_to($1, 'UTF8'))
        RETURNING binding, scope, expires_at > now()";
    let Some(row) = pool.get().await?.query_opt(statement, &[&code]).await? else { return Ok(None) };
    let is_alive: bool = row.try_get(2)?;
    Ok(is_alive.then_some((serde_json::from_str(row.try_get(0)?)?, row.try_get(1)?)))
}

async fn within_time<T>(work: impl Future<Output = Result<T, AnyError>>) -> Result<T, AnyError> {
    tokio::time::timeout(TIME_LIMIT, work).await.unwrap_or_else(|late| Err(late.into()))
}

fn random_text() -> Result<String, RandomError> {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn with_cookie(reply: impl Into<Reply>, cookie: Option<String>) -> Response {
    let mut response = reply.into().into_response();
    if let Some(cookie) = cookie.and_then(|cookie| cookie.parse().ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn fault(what: &'static str, error: &(dyn Error + 'static)) -> Response {
    metrics::counter!("host_faults_total", "what" => what).increment(1);
    tracing::error!(what, cause = %CauseText(error), "fault");
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "Please try again in a moment.").into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
