//! Client authentication, the same at the PAR endpoint and at the token endpoint (RFC 9126 section 2). Pure: the endpoint looks up
//! clients and keys between the steps.
//!
//! 1. The request is [`Presented`]: it names one client and shows one kind of credentials.
//! 2. The credentials are [`Checked`] by all that does not depend on the client.
//! 3. They are [`Matched`] with what the client has registered.
//! 4. They are verified. The proof names the client, and makes it [`Vouched`] for.
//! 5. With the DPoP proof of the request, if there is one, that client is an [`AuthenticatedClient`].
//!
//! A refusal by the third or the fourth step does the work of the fourth in any case ([`decoy`]).

mod assertion;
mod attestation;
pub mod attesters;
mod authenticated;
mod authenticated_request;
mod basic;
mod certificate;
mod decoy;
mod matched;
mod presented;
mod secret;

pub(crate) use self::{
    assertion::{Audiences, CheckedAssertion, VerifiedAssertion},
    attestation::{CheckedAttestation, VerifiedAttestation},
    authenticated::{SingleUse, Vouched},
    matched::Matched,
    presented::{Checked, Presented},
};
pub use self::{authenticated::AuthenticatedClient, authenticated_request::AuthenticatedRequest};
