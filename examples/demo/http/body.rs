//! Bodies, as any framework brings them: piece by piece, from clients that may send too much.

use std::{
    future::poll_fn,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::timeout;

use super::message::Answer;

/// How long a client may take to send a body. A body that is there with its head starts no timer.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// How many bytes of a body above the limit are read before the connection is closed.
const MAX_DROPPED: usize = 8 * 1024 * 1024;

/// Reads a body to its end, and keeps one byte above the limit: the library refuses it then. Some of the rest is read and
/// dropped, since a client that is still sending when the connection closes never sees the refusal.
pub(crate) async fn read<D: AsRef<[u8]>, E>(
    limit: usize,
    poll: impl FnMut(&mut Context<'_>) -> Poll<Option<Result<D, E>>>,
) -> Result<Vec<u8>, Answer> {
    let too_slow = |_| Err(Answer::new(408, "text/plain; charset=utf-8", "the body took too long\n"));
    timeout(TIME_LIMIT, read_all(limit, poll)).await.unwrap_or_else(too_slow)
}

async fn read_all<D: AsRef<[u8]>, E>(
    limit: usize,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<Option<Result<D, E>>>,
) -> Result<Vec<u8>, Answer> {
    let mut bytes = Vec::new();
    let mut dropped = 0usize;
    while let Some(piece) = poll_fn(&mut poll).await {
        let broke_off = |_| Answer::new(400, "text/plain; charset=utf-8", "the body broke off\n");
        let piece = piece.map_err(broke_off)?;
        let data = piece.as_ref();
        let room = limit.saturating_add(1).saturating_sub(bytes.len());
        let kept = data.get(..room).unwrap_or(data);
        bytes.extend_from_slice(kept);
        dropped = dropped.saturating_add(data.len().saturating_sub(kept.len()));
        if dropped > MAX_DROPPED {
            break;
        }
    }
    Ok(bytes)
}
