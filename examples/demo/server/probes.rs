//! `GET /health` and `GET /ready`: whether the process lives, and whether it would take the next push. The cause is in the log.

use super::Server;
use crate::demo::http::message::Answer;

const TEXT: &str = "text/plain; charset=utf-8";

pub(crate) fn health() -> Answer {
    Answer::new(200, TEXT, "ok\n")
}

pub(crate) async fn ready(server: &Server) -> Answer {
    let (status, text) = if server.par.ready().await.is_ok() { (200, "ready\n") } else { (503, "not ready\n") };
    Answer::new(status, TEXT, text).no_store()
}
