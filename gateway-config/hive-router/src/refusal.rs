//! A request that is answered without being executed.

use hive_router::ntex::http::{Response, StatusCode};
use hive_router::sonic_rs::{self, json};

pub struct Refusal {
    pub status: StatusCode,
    code: &'static str,
    message: String,
    header: Option<(&'static str, &'static str)>,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), header: None }
    }

    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    /// Full: the client should come back in a second.
    pub fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "The service is busy. Try again shortly.")
            .with("retry-after", "1")
    }

    pub fn response(&self, request_id: &str) -> Response {
        let mut response = Response::build(self.status);
        response.content_type("application/json; charset=utf-8").set_header("cache-control", "no-store");
        if let Some((name, value)) = self.header {
            response.set_header(name, value);
        }
        response.body(self.body(request_id))
    }

    fn body(&self, request_id: &str) -> Vec<u8> {
        let extensions = json!({"code": self.code, "requestId": request_id});
        let body = json!({"errors": [{"message": self.message, "extensions": extensions}]});
        sonic_rs::to_vec(&body).expect("JSON can be written")
    }
}
