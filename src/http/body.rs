//! Bodies that arrive piece by piece, read up to a limit.

use std::{future::poll_fn, pin::pin};

use bytes::Buf;
use http_body::Body;
use zeroize::Zeroizing;

/// The body has ended with an error.
pub(crate) struct BrokeOff;

/// Reads a body to its end, or to one byte above the limit: as much as shows that it is too large. What is read may have secrets in it,
/// and is wiped when it is dropped.
pub(crate) async fn read<B: Body>(body: B, limit: usize) -> Result<Zeroizing<Vec<u8>>, BrokeOff> {
    let mut body = pin!(body);
    let enough = limit.saturating_add(1);
    // As many as it announces, so that the bytes are not moved while they are read.
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut bytes = Zeroizing::new(Vec::with_capacity(announced.min(enough)));
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        // Trailers count for nothing.
        let Ok(mut data) = frame.map_err(|_| BrokeOff)?.into_data() else { continue };
        while data.has_remaining() {
            let chunk = data.chunk();
            let room = enough.saturating_sub(bytes.len());
            let taken = chunk.get(..room).unwrap_or(chunk);
            bytes.extend_from_slice(taken);
            let taken = taken.len();
            data.advance(taken);
            if bytes.len() >= enough {
                return Ok(bytes);
            }
        }
    }
    Ok(bytes)
}
