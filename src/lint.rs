//! What in a policy and in registrations is dangerous, or is not what a profile asks for.

mod misspelled;
mod of_clients;
mod of_policy;

use std::{borrow::Cow, fmt};

use crate::{
    client::Client,
    policy::{Policy, Profile},
};

/// Something that [`Policy::lint`] has found. `Display` says all of it in one line, and shows no value but a `client_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    severity: Severity,
    label: &'static str,
    client_id: Option<Box<str>>,
    member: &'static str,
    requirement: Cow<'static, str>,
}

/// How much a [`Finding`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing: something without effect, or short of a recommendation.
    Note,
    /// Not what the profile requires.
    DoesNotConform,
    /// Attackers gain by it, whatever the profile.
    Dangerous,
}

impl Severity {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::DoesNotConform => "does not conform",
            Self::Dangerous => "dangerous",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Finding {
    /// How much it matters.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// A stable `snake_case` label, to count by or to accept.
    #[must_use]
    pub fn label(&self) -> &'static str {
        self.label
    }

    /// The client whose registration it is about. `None` when it is about the policy.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// The member of the policy, or of the registration.
    #[must_use]
    pub fn member(&self) -> &'static str {
        self.member
    }

    /// What is asked for, with the section that asks for it.
    #[must_use]
    pub fn requirement(&self) -> &str {
        &self.requirement
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.severity)?;
        match &self.client_id {
            Some(client_id) => write!(f, "client {client_id}, {}", self.member)?,
            None => write!(f, "policy.{}", self.member)?,
        }
        write!(f, ": {} ({})", self.requirement, self.label)
    }
}

/// One thing to look at: for these profiles, whether a subject breaks the rule.
struct LintRule<Subject> {
    severity: Severity,
    label: &'static str,
    member: &'static str,
    profiles: &'static [Profile],
    broken: fn(&Subject) -> bool,
    requirement: &'static str,
}

impl<Subject> LintRule<Subject> {
    fn finding(&self, profile: Profile, subject: &Subject, client_id: Option<&str>) -> Option<Finding> {
        (self.profiles.contains(&profile) && (self.broken)(subject)).then(|| Finding {
            severity: self.severity,
            label: self.label,
            client_id: client_id.map(Into::into),
            member: self.member,
            requirement: self.requirement.into(),
        })
    }
}

impl Policy {
    /// Tells what in this policy, and in the registrations of these clients, is dangerous or is not what a profile asks for.
    ///
    /// It changes nothing and forbids nothing. What it cannot see are the parts that are the host's: the lifetime of codes, the
    /// binding of tokens, and the algorithms of a [`ResponseSigner`](crate::ResponseSigner).
    ///
    /// ```
    /// use parjar::{Policy, Profile, Severity};
    ///
    /// let mut policy = Policy::fapi2_security_profile();
    /// assert_eq!(policy.lint(Profile::Fapi2SecurityProfile, []), []);
    ///
    /// policy.require_pushed_authorization_requests = false;
    /// for finding in policy.lint(Profile::Fapi2SecurityProfile, []) {
    ///     assert_eq!((finding.severity(), finding.label()), (Severity::DoesNotConform, "push_not_required"));
    ///     eprintln!("{finding}");
    /// }
    /// ```
    pub fn lint<'a>(&self, profile: Profile, clients: impl IntoIterator<Item = &'a Client>) -> Vec<Finding> {
        let mut findings = of_policy::findings(self, profile);
        for client in clients {
            findings.extend(of_clients::findings(client, self, profile));
        }
        findings
    }
}

/// Profiles in groups, as rules name them.
mod profiles {
    use crate::policy::Profile::{
        self, Atproto, Brazil, Cdr, Fapi1Advanced, Fapi2MessageSigning, Fapi2SecurityProfile, Haip, Oauth, Oidc,
    };

    pub(super) const ALL: &[Profile] = Profile::ALL;
    pub(super) const NOT_ATPROTO: &[Profile] =
        &[Oauth, Oidc, Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip];
    /// FAPI 1.0 Advanced and what is built on it.
    pub(super) const FAPI1: &[Profile] = &[Fapi1Advanced, Brazil, Cdr];
    /// FAPI 2.0 and what is built on it.
    pub(super) const FAPI2: &[Profile] = &[Fapi2SecurityProfile, Fapi2MessageSigning, Haip];
    pub(super) const FAPI: &[Profile] = &[Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip];
    pub(super) const FAPI_AND_ATPROTO: &[Profile] =
        &[Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto];
    /// Where all requests are pushed, for a code and nothing else.
    pub(super) const PUSHED: &[Profile] = &[Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto, Cdr];
    /// Where all requests are signed.
    pub(super) const SIGNED: &[Profile] = &[Fapi1Advanced, Brazil, Cdr, Fapi2MessageSigning];
    /// Where the audience of an assertion is the issuer and nothing else.
    pub(super) const STRICT_AUDIENCE: &[Profile] =
        &[Oauth, Oidc, Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto];
    /// Where redirect URIs are registered, each of them.
    pub(super) const REGISTERED_URIS: &[Profile] = &[Oidc, Fapi1Advanced, Brazil, Cdr, Atproto];
}
