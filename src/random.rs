//! Randomness, injected. Handles are drawn from the generator of the system; its failure is an error, and there is no
//! other generator to fall back to.

use std::sync::Arc;

use rand::{TryRng as _, rngs::SysRng};

use crate::cause::opaque_error;

/// A source of unpredictable bytes.
pub trait RandomSource: Send + Sync + 'static {
    /// Fills `bytes` completely.
    ///
    /// # Errors
    ///
    /// When the generator fails. The caller must not use `bytes` then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

opaque_error! {
    /// The random source could not deliver.
    RandomError, "the random source failed"
}

/// The generator of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl RandomSource for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        SysRng.try_fill_bytes(bytes).map_err(RandomError::new)
    }
}

impl<T: RandomSource + ?Sized> RandomSource for Arc<T> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        (**self).fill(bytes)
    }
}
