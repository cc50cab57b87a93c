//! Randomness, injected: handles are drawn from the system's generator, and a failure of it is an error, never a fallback.

use std::{error::Error, sync::Arc};

use rand::{TryRng as _, rngs::SysRng};

/// A source of unpredictable bytes.
pub trait RandomSource: Send + Sync + 'static {
    /// Fills `bytes` completely.
    ///
    /// # Errors
    ///
    /// When the generator fails. Nothing may be made of `bytes` then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The random source could not deliver.
#[derive(Debug, thiserror::Error)]
#[error("the random source failed")]
pub struct RandomError(#[source] pub Box<dyn Error + Send + Sync>);

/// The generator of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl RandomSource for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        SysRng.try_fill_bytes(bytes).map_err(|error| RandomError(Box::new(error)))
    }
}

impl<T: RandomSource + ?Sized> RandomSource for Arc<T> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        (**self).fill(bytes)
    }
}
