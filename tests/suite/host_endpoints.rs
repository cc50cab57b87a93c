//! Client authentication at the other endpoints of a host: for revocation, introspection and the like.

use std::sync::{Arc, Mutex};

use parjar::{
    AuthenticatedRequest, BuildError, Confirmation, Event, FormRequest, HostEndpoint, InMemoryRegistry, ParEndpoint,
    Policy, Reason, Refusal, Reply, jose::TokenFault,
};
use serde_json::{Value, json};

use crate::{
    proofs::{TOKEN_ENDPOINT, bound_to, proof},
    support::{FORM, ISSUER, Server, authorization, basic, client, form, public, with},
    tokens::{ES256_KEY, asserter, assertion, with_assertion},
};

const REVOCATION: &str = "https://as.example.com/revoke";
const GRANTS: HostEndpoint = HostEndpoint::Other("grant_management");

type Log = Arc<Mutex<Vec<String>>>;

fn server(policy: Policy, clients: impl IntoIterator<Item = Value>) -> (Server, Log) {
    let log = Log::default();
    let written = Arc::clone(&log);
    let server = Server::built(policy, clients, Default::default(), move |builder| {
        builder.token_endpoint(TOKEN_ENDPOINT).host_endpoint(HostEndpoint::Revocation, REVOCATION).observer(
            move |event: &Event<'_>| {
                if let Event::Refused { stage, reason, client_id, .. } = event {
                    let line = format!("{} {reason} {}", stage.as_str(), client_id.unwrap_or("-"));
                    written.lock().unwrap().push(line);
                }
            },
        )
    });
    (server, log)
}

/// Posts a form as `basic`, or without a header for what is in the form.
fn send(
    server: &Server,
    at: HostEndpoint,
    credentials: Option<&str>,
    proof: Option<&str>,
    body: &str,
) -> Result<AuthenticatedRequest, Refusal> {
    let basic = credentials.map(|secret| authorization("basic", secret));
    let headers = [("content-type", Some(FORM)), ("authorization", basic.as_deref()), ("dpop", proof)];
    let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value?.as_bytes())));
    pollster::block_on(server.par.authenticate_client_at(at, &FormRequest::new("POST", headers, body)))
}

fn reason<T>(outcome: Result<T, Refusal>) -> Reason {
    outcome.err().expect("a refusal").reason()
}

#[test]
fn a_client_revokes_its_token() {
    let (server, log) = server(Policy::oauth(), [basic("basic")]);
    let request = send(&server, HostEndpoint::Revocation, Some("s3cret"), None, "token=45ghiukldjahdnhzdauz").unwrap();
    assert_eq!(request.client().client().client_id(), "basic");
    assert_eq!(request.parameters().get("token"), Some("45ghiukldjahdnhzdauz"));
    assert_eq!(*log.lock().unwrap(), [""; 0]);
}

#[test]
fn refusals_tell_the_endpoint() {
    let (server, log) = server(Policy::oauth(), [basic("basic")]);
    for at in [
        HostEndpoint::Revocation,
        HostEndpoint::Introspection,
        HostEndpoint::DeviceAuthorization,
        HostEndpoint::BackchannelAuthentication,
        GRANTS,
    ] {
        let refusal = send(&server, at, Some("wrong"), None, "token=t").unwrap_err();
        let reply = Reply::from(refusal);
        assert_eq!((reply.status(), reply.header("www-authenticate").is_some()), (401, true));
    }
    assert!(server.try_token("client_id=basic").is_err());
    assert!(send(&server, HostEndpoint::Revocation, None, None, "token=t").is_err());
    assert_eq!(
        *log.lock().unwrap(),
        [
            "revocation wrong_secret basic",
            "introspection wrong_secret basic",
            "device_authorization wrong_secret basic",
            "backchannel_authentication wrong_secret basic",
            "grant_management wrong_secret basic",
            "token missing_credentials basic",
            "revocation missing_client_id -",
        ]
    );
}

