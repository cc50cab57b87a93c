//! Bytes that no client should send: each gets a refusal in good form, or a closed connection.

use std::{io, sync::Arc};

use tokio::io::AsyncWriteExt as _;

use crate::{
    answers::{Endpoint, check},
    clients::USUAL,
    dice::Dice,
    http::{Answer, answer, connect, exchange, form, request},
    world::World,
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// Half of the secret of `web`, and other credentials that no client has.
const CREDENTIALS: [&str; 6] = ["Basic d2ViOmNhbmFyeQ==", "Basic", "Basic !!!", "Bearer x", "DPoP x", "Basic d2Vi"];

pub(crate) async fn send_again_and_again(world: Arc<World>, mut dice: Dice) {
    while !world.is_over() {
        let port = world.node(&mut dice).port;
        if dice.one_in(3) {
            broken_http(port, &mut dice).await;
        } else {
            bad_request(&world, port, &mut dice).await;
        }
        world.tally.count("garbage");
        tokio::time::sleep(dice.milliseconds(5..100)).await;
    }
}

/// Good HTTP around something bad.
async fn bad_request(world: &World, port: u16, dice: &mut Dice) {
    let (path, endpoint) = *dice.pick(&[
        ("/authorize/par", Endpoint::Programs),
        ("/authorize/par", Endpoint::Programs),
        ("/token", Endpoint::Programs),
        ("/authorize", Endpoint::Browsers),
    ]);
    let body = body(dice);
    let credentials = *dice.pick(&CREDENTIALS);
    let mut headers = vec![*dice.pick(&[FORM, FORM, FORM, ("content-type", "application/json"), ("accept", "*/*")])];
    if endpoint == Endpoint::Programs && dice.one_in(2) {
        headers.push(("authorization", credentials));
    }
    if endpoint == Endpoint::Browsers {
        headers.extend([("origin", *dice.pick(&["https://as.example.com", "https://evil.example", "null"]))]);
    }
    let Ok(answer) = exchange(port, &request("POST", path, &headers, &body)).await else { return };
    check(endpoint, &answer);
    // A form of another site is sent back to come as a GET, with its fields. Where the client is to be trusted, it is told.
    let leads_to = |location: &str| location.starts_with('?') || location.contains("/cb?error=");
    let is_sent_away = answer.header("location").is_some_and(leads_to);
    assert!(
        answer.status >= 400 || is_sent_away,
        "garbage is accepted: {answer:?}\n{}",
        String::from_utf8_lossy(&body)
    );
    world.tally.count("garbage refused");
}

fn body(dice: &mut Dice) -> Vec<u8> {
    let client = *dice.pick(&USUAL);
    let long = {
        let length = dice.below(40_000);
        dice.text(length)
    };
    let redirect_uri = client.redirect_uri();
    match dice.below(9) {
        0 => {
            let length = dice.below(3000);
            dice.bytes(length)
        }
        1 => b"%%%=%zz&response_type=%00&scope=%ff%fe".to_vec(),
        2 => form([
            ("client_id", client.id),
            ("response_type", "code"),
            ("redirect_uri", &redirect_uri),
            ("state", &long),
        ])
        .into(),
        3 => form([("client_id", client.id), ("request", "eyJhbGciOiJub25lIn0.e30."), ("state", "a")]).into(),
        4 => "a=b&".repeat(dice.below(20_000)).into(),
        5 => form([("authorization_details", &*"[{\"a\":".repeat(dice.below(2000))), ("client_id", client.id)]).into(),
        6 => form([("client_id", client.id), ("request_uri", &format!("urn:ietf:params:oauth:request_uri:{long}"))])
            .into(),
        7 => form([
            ("grant_type", "authorization_code"),
            ("code", &long),
            ("client_id", client.id),
            ("client_secret", "x"),
        ])
        .into(),
        _ => form([
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &long),
        ])
        .into(),
    }
}

/// Bytes that are hardly HTTP.
async fn broken_http(port: u16, dice: &mut Dice) {
    let method = *dice.pick(&["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "X"]);
    let bytes = match dice.below(7) {
        0 => {
            let length = 1 + dice.below(500);
            dice.bytes(length)
        }
        1 => format!("{method} /authorize/par HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n").into(),
        2 => format!("{method} /authorize/par HTTP/1.1\r\nconnection: close\r\n{}\r\n", "x: y\r\n".repeat(dice.below(400))).into(),
        3 => format!("{method} /{} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "a".repeat(dice.below(70_000))).into(),
        4 => format!("POST /token HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\nconnection: close\r\n\r\n{method}").into(),
        5 => format!("POST /authorize/par HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\nzz\r\n{method}").into(),
        _ => request(method, "/authorize", &[("x", "y")], b""),
    };
    // There is an end of it: nothing more comes from this side.
    let Ok(answer) = until_closed(port, &bytes).await else { return };
    let is_answer = matches!(answer.status, 200 | 400..=499 | 501 | 503 | 505);
    assert!(is_answer && !answer.body.contains("panicked"), "{answer:?} to {}", String::from_utf8_lossy(&bytes));
}

async fn until_closed(port: u16, bytes: &[u8]) -> io::Result<Answer> {
    let mut stream = connect(port).await?;
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    answer(&mut stream).await
}
