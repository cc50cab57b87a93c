//! The playground at `/`: push a request, look at what went over the wire, follow the `request_uri`, fetch the token.
//!
//! It plays a client of this very server. Its requests are built as raw messages and go through the same functions as those
//! that come from outside; what a page shows is what these functions got and gave.

mod player;
mod run;
mod run_page;
mod start_page;
mod token;
mod wire;
mod wishes;

use std::{fmt::Write as _, time::Duration};

pub(crate) use self::player::{Authentication, Player};
use self::{
    run::{Run, Step},
    wishes::{Push, Wishes},
};
use super::{
    Demo,
    browser::Browser,
    error_page,
    html::{Text, page},
    issuer::Issuer,
    message::{Answer, Form, Message},
    random, resource,
    shelf::Shelf,
    token_endpoint,
};

const RUN_LIFE: Duration = Duration::from_secs(1800);
const RUNS: usize = 256;
/// What a run may take in memory: 16 steps of a request, the tokens in it and a reply.
const RUN_BYTES: usize = 48 * wire::MAX_TEXT;

pub(crate) struct Playground {
    players: Vec<Player>,
    default_scope: String,
    runs: Shelf<Run>,
}

impl Playground {
    pub(crate) fn new(players: Vec<Player>, scopes: Option<Vec<String>>) -> Self {
        let default_scope = scopes.map_or_else(|| "openid accounts".to_owned(), |scopes| scopes.join(" "));
        Self { players, default_scope, runs: Shelf::new(RUN_LIFE, RUNS, RUNS.saturating_mul(RUN_BYTES)) }
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
pub(crate) fn start(demo: &Demo, message: &Message) -> Answer {
    let start = || {
        let browser = Browser::of(message, &demo.issuer)?;
        let answer = start_page::render(&demo.playground, &demo.issuer, &browser, message.header("host"));
        Ok(match browser.set_cookie() {
            Some(cookie) => answer.with("set-cookie", cookie),
            None => answer,
        })
    };
    start().unwrap_or_else(|failure| failure)
}

/// `POST /playground/push`
pub(crate) async fn push(demo: &Demo, message: &Message) -> Answer {
    start_run(demo, message).await.unwrap_or_else(|failure| failure)
}

async fn start_run(demo: &Demo, message: &Message) -> Result<Answer, Answer> {
    let (browser, form) = checked(demo, message)?;
    let chosen = form.field("client").unwrap_or_default();
    let player = demo.playground.player(&chosen).ok_or_else(error_page::invalid_request)?;
    let id = random::token()?;
    let wishes = Wishes::read(form);
    let Push { request, inside, verifier } = wishes.push(player, demo, &id)?;
    let reply = super::push::answer(demo, &request).await;
    let step = wire::step(&request, &reply, player, inside.as_deref());
    let run = Run::start(browser.id(), player, wishes.redirect_uri, verifier, step, &reply);
    demo.playground.runs.put_over_oldest(&id, run, RUN_BYTES);
    Ok(Answer::see_other(format!("/playground/run/{id}")))
}

/// `GET /playground/run/{id}`
pub(crate) fn show(demo: &Demo, message: &Message) -> Answer {
    let show = || {
        let id = run_id(message);
        let browser = Browser::of(message, &demo.issuer)?;
        let page = |run: &mut Run| run_page::render(run, id, &demo.issuer, &browser);
        with_run(demo, &browser, id, page).ok_or_else(no_such_run)
    };
    show().unwrap_or_else(|failure: Answer| failure)
}

/// `GET` and `POST /playground/callback`: where the authorization response arrives.
pub(crate) fn arrive(demo: &Demo, message: &Message) -> Answer {
    let arrive = || {
        let browser = Browser::of(message, &demo.issuer)?;
        let response = match message.method.as_str() {
            "POST" => message.form(),
            _ => message.query.as_deref().map(Form::of_query),
        };
        let response = response.ok_or_else(no_such_run)?;
        let id = response.field("state").unwrap_or_default();
        let arrived = |run: &mut Run| run.arrive(message, response, &demo.issuer);
        with_run(demo, &browser, &id, arrived).ok_or_else(|| without_run(response))?;
        Ok(Answer::see_other(format!("/playground/run/{id}#latest")))
    };
    arrive().unwrap_or_else(|failure: Answer| failure)
}

/// `POST /playground/run/{id}`: the next request of the client.
pub(crate) async fn go_on(demo: &Demo, message: &Message) -> Answer {
    continue_run(demo, message).await.unwrap_or_else(|failure| failure)
}

async fn continue_run(demo: &Demo, message: &Message) -> Result<Answer, Answer> {
    let id = run_id(message);
    let (browser, form) = checked(demo, message)?;
    let next = form.field("next").unwrap_or_default();
    let prepare = |run: &mut Run| {
        let player = demo.playground.player(&run.client_id)?;
        let request = match &*next {
            "token" => wire::post("/token", player, &demo.issuer, &run.token_request()?, false),
            "resource" => Ok(run.resource_request(&demo.issuer)?),
            _ => return None,
        };
        Some((request, player))
    };
    let (request, player) = with_run(demo, &browser, id, prepare).flatten().ok_or_else(no_such_run)?;
    let request = request?;
    let reply = match &*next {
        "token" => token_endpoint::answer(demo, &request).await,
        _ => resource::answer(demo, &request).await,
    };
    let step = wire::step(&request, &reply, player, None);
    let record = |run: &mut Run| run.record(step, &reply);
    with_run(demo, &browser, id, record).ok_or_else(no_such_run)?;
    Ok(Answer::see_other(format!("/playground/run/{id}#latest")))
}

fn run_id(message: &Message) -> &str {
    message.path.strip_prefix("/playground/run/").unwrap_or_default()
}

/// A form that a page of the playground sent.
fn checked<'a>(demo: &Demo, message: &'a Message) -> Result<(Browser, Form<'a>), Answer> {
    let browser = Browser::of(message, &demo.issuer)?;
    let form = message.form().filter(|form| browser.sent(message, *form, &demo.issuer));
    Ok((browser, form.ok_or_else(error_page::invalid_request)?))
}

/// A run shows itself only to the browser that started it.
fn with_run<R>(demo: &Demo, browser: &Browser, id: &str, look: impl FnOnce(&mut Run) -> R) -> Option<R> {
    let look = |run: &mut Run| run.belongs_to(browser.id()).then(|| look(run));
    demo.playground.runs.with(id, look).flatten()
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
