//! Several issuers in one process: what their endpoints share, and how a host finds the one for a request.

use parjar::{
    FormRequest, InMemoryRegistry, JwksCache, JwksCacheLimits, Limits, ParEndpoint, Policy, Pushed, Reason, Refusal,
    Severity,
    jose::{DecryptionKeys, TokenFault},
    store::MemoryStore,
};
use serde_json::json;

use crate::{
    jwks_cache::Source,
    support::{CALLBACK, FORM, ISSUER, authorization, basic, client, code_request, form},
    tokens::{
        ES256_KEY, NOW, assertion, assertion_claims, decryption_key, encrypt, object, public_half, with_assertion,
    },
};

fn claimed(headers: &[(&str, &str)], body: &str) -> Result<Option<String>, Reason> {
    let headers = [("content-type", FORM)].iter().chain(headers).map(|(name, value)| (*name, value.as_bytes()));
    let request = FormRequest::new("POST", headers, body);
    request.claimed_client_id(&Limits::default()).map_err(|refusal| refusal.reason())
}

#[test]
fn the_client_that_a_request_claims_to_come_from_is_read_from_everything_that_names_it() {
    let some = |name: &str| Ok(Some(name.to_owned()));
    let token = assertion("c1", json!({}));
    let request_object = object("signer", json!({}));
    let of_issuer = object("signer", json!({ "client_id": null }));
    let basic = authorization("web", "any secret");
    for (headers, body, expected) in [
        (vec![], "client_id=web&response_type=code".to_owned(), some("web")),
        (vec![], "client_id=web&client_secret=x".to_owned(), some("web")),
        (vec![("authorization", &*basic)], "response_type=code".to_owned(), some("web")),
        (vec![("authorization", &*basic)], "client_id=web".to_owned(), some("web")),
        (vec![], form(with_assertion(&token)), some("c1")),
        (vec![], form([("request", &*request_object)]), some("signer")),
        (vec![], form([("request", &*of_issuer)]), some("signer")),
        (vec![], form([("client_id", "web"), ("request", &*request_object)]), some("web")),
        (vec![], "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code".to_owned(), Ok(None)),
        (vec![], "request=x.y.z".to_owned(), Ok(None)),
        (vec![], String::new(), Ok(None)),
        (vec![], "client_secret=x".to_owned(), Err(Reason::MissingClientId)),
        (vec![("authorization", &*basic)], "client_id=other".to_owned(), Err(Reason::ClientMismatch)),
        (vec![("authorization", "Bearer x")], String::new(), Err(Reason::MalformedAuthorization)),
        (vec![("authorization", &*basic)], "client_secret=x&client_id=web".to_owned(), Err(Reason::SeveralMethods)),
        (vec![], form([("client_id", "a\u{e9}")]), Err(Reason::UnknownClient)),
        (vec![], form([("client_id", &*"x".repeat(2049))]), Err(Reason::ClientIdTooLong)),
        (vec![], "client_id=web&client_assertion=x".to_owned(), Err(Reason::HalfAssertion)),
    ] {
        assert_eq!(claimed(&headers, &body), expected, "{body}");
    }
}

#[test]
fn the_client_of_an_authorization_request_is_read_from_its_query() {
    let limits = Limits::default();
    let claimed = |query: &str| ParEndpoint::claimed_client_id(query, &limits).map_err(|refused| refused.page_status());
    let request_object = object("signer", json!({}));
    assert_eq!(claimed("client_id=web&request_uri=x"), Ok(Some("web".to_owned())));
    assert_eq!(claimed(&format!("request={request_object}")), Ok(Some("signer".to_owned())));
    assert_eq!(claimed("response_type=code"), Ok(None));
    for bad in
        ["client_id=%zz".to_owned(), "client_id=a&client_id=b".to_owned(), format!("client_id={}", "x".repeat(2049))]
    {
        assert_eq!(claimed(&bad), Err(400), "{bad}");
    }
}

