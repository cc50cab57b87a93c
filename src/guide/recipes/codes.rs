//! Requests and codes in PostgreSQL, by `sqlx`.

use parjar::{
    CodeBinding, Granted,
    store::{PostgresStore, PostgresStoreError},
};
use sqlx::{PgConnection, PgPool};

/// The store, for `ParEndpoint::builder(...).store(...)`.
pub async fn store(pool: PgPool) -> Result<PostgresStore, PostgresStoreError> {
    let store = PostgresStore::builder(pool).build()?;
    store.migrate().await?;
    Ok(store)
}

/// Writes a random code, for a minute. In the transaction that has completed the request, either both are done or neither.
pub async fn write_code(transaction: &mut PgConnection, granted: &Granted, code: &str) -> Result<(), sqlx::Error> {
    let binding =
        serde_json::to_string(&CodeBinding::of(granted.request())).map_err(|no| sqlx::Error::Encode(no.into()))?;
    let row = "INSERT INTO codes VALUES (sha256(convert_to($1, 'UTF8')), $2, now() + interval '1 minute')";
    sqlx::query(row).bind(code).bind(binding).execute(transaction).await?;
    Ok(())
}

/// Takes a code, so that it is good once. For `ParEndpoint::check_code`.
pub async fn take_code(pool: &PgPool, code: &str) -> Result<Option<CodeBinding>, sqlx::Error> {
    let row = "DELETE FROM codes WHERE digest = sha256(convert_to($1, 'UTF8')) RETURNING binding, expires_at > now()";
    let row = sqlx::query_as::<_, (String, bool)>(row).bind(code).fetch_optional(pool).await?;
    let binding = row.filter(|(_, is_alive)| *is_alive).map(|(binding, _)| serde_json::from_str(&binding));
    binding.transpose().map_err(|no| sqlx::Error::Decode(no.into()))
}
