//! The weaknesses of an endpoint that neither its policy nor its clients show.

use super::ParEndpoint;
use crate::{
    client::Client,
    lint::{Finding, Severity},
    policy::Profile,
    store::RequestStore,
};

impl<C, S: RequestStore> ParEndpoint<C, S> {
    /// Tells what in this endpoint, in its policy, and in the registrations of these clients is dangerous or is not what a profile asks
    /// for: all that [`Policy::lint`](crate::Policy::lint) finds, and what only the endpoint can tell.
    ///
    /// ```
    /// use parjar::{InMemoryRegistry, ParEndpoint, Policy, Profile};
    ///
    /// let par = ParEndpoint::builder("https://as.example.com")
    ///     .policy(Policy::fapi2_security_profile())
    ///     .clients(InMemoryRegistry::new([])?)
    ///     .build()?;
    /// assert_eq!(par.lint(Profile::Fapi2SecurityProfile, []), []);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn lint<'a>(&self, profile: Profile, clients: impl IntoIterator<Item = &'a Client>) -> Vec<Finding> {
        let mut findings = self.policy().lint(profile, clients);
        if self.has_nonces_of_its_own() {
            findings.push(Finding::of_endpoint(
                Severity::Dangerous,
                "nonce_key_not_shared",
                "dpop_nonce_key",
                "processes that share a store need one nonce key, or each refuses the nonces of the others (RFC 9449 section 8)",
            ));
        }
        findings
    }

    /// Returns `true` if other processes share the store, and none of them the key of its nonces.
    pub(super) fn has_nonces_of_its_own(&self) -> bool {
        self.parts.has_random_nonce_key && self.store.is_shared()
    }
}
