//! `POST /authorize/par`: the library's reply, nothing added.

use parjar::Reply;

use super::{
    Demo,
    message::{Answer, Message},
};

pub(crate) async fn answer(demo: &Demo, message: &Message) -> Answer {
    Reply::from(demo.par.push(&message.to_push_request()).await).into()
}
