//! Clients that may send the same secret by Basic or in the body.

use parjar::{
    AuthenticationMethod, Client, ClientRegistration, FormRequest, Policy, Profile, Reason, Refusal, SecretVerifier,
    VerifierError,
};
use serde_json::{Value, json};

use crate::{
    policy_lint::labels,
    support::{CALLBACK, FORM, Server, authenticate, authorization, basic, client, code_request, public, with},
    tokens::LONG_SECRET,
};

const BOTH: [&str; 2] = ["client_secret_basic", "client_secret_post"];

fn by_either(client_id: &str) -> Value {
    with(basic(client_id), json!({ "token_endpoint_auth_methods": BOTH }))
}

fn send(server: &Server, basic: Option<&str>, pairs: &[(&str, &str)]) -> Result<AuthenticationMethod, Refusal> {
    let authorization = basic.map(|secret| authorization("either", secret));
    let headers = [("content-type", FORM)].into_iter().chain(authorization.as_deref().map(|it| ("authorization", it)));
    let headers: Vec<_> = headers.map(|(name, value)| (name, value.as_bytes())).collect();
    let body = code_request(pairs);
    let request = FormRequest::new("POST", headers, &body);
    let pushed = pollster::block_on(server.par.push(&request)).map(drop);
    let authenticated = authenticate(&server.par, &request);
    assert_eq!(pushed.err().map(|it| it.reason()), authenticated.as_ref().err().map(Refusal::reason));
    authenticated.map(|client| client.method())
}

#[test]
fn a_secret_may_come_by_basic_or_in_the_body_and_the_used_method_is_known() {
    // CA-006, O2-011
    let server = Server::with(Policy::oauth(), [by_either("either")]);
    let in_body = |secret| [("client_id", "either"), ("client_secret", secret)];
    assert_eq!(send(&server, Some("s3cret"), &[]).unwrap(), AuthenticationMethod::ClientSecretBasic);
    assert_eq!(send(&server, None, &in_body("s3cret")).unwrap(), AuthenticationMethod::ClientSecretPost);
    // One request still uses one of them.
    let twice = send(&server, Some("s3cret"), &in_body("s3cret")).unwrap_err();
    assert_eq!(twice.reason(), Reason::SeveralMethods);
    assert_eq!(send(&server, Some("wrong"), &[]).unwrap_err().reason(), Reason::WrongSecret);
    assert_eq!(send(&server, None, &in_body("wrong")).unwrap_err().reason(), Reason::WrongSecret);
    let named = send(&server, None, &[("client_id", "either")]).unwrap_err();
    assert_eq!(named.reason(), Reason::MissingCredentials);
}

#[test]
fn a_method_of_the_set_that_the_policy_lacks_is_refused_and_found() {
    let mut policy = Policy::oauth();
    policy.token_endpoint_auth_methods_supported = vec![AuthenticationMethod::ClientSecretPost];
    let strong = with(by_either("either"), json!({ "client_secret": LONG_SECRET }));
    let lint = |policy: &Policy| labels(&policy.lint(Profile::Oauth, [&client(strong.clone())]));
    assert!(lint(&policy).contains("authentication_method_partly_without_effect"));
    assert!(!lint(&Policy::oauth()).contains("authentication_method_partly_without_effect"));
    assert!(lint(&Policy::oauth()).contains("several_authentication_methods"));
    policy.token_endpoint_auth_methods_supported.push(AuthenticationMethod::ClientSecretBasic);
    let server = Server::with(policy.clone(), [by_either("either")]);
    assert!(send(&server, Some("s3cret"), &[]).is_ok());
    policy.token_endpoint_auth_methods_supported.truncate(1);
    let server = Server::with(policy.clone(), [by_either("either")]);
    assert_eq!(send(&server, Some("s3cret"), &[]).unwrap_err().reason(), Reason::MethodNotOffered);
    assert!(send(&server, None, &[("client_id", "either"), ("client_secret", "s3cret")]).is_ok());
    policy.token_endpoint_auth_methods_supported = vec![AuthenticationMethod::PrivateKeyJwt];
    let server = Server::with(policy, [by_either("either")]);
    assert_eq!(send(&server, Some("s3cret"), &[]).unwrap_err().reason(), Reason::MethodNotOffered);
}

