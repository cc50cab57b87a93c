//! The marks of a call, as statements take them.

use super::parameter::{Bytes, digest, whole_milliseconds};
use crate::store::{ReplayMark, StoreRefusal};

/// Marks in the order of their keys, which all calls lock them in: two that lock them crosswise would wait for each
/// other.
pub(super) struct Marks<'a> {
    pub(super) keys: Vec<Bytes<'a>>,
    pub(super) lifetimes: Vec<i64>,
}

impl<'a> Marks<'a> {
    pub(super) fn new(marks: &'a [ReplayMark]) -> Result<Self, StoreRefusal> {
        let mut sorted: Vec<&ReplayMark> = marks.iter().collect();
        sorted.sort_unstable_by_key(|mark| mark.key);
        let repeated = sorted.iter().zip(sorted.iter().skip(1)).find(|(mark, next)| mark.key == next.key);
        if let Some((mark, _)) = repeated {
            return Err(StoreRefusal::Replayed { mark: mark.key });
        }
        Ok(Self {
            keys: sorted.iter().map(|mark| digest(&mark.key)).collect(),
            lifetimes: sorted.iter().map(|mark| whole_milliseconds(mark.lifetime)).collect(),
        })
    }
}
