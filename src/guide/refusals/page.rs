//! Writes the page of refusals from the table in the code.

use std::fmt::Write as _;

use super::mending::{self, Mending};
use crate::{
    error::{ErrorCode, Reason},
    guide::checked_in,
    jose::TokenFault,
};

const HEADING: &str = "| label, status | what it means, and how it is mended |\n| --- | --- |\n";

/// What is told of a token, by its kind. `None`: another kind of reason.
fn of_token(reason: Reason) -> Option<(&'static str, &'static str, TokenFault)> {
    match reason {
        Reason::ClientAssertion(fault) => Some(("a client assertion", "assertion_", fault)),
        Reason::RequestObject(fault) => Some(("a request object", "request_object_", fault)),
        Reason::DpopProof(fault) => Some(("a DPoP proof", "dpop_proof_", fault)),
        Reason::ClientAttestation(fault) => Some(("a client attestation", "attestation_", fault)),
        Reason::AttestationProof(fault) => Some(("the proof beside an attestation", "attestation_proof_", fault)),
        _ => None,
    }
}

fn meaning(reason: Reason) -> &'static str {
    match reason {
        Reason::Form(error) => error.meaning(),
        Reason::RedirectUri(error) => error.meaning(),
        reason => reason.meaning(),
    }
}

/// A label that a link can lead to.
fn target(label: &str) -> String {
    format!("<span id=\"{label}\">`{label}`</span>")
}

/// What a refusal means, and how client and operator mend it: a line each, since a column each would not fit on a screen.
fn told(meaning: &str, Mending { client, operator }: Mending) -> String {
    let mut told = meaning.split_whitespace().collect::<Vec<_>>().join(" ");
    for (who, hint) in [("Client", client), ("Operator", operator)] {
        if !hint.is_empty() {
            told.push_str(&format!("<br>**{who}:** {hint}"));
        }
    }
    told
}

fn row(page: &mut String, reason: Reason) {
    let (label, status) = (target(reason.label()), reason.status());
    writeln!(page, "| {label}<br>{status} | {} |", told(meaning(reason), mending::of_reason(reason))).unwrap();
}

fn written() -> String {
    let mut page = String::new();
    let mut codes: Vec<ErrorCode> = Vec::new();
    for code in Reason::all().filter(|reason| of_token(*reason).is_none()).map(Reason::code) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    for code in codes {
        write!(page, "# Code `{code}`\n\n{HEADING}").unwrap();
        let of_code = |reason: &Reason| reason.code() == code && of_token(*reason).is_none();
        Reason::all().filter(of_code).for_each(|reason| row(&mut page, reason));
        page.push('\n');
    }
    page.push_str("# Tokens that are not good\n\n");
    page.push_str(
        "The label says which token is not good, and then what is wrong with it: a request object that is over is refused as\n\
         `request_object_expired`. Its sender learns the code alone.\n\n",
    );
    page.push_str("| the label begins with | and is about | code | status |\n| --- | --- | --- | --- |\n");
    for reason in Reason::all() {
        if let Some((name, prefix, TokenFault::TooLarge)) = of_token(reason) {
            writeln!(page, "| `{prefix}` | {name} | `{}` | {} |", reason.code(), reason.status()).unwrap();
        }
    }
    page.push_str("\n| labels | what it means, and how it is mended |\n| --- | --- |\n");
    for fault in TokenFault::ALL {
        let labels =
            Reason::all().filter(|reason| of_token(*reason).is_some_and(|(_, _, of_reason)| of_reason == *fault));
        let labels: Vec<String> = labels.map(|reason| target(reason.label())).collect();
        let told = told(fault.meaning(), mending::of_reason(Reason::RequestObject(*fault)));
        writeln!(page, "| {} | {told} |", labels.join("<br>")).unwrap();
    }
    page
}

#[test]
fn the_page_of_refusals_is_the_table_in_the_code() {
    checked_in("src/guide/refusals/table.md", include_str!("table.md"), &written());
}

#[test]
fn every_reason_has_a_hint_and_a_row() {
    for reason in Reason::all() {
        let Mending { client, operator } = mending::of_reason(reason);
        assert!(!client.is_empty() || !operator.is_empty(), "{reason}");
        assert!(written().contains(&target(reason.label())), "{reason}");
        assert!(!meaning(reason).contains('|'), "{reason}");
    }
}
