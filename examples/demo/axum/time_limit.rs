//! A connection that may keep the server waiting only so long. One rule covers slow handshakes, slow headers, slow bodies, idle
//! connections, and readers that stop reading, and it takes no timer for each request.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

pub(crate) struct TimeLimitedStream {
    stream: TcpStream,
    limit: Duration,
    /// Starts anew with every byte that the server could send, and with the first that it gets after that.
    timer: Pin<Box<Sleep>>,
    /// Whether the server was the last to send something. A request that ends an idle time has a whole limit to itself.
    has_answered: bool,
}

impl TimeLimitedStream {
    pub(crate) fn new(stream: TcpStream, limit: Duration) -> Self {
        Self { stream, limit, timer: Box::pin(sleep(limit)), has_answered: false }
    }

    fn restart(&mut self) {
        if let Some(deadline) = Instant::now().checked_add(self.limit) {
            self.timer.as_mut().reset(deadline);
        }
    }

    /// Waits for the other side only until the timer ends.
    fn within_the_limit<T>(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_pending() && self.timer.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        outcome
    }
}

impl AsyncRead for TimeLimitedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.has_answered && buffer.filled().len() > before {
            self.has_answered = false;
            self.restart();
        }
        self.within_the_limit(context, outcome)
    }
}

impl AsyncWrite for TimeLimitedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(_)) = outcome {
            self.has_answered = true;
            self.restart();
        }
        self.within_the_limit(context, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
