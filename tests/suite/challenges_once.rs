//! Code challenges that are remembered: none twice from one client, as long as the policy says.

use parjar::{Policy, Reason};
use serde_json::json;

use crate::support::{CHALLENGE, Server, basic, body, code_request, post};

const DAY: u32 = 86_400;
const OTHER_CHALLENGE: &str = "JBbiqONGWPaAmwXk_8bT6UnlPfrn65D32eZlJS-zGG0";

fn server(memory: u32) -> Server {
    let mut policy = Policy::oauth();
    policy.code_challenge_memory = memory;
    Server::with(policy, [basic("basic"), post("post"), basic("other")])
}

fn request(challenge: &str) -> String {
    code_request(&[("code_challenge", challenge), ("code_challenge_method", "S256")])
}

#[test]
fn a_challenge_is_good_for_one_push_of_its_client() {
    // PK-009, AT-003
    let server = server(DAY);
    let pushed = server.pushed(&request(CHALLENGE));
    let refusal = server.try_push(request(CHALLENGE).as_bytes()).unwrap_err();
    assert_eq!((refusal.reason(), refusal.status()), (Reason::CodeChallengeReused, 400));
    assert_eq!(refusal.to_string(), "invalid_request (code_challenge_reused)");
    let told = body(&parjar::Reply::from(refusal));
    assert_eq!(
        told,
        json!({ "error": "invalid_request", "error_description": "the code_challenge has been used before" })
    );

    // A fresh one is good, and so is the same from another client: nobody can use up what others chose.
    assert_eq!(server.push(&request(OTHER_CHALLENGE)).status(), 201);
    assert_eq!(server.push_as("other", &request(CHALLENGE)).status(), 201);
    // Requests without one are not alike.
    assert_eq!(server.push(&code_request(&[])).status(), 201);
    assert_eq!(server.push(&code_request(&[])).status(), 201);

    // Opening and ending what was pushed is no second use.
    for _ in 0..3 {
        assert!(server.open(&pushed).is_ok());
    }
    let pending = server.open(&pushed).unwrap();
    assert!(pollster::block_on(server.par.complete(&pending)).is_ok());
    // And ending it does not set the challenge free.
    let refusal = server.try_push(request(CHALLENGE).as_bytes()).unwrap_err();
    assert_eq!(refusal.reason(), Reason::CodeChallengeReused);
}

#[test]
fn a_challenge_is_remembered_as_long_as_the_policy_says() {
    for memory in [1, 600, DAY, 604_800] {
        let server = server(memory);
        assert_eq!(server.push(&request(CHALLENGE)).status(), 201);
        server.pass(u64::from(memory) - 1);
        assert_eq!(server.push(&request(CHALLENGE)).status(), 400, "{memory}");
        server.pass(1);
        assert_eq!(server.push(&request(CHALLENGE)).status(), 201, "{memory}");
    }
}

#[test]
fn without_a_memory_nothing_is_remembered() {
    let server = server(0);
    for _ in 0..3 {
        assert_eq!(server.push(&request(CHALLENGE)).status(), 201);
    }
}

#[test]
fn a_push_that_is_refused_uses_nothing_up() {
    let server = server(DAY);
    let bad = format!("{}&prompt=none+login", request(CHALLENGE));
    for _ in 0..2 {
        assert_eq!(server.try_push(bad.as_bytes()).unwrap_err().reason(), Reason::PromptNone);
    }
    assert_eq!(server.push(&request(CHALLENGE)).status(), 201);
}

#[test]
fn a_request_in_the_query_is_not_a_push() {
    let server = server(DAY);
    let query = format!("client_id=basic&{}", request(CHALLENGE));
    assert!(server.authorize(&query, None).is_ok());
    assert!(server.authorize(&query, None).is_ok(), "a page may be loaded again");
    assert_eq!(server.push(&request(CHALLENGE)).status(), 201);
}

#[test]
fn of_pushes_at_the_same_moment_one_gets_the_challenge() {
    let server = server(DAY);
    let body = request(CHALLENGE);
    let barrier = std::sync::Barrier::new(16);
    let won = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    match server.try_push(body.as_bytes()) {
                        Ok(_) => true,
                        Err(refusal) => {
                            assert_eq!(refusal.reason(), Reason::CodeChallengeReused);
                            false
                        }
                    }
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
}

#[test]
fn the_memory_has_a_bound() {
    let mut policy = Policy::oauth();
    policy.code_challenge_memory = 604_801;
    let built = parjar::ParEndpoint::builder(crate::support::ISSUER)
        .policy(policy)
        .clients(parjar::InMemoryRegistry::default())
        .build();
    assert_eq!(built.unwrap_err().to_string(), "policy.code_challenge_memory: must be 0 to 604800 seconds");
}
