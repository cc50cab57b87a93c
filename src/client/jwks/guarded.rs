//! The ready source of key sets.

use super::source::{FetchedJwks, JwksError, JwksSource};
use crate::fetch::GuardedFetcher;

impl JwksSource for GuardedFetcher {
    async fn fetch(&self, jwks_uri: &str) -> Result<FetchedJwks, JwksError> {
        let fetched = self.get_to_the_end(jwks_uri, "application/jwk-set+json, application/json").await;
        let document = fetched.map_err(JwksError::new)?;
        let max_age = document.max_age();
        let jwks = FetchedJwks::new(document.into_body());
        Ok(match max_age {
            Some(max_age) => jwks.with_max_age(max_age),
            None => jwks,
        })
    }
}
