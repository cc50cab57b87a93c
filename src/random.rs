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
#[derive(Clone, Debug, thiserror::Error)]
#[error("the random source failed")]
pub struct RandomError(#[source] Arc<dyn Error + Send + Sync>);

impl RandomError {
    /// With what the source of it says, be it an error or a text. It is for the host's logs and never told to a client.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(source.into()))
    }

    pub(crate) fn into_source(self) -> Arc<dyn Error + Send + Sync> {
        self.0
    }
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
