//! The words of the protocol: parameters and the values they carry, without policy, clients or HTTP.

pub(crate) mod authentication_key;
pub(crate) mod authentication_method;
pub(crate) mod code_challenge;
pub(crate) mod confirmation;
pub(crate) mod form_error;
pub(crate) mod host_endpoint;
pub(crate) mod parameters;
pub(crate) mod protection;
pub(crate) mod redirect_uri;
pub(crate) mod request_uri;
pub(crate) mod response_type;
pub(crate) mod scope;
