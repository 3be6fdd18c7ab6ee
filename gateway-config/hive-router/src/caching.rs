//! How an answer may be kept: nothing is kept past an edit, whoever holds one asks whether it still holds.

use hive_router::ntex::http::body::{Body, ResponseBody};
use hive_router::ntex::http::{
    HeaderMap, Method, StatusCode,
    header::{HeaderName, HeaderValue},
};
use hive_router::ntex::web::WebResponse;
use sha2::{Digest, Sha256};

use crate::call::text;

const VARY: &str = "accept, accept-language, authorization, origin";

/// What a request says about keeping its answer.
pub struct Asked {
    get: bool,
    with_token: bool,
    held: Option<String>,
}

impl Asked {
    pub fn new(method: &Method, headers: &HeaderMap) -> Self {
        Self {
            get: method == Method::GET,
            with_token: headers.contains_key("authorization"),
            held: text(headers, "if-none-match").map(str::to_owned),
        }
    }

    /// A query by GET without a token is answered for nobody in particular; an answer with errors is no content.
    pub fn apply(&self, mut response: WebResponse) -> WebResponse {
        if !self.get {
            set(response.headers_mut(), "cache-control", "no-store");
            return response;
        }
        set(response.headers_mut(), "vary", VARY);
        let etag = match (self.with_token, response.status(), response.response().body()) {
            (false, StatusCode::OK, ResponseBody::Body(Body::Bytes(bytes))) if !has_errors(bytes) => {
                tag(text(response.headers(), "content-type").unwrap_or_default(), bytes)
            }
            _ => {
                set(response.headers_mut(), "cache-control", "private, no-store");
                return response;
            }
        };
        set(response.headers_mut(), "cache-control", "public, max-age=0, must-revalidate");
        set(response.headers_mut(), "etag", &etag);
        if self.holds(&etag) {
            *response.response_mut().status_mut() = StatusCode::NOT_MODIFIED;
            return response.map_body(|_, _| ResponseBody::Body(Body::None));
        }
        response
    }

    fn holds(&self, etag: &str) -> bool {
        let named = |given: &str| given == "*" || given.trim_start_matches("W/") == etag;
        self.held.as_ref().is_some_and(|held| held.split(',').any(|given| named(given.trim())))
    }
}

/// The router writes errors first or last, and compactly; `"errors":` as a field of the graph is not public content.
fn has_errors(body: &[u8]) -> bool {
    const MEMBER: &[u8] = b"\"errors\":";
    body.windows(MEMBER.len()).any(|window| window == MEMBER)
}

fn tag(content_type: &str, body: &[u8]) -> String {
    let digest = format!("{:x}", Sha256::new().chain_update(content_type).chain_update(body).finalize());
    format!("\"{}\"", &digest[..40])
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
