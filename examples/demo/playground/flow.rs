//! What the pages of the playground lead to: a run starts, the browser goes and comes back, the client goes on.

use std::fmt::Write as _;

use super::{
    Playground,
    arrival::Response,
    browser::Browser,
    choices::{Choices, callback},
    credentials::Kind,
    exchange::{Content, Endpoint, Exchange, object_tokens},
    first_request::{FirstRequest, left_out},
    page::page,
    reason,
    run::Run,
    run_page, start_page,
    step::Step,
    wire::{request_text, shortened},
};
use crate::demo::{
    http::{
        html::Text,
        message::{Answer, Form, Message, encode},
    },
    server::{Server, authorize, error_page, random},
};

/// `GET /`: the form, filled in by a run that is to be repeated or by the query of a link.
pub(super) fn start(playground: &Playground, message: &Message<'_>) -> Result<Answer, Answer> {
    let browser = Browser::of(message, playground.issuer())?;
    let query = Form::of_query(message.query.unwrap_or_default());
    let field = |name| query.field(name).unwrap_or_default();
    let repeated = playground.with_run(&browser, &field("again"), |run| run.choices.clone());
    let name = repeated.as_ref().map_or_else(|| field("preset").into_owned(), |choices| choices.preset.clone());
    let preset = playground.preset(&name).ok_or_else(no_such_run)?;
    let choices = repeated.unwrap_or_else(|| Choices::fitting(preset, callback(playground.issuer())));
    let choices = choices.changed_by(query);
    let answer = start_page::render(playground, preset, &choices, &browser, message.header("host"));
    Ok(answer.with_cookie(browser.set_cookie()))
}

/// `POST /playground/push`: the first request of a run.
pub(super) async fn send(playground: &Playground, message: &Message<'_>) -> Result<Answer, Answer> {
    let (browser, form) = checked(playground, message)?;
    let name = form.field("preset").unwrap_or_default();
    let preset = playground.preset(&name).ok_or_else(error_page::invalid_request)?;
    let choices = Choices { preset: name.into_owned(), ..Choices::default() }.changed_by(form);
    let client = preset.client(&choices.client).ok_or_else(error_page::invalid_request)?;
    let id = random::token()?;
    let first = FirstRequest::of(&choices, client, &playground.dpop, &id)?;
    let mut run = Run::start(browser.id(), &client.client_id, choices.clone(), first.verifier.clone());
    let exchange = Exchange { server: &preset.server, client, choices: &choices, dpop: &playground.dpop, nonce: None };
    if choices.is_pushed() {
        push(&mut run, &first, exchange).await?;
    } else {
        carry(&mut run, &first, &exchange)?;
    }
    if let Some(left_out) = left_out(&choices, client)
        && let Some(step) = run.steps.last_mut()
    {
        step.remarks.push(left_out);
    }
    if let Some(opens) = &run.opens {
        playground.openings.put_over_oldest(opens, id.clone(), super::OPENING_BYTES);
    }
    playground.runs.put_over_oldest(&id, run, super::run::MAX_BYTES);
    Ok(Answer::see_other(format!("/playground/run/{id}")))
}

/// Sends the request over the back channel.
async fn push(run: &mut Run, first: &FirstRequest, mut exchange: Exchange<'_>) -> Result<(), Answer> {
    let Exchange { server, client, choices, .. } = exchange;
    let method = if choices.mistake == "method" { "PUT" } else { "POST" };
    let kind = if choices.mistake == "secret" { Kind::Wrong } else { Kind::Right };
    let content = || {
        let packed = first.packed(choices, client, server)?;
        Ok(Content::Form { fields: packed.fields, inside: packed.inside, method, kind })
    };
    let (steps, reply) = exchange.send(Endpoint::Push, content).await?;
    run.record(steps);
    run.nonce = exchange.nonce;
    let request_uri = run.pushed(&reply);
    run.opens =
        request_uri.map(|uri| authorize_path(server, [("client_id", run.client_id.as_str()), ("request_uri", &uri)]));
    Ok(())
}

