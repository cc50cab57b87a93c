//! The spans of `tracing` that operations and their steps are in. They have no values of requests.

use tracing::{Span, debug_span, field::Empty};

use crate::observer::{Stage, Step};

/// The name of a span is fixed where it is made.
pub(super) fn of_operation(stage: Stage) -> Span {
    match stage {
        Stage::Push => debug_span!(target: "parjar", "push", reason = Empty),
        Stage::Authorize => debug_span!(target: "parjar", "authorize", reason = Empty),
        Stage::Complete => debug_span!(target: "parjar", "complete", reason = Empty),
        Stage::Respond => debug_span!(target: "parjar", "respond", reason = Empty),
        Stage::Token => debug_span!(target: "parjar", "token", reason = Empty),
        Stage::HostEndpoint(endpoint) => {
            debug_span!(target: "parjar", "host_endpoint", endpoint = endpoint.as_str(), reason = Empty)
        }
        Stage::Resource => debug_span!(target: "parjar", "resource", reason = Empty),
    }
}

pub(super) fn of_step(step: Step) -> Span {
    match step {
        Step::LookUp => debug_span!(target: "parjar", "look_up"),
        Step::Authentication => debug_span!(target: "parjar", "authentication"),
        Step::Keys => debug_span!(target: "parjar", "keys"),
        Step::Proof => debug_span!(target: "parjar", "proof"),
        Step::RequestObject => debug_span!(target: "parjar", "request_object"),
        Step::Decryption => debug_span!(target: "parjar", "decryption"),
        Step::Validation => debug_span!(target: "parjar", "validation"),
        Step::Store => debug_span!(target: "parjar", "store"),
        Step::Response => debug_span!(target: "parjar", "response"),
    }
}
