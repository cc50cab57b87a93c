//! A secret that nodes share: nonces, sealed records and cookies of one node are good at the others, also while it is replaced.

use parjar::{BindingCookies, Clock as _, ManualClock, ParEndpoint, ServerSecret, dpop::Nonces};

use crate::{
    host::{builder, push},
    proofs::{TOKEN_ENDPOINT, nonce_policy},
    support::{ISSUER, code_request, request_uri},
};

const OLD: &str = "5d1c0b6f2a9e4873b0c5d2e1f6a79483";
const NEW: &str = "a94c7e1d3f5b60728194a3b2c5d6e7f8";

fn secret(text: &str) -> ServerSecret {
    ServerSecret::parse(text).unwrap()
}

/// The nodes during a replacement, in their order: the old secret alone, the new one known, in use, alone.
fn steps() -> [ServerSecret; 4] {
    let (old, new) = (secret(OLD), secret(NEW));
    [old.clone(), old.clone().accepting(&new), new.clone().accepting(&old), new]
}

fn node(secret: &ServerSecret, clock: &ManualClock) -> ParEndpoint {
    let building = builder(ISSUER).policy(nonce_policy()).token_endpoint(TOKEN_ENDPOINT).clock(clock.clone());
    building.server_secret(secret).build().unwrap()
}

fn differ_in_nonces(one: &ParEndpoint, other: &ParEndpoint) -> bool {
    one.lint_beside(other).iter().any(|finding| finding.label() == "nonce_key_not_shared")
}

#[test]
fn nodes_with_one_secret_take_each_others_nonces_and_no_others() {
    let clock = ManualClock::default();
    let [one, other] = [OLD, NEW].map(|text| node(&secret(text), &clock));
    assert!(!differ_in_nonces(&one, &node(&secret(OLD), &clock)));
    assert!(differ_in_nonces(&one, &other));
}

#[test]
fn at_each_step_of_a_replacement_neighbours_take_each_others_nonces() {
    let clock = ManualClock::default();
    for pair in steps().windows(2) {
        assert!(!differ_in_nonces(&node(&pair[0], &clock), &node(&pair[1], &clock)));
    }
}

#[test]
fn a_server_with_a_nonce_key_can_change_over_to_a_secret() {
    let clock = ManualClock::default();
    let key = [7; 32];
    let with_both = |finish: fn(parjar::ParEndpointBuilder) -> parjar::ParEndpointBuilder| {
        let building = builder(ISSUER).policy(nonce_policy()).token_endpoint(TOKEN_ENDPOINT).clock(clock.clone());
        finish(building).build().unwrap()
    };
    let before = with_both(|building| building.dpop_nonce_key([7; 32]));
    let first = with_both(|building| building.dpop_nonce_key([7; 32]).server_secret(secret(NEW)));
    let then = with_both(|building| building.server_secret(secret(NEW)).replaced_dpop_nonce_key([7; 32]));
    let after = node(&secret(NEW), &clock);
    for (one, other) in [(&before, &first), (&first, &then), (&then, &after)] {
        assert!(!differ_in_nonces(one, other));
    }
    assert!(differ_in_nonces(&first, &after) && differ_in_nonces(&before, &then));
    // The key that was given comes first, as it is.
    let nonces = Nonces::new(ISSUER, &key, &[]).unwrap();
    assert!(nonces.is_recent(&nonces.current(clock.now()), clock.now()));
}

#[test]
fn a_secret_of_one_process_counts_as_none() {
    let labels = |secret: ServerSecret| {
        let building = builder(ISSUER).policy(nonce_policy()).token_endpoint(TOKEN_ENDPOINT).server_secret(secret);
        let par = building.store(crate::store_double::StoreDouble::new(Undisturbed)).build().unwrap();
        let findings = par.lint(parjar::Profile::Oauth, []);
        findings.iter().any(|finding| finding.label() == "nonce_key_not_shared")
    };
    assert!(labels(ServerSecret::draw().unwrap()));
    assert!(!labels(secret(OLD)));
}

#[derive(Clone)]
struct Undisturbed;

impl crate::store_double::Disturbance for Undisturbed {}

#[test]
fn the_cookie_of_a_login_is_known_while_the_secret_is_replaced() {
    let par = builder(ISSUER).build().unwrap();
    let cookies = steps().map(|secret| BindingCookies::from_secret(ISSUER, &secret));
    let query = |handle: &str| format!("client_id=basic&request_uri={handle}");
    // The browser has opened the request at a node with the old secret.
    let handle = request_uri(&push(&par, "basic", &code_request(&[])));
    let cookie = cookies[0].read(&handle, "").unwrap();
    let pending = pollster::block_on(par.authorize(&query(&handle), cookie.browser())).unwrap();
    let header = cookie.of(&pending).to_set(600);
    let pair = header.split(';').next().unwrap();
    // A cookie that is known to have opened the request has a mark, which is set anew by the present key.
    let knows = |cookies: &BindingCookies| {
        let cookie = cookies.read(&handle, pair).unwrap();
        assert!(cookie.is_sent());
        cookie.to_set(600).split(';').next().is_some_and(|pair| pair.contains('.'))
    };
    assert_eq!(cookies.each_ref().map(knows), [true, true, true, false]);
}

#[cfg(feature = "sealed")]
mod sealed_records {
    use parjar::store::{MemoryStore, SealedStore, SealingKeys};

    use super::*;
    use crate::host::{endpoint, open};

    const OTHER_ISSUER: &str = "https://other.example.com";

    #[test]
    fn records_of_the_replaced_secret_are_opened_and_new_ones_are_not_for_a_node_without_the_new_secret() {
        let memory = MemoryStore::default();
        let [old, knows, uses, new] = steps().map(|secret| {
            endpoint(SealedStore::new(memory.clone(), SealingKeys::from_secret(ISSUER, &secret).unwrap()))
        });
        let pushed = |par| request_uri(&push(par, "basic", &code_request(&[])));
        let opens = |par, handle: &str| open(par, handle, Some("browser")).is_ok();
        for (writer, readers, strangers) in [
            (&old, [&old, &knows, &uses].as_slice(), [&new].as_slice()),
            (&knows, &[&old, &knows, &uses], &[&new]),
            (&uses, &[&knows, &uses, &new], &[&old]),
            (&new, &[&knows, &uses, &new], &[&old]),
        ] {
            let handle = pushed(writer);
            assert!(strangers.iter().all(|par| !opens(par, &handle)));
            assert!(readers.iter().all(|par| opens(par, &handle)));
        }
        let elsewhere = SealingKeys::from_secret(OTHER_ISSUER, &secret(OLD)).unwrap();
        assert!(!opens(&endpoint(SealedStore::new(memory.clone(), elsewhere)), &pushed(&old)));
    }

    #[test]
    fn a_ring_has_no_more_than_sixteen_secrets() {
        let ring = |count: u8| (1..count).fold(secret(OLD), |all, number| all.accepting(&numbered(number)));
        assert!(SealingKeys::from_secret(ISSUER, &ring(16)).is_ok());
        assert!(SealingKeys::from_secret(ISSUER, &ring(17)).is_err());
    }

    fn numbered(number: u8) -> ServerSecret {
        ServerSecret::new(&[number, 0xA5].repeat(16)).unwrap()
    }
}
