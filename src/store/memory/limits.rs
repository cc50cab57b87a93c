//! Bounds of a store in memory.

/// Bounds of a [`MemoryStore`](crate::store::MemoryStore). What would go beyond them is refused, or in the case of
/// marks of [hygiene](crate::store::MarkPurpose::Hygiene) left out; nothing that lives is evicted.
///
/// A mark takes about 150 bytes where many end in the same second, and up to 250 where few do. A setting that remembers
/// each pushed code challenge for a day ([`Policy::code_challenge_memory`](crate::Policy::code_challenge_memory)) thus
/// costs 86 400 marks and up to 22 MB for each push a second.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryLimits {
    /// Requests that wait or are open, and as many again that are spent and remembered, at some 150 bytes each. Default
    /// 1 000 000.
    pub requests: usize,
    /// Bytes of the payloads of requests that wait or are open, and of their bookkeeping, as an estimate. Default 1
    /// GiB. Notes of the host on open requests ([`annotate`](crate::ParEndpoint::annotate)) come on top.
    pub bytes: usize,
    /// Requests of one client. Default a tenth of all.
    pub requests_per_client: usize,
    /// Bytes of one client. Default a tenth of all.
    pub bytes_per_client: usize,
    /// [Marks](crate::store::ReplayMark) of credentials, proofs and request objects. Default 1 000 000.
    pub marks: usize,
    /// Marks of credentials, proofs and request objects of one client, or of one key that makes DPoP proofs at
    /// resources. Default a tenth of all.
    pub marks_per_client: usize,
    /// Marks of hygiene. Default 1 000 000.
    pub hygiene_marks: usize,
    /// Marks of hygiene of one client. Default a tenth of all.
    pub hygiene_marks_per_client: usize,
    /// The part of each bound that [unauthenticated](crate::store::Owner::is_authenticated) clients can have together,
    /// in percent. The rest is there for authenticated clients, however many public ones there are. Default 50.
    pub unauthenticated_percent: u8,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        let (requests, bytes, marks, hygiene_marks) = (1_000_000, 1 << 30, 1_000_000, 1_000_000);
        Self {
            requests,
            bytes,
            requests_per_client: requests / 10,
            bytes_per_client: bytes / 10,
            marks,
            marks_per_client: marks / 10,
            hygiene_marks,
            hygiene_marks_per_client: hygiene_marks / 10,
            unauthenticated_percent: 50,
        }
    }
}
