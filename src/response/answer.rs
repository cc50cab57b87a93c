//! Which client gets an authorization response, where, and in which response mode.

use std::sync::Arc;

use crate::{
    client::Client,
    protocol::{redirect_uri::RedirectUri, response_type::ResponseMode},
};

/// Where and how to answer a client through the browser. Its `redirect_uri` was found good.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) mode: ResponseMode,
    pub(crate) state: Option<Box<str>>,
    pub(crate) client: Arc<Client>,
}
