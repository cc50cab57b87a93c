//! Clients in PostgreSQL, by `tokio-postgres` and a pool of `deadpool`.

use std::error::Error;

use deadpool_postgres::Pool;
use parjar::CachedRegistry;

/// The clients of the table `oauth_clients`.
pub fn clients(pool: Pool) -> CachedRegistry {
    CachedRegistry::new(move |client_id: String| {
        let pool = pool.clone();
        async move { look_up(&pool, &client_id).await }
    })
}

async fn look_up(pool: &Pool, client_id: &str) -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
    let connection = pool.get().await?;
    let row = "SELECT registration::text FROM oauth_clients WHERE client_id = $1";
    let row = connection.query_opt(&connection.prepare_cached(row).await?, &[&client_id]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}
