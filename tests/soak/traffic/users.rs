//! Good clients, whose users are hasty, change their minds, hang up, or are not who they should be.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Instant};

use tokio::io::AsyncWriteExt as _;

use crate::{
    answers::{Endpoint, check},
    browser::{Browser, Form},
    case::{Case, Left, Stage},
    clients::USUAL,
    dice::Dice,
    http::connect,
    login::{Decided, decide, open, open_at, push, redeem},
    node::Node,
    world::World,
};

/// As many are left alone at a time.
const LEFT: usize = 60;

/// A login after the other.
pub(crate) async fn log_in_again_and_again(world: Arc<World>, mut dice: Dice) {
    while !world.is_over() {
        log_in(&world, &mut dice).await;
        // A node keeps 10 000 codes of a client for eleven minutes: so many are never reached.
        tokio::time::sleep(dice.milliseconds(20..200)).await;
    }
}

async fn log_in(world: &Arc<World>, dice: &mut Dice) {
    let case = Case::new(world, *dice.pick(&USUAL), dice.text(16));
    let node = Arc::clone(world.node(dice));
    let Some(request_uri) = push(&case, &node, dice).await else { return };
    if dice.one_in(6) {
        return leave(case, request_uri, Stage::Waiting, dice);
    }
    let mut browser = Browser::default();
    let Some(form) = open(&case, &mut browser, &request_uri, dice).await else { return };
    if dice.one_in(3) {
        intrude(&case, &browser, &form, &request_uri, dice).await;
    }
    if dice.one_in(3) && open(&case, &mut browser, &request_uri, dice).await.is_none() {
        return;
    }
    if dice.one_in(6) {
        return leave(case, request_uri, Stage::Open(browser), dice);
    }
    let decided = match dice.below(6) {
        0 | 1 => decide_once(&case, &mut browser, &form, "approve", true, dice).await,
        2 => decide_once(&case, &mut browser, &form, "deny", true, dice).await,
        3 => hang_up(&case, &mut browser, &form, dice).await,
        _ => click_twice(&case, &browser, &form, dice).await,
    };
    let before = browser.clone();
    match decided {
        Decided::Code(code) => redeem(&case, &code, dice).await,
        Decided::Denied | Decided::Refused => {}
        Decided::Unknown => return,
    }
    if dice.one_in(2) {
        return stays_ended(&case, before, &request_uri, dice).await;
    }
    leave(case, request_uri, Stage::Spent(before), dice);
}

/// For a look at it after the next fault.
fn leave(case: Arc<Case>, request_uri: String, stage: Stage, dice: &mut Dice) {
    let world = Arc::clone(&case.world);
    let mut left = world.left.lock().unwrap();
    if left.len() < LEFT {
        left.push(Left { case, request_uri, stage, at: Instant::now() });
    } else {
        let place = dice.below(LEFT);
        left[place] = Left { case, request_uri, stage, at: Instant::now() };
    }
}

/// Sends the decision until there is an answer.
async fn decide_once(
    case: &Case,
    browser: &mut Browser,
    form: &Form,
    decision: &str,
    is_first: bool,
    dice: &mut Dice,
) -> Decided {
    let mut is_first = is_first;
    for _ in 0..6 {
        let node = Arc::clone(case.world.node(dice));
        match decide(case, &node, browser, form, decision, is_first).await {
            // It may have been taken.
            Decided::Unknown => is_first = false,
            decided => return decided,
        }
        tokio::time::sleep(dice.milliseconds(50..400)).await;
    }
    Decided::Unknown
}

/// Presses, and is gone before the answer is there; then once more.
async fn hang_up(case: &Case, browser: &mut Browser, form: &Form, dice: &mut Dice) -> Decided {
    let node = Arc::clone(case.world.node(dice));
    if let Ok(mut stream) = connect(node.port).await {
        let bytes = browser.decision(form, "approve");
        // All of it, or not.
        let sent = if dice.one_in(3) { dice.below(bytes.len()) } else { bytes.len() };
        let _ = stream.write_all(&bytes[..sent]).await;
        tokio::time::sleep(dice.milliseconds(0..4)).await;
        case.note(format_args!(
            "{sent} of {} bytes of approve are sent to {}, and no answer read",
            bytes.len(),
            node.name
        ));
        case.world.tally.count("hung up");
    }
    decide_once(case, browser, form, "approve", false, dice).await
}

