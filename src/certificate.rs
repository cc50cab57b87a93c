//! X.509 certificates (RFC 5280): the names and the key of their owner. The TLS stack checks chains, signatures and
//! dates.

mod attribute;
pub(crate) mod client_certificate;
mod directory_name;
mod directory_string;
mod document;
pub(crate) mod forwarded_certificate;
#[cfg(feature = "tower")]
pub(crate) mod peer_certificate;
mod subject;

pub(crate) use self::{
    document::{Certificate, MAX_CERTIFICATE},
    subject::{NameOrder, Subject},
};
