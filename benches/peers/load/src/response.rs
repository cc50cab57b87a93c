//! Responses of HTTP/1.1, as far as servers here send them.

/// A response of which all has arrived.
pub(crate) struct Response<'a> {
    pub(crate) status: u16,
    pub(crate) rest: &'a [u8],
}

/// Returns the response, and how many bytes it takes; `None` while some of it is missing.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<(Response<'_>, usize)>, String> {
    let Some(head) = position(bytes, b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..head]).map_err(|_| "a head that is not UTF-8")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let status = status.ok_or("a response without a status")?;
    let (mut length, mut chunked) = (None, false);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse::<usize>().map_err(|_| "a length that is no number")?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = true;
        } else if name.eq_ignore_ascii_case("connection") && value.trim().eq_ignore_ascii_case("close") {
            return Err("the server closes the connection after a response".to_owned());
        }
    }
    let body = head + 4;
    let end = match length {
        Some(length) => Some(body + length),
        // Nothing here has a chunk that ends like this before the last one.
        None if chunked => position(&bytes[body..], b"\r\n0\r\n\r\n").map(|end| body + end + 7),
        None => return Err("a response of unknown length".to_owned()),
    };
    Ok(end.filter(|end| *end <= bytes.len()).map(|end| (Response { status, rest: &bytes[body..end] }, end)))
}

pub(crate) fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    match wanted.len() {
        0 => Some(0),
        length => bytes.windows(length).position(|window| window == wanted),
    }
}
