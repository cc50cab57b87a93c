//! `POST /authorize/par`: the library's reply, nothing added.

use parjar::Reply;

use super::Server;
use crate::demo::http::message::{Answer, Message};

pub(crate) async fn answer(server: &Server, message: &Message<'_>) -> Answer {
    Reply::from(server.par.push(&message.to_push_request()).await).into()
}