#[test]
fn a_verifier_of_the_host_serves_both() {
    struct Right;
    impl SecretVerifier for Right {
        async fn verify(&self, _: &str, secret: &[u8]) -> Result<bool, VerifierError> {
            Ok(secret == b"s3cret")
        }
    }
    let document = json!({ "client_id": "either", "token_endpoint_auth_methods": BOTH, "redirect_uris": [CALLBACK] });
    let registration = serde_json::from_value::<ClientRegistration>(document).unwrap();
    let server = Server::with(Policy::oauth(), []);
    server.registry.replace([Client::with_secret_verifier(registration, Right).unwrap()]).unwrap();
    assert!(send(&server, Some("s3cret"), &[]).is_ok());
    assert!(send(&server, None, &[("client_id", "either"), ("client_secret", "s3cret")]).is_ok());
    assert!(send(&server, Some("other"), &[]).is_err());
}

#[test]
fn a_set_of_methods_has_defaults_and_survives_the_round_trip() {
    let methods = |members: Value| {
        let client = client(with(basic("c1"), members));
        let methods: Vec<&str> = client.token_endpoint_auth_methods().map(AuthenticationMethod::as_str).collect();
        assert_eq!(client.token_endpoint_auth_method().as_str(), methods[0]);
        (methods, client.ignored().iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let reversed = [BOTH[1], BOTH[0]];
    for (members, expected) in [
        (json!({}), &BOTH[..1]),
        (json!({ "token_endpoint_auth_methods": null }), &BOTH[..1]),
        (json!({ "token_endpoint_auth_methods": BOTH }), &BOTH),
        (json!({ "token_endpoint_auth_methods": reversed }), &reversed),
        (json!({ "token_endpoint_auth_methods": BOTH, "token_endpoint_auth_method": BOTH[1] }), &reversed),
        (json!({ "token_endpoint_auth_methods": [BOTH[1], BOTH[1]] }), &reversed[..1]),
    ] {
        assert_eq!(methods(members.clone()), (expected.to_vec(), Vec::new()), "{members}");
    }
    let unknown = methods(json!({ "token_endpoint_auth_methods": ["pake", BOTH[0], BOTH[1]] }));
    let reported = "token_endpoint_auth_methods: number 1 is an unknown method".to_owned();
    assert_eq!(unknown, (BOTH.to_vec(), vec![reported]));
    let empty = methods(json!({ "token_endpoint_auth_methods": [] }));
    let reported = "token_endpoint_auth_methods: is empty, and counts as absent".to_owned();
    assert_eq!(empty, (BOTH[..1].to_vec(), vec![reported]));
    let registration: ClientRegistration = serde_json::from_value(by_either("c1")).unwrap();
    assert_eq!(serde_json::to_value(&registration).unwrap()["token_endpoint_auth_methods"], json!(BOTH));
}

#[test]
fn methods_that_contradict_each_other_are_refused() {
    let refused = |members: Value| {
        let registration = serde_json::from_value::<ClientRegistration>(with(basic("c1"), members.clone()));
        let error = registration.map(|registration| Client::try_from(registration).expect_err(&members.to_string()));
        error.map_or_else(|error| error.to_string(), |error| error.to_string())
    };
    let contradiction = json!({ "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_methods": BOTH });
    assert_eq!(refused(contradiction), "token_endpoint_auth_methods: must contain token_endpoint_auth_method");
    for others in [
        json!(["client_secret_basic", "private_key_jwt"]),
        json!(["client_secret_post", "client_secret_jwt"]),
        json!(["client_secret_basic", "none"]),
        json!(["none", "client_secret_basic"]),
        json!(["tls_client_auth", "self_signed_tls_client_auth"]),
        json!(["private_key_jwt", "attest_jwt_client_auth"]),
        json!(["client_secret_basic", "client_secret_post", "tls_client_auth"]),
        json!(["pake"]),
        json!("client_secret_basic"),
        json!([1]),
    ] {
        let text = refused(json!({ "token_endpoint_auth_methods": others }));
        assert!(text.starts_with("token_endpoint_auth_methods: must be "), "{others}: {text}");
    }
    let wider = with(public("c1"), json!({ "token_endpoint_auth_methods": ["none", "client_secret_basic"] }));
    assert!(Client::try_from(serde_json::from_value::<ClientRegistration>(wider).unwrap()).is_err());
}

#[test]
fn a_set_with_secrets_is_found_where_a_profile_has_none() {
    let strong = with(by_either("either"), json!({ "client_secret": LONG_SECRET }));
    let found = labels(&Policy::oauth().lint(Profile::Fapi2SecurityProfile, [&client(strong)]));
    assert!(found.contains("client_with_secret"));
    // Clients that send such a secret by Basic often do not encode it.
    let odd = with(by_either("either"), json!({ "client_secret": format!("{LONG_SECRET}+%") }));
    assert!(labels(&Policy::oauth().lint(Profile::Oauth, [&client(odd)])).contains("secret_sent_unencoded"));
}
