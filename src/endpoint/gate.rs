//! The gate that every request passes first: method, media type, size, and a well-formed body.

use crate::{
    error::{Reason, Refusal},
    http::{FormRequest, Header, form::Form},
    policy::Limits,
};

pub(super) fn pass(request: &FormRequest<'_>, limits: &Limits) -> Result<Form, Refusal> {
    if request.method != "POST" {
        return Err(Reason::MethodNotAllowed.into());
    }
    match request.content_type {
        Header::Once(value) if is_form(value) => {}
        _ => return Err(Reason::ContentType.into()),
    }
    match request.content_encoding {
        Header::Absent => {}
        Header::Once(value) if value.eq_ignore_ascii_case(b"identity") => {}
        _ => return Err(Reason::ContentEncoding.into()),
    }
    if request.query.is_some_and(|query| !query.is_empty()) {
        return Err(Reason::QueryNotEmpty.into());
    }
    Ok(Form::parse(request.body, limits)?)
}

/// `application/x-www-form-urlencoded`, in UTF-8 if it says anything about that.
fn is_form(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
        && parts.all(|parameter| match parameter.split_at_checked(8) {
            Some((name, charset)) if name.eq_ignore_ascii_case(b"charset=") => {
                charset.eq_ignore_ascii_case(b"utf-8") || charset.eq_ignore_ascii_case(b"\"utf-8\"")
            }
            _ => true,
        })
}
