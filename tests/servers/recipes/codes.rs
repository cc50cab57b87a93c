//! Requests and codes in one database.

use parjar::{Browser, Client, Decision, FormRequest, InMemoryRegistry, ParEndpoint};
use parjar_recipes::codes::{store, take_code, write_code};

use super::clients::{registration, sqlx_pool};
use crate::postgres::database::Database;

#[tokio::test]
async fn a_code_is_written_with_the_end_of_its_request_and_is_taken_once() {
    let database = Database::new().await;
    database.run(parjar_recipes::CODES_SQL).await;
    let pool = sqlx_pool(&database);
    let store = store(pool.clone()).await.unwrap();
    let client = Client::try_from(serde_json::from_value::<parjar::ClientRegistration>(registration("web")).unwrap());
    let clients = InMemoryRegistry::new([client.unwrap()]).unwrap();
    let par = ParEndpoint::builder("https://as.example.com").clients(clients).store(store.clone()).build().unwrap();
    let headers =
        [("content-type", &b"application/x-www-form-urlencoded"[..]), ("authorization", b"Basic d2ViOnMzY3JldA==")];
    let body = b"response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb";
    let pushed = par.push(&FormRequest::new("POST", headers, body)).await.unwrap();
    let query = format!("client_id=web&request_uri={}", pushed.request_uri());
    let browser = Browser::bound("the cookie of the browser").unwrap();
    par.authorize(&query, browser).await.unwrap();

    for (code, commits) in [("rolled-back", false), ("committed", true)] {
        let mut transaction = pool.begin().await.unwrap();
        let granted = {
            let par = par.with_store(store.in_sqlx_transaction(&mut transaction));
            let pending = par.authorize_decision(&query, browser, Decision::Approve).await.unwrap();
            par.complete(&pending).await.unwrap()
        };
        write_code(&mut transaction, &granted, code).await.unwrap();
        if commits {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
    }
    assert!(par.authorize(&query, browser).await.is_err(), "the request has ended");
    assert!(take_code(&pool, "rolled-back").await.unwrap().is_none());
    let binding = take_code(&pool, "committed").await.unwrap().expect("it was written");
    assert_eq!(binding.client_id(), "web");
    assert!(take_code(&pool, "committed").await.unwrap().is_none());
}
