//! Findings: settings and registrations that are dangerous, or that do not conform to a profile.

mod misspelled;
mod of_clients;
mod of_policy;
pub(crate) mod profiles;

use std::{borrow::Cow, fmt};

use crate::{
    client::Client,
    policy::{Policy, Profile},
};

/// A finding of [`Policy::lint`]. `Display` says all of it in one line, and shows no value but a `client_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    severity: Severity,
    label: &'static str,
    about: About,
    member: &'static str,
    requirement: Cow<'static, str>,
}

/// The part that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum About {
    Policy,
    Client(Box<str>),
    Endpoint,
}

/// The weight of a [`Finding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// A setting without effect, or one that falls short of a recommendation.
    Note,
    /// A setting that the profile forbids.
    DoesNotConform,
    /// A setting that helps attackers, whatever the profile.
    Dangerous,
}

impl Severity {
    /// Returns the weight in words.
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
    /// A finding about an endpoint.
    pub(crate) fn of_endpoint(
        severity: Severity,
        label: &'static str,
        member: &'static str,
        requirement: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { severity, label, about: About::Endpoint, member, requirement: requirement.into() }
    }

    /// A finding about the registration of a client.
    pub(crate) fn of_client(
        client: &Client,
        severity: Severity,
        label: &'static str,
        member: &'static str,
        requirement: impl Into<Cow<'static, str>>,
    ) -> Self {
        let about = About::Client(client.client_id().into());
        Self { severity, label, about, member, requirement: requirement.into() }
    }

    /// Returns the weight.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Returns a stable `snake_case` label, to count by or to accept.
    #[must_use]
    pub fn label(&self) -> &'static str {
        self.label
    }

    /// Returns the client whose registration it is about. `None` when it is about the policy or the endpoint.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        match &self.about {
            About::Client(client_id) => Some(client_id),
            About::Policy | About::Endpoint => None,
        }
    }

    /// Returns the member of the policy or of the registration, or the setting of the endpoint.
    #[must_use]
    pub fn member(&self) -> &'static str {
        self.member
    }

    /// Returns the requirement, with the section that states it.
    #[must_use]
    pub fn requirement(&self) -> &str {
        &self.requirement
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.severity)?;
        match &self.about {
            About::Client(client_id) => write!(f, "client {client_id}, {}", self.member)?,
            About::Policy => write!(f, "policy.{}", self.member)?,
            About::Endpoint => write!(f, "endpoint, {}", self.member)?,
        }
        write!(f, ": {} ({})", self.requirement, self.label)
    }
}

/// A rule: for these profiles, a subject must not break it.
pub(crate) struct LintRule<Subject> {
    pub(crate) severity: Severity,
    pub(crate) label: &'static str,
    pub(crate) member: &'static str,
    pub(crate) profiles: &'static [Profile],
    pub(crate) broken: fn(&Subject) -> bool,
    pub(crate) requirement: &'static str,
}

impl<Subject> LintRule<Subject> {
    fn of_policy(&self, profile: Profile, subject: &Subject) -> Option<Finding> {
        self.finding(profile, subject, || About::Policy)
    }

    pub(crate) fn of_endpoint(&self, profile: Profile, subject: &Subject) -> Option<Finding> {
        self.finding(profile, subject, || About::Endpoint)
    }

    pub(crate) fn of_client(&self, profile: Profile, subject: &Subject, client: &Client) -> Option<Finding> {
        self.finding(profile, subject, || About::Client(client.client_id().into()))
    }

    fn finding(&self, profile: Profile, subject: &Subject, about: impl FnOnce() -> About) -> Option<Finding> {
        (self.profiles.contains(&profile) && (self.broken)(subject)).then(|| Finding {
            severity: self.severity,
            label: self.label,
            about: about(),
            member: self.member,
            requirement: self.requirement.into(),
        })
    }
}

impl Policy {
    /// Returns the settings of this policy, and of the registrations of these clients, that are dangerous or that do
    /// not conform to a profile.
    ///
    /// It changes nothing and forbids nothing. It cannot see the parts of the host: the lifetime of codes, the binding
    /// of tokens, and the algorithms of a [`ResponseSigner`](crate::ResponseSigner).
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
