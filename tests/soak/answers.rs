//! What every answer must look like, whatever the request was.

use serde_json::Value;

use crate::{clients::CANARY, http::Answer};

/// What an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/authorize/par`, `/token` and `/resource`: for programs.
    Programs,
    /// `/authorize`: for browsers.
    Browsers,
}

/// # Panics
///
/// Where the answer is not well-formed.
pub(crate) fn check(endpoint: Endpoint, answer: &Answer) {
    let must = |is_so: bool, what: &str| assert!(is_so, "{what}: {endpoint:?} {answer:?}");
    let header = |name| answer.header(name).unwrap_or_default();
    must(matches!(answer.status, 200 | 201 | 303 | 400 | 401 | 405 | 413 | 415 | 429 | 503), "the status");
    must(!answer.body.contains(CANARY), "a secret is in it");
    must(!answer.body.contains("panicked"), "a panic is in it");
    must(answer.header("content-length").is_some() || answer.body.is_empty(), "content-length is missing");
    if matches!(answer.status, 429 | 503) {
        must(header("retry-after").parse().is_ok_and(|seconds: u64| (1..=3600).contains(&seconds)), "retry-after");
    }
    if answer.status == 405 {
        must(answer.header("allow").is_some(), "allow is missing");
        return;
    }
    // What an HTTP library itself refuses.
    if answer.status == 400 && answer.body.is_empty() {
        return;
    }
    must(header("cache-control").contains("no-store"), "cache-control");
    match endpoint {
        Endpoint::Programs => check_json(answer, &must),
        Endpoint::Browsers => check_page(answer, &must),
    }
}

fn check_json(answer: &Answer, must: &impl Fn(bool, &str)) {
    must(answer.header("content-type").is_some_and(|media| media.starts_with("application/json")), "content-type");
    let Ok(Value::Object(members)) = serde_json::from_str(&answer.body) else { return must(false, "no JSON object") };
    let text = |name| members.get(name).and_then(Value::as_str);
    if answer.status < 300 {
        return must(text("error").is_none(), "an error with a status of success");
    }
    // RFC 6749 section 5.2
    let is_plain = |text: &str| text.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\');
    must(text("error").is_some_and(|code| !code.is_empty() && is_plain(code)), "error");
    must(text("error_description").is_none_or(is_plain), "error_description");
    let is_out_of_order = matches!(text("error"), Some("temporarily_unavailable"));
    must(is_out_of_order == matches!(answer.status, 429 | 503), "error and status do not go together");
    must(text("error") != Some("server_error"), "server_error");
    must((text("error") == Some("invalid_client")) <= (answer.status == 401), "invalid_client without 401");
    must(
        ["request_uri", "access_token", "expires_in"].iter().all(|name| !members.contains_key(*name)),
        "more than an error",
    );
}

fn check_page(answer: &Answer, must: &impl Fn(bool, &str)) {
    if answer.status == 303 {
        return must(answer.header("location").is_some(), "location is missing");
    }
    must(answer.header("location").is_none(), "a page with location");
    must(answer.header("content-type").is_some_and(|media| media.starts_with("text/html")), "content-type");
    let policy = answer.header("content-security-policy").unwrap_or_default();
    must(policy.contains("frame-ancestors 'none'"), "frame-ancestors");
    must((answer.status == 200) == answer.error().is_none(), "the code of the error");
}
