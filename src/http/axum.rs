//! Replies as responses of axum.

use axum_core::response::{IntoResponse, Response};

use super::Reply;
use crate::error::{Refusal, TokenError};

/// Makes responses of what a [`Reply`] can be made of, so that a handler of axum returns the outcome as it is.
macro_rules! into_response {
    ($($outcome:ty),+) => {$(
        impl axum_core::response::IntoResponse for $outcome {
            fn into_response(self) -> axum_core::response::Response {
                axum_core::response::IntoResponse::into_response($crate::http::Reply::from(self))
            }
        }
    )+};
}

pub(crate) use into_response;

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        Response::from(self)
    }
}

into_response!(Refusal, TokenError);
