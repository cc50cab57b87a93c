//! Every refusal: its label, its code and status, what it means, and how client and operator mend it.
//!
//! A refusal has a [`Reason`], which the host sees, and a code with a fixed text, which its sender sees. The label of the reason is in
//! logs and metrics ([`observability`](super::observability)). A link may end in it: `refusals/index.html#store_full`.
//!
//! The status is that of the PAR endpoint and of the token endpoint. A page of the authorization endpoint has 400, or 500 and 503 for
//! faults of the server's side ([`AuthorizeRefusal::page_status`]); and where the client is known and its `redirect_uri` is good, the
//! browser is sent back to it with the code, and there is no page.
//!
//! What a host refuses itself has labels, codes and texts of the host's own: [`Rejection`].
//!
//! The tables are written by a test from the table in `src/error.rs` and the hints in `src/guide/refusals/mending.rs`. When they differ from
//! what is checked in, it fails; `PARJAR_WRITE_GUIDE=1 cargo test -p parjar --lib -- guide` writes them anew.
#![doc = ""]
#![doc = include_str!("refusals/table.md")]

#[cfg(test)]
mod mending;
#[cfg(test)]
mod page;

#[cfg(doc)]
use crate::{AuthorizeRefusal, Reason, Rejection};
