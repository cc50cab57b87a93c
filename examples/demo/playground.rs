//! The playground at `/`: push a request, look at what went over the wire, follow the `request_uri`, fetch the token.
//!
//! It plays a client of this very server. Its requests are built as raw messages and go through the same functions as those
//! that come from outside; what a page shows is what these functions got and gave.

mod browser;
mod player;
mod run;
mod run_page;
mod start_page;
mod token;
mod wire;
mod wishes;

use std::{fmt::Write as _, sync::Arc, time::Duration};

pub(crate) use self::player::{Authentication, Player};
use self::{
    browser::Browser,
    run::{Run, Step},
    wishes::{Push, Wishes},
};
use crate::demo::{
    http::{
        html::{Text, page},
        message::{Answer, Form, Message},
    },
    server::{
        Server, error_page, expiring_map::ExpiringMap, issuer::Issuer, push as par_endpoint, random, resource,
        token_endpoint,
    },
};

const RUN_LIFE: Duration = Duration::from_secs(1800);
const RUNS: usize = 256;
/// What a run may take in memory: 16 steps of a request, the tokens in it and a reply.
const RUN_BYTES: usize = 48 * wire::MAX_TEXT;

pub(crate) struct Playground {
    server: Arc<Server>,
    players: Vec<Player>,
    default_scope: String,
    runs: ExpiringMap<Run>,
}

impl Playground {
    pub(crate) fn new(server: Arc<Server>, players: Vec<Player>) -> Self {
        let scopes = server.par.policy().scopes_supported.as_ref();
        let default_scope = scopes.map_or_else(|| "openid accounts".to_owned(), |scopes| scopes.join(" "));
        Self { server, players, default_scope, runs: ExpiringMap::new(RUN_LIFE, RUNS, RUNS.saturating_mul(RUN_BYTES)) }
    }

    fn player(&self, client_id: &str) -> Option<&Player> {
        self.players.iter().find(|player| player.client_id == client_id)
    }
}

/// The redirect URI of the playground's clients.
pub(crate) fn callback(issuer: &Issuer) -> String {
    issuer.url("/playground/callback")
}

/// `GET /`
pub(crate) fn start(playground: &Playground, message: &Message<'_>) -> Answer {
    let start = || {
        let browser = Browser::of(message, &playground.server.issuer)?;
        let answer = start_page::render(playground, &playground.server.issuer, &browser, message.header("host"));
        Ok(match browser.set_cookie() {
            Some(cookie) => answer.with("set-cookie", cookie),
            None => answer,
        })
    };
    start().unwrap_or_else(|failure| failure)
}

/// `POST /playground/push`
pub(crate) async fn push(playground: &Playground, message: &Message<'_>) -> Answer {
    start_run(playground, message).await.unwrap_or_else(|failure| failure)
}

async fn start_run(playground: &Playground, message: &Message<'_>) -> Result<Answer, Answer> {
    let (browser, form) = checked(playground, message)?;
    let chosen = form.field("client").unwrap_or_default();
    let player = playground.player(&chosen).ok_or_else(error_page::invalid_request)?;
    let id = random::token()?;
    let wishes = Wishes::read(form);
    let Push { request, inside, verifier } = wishes.push(player, &playground.server, &id)?;
    let reply = par_endpoint::answer(&playground.server, &request.message()).await;
    let step = wire::step(&request, &reply, player, inside.as_deref());
    let run = Run::start(browser.id(), player, wishes.redirect_uri, verifier, step, &reply);
    playground.runs.put_over_oldest(&id, run, RUN_BYTES);
    Ok(Answer::see_other(format!("/playground/run/{id}")))
}

/// `GET /playground/run/{id}`
pub(crate) fn show(playground: &Playground, message: &Message<'_>) -> Answer {
    let show = || {
        let id = run_id(message);
        let browser = Browser::of(message, &playground.server.issuer)?;
        let page = |run: &mut Run| run_page::render(run, id, &playground.server.issuer, &browser);
        with_run(playground, &browser, id, page).ok_or_else(no_such_run)
    };
    show().unwrap_or_else(|failure: Answer| failure)
}