/// Leaves the request to the browser.
fn carry(run: &mut Run, first: &FirstRequest, exchange: &Exchange<'_>) -> Result<(), Answer> {
    let Exchange { server, client, choices, .. } = exchange;
    let packed = first.packed(choices, client, server)?;
    let fields = packed.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let opens = authorize_path(server, fields);
    let object = packed.fields.iter().find(|(name, _)| name == "request").map(|(_, object)| object.as_str());
    run.record([Step {
        title: "The client sends the browser with the whole request",
        request: shortened(format!("GET {opens} HTTP/1.1\nhost: {}\n", server.issuer.host())),
        tokens: object.map(|object| object_tokens(object, packed.inside.as_deref())).unwrap_or_default(),
        remarks: vec![
            "Everything that the browser has on its way sees it, and nothing proves which client it comes from.",
        ],
        ..Step::default()
    }]);
    run.opens = Some(opens);
    Ok(())
}

fn authorize_path<'a>(server: &Server, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    format!("{}?{}", server.issuer.path("/authorize"), encode(query))
}

/// `GET /playground/run/{id}`
pub(super) fn show(playground: &Playground, message: &Message<'_>, id: &str) -> Result<Answer, Answer> {
    let browser = Browser::of(message, playground.issuer())?;
    let page = |run: &mut Run| {
        let preset = playground.preset(&run.choices.preset)?;
        Some(run_page::render(run, id, &preset.server.issuer, preset.title, &browser))
    };
    playground.with_run(&browser, id, page).flatten().ok_or_else(no_such_run)
}

/// `GET` and `POST /playground/callback`: where the authorization response arrives.
pub(super) fn arrive(playground: &Playground, message: &Message<'_>) -> Result<Answer, Answer> {
    let browser = Browser::of(message, playground.issuer())?;
    let form = match message.method {
        "POST" => message.form(),
        _ => message.query.map(Form::of_query),
    };
    let response = Response::read(form.ok_or_else(no_such_run)?);
    let id = response.parameter("state").unwrap_or_default().to_owned();
    let arrived = |run: &mut Run| {
        let preset = playground.preset(&run.choices.preset)?;
        run.arrived(response.at_client(message, &run.client_id, &preset.server));
        Some(())
    };
    match playground.with_run(&browser, &id, arrived).flatten() {
        Some(()) => Ok(Answer::see_other(format!("/playground/run/{id}#latest"))),
        None => Err(without_run(&response)),
    }
}

/// `POST /playground/run/{id}`: the next request of the client.
pub(super) async fn go_on(playground: &Playground, message: &Message<'_>, id: &str) -> Result<Answer, Answer> {
    let (browser, form) = checked(playground, message)?;
    let next = form.field("next").unwrap_or_default();
    let remembered = |run: &mut Run| {
        (run.choices.clone(), run.client_id.clone(), run.nonce.clone(), run.token_request(), run.token.clone())
    };
    let remembered = playground.with_run(&browser, id, remembered).ok_or_else(no_such_run)?;
    let (choices, client_id, nonce, token_request, token) = remembered;
    let preset = playground.preset(&choices.preset).ok_or_else(no_such_run)?;
    let client = preset.client(&client_id).ok_or_else(no_such_run)?;
    let content = || match &*next {
        "token" => token_request.clone().map(|fields| Content::Form {
            fields,
            inside: None,
            method: "POST",
            kind: Kind::Right,
        }),
        "resource" => token.clone().map(Content::Token),
        _ => None,
    };
    let endpoint = if next == "token" { Endpoint::Token } else { Endpoint::Resource };
    let mut exchange = Exchange { server: &preset.server, client, choices: &choices, dpop: &playground.dpop, nonce };
    let (steps, reply) = exchange.send(endpoint, || content().ok_or_else(no_such_run)).await?;
    let record = |run: &mut Run| {
        match endpoint {
            Endpoint::Token => run.redeemed(&reply),
            _ => run.has_used_token = true,
        }
        run.nonce = exchange.nonce.take();
        run.record(steps);
    };
    playground.with_run(&browser, id, record).ok_or_else(no_such_run)?;
    Ok(Answer::see_other(format!("/playground/run/{id}#latest")))
}

