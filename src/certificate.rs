//! X.509 certificates (RFC 5280), as far as they say who their owner is and which key is theirs. Chains, signatures and dates are
//! the business of the TLS stack.

mod attribute;
pub(crate) mod client_certificate;
mod directory_name;
mod directory_string;
mod document;
pub(crate) mod forwarded_certificate;
mod subject;

pub(crate) use self::{
    document::{Certificate, MAX_CERTIFICATE},
    subject::{NameOrder, Subject},
};
