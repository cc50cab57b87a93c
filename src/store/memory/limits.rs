/// Bounds of a [`MemoryStore`](crate::store::MemoryStore). What would go beyond them is refused; nothing that lives is evicted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryLimits {
    /// Requests that wait or are open, and as many again that are spent and remembered, at some 150 bytes each. Default
    /// 1 000 000.
    pub requests: usize,
    /// Bytes of the payloads of requests that wait or are open, and of their bookkeeping, as an estimate. Default 1 GiB.
    pub bytes: usize,
    /// Requests of one client. Default a tenth of all.
    pub requests_per_client: usize,
    /// Bytes of one client. Default a tenth of all.
    pub bytes_per_client: usize,
    /// [Marks](crate::store::ReplayMark) that are remembered, at some 150 bytes each. Default 1 000 000.
    pub marks: usize,
    /// Marks of one client. Default a tenth of all.
    pub marks_per_client: usize,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        let (requests, bytes, marks) = (1_000_000, 1 << 30, 1_000_000);
        Self {
            requests,
            bytes,
            requests_per_client: requests / 10,
            bytes_per_client: bytes / 10,
            marks,
            marks_per_client: marks / 10,
        }
    }
}
