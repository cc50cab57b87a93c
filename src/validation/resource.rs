//! `resource` (RFC 8707 section 2): absolute URIs without a fragment.

use url::Url;

use crate::{
    error::{Reason, Refusal},
    policy::Limits,
    protocol::{
        parameters::{Name, Parameters},
        redirect_uri,
    },
};

pub(super) fn check(parameters: &Parameters, limits: &Limits) -> Result<(), Refusal> {
    for (index, resource) in parameters.known_all(Name::Resource).enumerate() {
        let written_as_uri = redirect_uri::check_characters(resource).is_ok() && !resource.contains('#');
        if index >= limits.resources {
            return Err(Reason::TooManyResources.into());
        }
        if !written_as_uri || redirect_uri::has_long_authority(resource) || Url::parse(resource).is_err() {
            return Err(Reason::MalformedResource.into());
        }
    }
    Ok(())
}
