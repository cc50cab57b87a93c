//! Clients in PostgreSQL, by `sqlx`.

use parjar::CachedRegistry;
use sqlx::{PgPool, postgres::PgListener};

/// The clients of the table `oauth_clients`.
pub fn clients(pool: PgPool) -> CachedRegistry {
    CachedRegistry::new(move |client_id: String| {
        let pool = pool.clone();
        async move {
            let row = "SELECT registration::text FROM oauth_clients WHERE client_id = $1";
            sqlx::query_scalar::<_, String>(row).bind(client_id).fetch_optional(&pool).await
        }
    })
}

/// Has changes of rows count at once. Spawn it beside the server, and again when it ends with an error.
pub async fn follow_changes(pool: PgPool, clients: CachedRegistry) -> Result<(), sqlx::Error> {
    let mut changes = PgListener::connect_with(&pool).await?;
    changes.listen("oauth_clients").await?;
    loop {
        // What has changed before the connection was there, or while it was lost, was not announced.
        clients.invalidate_all();
        while let Some(change) = changes.try_recv().await? {
            clients.invalidate(change.payload());
        }
    }
}
