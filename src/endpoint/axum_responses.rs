//! The outcomes of an endpoint as responses of axum.

use super::{AuthorizeRefusal, Pushed};
use crate::{dpop::ResourceRefusal, http::into_response, response::AuthorizationResponse};

into_response!(Pushed, AuthorizeRefusal, AuthorizationResponse, ResourceRefusal);
