//! The answer of a service, when it comes.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use ::http::Response;

use super::Reply;

/// The answer of a [`PushService`](crate::PushService) or a [`MetadataService`](crate::MetadataService), when it comes. It never is an error.
pub struct ReplyFuture(Pin<Box<dyn Future<Output = Reply> + Send>>);

impl ReplyFuture {
    pub(crate) fn new(reply: impl Future<Output = Reply> + Send + 'static) -> Self {
        Self(Box::pin(reply))
    }
}

impl Future for ReplyFuture {
    type Output = Result<Response<String>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context).map(|reply| Ok(reply.into()))
    }
}

impl fmt::Debug for ReplyFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyFuture(..)")
    }
}
