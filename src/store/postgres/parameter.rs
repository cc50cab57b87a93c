//! Parameters of statements, whatever driver carries them.

use std::{fmt, time::Duration};

use crate::{clock::milliseconds, store::RecordKey};

/// A century. PostgreSQL has no dates for much longer.
const LONGEST_LIFETIME: i64 = 100 * 366 * 86_400_000;

/// A value, and with it its type.
#[derive(Clone, Copy)]
pub(super) enum Parameter<'a> {
    /// A `bytea`.
    Bytes(&'a [u8]),
    /// A `bytea` that may be null.
    MaybeBytes(Option<&'a [u8]>),
    /// A `bytea[]`.
    ManyBytes(&'a [&'a [u8]]),
    /// A `bigint`.
    Number(i64),
    /// A `bigint[]`.
    Numbers(&'a [i64]),
}

/// Not to be printed: drivers log the parameters of what they execute where their debug log is on.
impl fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parameter(..)")
    }
}

/// A digest, as a parameter of a statement.
pub(super) fn digest(key: &RecordKey) -> Parameter<'_> {
    Parameter::Bytes(key.as_bytes())
}

/// A digest that may be missing.
pub(super) fn maybe_digest(key: Option<&RecordKey>) -> Parameter<'_> {
    Parameter::MaybeBytes(key.map(|key| &key.as_bytes()[..]))
}

/// A lifetime.
pub(super) fn lifetime(lifetime: Duration) -> Parameter<'static> {
    Parameter::Number(whole_milliseconds(lifetime))
}

/// A lifetime in milliseconds.
pub(super) fn whole_milliseconds(lifetime: Duration) -> i64 {
    i64::try_from(milliseconds(lifetime)).unwrap_or(i64::MAX).min(LONGEST_LIFETIME)
}

#[cfg(test)]
mod tests {
    use super::Parameter;

    #[test]
    fn parameters_are_not_printed() {
        let parameters = [Parameter::Bytes(b"canary"), Parameter::MaybeBytes(Some(b"canary"))];
        assert_eq!(format!("{parameters:?}"), "[Parameter(..), Parameter(..)]");
        assert_eq!(format!("{:?}", Parameter::ManyBytes(&[b"canary"])), "Parameter(..)");
    }
}
