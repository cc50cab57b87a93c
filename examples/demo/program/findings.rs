//! What is weak in the configuration, for the log.

use parjar::{BoxedParEndpoint, Finding, RegisteredClients, Severity};

use super::log;
use crate::demo::playground::PlayedClient;

/// What a configuration is free to have: a server on one machine, and offers to clients that are registered later.
const USUAL: [&str; 2] = ["url_over_http", "symmetric_encryption_unused"];

/// Writes one line for each finding that a reader should act on: all that is dangerous or does not conform, and what is noted about the
/// server itself. Members of registrations without effect have lines of their own, and the clients of the playground are the demo's.
pub(crate) fn log(par: &BoxedParEndpoint, clients: &RegisteredClients, players: &[PlayedClient]) {
    let is_of_player = |finding: &Finding| players.iter().any(|it| finding.client_id() == Some(&it.client_id));
    let is_for_trying_out = players.iter().all(|player| player.is_public_knowledge);
    for finding in par.lint(par.policy().profile, clients) {
        let is_usual = !is_for_trying_out && USUAL.contains(&finding.label());
        let is_note_of_client = finding.severity() == Severity::Note
            && finding.client_id().is_some()
            && finding.label() != "misspelled_member";
        if !is_of_player(&finding) && !is_usual && !is_note_of_client {
            log::line(format_args!("finding: {finding}"));
        }
    }
}
