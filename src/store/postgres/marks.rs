//! The marks of a call, as statements take them.

use super::parameter::{Parameter, whole_milliseconds};
use crate::store::{ReplayMark, StoreRefusal};

/// Marks in the order of their keys, which all calls lock them in: two that lock them crosswise would wait for each
/// other.
pub(super) struct Marks<'a> {
    keys: Vec<&'a [u8]>,
    lifetimes: Vec<i64>,
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
            keys: sorted.iter().map(|mark| &mark.key.as_bytes()[..]).collect(),
            lifetimes: sorted.iter().map(|mark| whole_milliseconds(mark.lifetime)).collect(),
        })
    }

    /// Their keys, and their lifetimes.
    pub(super) fn parameters(&self) -> [Parameter<'_>; 2] {
        [Parameter::ManyBytes(&self.keys), Parameter::Numbers(&self.lifetimes)]
    }
}
