//! Nodes that hold their settings against each other, over a store that they share.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

#[cfg(feature = "sealed")]
use parjar::store::{BoxedStore, SealedStore, SealingKeys};
use parjar::{
    Client, Event, HostEndpoint, ManualClock, ParEndpoint, ParEndpointBuilder, Policy, ServerSecret, SettingsGroup,
    jose::DecryptionKeys, store::MemoryStore,
};
use serde_json::{Map, Value, json};

use crate::{
    host::builder,
    proofs::{TOKEN_ENDPOINT, nonce_policy},
    support::ISSUER,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Nodes over one store, with a clock that they have in common.
struct Nodes {
    clock: ManualClock,
    memory: MemoryStore,
}

type Groups = Vec<SettingsGroup>;

impl Nodes {
    fn new() -> Self {
        let clock = ManualClock::default();
        Self { memory: MemoryStore::default().with_clock(clock.clone()), clock }
    }

    fn building(&self) -> ParEndpointBuilder {
        builder(ISSUER).clock(self.clock.clone())
    }

    fn node(&self, finish: impl FnOnce(ParEndpointBuilder) -> ParEndpointBuilder) -> ParEndpoint {
        finish(self.building()).store(self.memory.clone()).build().unwrap()
    }

    fn plain(&self) -> ParEndpoint {
        self.node(|building| building)
    }
}

fn compared<S: parjar::store::RequestStore>(par: &ParEndpoint<parjar::InMemoryRegistry, S>) -> Groups {
    pollster::block_on(par.compare_settings()).unwrap().differing().to_vec()
}

fn take_all(_: &Client, _: &Map<String, Value>) -> Result<(), parjar::Rejection> {
    Ok(())
}

fn decryption_keys(kid: &str) -> DecryptionKeys {
    let key = json!({ "kty": "OKP", "crv": "X25519", "use": "enc", "kid": kid,
        "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo", "d": "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo" });
    DecryptionKeys::parse(&json!({ "keys": [key] }).to_string()).unwrap()
}

fn secret(letter: char) -> ServerSecret {
    ServerSecret::parse(&format!("0123456789abcdef0123456789abcde{letter}")).unwrap()
}

#[test]
fn nodes_with_the_same_settings_see_no_difference() {
    let nodes = Nodes::new();
    let settings = |building: ParEndpointBuilder| {
        building
            .policy(nonce_policy())
            .token_endpoint(TOKEN_ENDPOINT)
            .host_endpoint(HostEndpoint::Revocation, "https://as.example.com/revoke")
            .decryption_keys(decryption_keys("e1"))
            .authorization_details_type("payment", take_all)
            .server_secret(secret('1'))
    };
    for _ in 0..3 {
        let comparison = pollster::block_on(nodes.node(settings).compare_settings()).unwrap();
        assert_eq!(comparison.differing(), []);
    }
}

#[test]
fn each_group_that_differs_is_named_by_either_node() {
    use SettingsGroup::{AuthorizationDetailsTypes, DecryptionKeys, NonceKeys, Policy as OfPolicy, ServerSecret, Urls};
    type Change = fn(ParEndpointBuilder) -> ParEndpointBuilder;
    let cases: [(Change, &[SettingsGroup]); 7] = [
        (|building| building.policy(Policy::oidc()), &[OfPolicy]),
        (|building| building.token_endpoint(TOKEN_ENDPOINT), &[Urls]),
        (|building| building.mtls_host_endpoint(HostEndpoint::Introspection, TOKEN_ENDPOINT), &[Urls]),
        (|building| building.decryption_keys(decryption_keys("e1")), &[DecryptionKeys]),
        (|building| building.authorization_details_type("payment", take_all), &[AuthorizationDetailsTypes]),
        (|building| building.server_secret(secret('1')), &[ServerSecret]),
        (
            |building| building.policy(nonce_policy()).token_endpoint(TOKEN_ENDPOINT).server_secret(secret('1')),
            &[OfPolicy, Urls, NonceKeys, ServerSecret],
        ),
    ];
    for (change, groups) in cases {
        let nodes = Nodes::new();
        let (one, other) = (nodes.plain(), nodes.node(change));
        assert_eq!(compared(&one), []);
        assert_eq!(compared(&other), groups);
        assert_eq!(compared(&one), groups, "the other node has left its settings");
    }
}

#[test]
fn secrets_that_accept_each_other_do_not_differ() {
    let nodes = Nodes::new();
    let with = |secret: ServerSecret| {
        nodes.node(|building| building.policy(nonce_policy()).token_endpoint(TOKEN_ENDPOINT).server_secret(secret))
    };
    assert_eq!(compared(&with(secret('1').accepting(&secret('2')))), []);
    assert_eq!(compared(&with(secret('2').accepting(&secret('1')))), []);
    assert_eq!(compared(&with(secret('2'))), [SettingsGroup::NonceKeys, SettingsGroup::ServerSecret]);
}

#[test]
fn keys_that_are_replaced_at_run_time_are_compared_as_they_are() {
    let nodes = Nodes::new();
    let keys = decryption_keys("e1");
    let (one, other) =
        [keys.clone(), decryption_keys("e1")].map(|keys| nodes.node(|it| it.decryption_keys(keys))).into();
    assert_eq!((compared(&one), compared(&other)), (vec![], vec![]));
    keys.replace(&decryption_keys("e2"));
    assert_eq!(compared(&one), [SettingsGroup::DecryptionKeys]);
}

#[test]
fn a_difference_is_over_when_the_last_node_with_the_old_settings_has_gone() {
    let nodes = Nodes::new();
    let old = [nodes.plain(), nodes.plain()];
    let new = [(); 2].map(|()| nodes.node(|building| building.policy(Policy::oidc())));
    // The change: one after the other is stopped and started anew, with others running all the time.
    assert_eq!([compared(&old[0]), compared(&old[1])], [vec![], vec![]]);
    for _ in 0..10 {
        assert_eq!(compared(&new[0]), [SettingsGroup::Policy]);
        assert_eq!(compared(&old[1]), [SettingsGroup::Policy]);
        nodes.clock.advance(MINUTE);
    }
    // The last old node has gone.
    let mut differences = 0;
    for _ in 0..10 {
        differences += usize::from(!compared(&new[0]).is_empty()) + usize::from(!compared(&new[1]).is_empty());
        nodes.clock.advance(MINUTE);
    }
    assert!(differences <= 10, "for five minutes at most, and not {differences}");
    assert_eq!((compared(&new[0]), compared(&new[1])), (vec![], vec![]));
}

#[test]
fn nodes_of_different_issuers_do_not_see_each_other() {
    let nodes = Nodes::new();
    let other =
        builder("https://other.example.com").policy(Policy::oidc()).store(nodes.memory.clone()).build().unwrap();
    assert_eq!((compared(&nodes.plain()), compared(&other), compared(&nodes.plain())), (vec![], vec![], vec![]));
}

#[cfg(feature = "sealed")]
#[test]
fn keys_that_records_are_sealed_with_are_noticed_by_what_cannot_be_read() {
    let nodes = Nodes::new();
    let sealed = |letter| {
        let keys = SealingKeys::from_secret(ISSUER, &secret(letter)).unwrap();
        nodes.building().store(BoxedStore::new(SealedStore::new(nodes.memory.clone(), keys))).build().unwrap()
    };
    let (one, same, other, open) = (sealed('1'), sealed('1'), sealed('2'), nodes.plain());
    assert_eq!((compared(&one), compared(&same)), (vec![], vec![]));
    assert_eq!(compared(&other), [SettingsGroup::SealingKeys]);
    assert_eq!(compared(&one), [SettingsGroup::SealingKeys]);
    assert_eq!(compared(&open), [SettingsGroup::SealingKeys]);
}

#[test]
fn clocks_are_held_against_each_other_by_the_time_of_the_store() {
    let nodes = Nodes::new();
    let ahead = ManualClock::default();
    ahead.advance(Duration::from_secs(11));
    nodes.clock.advance(Duration::from_secs(3));
    let other = builder(ISSUER).clock(ahead.clone()).store(nodes.memory.clone()).build().unwrap();
    assert_eq!(compared(&nodes.plain()), []);
    // Both clocks go on; it is not the time between the calls that counts.
    nodes.clock.advance(MINUTE);
    ahead.advance(MINUTE);
    let comparison = pollster::block_on(other.compare_settings()).unwrap();
    assert_eq!((comparison.differing(), comparison.clock_offset()), (&[][..], Some(8)));
    ahead.advance(Duration::from_secs(3));
    let comparison = pollster::block_on(other.compare_settings()).unwrap();
    assert_eq!((comparison.differing(), comparison.clock_offset()), (&[SettingsGroup::Clock][..], Some(11)));
}

#[test]
fn a_difference_reaches_observers_with_its_groups() {
    let nodes = Nodes::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&heard);
    let other = nodes.node(|building| {
        building.policy(Policy::oidc()).observer(move |event: &Event<'_>| {
            if let Event::SettingsDiffer { groups, clock_offset, .. } = event {
                ears.lock().unwrap().push((groups.to_vec(), *clock_offset, event.label(), event.level().as_str()));
            }
        })
    });
    assert_eq!((compared(&nodes.plain()), compared(&other)), (vec![], vec![SettingsGroup::Policy]));
    let expected = (vec![SettingsGroup::Policy], Some(0), "settings_differ", "warning");
    assert_eq!(*heard.lock().unwrap(), [expected]);
}

#[test]
fn more_settings_than_there_is_room_for_are_compared_with_those_that_are_there() {
    let nodes = Nodes::new();
    for seconds in 1..=8 {
        let mut policy = Policy::oauth();
        policy.request_uri_lifetime = seconds;
        let groups = compared(&nodes.node(|building| building.policy(policy)));
        assert_eq!(groups.is_empty(), seconds == 1, "{seconds}");
    }
}

#[test]
fn a_store_that_is_down_is_an_error_with_its_cause() {
    use crate::store_double::{Call, Disturbance, StoreDouble};

    #[derive(Clone)]
    struct Down;

    impl Disturbance for Down {
        async fn before(&self, _: Call<'_>) -> Result<(), parjar::store::StoreError> {
            Err(parjar::store::StoreError::new("the plug is out"))
        }
    }

    let par = builder(ISSUER).store(StoreDouble::new(Down)).build().unwrap();
    let error = pollster::block_on(par.compare_settings()).unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the plug is out");
}
