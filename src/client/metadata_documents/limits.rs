//! How often metadata documents are fetched, and how long they are believed.

use std::time::Duration;

use crate::client::fetched_values::Lifetimes;

/// How often metadata documents are fetched, how long they are believed, and how many of them are kept.
///
/// Any sender can name a URL to the server, so that these limits keep it from being the weapon against another server, and strangers
/// from driving out the clients that are in use. A client whose document is known already is not held to the limits of all hosts, and
/// strangers who name other URLs of its host take nothing from it.
///
/// ```
/// use std::time::Duration;
/// use parjar::MetadataDocumentLimits;
///
/// let mut limits = MetadataDocumentLimits::default();
/// limits.max_lifetime = Duration::from_secs(3600);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetadataDocumentLimits {
    /// How long a document is used whose response does not say. Default 10 minutes.
    pub lifetime: Duration,
    /// How long a document is used at least, whatever its response says: a login takes some requests. Default 60 seconds.
    pub min_lifetime: Duration,
    /// How long a document is used at most before it is fetched again. Default 24 hours; at most 7 days. **What its owner takes out, a
    /// redirect URI or a key, is good until then.**
    pub max_lifetime: Duration,
    /// How long nothing is fetched from the same URL after a fetch, whether it has failed or not. So this is how long a failure counts,
    /// and no longer. 1 second to a minute; default 10 seconds.
    pub cooldown: Duration,
    /// How long a document whose lifetime is over goes on to be used while its host cannot be reached or fails. At most a day;
    /// default 1 hour. It ends at once when the host says 404 or 410, or has a document that cannot be used.
    pub stale_if_error: Duration,
    /// The most bytes of a document. Default 16 KiB. The draft recommends 5 KB, which some that are published exceed.
    pub document_bytes: usize,
    /// Documents that are kept at once. Default 5000. Those that have not been used for long go first. As many URLs again that have
    /// given none are remembered, and cannot drive a document out.
    pub documents: usize,
    /// How long a fetch may take, if the source does not give up by itself. Default 10 seconds.
    pub time_limit: Duration,
    /// Fetches that run at the same time for clients that are not known yet. Default 64.
    pub fetches_at_once: usize,
    /// Fetches that run at the same time from one host for clients that are not known yet, and as many again for those that are. Default 4.
    pub fetches_at_once_per_host: usize,
    /// Fetches for clients that are not known yet, of all hosts together. Default 600.
    pub fetches_per_minute: u32,
    /// Fetches from one host for clients that are not known yet, and as many again for those that are. Default 30.
    pub fetches_per_minute_per_host: u32,
}

impl Default for MetadataDocumentLimits {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(10 * 60),
            min_lifetime: Duration::from_secs(60),
            max_lifetime: Duration::from_secs(24 * 60 * 60),
            cooldown: Duration::from_secs(10),
            stale_if_error: Duration::from_secs(60 * 60),
            document_bytes: 16 * 1024,
            documents: 5000,
            time_limit: Duration::from_secs(10),
            fetches_at_once: 64,
            fetches_at_once_per_host: 4,
            fetches_per_minute: 600,
            fetches_per_minute_per_host: 30,
        }
    }
}

impl MetadataDocumentLimits {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        if !(Duration::from_secs(1)..=Duration::from_secs(60)).contains(&self.cooldown) {
            return Err("cooldown: must be 1 to 60 seconds");
        }
        if self.min_lifetime < self.cooldown || self.min_lifetime > self.max_lifetime {
            return Err("min_lifetime: must be the cooldown or more, and no more than max_lifetime");
        }
        if self.max_lifetime > DAY.saturating_mul(7) {
            return Err("max_lifetime: must be 7 days or less");
        }
        if self.stale_if_error > DAY {
            return Err("stale_if_error: must be a day or less");
        }
        if self.time_limit.is_zero() || self.time_limit > Duration::from_secs(60) {
            return Err("time_limit: must be above 0, and 60 seconds or less");
        }
        let numbers = [
            (self.document_bytes, "document_bytes: must not be 0"),
            (self.documents, "documents: must not be 0"),
            (self.fetches_at_once, "fetches_at_once: must not be 0"),
            (self.fetches_at_once_per_host, "fetches_at_once_per_host: must not be 0"),
            (usize::from(self.fetches_per_minute > 0), "fetches_per_minute: must not be 0"),
            (usize::from(self.fetches_per_minute_per_host > 0), "fetches_per_minute_per_host: must not be 0"),
        ];
        numbers.iter().find(|(number, _)| *number == 0).map_or(Ok(()), |(_, problem)| Err(problem))
    }

    pub(super) fn lifetimes(&self) -> Lifetimes {
        Lifetimes {
            unsaid: self.lifetime,
            least: self.min_lifetime,
            most: self.max_lifetime,
            cooldown: self.cooldown,
            stale_if_error: self.stale_if_error,
        }
    }
}
