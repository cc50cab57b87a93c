//! Request objects at the PAR endpoint and by value (RFC 9101).

use parjar::Policy;
use serde_json::json;

use crate::{
    support::{self, CALLBACK, Server, body, form, request_uri},
    tokens::{ES256_KEY, assertion, object, with_assertion},
};

fn signer(client_id: &str) -> serde_json::Value {
    json!({
        "client_id": client_id, "token_endpoint_auth_method": "private_key_jwt",
        "jwks": { "keys": [ES256_KEY.public()] }, "redirect_uris": [CALLBACK],
    })
}

#[test]
fn a_signed_push_by_an_assertion_is_opened_with_what_the_object_says() {
    let server = Server::with(Policy::oauth(), [signer("c1")]);
    let assertion = assertion("c1", json!({}));
    let object = object(
        "c1",
        json!({ "max_age": 300, "extra": [1, 2.50], "resource": ["https://a.example", "https://b.example"] }),
    );
    let reply = server.push_form(&form(with_assertion(&assertion).into_iter().chain([("request", &*object)])));
    let uri = request_uri(&reply);
    let pending = server.authorize(&format!("client_id=c1&request_uri={uri}"), None).unwrap();
    let request = pending.request();
    assert!(request.protection().is_signed());
    assert_eq!(request.max_age(), Some(300));
    assert_eq!(request.parameters().get("extra"), Some("[1,2.5]"));
    assert_eq!(request.resources().count(), 2);
    let reply = server.push_form(&form(with_assertion(&assertion).into_iter().chain([("request", &*object)])));
    assert_eq!((reply.status(), support::error(&reply)), (401, "invalid_client".into()), "{}", body(&reply));
}
