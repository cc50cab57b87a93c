//! Two endpoints of one issuer.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::ParEndpoint;
use crate::{
    lint::{Finding, Severity},
    policy::Policy,
};

/// Members of a policy that may differ without harm: they bound and do not permit.
const HARMLESS: [&str; 8] = [
    "limits",
    "request_uri_lifetime",
    "login_lifetime",
    "longest_login",
    "request_object_lifetime",
    "client_assertion_lifetime",
    "spent_lifetime",
    "code_challenge_memory",
];

impl<C, S> ParEndpoint<C, S> {
    /// Tells what is dangerous about another endpoint beside this one. It finds something only where both have the same issuer.
    ///
    /// Endpoints of one issuer are one server to clients. An assertion is for the issuer, so that it is good at either endpoint, and
    /// where they do not share a store, at both. Where they share one, a request that is pushed at one can be opened at the
    /// other, whose policy then counts: it is validated again, but its client is not asked again to authenticate and to prove
    /// its keys. So what holds for a client is the laxest of all policies whose endpoint knows it. Different policies are safe
    /// where each client is known to one endpoint alone.
    ///
    /// ```
    /// use parjar::{InMemoryRegistry, ParEndpoint, Policy};
    ///
    /// let with = |policy| {
    ///     ParEndpoint::builder("https://as.example.com").policy(policy).clients(InMemoryRegistry::default()).build()
    /// };
    /// let (strict, lax) = (with(Policy::fapi2_security_profile())?, with(Policy::oauth())?);
    /// assert_eq!(strict.lint_beside(&strict.clone()), []);
    /// assert_eq!(strict.lint_beside(&lax)[0].label(), "one_issuer_two_policies");
    /// # Ok::<_, parjar::BuildError>(())
    /// ```
    pub fn lint_beside<C2, S2>(&self, other: &ParEndpoint<C2, S2>) -> Vec<Finding> {
        if self.issuer() != other.issuer() || std::sync::Arc::ptr_eq(&self.parts, &other.parts) {
            return Vec::new();
        }
        let mut findings = Vec::new();
        let differences = differences(self.policy(), other.policy());
        if !differences.is_empty() {
            let is_harmless = differences.iter().all(|member| HARMLESS.contains(&member.as_str()));
            let members = Vec::from_iter(differences).join(", ");
            findings.push(Finding::of_endpoint(
                if is_harmless { Severity::Note } else { Severity::Dangerous },
                "one_issuer_two_policies",
                "policy",
                format!(
                    "endpoints of one issuer are one server to clients: a request that is pushed at one is opened at the other, and \
                     assertions are good at both; these members differ: {members}"
                ),
            ));
        }
        if !self.parts.proofs.takes_nonces_of(&other.parts.proofs) {
            findings.push(Finding::of_endpoint(
                Severity::Dangerous,
                "nonce_key_not_shared",
                "dpop_nonce_key",
                "endpoints of one issuer need one nonce key, or each refuses the nonces of the other (RFC 9449 section 8)",
            ));
        }
        if !self.parts.client_keys.is_shared_with(&other.parts.client_keys) {
            findings.push(Finding::of_endpoint(
                Severity::Note,
                "jwks_cache_not_shared",
                "shared_jwks_cache",
                "endpoints of one issuer that do not share a cache fetch each JWK set once for each of them",
            ));
        }
        findings
    }
}

/// The members in which two policies differ.
fn differences(one: &Policy, other: &Policy) -> BTreeSet<String> {
    let (one, other) = (members(one), members(other));
    let differs = |name: &&String| one.get(*name) != other.get(*name);
    one.keys().chain(other.keys()).filter(differs).cloned().collect()
}

fn members(policy: &Policy) -> Map<String, Value> {
    match serde_json::to_value(policy) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}
