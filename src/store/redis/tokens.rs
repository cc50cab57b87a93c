//! Tokens, by which the server tells a call that comes twice from two calls.

use std::sync::atomic::{AtomicU64, Ordering};

use super::script_error::ScriptError;
use crate::random::{RandomSource as _, SystemRandom};

/// 16 bytes that no two calls share.
pub(super) type Token = [u8; 16];

/// Tells calls apart: half random per store, half counted.
pub(super) struct Tokens {
    store: [u8; 8],
    next: AtomicU64,
}

impl Tokens {
    pub(super) fn new() -> Result<Self, ScriptError> {
        let mut store = [0; 8];
        SystemRandom.fill(&mut store).map_err(|_| ScriptError::Random)?;
        Ok(Self { store, next: AtomicU64::new(0) })
    }

    pub(super) fn draw(&self) -> Token {
        let mut token = [0; 16];
        let (store, call) = token.split_at_mut(8);
        store.copy_from_slice(&self.store);
        call.copy_from_slice(&self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        token
    }
}
