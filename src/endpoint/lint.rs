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
        let clients: Vec<&Client> = clients.into_iter().collect();
        let mut findings = self.policy().lint(profile, clients.iter().copied());
        if self.parts.validator.redirect_uri_matcher.is_some() {
            findings.push(Finding::of_endpoint(
                Severity::Dangerous,
                "redirect_uri_matcher",
                "danger_redirect_uri_matcher",
                "a redirect URI must be a registered one, compared exactly (RFC 9700 section 2.1), or codes may go elsewhere",
            ));
        } else {
            let without_effect = clients.iter().filter(|client| !client.redirect_uri_patterns().is_empty());
            findings.extend(without_effect.map(|client| {
                Finding::of_client(
                    client,
                    Severity::Note,
                    "redirect_uri_patterns_without_effect",
                    "danger_redirect_uri_patterns",
                    "the endpoint has no danger_redirect_uri_matcher, so that nothing matches these patterns",
                )
            }));
        }
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
