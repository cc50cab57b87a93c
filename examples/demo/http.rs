//! Requests and answers, without any framework's types. An HTTP layer (the folders `axum` and `actix`) turns what arrives into a
//! [`Message`](message::Message), hands it to the function of an endpoint, and sends the [`Answer`](message::Answer) that comes back.

pub(crate) mod body;
pub(crate) mod html;
pub(crate) mod json_text;
pub(crate) mod message;
pub(crate) mod tls;
