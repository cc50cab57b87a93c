//! Where documents come from: the source of the host, within its limits.

use std::{sync::Arc, time::Duration};

use super::{ClientUrl, MetadataDocumentError, budget::Budget, document::DocumentRules};
use crate::{
    client::{
        Client,
        fetched_values::{Fetch, Origin, Timed},
    },
    fetch::{DynDocumentSource, FetchError},
};

/// Fetches documents and reads clients from them.
pub(super) struct DocumentOrigin {
    pub(super) source: Arc<dyn DynDocumentSource>,
    pub(super) budget: Budget,
    pub(super) rules: DocumentRules,
    pub(super) time_limit: Duration,
}

impl Origin for DocumentOrigin {
    type Value = Client;
    type Error = MetadataDocumentError;

    /// The fetch runs in a task of its own. It ends by itself when all who waited for it have gone, so that they leave neither
    /// a connection nor a place in the budget behind.
    fn fetch(self: &Arc<Self>, url: &str, is_known: bool) -> Fetch<Client, MetadataDocumentError> {
        let Some(url) = ClientUrl::parse(url) else { return failed(MetadataDocumentError::Interrupted) };
        let Some(permit) = self.budget.permit(url.host(), is_known) else {
            return failed(MetadataDocumentError::TooManyFetches);
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return failed(MetadataDocumentError::Interrupted);
        };
        let origin = Arc::clone(self);
        let task = runtime.spawn(async move {
            let _permit = permit;
            origin.fetch_client(&url).await
        });
        Box::pin(async move { task.await.unwrap_or(Err(MetadataDocumentError::Interrupted)) })
    }

    fn interrupted() -> MetadataDocumentError {
        MetadataDocumentError::Interrupted
    }

    fn ends_use(error: &MetadataDocumentError) -> bool {
        error.ends_use()
    }
}

impl DocumentOrigin {
    async fn fetch_client(&self, url: &ClientUrl) -> Result<Timed<Client>, MetadataDocumentError> {
        let fetched = tokio::time::timeout(self.time_limit, self.source.fetch_boxed(url.as_str())).await;
        let document = fetched
            .unwrap_or(Err(FetchError::TimeLimit))
            .map_err(|error| MetadataDocumentError::Fetch(Arc::new(error)))?;
        let client = self.rules.client(url, document.body())?;
        Ok((client, document.max_age()))
    }
}

fn failed<V>(error: MetadataDocumentError) -> Fetch<V, MetadataDocumentError>
where
    V: Send + 'static,
{
    Box::pin(std::future::ready(Err(error)))
}
