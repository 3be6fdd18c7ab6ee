//! Which HTTP requests are GraphQL requests at all; see ../front/graphql.mjs.

use futures_util::TryStreamExt;
use hive_router::ntex::http::{HeaderMap, Method, StatusCode};
use hive_router::ntex::web::{DefaultError, WebRequest};

use crate::{call::text, forward::too_large, refusal::Refusal};

/// A client that is still sending when it is refused sees a broken connection instead of the answer: what is too large is
/// read to its end and thrown away, up to this many times the limit.
const PATIENCE: usize = 8;

pub async fn check(request: &mut WebRequest<DefaultError>, max_body_bytes: usize) -> Result<(), Refusal> {
    check_accept(request.headers())?;
    match request.method() {
        &Method::POST => check_body(request.headers())?,
        &Method::GET => check_preflighted(request.headers())?,
        _ => {
            let refusal = "GraphQL requests are sent with POST.";
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_REQUEST", refusal).with("allow", "GET, POST"));
        }
    }
    let length = text(request.headers(), "content-length").and_then(|it| it.parse::<usize>().ok()).unwrap_or(0);
    if length <= max_body_bytes {
        return Ok(());
    }
    if length <= max_body_bytes * PATIENCE {
        let mut payload = request.take_payload();
        while let Ok(Some(_)) = payload.try_next().await {}
    }
    Err(too_large(max_body_bytes))
}

fn check_body(headers: &HeaderMap) -> Result<(), Refusal> {
    let unsupported = |message| Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_REQUEST", message);
    // Any other content type could be sent cross-origin by a form, without a preflight.
    if !is_json(headers) {
        return Err(unsupported("Send the request as application/json."));
    }
    if headers.contains_key("content-encoding") {
        return Err(unsupported("Send the request body uncompressed."));
    }
    Ok(())
}

fn check_preflighted(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key("apollo-require-preflight") || headers.contains_key("authorization") || is_json(headers) {
        return Ok(());
    }
    Err(Refusal::bad("Send GET requests with content-type: application/json or apollo-require-preflight."))
}

fn check_accept(headers: &HeaderMap) -> Result<(), Refusal> {
    let types = ["*/*", "application/*", "application/json", "application/graphql-response+json"];
    match text(headers, "accept") {
        Some(accept) if !types.iter().any(|it| accept.contains(it)) => {
            let refusal = "Accept application/json or application/graphql-response+json.";
            Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, "BAD_REQUEST", refusal))
        }
        _ => Ok(()),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence = |given: &str| given.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json");
    text(headers, "content-type").is_some_and(essence)
}