/// Both buttons at both nodes at one moment: whatever comes of it, the client gets one answer.
async fn click_twice(case: &Case, browser: &Browser, form: &Form, dice: &mut Dice) -> Decided {
    let clicks = 2 + dice.below(4);
    let mut pressed = Vec::new();
    for _ in 0..clicks {
        let (node, decision) =
            (Arc::clone(case.world.node(dice)), *dice.pick(&["approve", "approve", "approve", "deny"]));
        let mut browser = browser.clone();
        pressed.push(async move { decide(case, &node, &mut browser, form, decision, false).await });
    }
    case.world.tally.count("clicked more than once");
    let mut outcomes = Vec::new();
    for decided in all(pressed).await {
        match decided {
            Decided::Code(code) => return Decided::Code(code),
            decided => outcomes.push(decided),
        }
    }
    // One of them must be the first, unless the answers are unknown.
    if outcomes.iter().all(|decided| matches!(decided, Decided::Refused)) {
        case.lost("all clicks are refused");
    }
    let denied = outcomes.iter().any(|decided| matches!(decided, Decided::Denied));
    if denied { Decided::Denied } else { Decided::Unknown }
}

/// Waits for all of them, which run at once.
async fn all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        for (future, done) in running.iter_mut().filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                *done = Some(value);
            }
        }
        if running.iter().all(|(_, done)| done.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, done)| done).collect()
}

/// Another browser, another client: neither gets in, and the request stays as it is.
async fn intrude(case: &Case, browser: &Browser, form: &Form, request_uri: &str, dice: &mut Dice) {
    let node = Arc::clone(case.world.node(dice));
    let mut stranger = Browser::default();
    let mut attempts = vec![
        ("another browser", stranger.open(node.port, case.client.id, request_uri).await),
        ("the form from another browser", stranger.decide(node.port, form, "approve").await),
    ];
    let other = USUAL.iter().find(|client| client.id != case.client.id).unwrap();
    attempts.push(("another client", browser.clone().open(node.port, other.id, request_uri).await));
    for (who, answer) in attempts {
        let Ok(answer) = answer else { continue };
        check(Endpoint::Browsers, &answer);
        if !matches!(answer.status, 400 | 503) && case.is_kept() {
            case.fail(format_args!("{who} got in at {}: {answer:?}", node.name));
        }
        case.world.tally.count("kept out");
    }
}

/// Looks at what was left alone: what waits can be opened, what is open can be decided, and what has ended has ended.
pub(crate) async fn look_at(left: Vec<Left>, dice: &mut Dice) {
    for Left { case, request_uri, stage, .. } in left {
        case.note("a look at it");
        match stage {
            Stage::Waiting | Stage::Open(_) => {
                let mut browser = if let Stage::Open(browser) = stage { browser } else { Browser::default() };
                let Some(form) = open(&case, &mut browser, &request_uri, dice).await else { continue };
                if let Decided::Code(code) = decide_once(&case, &mut browser, &form, "approve", true, dice).await {
                    redeem(&case, &code, dice).await;
                }
                case.world.tally.count("kept");
            }
            Stage::Spent(browser) => stays_ended(&case, browser, &request_uri, dice).await,
        }
    }
}

/// The browser that has ended the request cannot open it again.
async fn stays_ended(case: &Case, mut browser: Browser, request_uri: &str, dice: &mut Dice) {
    let node = Arc::clone(case.world.node(dice));
    let Ok(answer) = browser.open(node.port, case.client.id, request_uri).await else { return };
    check(Endpoint::Browsers, &answer);
    if !matches!(answer.status, 400 | 503) && case.is_kept() {
        case.fail(format_args!("a request that has ended is opened again at {}: {answer:?}", node.name));
    }
    case.world.tally.count("stayed ended");
}

/// Whether each step of a login works at this node.
pub(crate) async fn works(world: &Arc<World>, node: &Arc<Node>, dice: &mut Dice) -> bool {
    let case = Case::new(world, *dice.pick(&USUAL), dice.text(16));
    let Some(request_uri) = push(&case, node, dice).await else { return false };
    let mut browser = Browser::default();
    let Some(Some(form)) = open_at(&case, node, &mut browser, &request_uri).await else { return false };
    match decide(&case, node, &mut browser, &form, "approve", true).await {
        Decided::Code(code) => {
            redeem(&case, &code, dice).await;
            true
        }
        _ => false,
    }
}