fn push(par: &ParEndpoint, issuer: &str) -> Result<Pushed, Refusal> {
    let claims = assertion_claims("c1", json!({ "aud": issuer, "iat": NOW, "exp": NOW + 60 }));
    let token = ES256_KEY.sign(&json!({ "alg": "ES256", "kid": ES256_KEY.kid() }), &claims);
    let body = code_request(&with_assertion(&token));
    pollster::block_on(par.push(&FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body)))
}

#[test]
fn a_set_of_keys_is_fetched_once_for_all_issuers() {
    let clock = parjar::ManualClock::default();
    let source = Source::default();
    source.publish(&[ES256_KEY.public()]);
    let cache = JwksCache::with_clock(source.clone(), JwksCacheLimits::default(), clock.clone());
    let registry = InMemoryRegistry::new([client(json!({
        "client_id": "c1", "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://c1.example/jwks",
        "redirect_uris": [CALLBACK],
    }))])
    .unwrap();
    let store = MemoryStore::default().with_clock(clock.clone());
    let issuers = ["https://one.example.com", "https://two.example.com", "https://as.example.com/three"];
    let endpoints = issuers.map(|issuer| {
        ParEndpoint::builder(issuer)
            .clients(registry.clone())
            .store(store.clone())
            .clock(clock.clone())
            .shared_jwks_cache(&cache)
            .build()
            .unwrap()
    });
    for (par, issuer) in endpoints.iter().zip(issuers) {
        push(par, issuer).unwrap();
    }
    assert_eq!(source.fetches(), 1);
    // An assertion for one issuer is not good at another.
    let elsewhere = push(&endpoints[0], issuers[1]).unwrap_err();
    assert_eq!(elsewhere.reason(), Reason::ClientAssertion(TokenFault::Audience));
}

#[test]
fn limits_of_a_shared_cache_are_checked() {
    let mut limits = JwksCacheLimits::default();
    limits.sets = 0;
    let cache = JwksCache::new(Source::default(), limits);
    let built = ParEndpoint::builder(ISSUER).clients(InMemoryRegistry::default()).shared_jwks_cache(&cache).build();
    assert_eq!(built.err().unwrap().to_string(), "jwks_cache.sets: must not be 0");
}

