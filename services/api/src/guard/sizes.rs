//! How long an address and how large headers may be: less than what the HTTP stack would take, so
//! that a refusal is a problem like any other.

use crate::wire::Problem;
use poem::Request;
use poem::http::StatusCode;

/// How many bytes path and query may have: room for 200 ids.
const ADDRESS: usize = 16 * 1024;
/// How many bytes the names and values of all headers may have.
const HEADERS: usize = 32 * 1024;
/// How large a list of headers HTTP/2 hands on.
pub(crate) const HANDED_ON: u32 = 64 * 1024;

/// Refuses what is longer.
pub(super) fn check(request: &Request) -> Result<(), Problem> {
    let address = request.uri().path_and_query().map_or(0, |it| it.as_str().len());
    if address > ADDRESS {
        return Err(address_too_long());
    }
    let headers = request.headers().iter();
    let bytes: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEADERS {
        return Err(headers_too_large());
    }
    Ok(())
}

pub(super) fn address_too_long() -> Problem {
    let sentence = format!("Path and query have more than {ADDRESS} bytes: ask for less at once.");
    Problem::new(StatusCode::URI_TOO_LONG, "address_too_long", sentence)
}

pub(super) fn headers_too_large() -> Problem {
    let sentence =
        format!("The headers have more than {HEADERS} bytes or are more than 100: send fewer.");
    Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(address: usize, header: usize) -> Option<String> {
        let request = Request::builder().uri(format!("/{}", "a".repeat(address)).parse().unwrap());
        let request = request.header("x", "y".repeat(header)).finish();
        check(&request).err().map(|problem| problem.code.to_string())
    }

    #[test]
    fn an_address_and_headers_have_room_and_an_end() {
        assert_eq!(code(ADDRESS - 1, HEADERS - 1), None);
        assert_eq!(code(ADDRESS, 1).as_deref(), Some("address_too_long"));
        assert_eq!(code(1, HEADERS).as_deref(), Some("headers_too_large"));
    }
}
