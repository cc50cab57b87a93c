//! Nodes that share a store and not the key of their nonces: each refuses the nonces of the others, which has to be noticed.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use parjar::{
    BuildError, Event, Finding, ParEndpoint, Policy, Profile, Severity,
    store::{BoxedStore, MemoryStore, RequestStore},
};

use crate::{
    host::builder,
    store_double::{Disturbance, StoreDouble},
    support::ISSUER,
};

/// As the store of a host is: shared, unless it says otherwise.
#[derive(Clone, Default)]
struct Undisturbed;

impl Disturbance for Undisturbed {}

/// The findings of lint about an endpoint with this store, and how often its build reports.
fn reports<S: RequestStore>(
    store: S,
    finish: impl FnOnce(&mut Policy) -> Option<[u8; 32]>,
) -> Result<(Vec<Finding>, usize), BuildError> {
    let mut policy = Policy::oauth();
    let key = finish(&mut policy);
    let reported = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&reported);
    let mut building = builder(ISSUER).policy(policy).token_endpoint("https://as.example.com/token").observer(
        move |event: &Event<'_>| {
            if let Event::NonceKeyNotShared { .. } = event {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        },
    );
    if let Some(key) = key {
        building = building.dpop_nonce_key(key);
    }
    let par: ParEndpoint<_, S> = building.store(store).build()?;
    let mut findings = par.lint(Profile::Oauth, []);
    findings.retain(|finding| finding.label() == "nonce_key_not_shared");
    Ok((findings, reported.load(Ordering::Relaxed)))
}

#[test]
fn a_shared_store_with_a_nonce_key_of_one_process_is_reported() {
    let demand = |policy: &mut Policy| {
        policy.require_dpop_nonce = true;
        None
    };
    let (findings, reported) = reports(StoreDouble::new(Undisturbed), demand).unwrap();
    assert_eq!((findings.len(), reported), (1, 1));
    assert_eq!((findings[0].severity(), findings[0].client_id()), (Severity::Dangerous, None));
    assert!(findings[0].to_string().starts_with("dangerous: endpoint, dpop_nonce_key: "), "{}", findings[0]);
    assert_eq!(reports(BoxedStore::new(StoreDouble::new(Undisturbed)), demand).unwrap().1, 1);
    assert_eq!(reports(Arc::new(StoreDouble::new(Undisturbed)), demand).unwrap().1, 1);
}

#[test]
fn what_is_shared_or_not_used_or_alone_is_not_reported() {
    let demand = |policy: &mut Policy| policy.require_dpop_nonce = true;
    let with_key = reports(StoreDouble::new(Undisturbed), |policy| {
        demand(policy);
        Some([7; 32])
    });
    let without_nonces = reports(StoreDouble::new(Undisturbed), |_| None);
    let alone = reports(MemoryStore::default(), |policy| {
        demand(policy);
        None
    });
    let alone_in_a_box = reports(BoxedStore::new(MemoryStore::default()), |policy| {
        demand(policy);
        None
    });
    for outcome in [with_key, without_nonces, alone, alone_in_a_box] {
        assert_eq!(outcome.unwrap(), (vec![], 0));
    }
}
