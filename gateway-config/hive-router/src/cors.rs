//! Cross-origin headers for the allowed origins; none for the others. Credentials are never cookies.

use hive_router::ntex::http::{
    HeaderMap, Response, StatusCode,
    header::{HeaderName, HeaderValue},
};

use crate::call::text;

const HEADERS: &str =
    "authorization, content-type, accept-language, if-none-match, x-request-id, traceparent, apollo-require-preflight";

pub struct Cors {
    allowed: Vec<String>,
}

impl Cors {
    pub fn new(allowed: Vec<String>) -> Self {
        Self { allowed }
    }

    /// The origin of this request, if it may read the answer.
    pub fn origin(&self, headers: &HeaderMap) -> Option<String> {
        let origin = text(headers, "origin")?;
        let allowed = self.allowed.iter().any(|allowed| allowed == "*" || allowed == origin);
        allowed.then(|| origin.to_owned())
    }

    pub fn preflight(&self, headers: &HeaderMap) -> Response {
        let mut response = Response::build(StatusCode::NO_CONTENT).finish();
        if let Some(origin) = self.origin(headers) {
            apply(response.headers_mut(), &origin);
            for (name, value) in [
                ("access-control-allow-methods", "GET, POST, PUT, OPTIONS"),
                ("access-control-allow-headers", HEADERS),
                ("access-control-max-age", "86400"),
            ] {
                response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
        }
        response
    }
}

/// What an answer to this origin needs.
pub fn apply(headers: &mut HeaderMap, origin: &str) {
    let Ok(origin) = HeaderValue::from_str(origin) else { return };
    headers.insert(HeaderName::from_static("access-control-allow-origin"), origin);
    let exposed = HeaderValue::from_static("etag, x-request-id, retry-after");
    headers.insert(HeaderName::from_static("access-control-expose-headers"), exposed);
    if !headers.contains_key("vary") {
        headers.insert(HeaderName::from_static("vary"), HeaderValue::from_static("origin"));
    }
}
