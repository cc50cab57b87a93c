//! Parameters of statements.

use std::{error::Error, fmt, time::Duration};

use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

use crate::{clock::milliseconds, store::RecordKey};

/// A century. PostgreSQL has no dates for much longer.
const LONGEST_LIFETIME: i64 = 100 * 366 * 86_400_000;

/// A value and its type, which is told where nothing is prepared.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A `bytea`.
pub(super) fn bytes(value: &(impl ToSql + Sync)) -> Parameter<'_> {
    (value, Type::BYTEA)
}

/// A `bytea[]`.
pub(super) fn bytes_of(values: &(impl ToSql + Sync)) -> Parameter<'_> {
    (values, Type::BYTEA_ARRAY)
}

/// A `bigint`.
pub(super) fn number(value: &i64) -> Parameter<'_> {
    (value, Type::INT8)
}

/// A `bigint[]`.
pub(super) fn numbers(values: &(impl ToSql + Sync)) -> Parameter<'_> {
    (values, Type::INT8_ARRAY)
}

/// Bytes that the driver cannot print: it logs the parameters of what it executes where its debug log is on.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bytes(..)")
    }
}

impl ToSql for Bytes<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        <&[u8] as ToSql>::accepts(kind)
    }

    to_sql_checked!();
}

/// A digest, as a parameter of a statement.
pub(super) fn digest(key: &RecordKey) -> Bytes<'_> {
    Bytes(key.as_bytes())
}

/// A lifetime in milliseconds.
pub(super) fn whole_milliseconds(lifetime: Duration) -> i64 {
    i64::try_from(milliseconds(lifetime)).unwrap_or(i64::MAX).min(LONGEST_LIFETIME)
}

#[cfg(test)]
mod tests {
    use super::{Bytes, bytes, bytes_of};

    #[test]
    fn parameters_are_not_printed() {
        let (key, keys, browser) = (Bytes(b"canary"), vec![Bytes(b"canary")], Some(Bytes(b"canary")));
        let parameters = [bytes(&key), bytes_of(&keys), bytes(&browser)].map(|(value, _)| value);
        assert_eq!(format!("{parameters:?}"), "[Bytes(..), [Bytes(..)], Some(Bytes(..))]");
    }
}
