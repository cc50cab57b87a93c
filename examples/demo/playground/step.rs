//! What a run shows of one message: a request, and the reply unless it is for the browser to show.

use std::time::Duration;

use parjar::Reason;

use super::compact::Decoded;

#[derive(Default)]
pub(super) struct Step {
    pub(super) title: &'static str,
    pub(super) request: String,
    /// The JWTs in the request.
    pub(super) tokens: Vec<Decoded>,
    pub(super) reply: Option<String>,
    /// How long the server took to answer.
    pub(super) took: Option<Duration>,
    /// The line for a terminal that sends the request once more.
    pub(super) curl: Option<String>,
    /// Why the server has refused, where that may be shown.
    pub(super) reason: Option<Reason>,
    pub(super) remarks: Vec<&'static str>,
}

impl Step {
    pub(super) fn with_remark(mut self, remark: &'static str) -> Self {
        self.remarks.push(remark);
        self
    }
}
