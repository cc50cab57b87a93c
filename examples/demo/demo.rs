//! The rooms of the demo, each a folder that can be read alone. From the top:
//!
//! - `program` reads the command line and the configuration, starts everything, and stops it.
//! - `playground` plays a client of this very server, for a person with a browser.
//! - `server` is the authorization server: what happens at each of its endpoints.
//! - `http` is what the HTTP layers over axum and over actix-web share: requests and answers without any framework's types.
//!
//! A room knows those below it, and none above.

pub(crate) mod http;
pub(crate) mod playground;
pub(crate) mod program;
pub(crate) mod server;
