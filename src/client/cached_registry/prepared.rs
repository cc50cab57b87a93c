//! Registrations made into clients, anew only when they have changed.

use std::{io, sync::Arc};

use sha2::{Digest as _, Sha256};

use crate::client::{Client, ClientRegistration, RegistrationError, RegistryError};

/// A client, and what its registration was.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) client: Arc<Client>,
    /// `None` if the registration could not be written out, and counts as changed.
    digest: Option<[u8; 32]>,
}

/// Makes clients of registrations: checks them, and prepares their keys.
pub(super) type Prepare = dyn Fn(ClientRegistration) -> Result<Client, RegistrationError> + Send + Sync;

impl Prepared {
    /// Makes a client of a registration, or takes the `earlier` one if that was made of the same.
    pub(super) fn of(
        registration: ClientRegistration,
        earlier: Option<&Self>,
        prepare: &Prepare,
    ) -> Result<Self, RegistryError> {
        let digest = digest(&registration);
        match earlier.filter(|earlier| digest.is_some() && earlier.digest == digest) {
            Some(same) => Ok(same.clone()),
            None => {
                let client = prepare(registration).map_err(RegistryError::unusable_client)?;
                Ok(Self { client: Arc::new(client), digest })
            }
        }
    }
}

/// A digest in the place of the registration, so that secrets do not stay in memory in clear.
fn digest(registration: &ClientRegistration) -> Option<[u8; 32]> {
    let mut hash = Hashing(Sha256::new());
    serde_json::to_writer(&mut hash, registration).ok()?;
    for member in &registration.emptied {
        hash.0.update([0]);
        hash.0.update(member);
    }
    Some(hash.0.finalize().into())
}

/// Takes bytes without keeping them.
struct Hashing(Sha256);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
