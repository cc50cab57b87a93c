//! The registry in memory, while its clients are replaced.

use std::{sync::mpsc, thread, time::Duration};

use parjar::{Client, ClientRegistry, InMemoryRegistry, SecretVerifier, VerifierError};
use serde_json::json;

use crate::support::{basic, client};

/// Part of a client. When the client is freed, another thread looks one up.
struct LooksUpWhenFreed {
    registry: InMemoryRegistry,
    found: mpsc::Sender<bool>,
}

impl SecretVerifier for LooksUpWhenFreed {
    async fn verify(&self, _: &str, _: &[u8]) -> Result<bool, VerifierError> {
        Ok(false)
    }
}

impl Drop for LooksUpWhenFreed {
    fn drop(&mut self) {
        let registry = self.registry.clone();
        let (answer, answered) = mpsc::channel();
        thread::spawn(move || answer.send(pollster::block_on(registry.client("new")).unwrap().is_some()));
        // The limit is for a look-up that waits for this very thread, which would be for ever.
        self.found.send(answered.recv_timeout(Duration::from_secs(20)) == Ok(true)).unwrap();
    }
}

#[test]
fn look_ups_go_on_while_replaced_clients_are_freed() {
    let registry = InMemoryRegistry::default();
    let (found, finds) = mpsc::channel();
    let verifier = LooksUpWhenFreed { registry: registry.clone(), found };
    let registration = json!({ "client_id": "old", "redirect_uris": ["https://app.example.com/cb"] });
    let old = Client::with_secret_verifier(serde_json::from_value(registration).unwrap(), verifier).unwrap();
    registry.replace([old]).unwrap();
    registry.replace([client(basic("new"))]).unwrap();
    assert_eq!(finds.try_recv(), Ok(true));
}
