//! To which key the authorization is bound (RFC 9449 section 10): that of the proof that came with the push, or the one that
//! `dpop_jkt` names. Where there are both, they are the same.

use crate::{
    error::{Reason, Refusal},
    jose::TokenFault,
    policy::Policy,
    protocol::{
        confirmation::{Confirmation, Thumbprint},
        parameters::{Name, Parameters},
    },
};

pub(super) fn check(parameters: &Parameters, proved: Confirmation, policy: &Policy) -> Result<Confirmation, Refusal> {
    let named = match parameters.known(Name::DpopJkt) {
        None => None,
        Some(text) => Some(Thumbprint::parse(text).ok_or(Reason::MalformedDpopJkt)?),
    };
    match (proved.jkt, named) {
        (Some(proved), Some(named)) if proved != named => Err(Reason::DpopProof(TokenFault::OtherKey).into()),
        (None, None) if policy.require_dpop => Err(Reason::MissingDpopProof.into()),
        (jkt, named) => Ok(Confirmation { jkt: jkt.or(named), ..proved }),
    }
}
