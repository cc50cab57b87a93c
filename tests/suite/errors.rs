//! What errors say: a `main` that returns `Box<dyn Error>` prints them by `Debug`.

use std::{error::Error, fs, path::Path, time::Duration};

use parjar::{
    AuthorizeRefusal, Browser, BuildError, ClientCertHeaderError, Cors, FormError, InMemoryRegistry, JwksError,
    ManualClock, ParEndpoint, Parameters, Policy, RandomError, RedirectUriError, RegistryError, Thumbprint,
    dpop::{Nonces, ResourceRefusal, ResourceRequest},
    jose::{KeyProblem, KeySetError, TokenFault, VerificationKeys},
    store::{ClaimError, InsertError, StoreError, StoreRefusal, contract},
};
use serde_json::json;

use crate::{
    store_double::{Call, Disturbance, StoreDouble},
    support::{basic, client},
};

const CAUSE: &str = "the cause, with what was asked";

/// Makes a store fail, which the test kit does not take for one.
#[derive(Clone)]
struct Unavailable;

impl Disturbance for Unavailable {
    async fn before(&self, _: Call<'_>) -> Result<(), StoreError> {
        Err(StoreError::new(CAUSE))
    }
}

struct Kit(ManualClock);

impl contract::Harness for Kit {
    type Store = StoreDouble<Unavailable>;

    fn store(&self) -> Self::Store {
        StoreDouble::new(Unavailable)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        pollster::block_on(future)
    }

    fn pass(&self, time: Duration) {
        self.0.advance(time);
    }
}

fn error_of_a_form() -> FormError {
    Parameters::parse(b"%", &Policy::oauth().limits).unwrap_err()
}

fn refusal_of_a_form() -> parjar::Refusal {
    error_of_a_form().into()
}

fn refusal_of_a_resource() -> ResourceRefusal {
    let par = ParEndpoint::builder("https://as.example.com").clients(InMemoryRegistry::default()).build().unwrap();
    let request = ResourceRequest::new::<&str, [u8]>("GET", "https://api.example.com/", []);
    pollster::block_on(par.verify_dpop_proof(&request, Thumbprint::from_bytes([7; 32]))).unwrap_err()
}

fn errors() -> Vec<Box<dyn Error>> {
    let unusable = VerificationKeys::parse_fetched(r#"{ "keys": [ {} ] }"#).unwrap();
    let mut policy = Policy::oauth();
    policy.request_uri_lifetime = 0;
    let builder = ParEndpoint::builder("https://as.example.com").clients(InMemoryRegistry::default()).policy(policy);
    let build_error = builder.build().unwrap_err();
    let BuildError::Policy(policy_error) = build_error.clone() else {
        panic!("{build_error}");
    };
    vec![
        Box::new(RegistryError::new(CAUSE)),
        Box::new(JwksError::new(CAUSE)),
        Box::new(RandomError::new(CAUSE)),
        Box::new(parjar::SignerError::new(CAUSE)),
        Box::new(parjar::VerifierError::new(CAUSE)),
        Box::new(StoreError::new(CAUSE)),
        Box::new(InsertError::Exists),
        Box::new(InsertError::from(StoreError::new(CAUSE))),
        Box::new(StoreRefusal::Full { bound: "all", retry_after: Duration::from_secs(1) }),
        Box::new(ClaimError::Spent),
        Box::new(ClaimError::from(StoreError::new(CAUSE))),
        Box::new(contract::check(&Kit(ManualClock::default())).unwrap_err()),
        Box::new(InMemoryRegistry::new([client(basic("twice")), client(basic("twice"))]).unwrap_err()),
        Box::new(
            serde_json::from_value(json!({ "client_id": "" }))
                .map(|registration: parjar::ClientRegistration| parjar::Client::try_from(registration).unwrap_err())
                .unwrap(),
        ),
        Box::new(ParEndpoint::builder("https://as.example.com").build().unwrap_err()),
        Box::new(build_error),
        Box::new(policy_error),
        Box::new(Cors::origins(["nonsense"]).unwrap_err()),
        Box::new(ClientCertHeaderError::Repeated),
        Box::new(Browser::bound("").unwrap_err()),
        Box::new(Nonces::new("https://as.example.com", &[0; 32], &[]).unwrap_err()),
        Box::new(KeyProblem::Weak),
        Box::new(unusable.skipped()[0]),
        Box::new(KeySetError::NotASet),
        Box::new(TokenFault::Signature),
        Box::new(RedirectUriError::Empty),
        Box::new(error_of_a_form()),
        Box::new(refusal_of_a_form()),
        Box::new(AuthorizeRefusal::Page(refusal_of_a_form())),
        Box::new(refusal_of_a_resource()),
        Box::new(parjar::attesters::AttesterError::Untrusted),
        #[cfg(feature = "sealed")]
        Box::new(parjar::store::SealingKeyError::Zeros),
        #[cfg(feature = "redis")]
        Box::new(parjar::store::RedisStoreError::Evicts),
        #[cfg(feature = "postgres")]
        Box::new(parjar::store::PostgresStoreError::Schema),
    ]
}

#[test]
fn debug_says_what_display_says_and_keeps_the_cause_of_a_host_back() {
    for error in errors() {
        let text = error.to_string();
        assert_eq!(format!("{error:?}"), text);
        assert!(!text.is_empty() && !text.contains(CAUSE), "{text}");
    }
}

#[cfg(feature = "redis")]
#[test]
fn a_store_that_cannot_be_built_says_why() {
    let error = parjar::store::RedisStoreError::from(StoreError::new("NOPERM"));
    assert_eq!(format!("{error:?}"), "Redis cannot be used: NOPERM");
}

#[cfg(feature = "postgres")]
#[test]
fn tables_that_cannot_be_migrated_say_why() {
    let error = parjar::store::PostgresStoreError::from(StoreError::new("SQLSTATE 42501"));
    assert_eq!(error.to_string(), format!("{error:?}"));
    assert_eq!(format!("{error:?}"), "the database cannot be used: SQLSTATE 42501");
}

/// The table above cannot know of an error that is not in it.
#[test]
fn no_error_of_the_api_derives_debug() {
    fn check(folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                check(&path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            for (derive, item) in source.split("#[derive(").skip(1).filter_map(|rest| rest.split_once(")]")) {
                let item =
                    item.lines().find(|line| !line.trim().is_empty() && !line.trim().starts_with('#')).unwrap_or("");
                let is_error = derive.contains("thiserror::Error") && item.trim().starts_with("pub ");
                assert!(!is_error || !derive.contains("Debug"), "{item} in {}", path.display());
            }
        }
    }
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
}
