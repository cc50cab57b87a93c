//! The reasons of refusals, all of them.

use std::collections::HashSet;

use parjar::{ErrorCode, Event, FormError, Level, Reason, RedirectUriError, Rejection, jose::TokenFault};

fn is_snake_case(label: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    label.split('_').all(is_word)
}

#[test]
fn every_reason_has_a_label_of_its_own_and_a_complete_answer() {
    let mut labels = HashSet::new();
    for reason in Reason::all() {
        let label = reason.label();
        assert!(labels.insert(label), "{label} twice");
        assert!(is_snake_case(label), "{label}");
        assert_eq!(reason.to_string(), label);
        assert!(!reason.code().as_str().is_empty(), "{label}");
        assert!((400..=599).contains(&reason.status()), "{label}");
        let description = reason.description();
        let is_fit = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        assert!(!description.is_empty() && description.bytes().all(is_fit), "{label}: {description}");
    }
}

#[test]
fn the_reasons_within_reasons_are_among_all_of_them() {
    let all: HashSet<Reason> = Reason::all().collect();
    for reason in [
        Reason::MethodNotAllowed,
        Reason::RandomSource,
        Reason::Form(FormError::TooLarge),
        Reason::RedirectUri(RedirectUriError::Wildcard),
        Reason::ClientAssertion(TokenFault::Replayed),
        Reason::RequestObject(TokenFault::TooDeep),
        Reason::DpopProof(TokenFault::AccessToken),
        Reason::ClientAttestation(TokenFault::KeysUnavailable),
        Reason::AttestationProof(TokenFault::Id),
    ] {
        assert!(all.contains(&reason), "{reason}");
    }
    let of_the_host = Reason::Host(Rejection::new(ErrorCode::InvalidRequest, "of_the_host", "no"));
    assert!(!all.contains(&of_the_host));
}

#[test]
fn faults_of_this_side_and_no_others_are_errors() {
    for reason in Reason::all() {
        let is_limit = matches!(reason, Reason::StoreFull);
        assert_eq!(Level::of(reason) == Level::Error, reason.status() >= 500 && !is_limit, "{reason}");
    }
}

#[test]
fn every_kind_of_event_has_a_label_of_its_own() {
    let labels: HashSet<&str> = Event::LABELS.iter().copied().collect();
    assert_eq!(labels.len(), Event::LABELS.len());
    assert!(labels.iter().all(|label| is_snake_case(label)));
    assert!(labels.contains("pushed") && labels.contains("refused"));
}
