//! What is weak, missing or without effect in an endpoint, and neither its policy nor its clients show alone.
//!
//! Each group of rules is a list in a module of its own. Some are about the endpoint, others about one client of it.

mod certificates;
mod keys;
mod requests;
mod responses;
mod server;

use super::{ParEndpoint, parts::Parts};
use crate::{
    client::Client,
    lint::{Finding, LintRule},
    policy::{Policy, Profile},
    store::RequestStore,
};

/// An endpoint, and the clients that are known of it.
#[derive(Clone, Copy)]
struct Endpoint<'a> {
    parts: &'a Parts,
    policy: &'a Policy,
    shares_its_store: bool,
    clients: &'a [&'a Client],
}

/// A client at an endpoint.
struct Registered<'a> {
    client: &'a Client,
    at: Endpoint<'a>,
}

impl<C, S: RequestStore> ParEndpoint<C, S> {
    /// Tells what in this endpoint, in its policy, and in the registrations of these clients is dangerous or is not what a profile asks
    /// for: all that [`Policy::lint`](crate::Policy::lint) finds, and what only the endpoint can tell. That is what the metadata promises and
    /// the host has not said it does, what clients are registered for and cannot do here, settings without effect, and keys
    /// that nodes should share.
    ///
    /// ```
    /// use parjar::{InMemoryRegistry, ParEndpoint, Policy, Profile};
    ///
    /// let registry = InMemoryRegistry::new([])?;
    /// let par = ParEndpoint::builder("https://as.example.com")
    ///     .policy(Policy::fapi2_security_profile())
    ///     .clients(registry.clone())
    ///     .build()?;
    /// for finding in par.lint(Profile::Fapi2SecurityProfile, &registry.clients()) {
    ///     eprintln!("{finding}");
    /// }
    /// let labels = par.lint(Profile::Fapi2SecurityProfile, []).into_iter().map(|finding| finding.label());
    /// assert_eq!(labels.collect::<Vec<_>>(), ["no_observer", "no_token_endpoint", "certificates_not_asked_for"]);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Clients of a registry in memory are [`InMemoryRegistry::clients`](crate::InMemoryRegistry::clients). A host with a
    /// database gives those that it has at hand, or none.
    pub fn lint<'a>(&self, profile: Profile, clients: impl IntoIterator<Item = &'a Client>) -> Vec<Finding> {
        let clients: Vec<&Client> = clients.into_iter().collect();
        let (policy, shares_its_store) = (self.policy(), self.store.is_shared());
        let mut findings = policy.lint(profile, clients.iter().copied());
        let at = Endpoint { parts: &self.parts, policy, shares_its_store, clients: &clients };
        findings.extend(of_endpoint().into_iter().filter_map(|rule| rule.of_endpoint(profile, &at)));
        let of_clients = of_clients();
        for client in &clients {
            let registered = Registered { client, at };
            findings.extend(of_clients.iter().filter_map(|rule| rule.of_client(profile, &registered, client)));
        }
        findings
    }

    /// Returns `true` if other processes share the store, and none of them the key of its nonces.
    pub(super) fn has_nonces_of_its_own(&self) -> bool {
        self.parts.has_random_nonce_key && self.store.is_shared()
    }
}

/// Functions, because constants could not name the lifetime of the endpoint.
fn of_endpoint<'a>() -> Vec<LintRule<Endpoint<'a>>> {
    let groups = [server::rules(), certificates::rules(), keys::rules(), requests::rules(), responses::rules()];
    groups.into_iter().flatten().collect()
}

fn of_clients<'a>() -> Vec<LintRule<Registered<'a>>> {
    let groups = [certificates::of_clients(), keys::of_clients(), requests::of_clients(), responses::of_clients()];
    groups.into_iter().flatten().collect()
}