/// A browser opens a request. When that belongs to a run and is refused, the run shows why.
pub(crate) async fn open(playground: &Playground, server: &Server, message: &Message<'_>) -> Answer {
    if !playground.is_for_trying_out() {
        return authorize::answer(server, message).await;
    }
    let (answer, reason) = reason::watch(authorize::answer(server, message)).await;
    if let (Some(reason), Some(query), Ok(browser)) = (reason, message.query, Browser::of(message, playground.issuer()))
    {
        let id = playground.openings.with(&format!("{}?{query}", message.path), |id| id.clone());
        let shown = Message { body: &[], ..bare(message, server) };
        let refused = |run: &mut Run| run.not_opened(request_text(&shown, false), Some(reason));
        playground.with_run(&browser, &id.unwrap_or_default(), refused);
    }
    answer
}

/// The request without what the browser adds.
pub(super) fn bare<'a>(message: &Message<'a>, server: &'a Server) -> Message<'a> {
    Message { headers: vec![("host", server.issuer.host().as_bytes())], certificate: None, ..message.clone() }
}

/// `GET /playground/playground.pem`: what curl needs to be the client with a certificate, where that may be known.
pub(super) fn certificate(playground: &Playground) -> Answer {
    let clients = playground.presets.iter().flat_map(|preset| &preset.clients);
    let certificate =
        clients.filter(|client| client.is_public_knowledge).find_map(|client| client.authentication.certificate());
    match certificate {
        Some(certificate) => Answer::new(200, "application/x-pem-file", certificate.pem()).no_store(),
        None => Answer::not_found(),
    }
}

/// A form that a page of the playground sent.
fn checked<'a>(playground: &Playground, message: &Message<'a>) -> Result<(Browser, Form<'a>), Answer> {
    let issuer = playground.issuer();
    let browser = Browser::of(message, issuer)?;
    let form = message.form().filter(|form| browser.sent(message, *form, issuer));
    Ok((browser, form.ok_or_else(error_page::invalid_request)?))
}

/// A response to a request that was pushed by hand: for the eyes of the person who did that.
fn without_run(response: &Response) -> Answer {
    let mut rows = String::new();
    for name in ["code", "state", "iss", "error", "error_description"] {
        if let Some(value) = response.parameter(name) {
            let shown: String = value.chars().take(256).collect();
            let _ = writeln!(rows, "<li><code>{name}</code> <pre><bdi>{}</bdi></pre></li>", Text(&shown));
        }
    }
    if rows.is_empty() {
        return no_such_run();
    }
    let main = format!(
        "<main id=\"main\" class=\"card\">\n<h1>Back at the client</h1>\n\
         <p>This response belongs to no run of the playground in this browser. If you pushed its request yourself, here it is:</p>\n\
         <ul class=\"requested\">\n{rows}</ul>\n\
         <p>A code can be traded at <code>/token</code> within 60 seconds.</p>\n\
         <p><a class=\"button\" href=\"/\">To the playground</a></p>\n</main>\n"
    );
    page(200, "Back at the client, playground", &main)
}

fn no_such_run() -> Answer {
    let main = "<main id=\"main\" class=\"card\">\n<h1>Nothing to see here</h1>\n\
                <p>This run of the playground is over, or belongs to another browser.</p>\n\
                <p><a class=\"button\" href=\"/\">Start a new one</a></p>\n</main>\n";
    page(400, "No run, playground", main)
}
