//! Rules for policies.

mod algorithms;
mod authentication;
mod parameters;
mod requests;
mod weaknesses;

use super::{About, Finding, LintRule, Severity::DoesNotConform};
use crate::policy::{Policy, Profile};

const RULES: [&[LintRule<Policy>]; 4] = [weaknesses::RULES, requests::RULES, authentication::RULES, parameters::RULES];

pub(super) fn findings(policy: &Policy, profile: Profile) -> Vec<Finding> {
    let of_rules = RULES.into_iter().flatten().filter_map(|rule| rule.of_policy(profile, policy));
    of_rules.chain(request_uri_lifetime(policy, profile)).collect()
}

/// The bounds of the profile that is asked about, which need not be that of the policy.
fn request_uri_lifetime(policy: &Policy, profile: Profile) -> Option<Finding> {
    let (lifetimes, requirement) = profile.request_uri_lifetimes();
    (!lifetimes.contains(&policy.request_uri_lifetime)).then_some(Finding {
        severity: DoesNotConform,
        label: "request_uri_lifetime",
        about: About::Policy,
        member: "request_uri_lifetime",
        requirement: requirement.into(),
    })
}