#[test]
fn keys_for_decryption_are_shared_and_replaced_for_all_issuers() {
    let private = decryption_key("P-256", "e1");
    let keys = DecryptionKeys::parse(r#"{ "keys": [] }"#).unwrap();
    let signer = crate::tokens::signer("basic");
    let endpoint = |issuer: &str| {
        let clients = InMemoryRegistry::new([client(signer.clone())]).unwrap();
        let clock = parjar::ManualClock::default();
        ParEndpoint::builder(issuer).clients(clients).clock(clock).decryption_keys(keys.clone()).build().unwrap()
    };
    let issuers = ["https://one.example.com", "https://two.example.com"];
    let endpoints = issuers.map(endpoint);
    keys.replace(&DecryptionKeys::parse(&json!({ "keys": [private] }).to_string()).unwrap());
    for (par, issuer) in endpoints.iter().zip(issuers) {
        let inner = object("basic", json!({ "aud": issuer }));
        let header = json!({ "alg": "ECDH-ES", "enc": "A128GCM", "kid": "e1", "cty": "JWT" });
        let token = encrypt(&header, inner.as_bytes(), &public_half(&private));
        let authorization = authorization("basic", "s3cret");
        let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
        let body = form([("request", &*token)]);
        pollster::block_on(par.push(&FormRequest::new("POST", headers, &body))).unwrap();
    }
}

fn one_of(issuer: &str, policy: Policy, cache: &JwksCache) -> ParEndpoint {
    ParEndpoint::builder(issuer)
        .policy(policy)
        .clients(InMemoryRegistry::new([client(basic("basic"))]).unwrap())
        .shared_jwks_cache(cache)
        .build()
        .unwrap()
}

#[test]
fn two_endpoints_of_one_issuer_are_linted() {
    let cache = JwksCache::new(Source::default(), JwksCacheLimits::default());
    let labels = |one: &ParEndpoint, other: &ParEndpoint| {
        let findings = one.lint_beside(other);
        assert_eq!(findings.len(), other.lint_beside(one).len());
        findings.iter().map(|finding| (finding.severity(), finding.label())).collect::<Vec<_>>()
    };
    let strict = one_of(ISSUER, Policy::oauth(), &cache);
    assert_eq!(labels(&strict, &strict.clone()), []);
    assert_eq!(labels(&strict, &one_of(ISSUER, Policy::oauth(), &cache)), []);
    assert_eq!(labels(&strict, &one_of("https://other.example.com", Policy::oidc(), &cache)), []);

    let mut lax = Policy::oauth();
    lax.danger_allow_unauthenticated_clients = true;
    lax.login_lifetime = 300;
    let lax = one_of(ISSUER, lax, &cache);
    assert_eq!(labels(&strict, &lax), [(Severity::Dangerous, "one_issuer_two_policies")]);
    let text = strict.lint_beside(&lax)[0].to_string();
    assert!(text.contains("these members differ: danger_allow_unauthenticated_clients, login_lifetime"), "{text}");

    let mut shorter = Policy::oauth();
    shorter.login_lifetime = 300;
    let shorter = one_of(ISSUER, shorter, &cache);
    assert_eq!(labels(&strict, &shorter), [(Severity::Note, "one_issuer_two_policies")]);

    let mut more_patient = Policy::oauth();
    more_patient.longest_login = 1800;
    let more_patient = one_of(ISSUER, more_patient, &cache);
    assert_eq!(labels(&strict, &more_patient), [(Severity::Note, "one_issuer_two_policies")]);

    let own_cache = JwksCache::new(Source::default(), JwksCacheLimits::default());
    let own_cache = one_of(ISSUER, Policy::oauth(), &own_cache);
    assert_eq!(labels(&strict, &own_cache), [(Severity::Note, "jwks_cache_not_shared")]);

    let mut nonces = Policy::oauth();
    nonces.require_dpop_nonce = true;
    let with_nonces = |key: Option<[u8; 32]>| {
        let builder = ParEndpoint::builder(ISSUER).policy(nonces.clone()).clients(InMemoryRegistry::default());
        let builder = builder.shared_jwks_cache(&cache).token_endpoint("https://as.example.com/token");
        match key {
            Some(key) => builder.dpop_nonce_key(key),
            None => builder,
        }
        .build()
        .unwrap()
    };
    assert_eq!(labels(&with_nonces(Some([1; 32])), &with_nonces(Some([1; 32]))), []);
    let not_shared = [(Severity::Dangerous, "nonce_key_not_shared")];
    assert_eq!(labels(&with_nonces(Some([1; 32])), &with_nonces(None)), not_shared);
    assert_eq!(labels(&with_nonces(Some([1; 32])), &with_nonces(Some([2; 32]))), not_shared);
}

/// What the documentation of `lint_beside` says.
#[test]
fn the_policy_of_the_endpoint_that_opens_a_request_counts() {
    let store = MemoryStore::default();
    let cache = JwksCache::new(Source::default(), JwksCacheLimits::default());
    let mut strict = Policy::oauth();
    strict.require_state = true;
    let [lax, strict] =
        [Policy::oauth(), strict].map(|policy| one_of(ISSUER, policy, &cache).with_store(store.clone()));
    let authorization = authorization("basic", "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
    let body = code_request(&[]);
    let request = FormRequest::new("POST", headers, &body);
    assert_eq!(pollster::block_on(strict.push(&request)).unwrap_err().reason(), Reason::MissingState);
    let pushed = pollster::block_on(lax.push(&request)).unwrap();
    let query = form([("client_id", "basic"), ("request_uri", pushed.request_uri())]);
    let browser = || parjar::Browser::bound("cookie").unwrap();
    let refused = pollster::block_on(strict.authorize(&query, browser())).unwrap_err();
    assert_eq!(refused.refusal().reason(), Reason::MissingState);
    pollster::block_on(lax.authorize(&query, browser())).unwrap();
}
