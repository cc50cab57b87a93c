//! To and from the types of the `http` crate.

use http::{HeaderValue, Method, Request, Response};
use parjar::{FormRequest, Reply};

use crate::support::{FORM, Server, authorization, body, code_request, error};

fn request(form: &str) -> Request<Vec<u8>> {
    Request::post("https://as.example.com/authorize/par")
        .header("Content-Type", FORM)
        .header("Authorization", authorization("basic", "s3cret"))
        .body(form.as_bytes().to_vec())
        .unwrap()
}

fn send(server: &Server, request: &Request<Vec<u8>>) -> Response<String> {
    let pushed = Reply::from(pollster::block_on(server.par.push(&FormRequest::from(request))));
    Response::from(pushed)
}

#[test]
fn a_request_and_its_reply_are_converted() {
    let server = Server::new();
    let response = send(&server, &request(&code_request(&[])));
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-cache, no-store");
    assert_eq!(serde_json::from_str::<serde_json::Value>(response.body()).unwrap()["expires_in"], 60);
}

#[test]
fn a_request_in_parts_is_the_same_request() {
    let server = Server::new();
    let (parts, form) = request(&code_request(&[])).into_parts();
    let reply = Reply::from(pollster::block_on(server.par.push(&FormRequest::from_parts(&parts, &form))));
    assert_eq!(reply.status(), 201);
    let reply = Reply::from(pollster::block_on(server.par.push(&FormRequest::from_parts(&parts, "response_type=x"))));
    assert_eq!(error(&reply), "unsupported_response_type");
}

#[test]
fn a_query_arrives_and_is_refused() {
    // P-09
    let server = Server::new();
    let mut with_query = request(&code_request(&[]));
    *with_query.uri_mut() = "/authorize/par?redirect_uri=https://evil.example".parse().unwrap();
    assert_eq!(send(&server, &with_query).status(), 400);
    let (parts, form) = with_query.into_parts();
    assert!(pollster::block_on(server.par.push(&FormRequest::from_parts(&parts, &form))).is_err());
}

#[test]
fn every_value_of_a_header_arrives() {
    // HTTP-011
    let server = Server::new();
    for name in ["authorization", "content-type"] {
        let mut repeated = request(&code_request(&[]));
        let value = repeated.headers()[name].clone();
        repeated.headers_mut().append(name, value);
        assert_eq!(send(&server, &repeated).status(), 400, "{name}");
    }
    let mut opaque = request(&code_request(&[]));
    opaque.headers_mut().insert("authorization", HeaderValue::from_bytes(b"Basic \xff\xfe").unwrap());
    assert_eq!(send(&server, &opaque).status(), 401);
}

#[test]
fn only_post_is_answered() {
    let server = Server::new();
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS, Method::from_bytes(b"post").unwrap()] {
        let mut other = request(&code_request(&[]));
        *other.method_mut() = method;
        let response = send(&server, &other);
        assert_eq!(
            (response.status().as_u16(), &response.headers()["allow"]),
            (405, &HeaderValue::from_static("POST"))
        );
    }
}

#[test]
fn every_header_of_a_reply_is_converted() {
    let server = Server::new();
    for mode in ["query", "form_post"] {
        let body = code_request(&[("response_mode", mode), ("state", " \"<>")]);
        let pending = server.open(&server.pushed(&body)).unwrap();
        let granted = pollster::block_on(server.par.complete(&pending)).unwrap();
        let reply = Reply::from(crate::host::respond(&granted, [("code", "c\r\n")]));
        let response: Response<Vec<u8>> = reply.clone().into();
        assert_eq!(response.status(), reply.status());
        assert_eq!(response.body(), reply.body().as_bytes());
        assert_eq!(response.headers().len(), reply.headers().len());
        for (name, value) in reply.headers() {
            assert_eq!(response.headers()[*name].as_bytes(), value.as_bytes());
        }
    }
    let refused = server.push("");
    let response: Response<String> = refused.clone().into();
    assert_eq!(body(&refused)["error"], "invalid_request");
    assert_eq!((response.status().as_u16(), response.body().as_str()), (refused.status(), refused.body()));
}
