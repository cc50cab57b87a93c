//! One login as its client and its user see it, from the push to the token, with each step held against the model.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use serde_json::Value;
use url::Url;

use crate::{
    answers::{Endpoint, check},
    browser::{Browser, Form},
    case::{Case, DENIED},
    clients::BANK,
    dice::Dice,
    http::{Answer, exchange, request},
    node::Node,
    world::ISSUER,
};

/// How often a client or a user tries again.
const ATTEMPTS: usize = 6;
/// A code lives 60 seconds. For longer, nothing is demanded of it.
const SURE_OF_CODE: Duration = Duration::from_secs(20);

/// A code, and the process that has issued it.
pub(crate) struct Code {
    pub(crate) value: String,
    pub(crate) node: Arc<Node>,
    starts: u64,
    jumps: u64,
    /// Not before this.
    issued: Instant,
}

/// What became of a decision.
pub(crate) enum Decided {
    Code(Code),
    Denied,
    /// The request has ended, or is not known.
    Refused,
    /// There was no answer, or none at the moment.
    Unknown,
}

pub(crate) fn parameters(case: &Case) -> Vec<(&'static str, String)> {
    vec![
        ("response_type", "code".to_owned()),
        ("redirect_uri", case.client.redirect_uri()),
        ("scope", "accounts".to_owned()),
        ("state", case.state.clone()),
    ]
}

/// Pushes the request. `None` if the server did not answer, or not at the moment.
pub(crate) async fn push(case: &Case, node: &Node, dice: &mut Dice) -> Option<String> {
    let (parameters, losses) = (parameters(case), case.world.losses());
    let fields: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let jumps = node.jumps();
    let signed = case.client.authenticated(dice, node.ahead(), &fields);
    let answer = exchange(node.port, &signed.to("/authorize/par")).await;
    accepted(case, node, jumps, losses, answer)
}

/// Takes the answer to a good push.
pub(crate) fn accepted(
    case: &Case,
    node: &Node,
    jumps: u64,
    losses: u64,
    answer: io::Result<Answer>,
) -> Option<String> {
    let Ok(answer) = answer else {
        case.note(format_args!("push at {}: no answer", node.name));
        return None;
    };
    check(Endpoint::Programs, &answer);
    match answer.status {
        201 => {
            case.acknowledged(losses);
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            case.world.tally.count("pushed");
            Some(body["request_uri"].as_str().unwrap().to_owned())
        }
        503 => {
            case.world.tally.count("push put off");
            None
        }
        // The assertion, as a clock sees it that has jumped since.
        401 if case.client == BANK && (!jumps.is_multiple_of(2) || node.jumps() != jumps) => None,
        _ => case.fail(format_args!("a good push at {} is refused: {answer:?}", node.name)),
    }
}

/// Opens the request in a browser. It must be there if it was acknowledged.
pub(crate) async fn open(case: &Case, browser: &mut Browser, request_uri: &str, dice: &mut Dice) -> Option<Form> {
    for _ in 0..ATTEMPTS {
        let node = Arc::clone(case.world.node(dice));
        if let Some(opened) = open_at(case, &node, browser, request_uri).await {
            return opened;
        }
        tokio::time::sleep(dice.milliseconds(50..400)).await;
    }
    None
}

/// The same at this node. `None` says that the answer is to be asked for again.
pub(crate) async fn open_at(
    case: &Case,
    node: &Node,
    browser: &mut Browser,
    request_uri: &str,
) -> Option<Option<Form>> {
    let Ok(answer) = browser.open(node.port, case.client.id, request_uri).await else {
        case.note(format_args!("opening at {}: no answer", node.name));
        return None;
    };
    check(Endpoint::Browsers, &answer);
    case.note(format_args!("opening at {}: {}", node.name, answer.status));
    match answer.status {
        200 => {
            case.world.tally.count("opened");
            let form = Form::of(&answer);
            Some(Some(form.unwrap_or_else(|| case.fail(format_args!("a page without its form: {answer:?}")))))
        }
        503 => None,
        400 if answer.error().as_deref() == Some("invalid_request_uri") => {
            case.lost(format_args!("opening at {} is refused", node.name));
            Some(None)
        }
        _ => case.fail(format_args!("an acknowledged request is refused: {answer:?}")),
    }
}

