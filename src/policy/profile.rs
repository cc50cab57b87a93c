//! The profiles that have a preset, and the bounds that come with them.

use std::{fmt, ops::RangeInclusive};

use serde::{Deserialize, Serialize};

use super::Policy;

/// A profile of OAuth or OpenID Connect. Each has a preset of [`Policy`], and [`Policy::lint`] tells what a policy lacks for it.
///
/// ```
/// use parjar::{Policy, Profile};
///
/// assert_eq!(Profile::parse("fapi2_security_profile"), Some(Profile::Fapi2SecurityProfile));
/// assert_eq!(Policy::from(Profile::Haip), Policy::haip());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Profile {
    /// `oauth`: RFC 6749 with the current best practice (RFC 9700).
    Oauth,
    /// `oidc`: OpenID Connect Core.
    Oidc,
    /// `fapi1_advanced`: FAPI 1.0 Advanced, with pushed requests.
    Fapi1Advanced,
    /// `fapi2_security_profile`: FAPI 2.0 Security Profile.
    Fapi2SecurityProfile,
    /// `fapi2_message_signing`: FAPI 2.0 Message Signing.
    Fapi2MessageSigning,
    /// `haip`: OpenID4VC High Assurance Interoperability Profile.
    Haip,
    /// `atproto`: the OAuth profile of the AT Protocol.
    Atproto,
    /// `brazil`: Open Finance Brasil.
    Brazil,
    /// `cdr`: the Australian Consumer Data Right.
    Cdr,
}

impl Profile {
    /// All profiles.
    pub const ALL: &'static [Self] = &[
        Self::Oauth,
        Self::Oidc,
        Self::Fapi1Advanced,
        Self::Fapi2SecurityProfile,
        Self::Fapi2MessageSigning,
        Self::Haip,
        Self::Atproto,
        Self::Brazil,
        Self::Cdr,
    ];

    /// Returns the profile of this name, which is that of its preset.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|profile| profile.as_str() == text)
    }

    /// Returns the name of its preset.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oauth => "oauth",
            Self::Oidc => "oidc",
            Self::Fapi1Advanced => "fapi1_advanced",
            Self::Fapi2SecurityProfile => "fapi2_security_profile",
            Self::Fapi2MessageSigning => "fapi2_message_signing",
            Self::Haip => "haip",
            Self::Atproto => "atproto",
            Self::Brazil => "brazil",
            Self::Cdr => "cdr",
        }
    }

    /// Returns the seconds that a pushed request may wait to be opened, and the same in words.
    pub(crate) const fn request_uri_lifetimes(self) -> (RangeInclusive<u32>, &'static str) {
        match self {
            Self::Oauth | Self::Oidc | Self::Fapi1Advanced | Self::Atproto => (1..=600, "must be 1 to 600 seconds"),
            Self::Fapi2SecurityProfile | Self::Fapi2MessageSigning | Self::Haip => {
                (1..=599, "must be 1 to 599 seconds (FAPI 2.0 Security Profile section 5.3.2.2)")
            }
            Self::Brazil => (60..=600, "must be 60 to 600 seconds (Open Finance Brasil security profile)"),
            Self::Cdr => (10..=90, "must be 10 to 90 seconds (Consumer Data Standards, security profile)"),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Profile> for Policy {
    /// The preset of the profile.
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Oauth => Self::oauth(),
            Profile::Oidc => Self::oidc(),
            Profile::Fapi1Advanced => Self::fapi1_advanced(),
            Profile::Fapi2SecurityProfile => Self::fapi2_security_profile(),
            Profile::Fapi2MessageSigning => Self::fapi2_message_signing(),
            Profile::Haip => Self::haip(),
            Profile::Atproto => Self::atproto(),
            Profile::Brazil => Self::brazil(),
            Profile::Cdr => Self::cdr(),
        }
    }
}