/// `GET` and `POST /playground/callback`: where the authorization response arrives.
pub(crate) fn arrive(playground: &Playground, message: &Message<'_>) -> Answer {
    let arrive = || {
        let browser = Browser::of(message, &playground.server.issuer)?;
        let response = match message.method {
            "POST" => message.form(),
            _ => message.query.map(Form::of_query),
        };
        let response = response.ok_or_else(no_such_run)?;
        let id = response.field("state").unwrap_or_default();
        let arrived = |run: &mut Run| run.arrive(message, response, &playground.server.issuer);
        with_run(playground, &browser, &id, arrived).ok_or_else(|| without_run(response))?;
        Ok(Answer::see_other(format!("/playground/run/{id}#latest")))
    };
    arrive().unwrap_or_else(|failure: Answer| failure)
}

/// `POST /playground/run/{id}`: the next request of the client.
pub(crate) async fn go_on(playground: &Playground, message: &Message<'_>) -> Answer {
    continue_run(playground, message).await.unwrap_or_else(|failure| failure)
}

async fn continue_run(playground: &Playground, message: &Message<'_>) -> Result<Answer, Answer> {
    let id = run_id(message);
    let (browser, form) = checked(playground, message)?;
    let next = form.field("next").unwrap_or_default();
    let prepare = |run: &mut Run| {
        let player = playground.player(&run.client_id)?;
        let request = match &*next {
            "token" => wire::post("/token", player, &playground.server.issuer, &run.token_request()?, false),
            "resource" => Ok(run.resource_request(&playground.server.issuer)?),
            _ => return None,
        };
        Some((request, player))
    };
    let (request, player) = with_run(playground, &browser, id, prepare).flatten().ok_or_else(no_such_run)?;
    let request = request?;
    let reply = match &*next {
        "token" => token_endpoint::answer(&playground.server, &request.message()).await,
        _ => resource::answer(&playground.server, &request.message()).await,
    };
    let step = wire::step(&request, &reply, player, None);
    let record = |run: &mut Run| run.record(step, &reply);
    with_run(playground, &browser, id, record).ok_or_else(no_such_run)?;
    Ok(Answer::see_other(format!("/playground/run/{id}#latest")))
}

fn run_id<'a>(message: &Message<'a>) -> &'a str {
    message.path.strip_prefix("/playground/run/").unwrap_or_default()
}

/// A form that a page of the playground sent.
fn checked<'a>(playground: &Playground, message: &Message<'a>) -> Result<(Browser, Form<'a>), Answer> {
    let browser = Browser::of(message, &playground.server.issuer)?;
    let form = message.form().filter(|form| browser.sent(message, *form, &playground.server.issuer));
    Ok((browser, form.ok_or_else(error_page::invalid_request)?))
}

/// A run shows itself only to the browser that started it.
fn with_run<R>(playground: &Playground, browser: &Browser, id: &str, look: impl FnOnce(&mut Run) -> R) -> Option<R> {
    let look = |run: &mut Run| run.belongs_to(browser.id()).then(|| look(run));
    playground.runs.with(id, look).flatten()
}

/// A response to a request that was pushed by hand: for the eyes of the person who did that.
fn without_run(response: Form<'_>) -> Answer {
    let mut rows = String::new();
    for name in ["code", "state", "iss", "error", "error_description"] {
        if let Some(value) = response.field(name) {
            let shown: String = value.chars().take(256).collect();
            let _ = writeln!(rows, "<li><code>{name}</code> <pre><bdi>{}</bdi></pre></li>", Text(&shown));
        }
    }
    if rows.is_empty() {
        return no_such_run();
    }
    let main = format!(
        "<main class=\"card\">\n<h1>Back at the client</h1>\n\
         <p>This response belongs to no run of the playground in this browser. If you pushed its request yourself, here it is:</p>\n\
         <ul class=\"wishes\">\n{rows}</ul>\n\
         <p>A code can be traded at <code>/token</code> within 60 seconds.</p>\n\
         <p><a class=\"button\" href=\"/\">To the playground</a></p>\n</main>\n"
    );
    page(200, "Playground", &main)
}

fn no_such_run() -> Answer {
    let main = "<main class=\"card\">\n<h1>Nothing to see here</h1>\n\
                <p>This run of the playground is over, or belongs to another browser.</p>\n\
                <p><a class=\"button\" href=\"/\">Start a new one</a></p>\n</main>\n";
    page(400, "Playground", main)
}
