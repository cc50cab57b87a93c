//! CORS: off by default, never with credentials, and never an echo.

use parjar::{Cors, Reply};

use crate::support::{Server, code_request};

const APP: &str = "https://app.example.com";

fn permission(reply: &Reply) -> Option<&str> {
    reply.header("access-control-allow-origin")
}

#[test]
fn an_endpoint_has_no_cors_of_its_own() {
    // H-06, N-32
    let server = Server::new();
    let good = server.push(&code_request(&[]));
    let bad = server.push("");
    for reply in [good, bad] {
        assert!(reply.headers().iter().all(|(name, _)| !name.starts_with("access-control-") && *name != "vary"));
    }
}

#[test]
fn a_preflight_learns_what_the_endpoint_takes() {
    // HTTP-008, AT-008
    for (cors, allowed, vary) in [(Cors::any_origin(), "*", None), (Cors::origins([APP]).unwrap(), APP, Some("Origin"))]
    {
        let reply = cors.preflight("OPTIONS", Some(APP)).unwrap();
        assert_eq!((reply.status(), reply.body()), (204, ""));
        assert_eq!(permission(&reply), Some(allowed));
        assert_eq!(reply.header("access-control-allow-methods"), Some("POST"));
        assert_eq!(reply.header("access-control-allow-headers"), Some("Content-Type, DPoP"));
        assert_eq!(reply.header("vary"), vary);
        assert_eq!(reply.header("access-control-allow-credentials"), None);
    }
}

#[test]
fn only_a_preflight_is_answered() {
    let cors = Cors::any_origin();
    for (method, origin) in
        [("POST", Some(APP)), ("GET", Some(APP)), ("options", Some(APP)), ("OPTIONS", None), ("", None)]
    {
        assert!(cors.preflight(method, origin).is_none(), "{method}");
    }
}

#[test]
fn a_reply_can_be_read_with_the_headers_that_matter() {
    // DP-016
    let server = Server::new();
    for (cors, allowed) in [(Cors::any_origin(), "*"), (Cors::origins([APP]).unwrap(), APP)] {
        for reply in [server.push(&code_request(&[])), server.push_as("basic", "response_type=bogus")] {
            let status = reply.status();
            let reply = cors.apply(Some(APP), reply);
            assert_eq!((reply.status(), permission(&reply)), (status, Some(allowed)));
            assert_eq!(reply.header("access-control-expose-headers"), Some("DPoP-Nonce, WWW-Authenticate"));
            assert_eq!(reply.header("access-control-allow-credentials"), None);
            assert_eq!(reply.header("cache-control"), Some("no-cache, no-store"));
        }
    }
}

#[test]
fn other_origins_get_nothing() {
    let cors = Cors::origins([APP, "http://localhost:3000"]).unwrap();
    let server = Server::new();
    for origin in [
        "https://app.example.com.evil.example",
        "https://app.example.com:444",
        "https://app.example.com/",
        "http://app.example.com",
        "HTTPS://APP.EXAMPLE.COM",
        "https://app.example.com\r\nx: y",
        "https://evil.example",
        "null",
        "*",
        "",
    ] {
        let preflight = cors.preflight("OPTIONS", Some(origin)).unwrap();
        let reply = cors.apply(Some(origin), server.push(&code_request(&[])));
        for reply in [preflight, reply] {
            assert!(reply.headers().iter().all(|(name, _)| !name.starts_with("access-control-")), "{origin}");
            assert_eq!(reply.header("vary"), Some("Origin"), "a cache must not give it to another");
        }
    }
    let reply = cors.apply(None, server.push(&code_request(&[])));
    assert_eq!((permission(&reply), reply.header("vary")), (None, Some("Origin")));
    assert_eq!(
        permission(&cors.preflight("OPTIONS", Some("http://localhost:3000")).unwrap()),
        Some("http://localhost:3000")
    );
}

#[test]
fn what_no_browser_sends_is_no_origin() {
    for text in [
        "",
        "*",
        "null",
        "app.example.com",
        "https://app.example.com/",
        "https://app.example.com:443",
        "https://APP.example.com",
        "https://user@app.example.com",
        "https://app.example.com/path",
        "https://app.example.com?x",
        "https://*.example.com",
        "https://app.example.com\r\n",
        "file:///etc",
        "com.example.app:/cb",
    ] {
        let error = Cors::origins([APP, text]).unwrap_err();
        assert!(error.to_string().starts_with("origin number 2: "), "{text:?}: {error}");
    }
    assert!(Cors::origins(["https://app.example.com:8443", "http://[::1]:3000", "http://127.0.0.1"]).is_ok());
}
