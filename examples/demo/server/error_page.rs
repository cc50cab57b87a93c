//! Refusals that must not go to the client: a page that says what went wrong, in fixed words. Nothing of the request is on it,
//! and all unusable references get the same bytes.

use parjar::{ErrorCode, Reason, Refusal};

use crate::demo::http::{
    html::{Text, page},
    message::Answer,
};

pub(crate) fn render(refusal: &Refusal, status: u16) -> Answer {
    if refusal.reason() == Reason::AlreadyAnswered {
        return already_answered(refusal, status);
    }
    let answer = error_page(status, refusal.code(), refusal.description());
    match refusal.retry_after() {
        Some(seconds) if status >= 500 => answer.with("retry-after", seconds.to_string()),
        _ => answer,
    }
}

/// A form that no page of this server has sent.
pub(crate) fn invalid_request() -> Answer {
    error_page(400, ErrorCode::InvalidRequest, "this request cannot be read, or was not sent from the sign-in page")
}

/// For the browser that has answered, after its answer has gone another way.
fn already_answered(refusal: &Refusal, status: u16) -> Answer {
    let main = format!(
        "<main class=\"card\">\n<h1>You have answered already</h1>\n\
         <p>Your answer to this request has been taken. If the application does not go on, go back to it and start again.</p>\n\
         <p class=\"quiet\">For developers: <code id=\"error\">{}</code></p>\n</main>\n",
        refusal.code()
    );
    page(status, "Answered already", &main)
}

fn error_page(status: u16, code: ErrorCode, description: &str) -> Answer {
    let advice = match code {
        ErrorCode::InvalidRequestUri => {
            "Links like this one work once and for a short time only. Go back to the application and start again."
        }
        ErrorCode::TemporarilyUnavailable | ErrorCode::ServerError => "Please try again in a moment.",
        _ => "The application that sent you here has made a mistake. There is nothing that you could do about it here.",
    };
    let main = format!(
        "<main class=\"card\">\n<h1>This request cannot be continued</h1>\n\
         <p>The server says: {}.</p>\n<p>{advice}</p>\n\
         <p class=\"quiet\">For developers: <code id=\"error\">{code}</code></p>\n</main>\n",
        Text(description)
    );
    page(status, "Request refused", &main)
}