/// Presses a button. `is_first` says that nothing was decided before, so that the request must be there.
pub(crate) async fn decide(
    case: &Case,
    node: &Arc<Node>,
    browser: &mut Browser,
    form: &Form,
    decision: &str,
    is_first: bool,
) -> Decided {
    let (losses, starts, jumps, sent) = (case.world.losses(), node.starts(), node.jumps(), Instant::now());
    case.note(format_args!("{decision} is sent to {}", node.name));
    let answer = browser.decide(node.port, form, decision).await;
    let Ok(answer) = answer else {
        case.note(format_args!("{decision} at {}: no answer", node.name));
        return Decided::Unknown;
    };
    check(Endpoint::Browsers, &answer);
    case.note(format_args!("{decision} at {}: {}", node.name, answer.status));
    match answer.status {
        303 => match response(case, &answer) {
            Ok(code) => {
                case.ended(&code, losses);
                node.given.fetch_add(1, Ordering::SeqCst);
                Decided::Code(Code { value: code, node: Arc::clone(node), starts, jumps, issued: sent })
            }
            Err(error) => {
                case.ended(&error, losses);
                if error != DENIED {
                    case.fail("the answer to the client is another error");
                }
                Decided::Denied
            }
        },
        503 => Decided::Unknown,
        400 => {
            if answer.error().as_deref() != Some("invalid_request_uri") {
                case.fail(format_args!("{answer:?}"));
            }
            if is_first {
                case.lost(format_args!("{decision} at {} is refused", node.name));
            }
            Decided::Refused
        }
        _ => case.fail(format_args!("{answer:?}")),
    }
}

/// The code, or the error, of an answer that goes to this client and belongs to this request.
fn response(case: &Case, answer: &Answer) -> Result<String, String> {
    let location = answer.header("location").unwrap();
    if !location.starts_with(&format!("{}?", case.client.redirect_uri())) {
        case.fail(format_args!("the answer goes elsewhere: {answer:?}"));
    }
    let url = Url::parse(location).unwrap();
    let one = |wanted: &str| {
        let values: Vec<_> = url.query_pairs().filter(|(name, _)| name == wanted).map(|(_, value)| value).collect();
        assert!(values.len() < 2, "{wanted} comes twice: {location}");
        values.first().map(ToString::to_string)
    };
    if one("state").as_ref() != Some(&case.state) || one("iss").as_deref() != Some(ISSUER) {
        case.fail(format_args!("the answer belongs to another request: {answer:?}"));
    }
    match (one("code"), one("error")) {
        (Some(code), None) => Ok(code),
        (None, Some(error)) => Err(error),
        _ => case.fail(format_args!("neither code nor error, or both: {answer:?}")),
    }
}

/// Trades the code in, once or more often: it is good once, and the token is one for this request.
pub(crate) async fn redeem(case: &Case, code: &Code, dice: &mut Dice) {
    let (redirect_uri, comes_again) = (case.client.redirect_uri(), dice.one_in(2));
    let fields =
        [("grant_type", "authorization_code"), ("code", code.value.as_str()), ("redirect_uri", &*redirect_uri)];
    let mut ask = || {
        let signed = case.client.authenticated(dice, code.node.ahead(), &fields);
        let port = code.node.port;
        async move {
            let answer = exchange(port, &signed.to("/token")).await.ok()?;
            check(Endpoint::Programs, &answer);
            case.note(format_args!("the code is traded in: {}", answer.status));
            Some(answer)
        }
    };
    let answers = if comes_again {
        let (first, second) = (ask(), ask());
        let (first, second) = tokio::join!(first, second);
        vec![first, second, ask().await]
    } else {
        vec![ask().await]
    };
    let good: Vec<_> = answers.iter().flatten().filter(|answer| answer.status == 200).collect();
    let refused = answers.iter().flatten().filter(|answer| answer.status == 400).count();
    if good.len() > 1 {
        case.fail("the code was good twice");
    }
    if good.is_empty() && refused == answers.len() && code.must_be_known() {
        case.fail(format_args!("the code was never good: {answers:?}"));
    }
    let Some(token) = good.first() else { return };
    case.world.tally.count("token");
    code.node.given.fetch_add(1, Ordering::SeqCst);
    let token: Value = serde_json::from_str(&token.body).unwrap();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let bytes = request("GET", "/resource", &[("authorization", &bearer)], b"");
    let Ok(answer) = exchange(code.node.port, &bytes).await else { return };
    check(Endpoint::Programs, &answer);
    match answer.status {
        // A code that comes again takes its token along.
        200 if refused > 0 => case.fail("the token outlives the second use of its code"),
        200 => {
            let shown: Value = serde_json::from_str(&answer.body).unwrap();
            if shown["client_id"] != case.client.id || shown["request"]["state"] != case.state.as_str() {
                case.fail(format_args!("the token stands for another request: {shown}"));
            }
            case.world.tally.count("token used");
        }
        401 if comes_again || !code.must_be_known() => {}
        _ => case.fail(format_args!("{answer:?}")),
    }
}

impl Code {
    /// Tells whether the process that has issued the code lives, and has had no time to forget it.
    fn must_be_known(&self) -> bool {
        let is_same = self.starts == self.node.starts() && self.jumps == self.node.jumps();
        is_same && self.jumps.is_multiple_of(2) && self.issued.elapsed() < SURE_OF_CODE
    }
}