#[test]
fn no_proof_is_demanded_where_no_token_is_issued() {
    let bound = with(basic("basic"), json!({ "dpop_bound_access_tokens": true }));
    let (server, _) = server(Policy::oauth(), [bound]);
    let request = send(&server, HostEndpoint::Revocation, Some("s3cret"), None, "token=t").unwrap();
    assert_eq!(request.client().confirmation(), Confirmation::default());
    assert_eq!(reason(server.token_with_proof(None, "")), Reason::MissingDpopProof);
}

#[test]
fn a_proof_is_for_the_url_of_the_endpoint_and_good_once() {
    let (server, _) = server(Policy::oauth(), [basic("basic")]);
    let send = |at, proof: &str| send(&server, at, Some("s3cret"), Some(proof), "token=t");
    let for_revocation = proof(&ES256_KEY, json!({ "htu": REVOCATION }));
    let request = send(HostEndpoint::Revocation, &for_revocation).unwrap();
    assert_eq!(request.client().confirmation(), bound_to(&ES256_KEY));
    let again = send(HostEndpoint::Revocation, &for_revocation);
    assert_eq!(reason(again), Reason::DpopProof(TokenFault::Replayed));
    let for_token = proof(&ES256_KEY, json!({ "htu": TOKEN_ENDPOINT }));
    let elsewhere = send(HostEndpoint::Revocation, &for_token);
    assert_eq!(reason(elsewhere), Reason::DpopProof(TokenFault::TargetUri));
    assert!(server.token_with_proof(Some(&for_token), "").is_ok(), "the refusal has not used it up");
    // An endpoint whose URL the host has not told.
    let refusal = send(GRANTS, &proof(&ES256_KEY, json!({ "htu": REVOCATION }))).unwrap_err();
    let told = (refusal.reason(), refusal.code().as_str(), refusal.status());
    assert_eq!(told, (Reason::UnknownHostEndpoint, "invalid_dpop_proof", 400));
}

#[test]
fn an_assertion_is_for_the_issuer_and_good_once_at_all_endpoints() {
    let (server, _) = server(Policy::oauth(), [asserter("c1")]);
    let at_revocation = |token: &str| send(&server, HostEndpoint::Revocation, None, None, &form(with_assertion(token)));
    let token = assertion("c1", json!({}));
    at_revocation(&token).unwrap();
    for refused in [at_revocation(&token).map(drop), server.try_token(&form(with_assertion(&token))).map(drop)] {
        assert_eq!(reason(refused), Reason::ClientAssertion(TokenFault::Replayed));
    }
    let for_url = assertion("c1", json!({ "aud": REVOCATION }));
    assert_eq!(reason(at_revocation(&for_url)), Reason::ClientAssertion(TokenFault::Audience));
}

#[test]
fn an_old_client_may_mean_the_endpoint_there_and_nowhere_else() {
    let legacy = with(asserter("c1"), json!({ "danger_allow_legacy_assertion_audience": true }));
    let (server, _) = server(Policy::oauth(), [legacy]);
    let body = |audience: &str| form(with_assertion(&assertion("c1", json!({ "aud": audience })))).to_owned();
    for audience in [REVOCATION, TOKEN_ENDPOINT, ISSUER] {
        send(&server, HostEndpoint::Revocation, None, None, &body(audience)).unwrap();
    }
    assert_eq!(reason(server.try_token(&body(REVOCATION))), Reason::ClientAssertion(TokenFault::Audience));
    let elsewhere = send(&server, GRANTS, None, None, &body(REVOCATION));
    assert_eq!(reason(elsewhere), Reason::ClientAssertion(TokenFault::Audience));
}

#[test]
fn public_clients_revoke_by_name_where_the_policy_lets_them() {
    for allowed in [true, false] {
        let mut policy = Policy::oauth();
        policy.danger_allow_unauthenticated_clients = allowed;
        let (server, _) = server(policy, [public("app")]);
        let outcome = send(&server, HostEndpoint::Revocation, None, None, "client_id=app&token=t");
        assert_eq!(outcome.map(drop).map_err(|refusal| refusal.status()), if allowed { Ok(()) } else { Err(401) });
    }
}

