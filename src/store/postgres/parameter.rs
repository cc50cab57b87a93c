//! Parameters of statements.

use std::{error::Error, fmt};

use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// Bytes that the driver cannot print: it logs the parameters of what it executes where somebody has its debug log on.
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

#[cfg(test)]
mod tests {
    use super::{Bytes, Parameter};

    #[test]
    fn parameters_are_not_printed() {
        let (key, keys, browser) = (Bytes(b"canary"), vec![Bytes(b"canary")], Some(Bytes(b"canary")));
        let parameters: [Parameter<'_>; 3] = [&key, &keys, &browser];
        assert_eq!(format!("{parameters:?}"), "[Bytes(..), [Bytes(..)], Some(Bytes(..))]");
    }
}
