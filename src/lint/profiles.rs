//! Profiles in groups, as rules name them.

use crate::policy::Profile::{
    self, Atproto, Brazil, Cdr, Fapi1Advanced, Fapi2MessageSigning, Fapi2SecurityProfile, Haip, Oauth, Oidc,
};

pub(crate) const ALL: &[Profile] = Profile::ALL;
pub(crate) const NOT_ATPROTO: &[Profile] =
    &[Oauth, Oidc, Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip];
/// FAPI 1.0 Advanced and what is built on it.
pub(crate) const FAPI1: &[Profile] = &[Fapi1Advanced, Brazil, Cdr];
/// FAPI 2.0 and what is built on it.
pub(crate) const FAPI2: &[Profile] = &[Fapi2SecurityProfile, Fapi2MessageSigning, Haip];
pub(crate) const FAPI: &[Profile] = &[Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip];
pub(crate) const FAPI_AND_ATPROTO: &[Profile] =
    &[Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto];
/// Profiles in which all requests are pushed, for a code and nothing else.
pub(crate) const PUSHED: &[Profile] = &[Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto, Cdr];
/// Profiles in which all requests are signed.
pub(crate) const SIGNED: &[Profile] = &[Fapi1Advanced, Brazil, Cdr, Fapi2MessageSigning];
/// Profiles in which the audience of an assertion is the issuer and nothing else.
pub(crate) const STRICT_AUDIENCE: &[Profile] = &[Oauth, Oidc, Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto];
/// Profiles in which each redirect URI is registered.
pub(crate) const REGISTERED_URIS: &[Profile] = &[Oidc, Fapi1Advanced, Brazil, Cdr, Atproto];
