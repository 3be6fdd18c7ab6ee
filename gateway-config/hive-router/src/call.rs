//! One request of a client: under which id it runs, who asks, and what its subgraphs said of it.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use hive_router::ntex::http::{
    HeaderMap, StatusCode,
    header::{HeaderName, HeaderValue},
};
use hive_router::ntex::web::{DefaultError, WebRequest};
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CLIENT_IP: HeaderName = HeaderName::from_static("x-client-ip");

pub struct Call {
    pub id: String,
    /// The client takes plain JSON only, for which any status but 2xx may be a broken transport.
    pub plain: bool,
    /// A subgraph said that the token itself is bad.
    pub signed_out: AtomicBool,
    status: AtomicU16,
}

impl Call {
    /// Replaces what the client said of its id and address by what is true; subgraphs are told that.
    pub fn begin(request: &mut WebRequest<DefaultError>, trusted_proxies: usize) -> Self {
        let id = text(request.headers(), "x-request-id")
            .filter(|given| is_request_id(given))
            .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        let address = client_ip(request, trusted_proxies);
        let plain = !text(request.headers(), "accept").is_some_and(|it| it.contains("graphql-response+json"));
        for (name, value) in [(REQUEST_ID, &id), (CLIENT_IP, &address)] {
            let value = HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""));
            request.headers_mut().insert(name, value);
        }
        if !text(request.headers(), "traceparent").is_some_and(is_traceparent) {
            request.headers_mut().remove("traceparent");
        }
        Self { id, plain, signed_out: AtomicBool::default(), status: AtomicU16::default() }
    }

    /// What execution came to, once that is known.
    pub fn status(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.status.load(Ordering::Relaxed)).ok()
    }

    pub fn executed(&self, status: StatusCode) {
        self.status.store(status.as_u16(), Ordering::Relaxed);
    }
}

pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_request_id(given: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (8..=64).contains(&given.len()) && given.bytes().all(allowed)
}

fn is_traceparent(given: &str) -> bool {
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let parts: Vec<&str> = given.split('-').collect();
    parts.iter().map(|part| part.len()).eq([2, 32, 16, 2]) && parts.into_iter().all(hex)
}

/// Each trusted proxy appends the address it saw, so the client is that many entries from the end.
fn client_ip(request: &WebRequest<DefaultError>, trusted_proxies: usize) -> String {
    let forwarded = (trusted_proxies > 0)
        .then(|| text(request.headers(), "x-forwarded-for"))
        .flatten()
        .and_then(|chain| chain.rsplit(',').nth(trusted_proxies - 1))
        .map(|address| address.trim().to_owned())
        .filter(|address| !address.is_empty());
    let seen = || request.peer_addr().map(|peer| peer.ip().to_canonical().to_string());
    forwarded.or_else(seen).unwrap_or_default()
}