#[test]
fn nothing_is_introspected_by_a_name_that_everyone_knows() {
    // RFC 7662 section 2.1: some form of authorization, against those who try tokens.
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    let clients = InMemoryRegistry::new([public("app"), basic("basic")].map(client)).unwrap();
    let par = ParEndpoint::builder(ISSUER)
        .policy(policy)
        .clients(clients)
        .host_endpoint(HostEndpoint::Revocation, REVOCATION)
        .host_endpoint(HostEndpoint::Introspection, "https://as.example.com/introspect")
        .build()
        .unwrap();
    let ask = |credentials: Option<&str>, body: &str| {
        let basic = credentials.map(|secret| authorization("basic", secret));
        let headers = [("content-type", Some(FORM)), ("authorization", basic.as_deref())];
        let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value?.as_bytes())));
        pollster::block_on(
            par.authenticate_client_at(HostEndpoint::Introspection, &FormRequest::new("POST", headers, body)),
        )
    };
    let refused = ask(None, "client_id=app&token=t").unwrap_err();
    assert_eq!((refused.reason(), refused.status()), (Reason::MissingCredentials, 401));
    assert!(ask(Some("s3cret"), "token=t").is_ok());
    let metadata = par.metadata();
    let has_none = |name: &str| metadata[name].as_array().unwrap().contains(&json!("none"));
    assert!(
        has_none("token_endpoint_auth_methods_supported") && has_none("revocation_endpoint_auth_methods_supported")
    );
    assert!(!has_none("introspection_endpoint_auth_methods_supported"));
}

#[test]
fn the_metadata_has_the_endpoints_and_how_clients_authenticate_there() {
    // RFC 8414 section 2: without `revocation_endpoint_auth_methods_supported`, it is `client_secret_basic` alone.
    let document = ParEndpoint::builder(ISSUER)
        .clients(InMemoryRegistry::default())
        .host_endpoint(HostEndpoint::Revocation, REVOCATION)
        .mtls_host_endpoint(HostEndpoint::Revocation, "https://mtls.as.example.com/revoke")
        .host_endpoint(HostEndpoint::DeviceAuthorization, "https://as.example.com/device")
        .host_endpoint(GRANTS, "https://as.example.com/grants")
        .build()
        .unwrap()
        .metadata();
    assert_eq!(document["revocation_endpoint"], REVOCATION);
    for of_token in ["auth_methods_supported", "auth_signing_alg_values_supported"] {
        let name = |endpoint| format!("{endpoint}_endpoint_{of_token}");
        assert_eq!(document[&name("revocation")], document[&name("token")]);
        assert!(
            !document.contains_key(&name("introspection")) && !document.contains_key(&name("device_authorization"))
        );
    }
    assert_eq!(document["device_authorization_endpoint"], "https://as.example.com/device");
    assert_eq!(
        document["mtls_endpoint_aliases"],
        json!({ "revocation_endpoint": "https://mtls.as.example.com/revoke" })
    );
    assert!(!Value::Object(document).to_string().contains("grants"));
}

#[test]
fn urls_are_checked_when_the_endpoint_is_built() {
    let builder = || ParEndpoint::builder(ISSUER).clients(InMemoryRegistry::default());
    for bad in ["", "as.example.com/revoke", "http://as.example.com/revoke", "https://as.example.com/revoke#x"] {
        let built = builder().host_endpoint(HostEndpoint::Revocation, bad).build();
        assert_eq!(built.err(), Some(BuildError::Endpoint("host_endpoint")), "{bad}");
        let built = builder().mtls_host_endpoint(HostEndpoint::Revocation, bad).build();
        assert_eq!(built.err(), Some(BuildError::Endpoint("mtls_host_endpoint")), "{bad}");
    }
}
