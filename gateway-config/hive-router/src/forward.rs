//! What is not GraphQL and goes to one subgraph's process: files, webhooks, and the question whether it lives.

use std::{cell::OnceCell, collections::HashMap, error::Error, rc::Rc};

use futures_util::{TryStreamExt, future::join_all};
use hive_router::ntex::SharedCfg;
use hive_router::ntex::client::{Client, ClientRequest, ClientResponse, Connector};
use hive_router::ntex::http::body::{Body, BodyStream, SizedStream};
use hive_router::ntex::http::{HeaderMap, Method, Payload, Response, StatusCode};
use hive_router::ntex::time::Seconds;
use hive_router::ntex::util::{Bytes, BytesMut};
use hive_router::ntex::web::{DefaultError, WebRequest};

use crate::{call::text, in_flight::InFlight, refusal::Refusal, settings::Settings};

const SENT: [&str; 6] = ["authorization", "range", "if-none-match", "if-modified-since", "if-range", "accept-encoding"];
const RETURNED: [&str; 14] = [
    "content-type",
    "content-disposition",
    "content-encoding",
    "content-range",
    "accept-ranges",
    "cache-control",
    "etag",
    "last-modified",
    "location",
    "retry-after",
    "www-authenticate",
    "content-security-policy",
    "cross-origin-resource-policy",
    "x-content-type-options",
];
const SIGNED: [&str; 4] = ["content-type", "monoql-platform", "monoql-timestamp", "monoql-signature"];
const OF_CALL: [&str; 3] = ["x-request-id", "x-client-ip", "traceparent"];

/// Which subgraph's process takes which webhook. It checks who sends it: the signature is over the very bytes.
const WEBHOOKS: [(&str, &str); 1] = [("/webhooks/redemptions", "codes")];
const MOST_WEBHOOK_BYTES: usize = 256 * 1024;

pub struct Forward {
    origins: HashMap<String, String>,
    uploads: InFlight,
    max_upload_bytes: u64,
}

impl Forward {
    pub fn new(origins: HashMap<String, String>, settings: &Settings) -> Self {
        let uploads = InFlight::new(settings.max_uploads);
        Self { origins, uploads, max_upload_bytes: settings.max_upload_bytes as u64 }
    }

    /// Whether every subgraph's process answers.
    pub async fn all_live(&self) -> bool {
        let live = |origin: &String| {
            let url = format!("{origin}/livez");
            async move {
                let asked = client().await.get(url).timeout(Seconds(1)).send().await;
                asked.is_ok_and(|answer| answer.status().is_success())
            }
        };
        join_all(self.origins.values().map(live)).await.into_iter().all(|lives| lives)
    }

    /// Streams `/files/<service>/<token>` from, or by PUT to, `/files/<token>` of that process, which decides who may.
    pub async fn file(&self, request: &mut WebRequest<DefaultError>) -> Result<Response, Refusal> {
        let nothing = || Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", "There is no such file.");
        let url = file_of(request.uri().path_and_query().map_or("", |it| it.as_str()))
            .and_then(|(service, token)| Some(format!("{}/files/{token}", self.origins.get(service)?)))
            .ok_or_else(nothing)?;
        let method = request.method().clone();
        if ![Method::GET, Method::HEAD, Method::PUT].contains(&method) {
            let refusal = "Files are read with GET and sent with PUT.";
            return Err(
                Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_REQUEST", refusal).with("allow", "GET, HEAD, PUT")
            );
        }
        let asked = with_headers(client().await.request(method.clone(), url), request.headers(), &SENT);
        let answer = if method == Method::PUT {
            let length = self.length(request.headers())?;
            let _place = self.uploads.take().ok_or_else(Refusal::busy)?;
            let stream = request.take_payload().map_err(|error| Rc::new(error) as Rc<dyn Error>);
            asked.timeout(Seconds(900)).send_body(SizedStream::new(length, stream)).await
        } else {
            asked.timeout(Seconds(30)).send().await
        };
        match answer {
            Ok(answer) => Ok(streamed(answer, method == Method::HEAD)),
            Err(_) => Err(away("Files cannot be reached right now. Try again shortly.")),
        }
    }

    /// Passes `POST /webhooks/<name>` on to the process that owns it, and its answer back.
    pub async fn webhook(&self, request: &mut WebRequest<DefaultError>) -> Result<Response, Refusal> {
        let path = request.uri().path_and_query().map_or("", |it| it.as_str()).to_owned();
        let owner = WEBHOOKS.iter().find(|(name, _)| *name == path).and_then(|(_, owner)| self.origins.get(*owner));
        let Some(origin) = owner else {
            return Err(Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", "There is no such webhook."));
        };
        if request.method() != Method::POST {
            let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_REQUEST", "Webhooks are sent with POST.");
            return Err(refusal.with("allow", "POST"));
        }
        let body = read(request.take_payload(), MOST_WEBHOOK_BYTES).await?;
        let asked = with_headers(client().await.post(format!("{origin}{path}")), request.headers(), &SIGNED);
        match asked.timeout(Seconds(9)).send_body(body).await {
            Ok(answer) => Ok(streamed(answer, false)),
            Err(_) => Err(away("This cannot be taken right now. Send it again shortly.")),
        }
    }

    fn length(&self, headers: &HeaderMap) -> Result<u64, Refusal> {
        let Some(length) = text(headers, "content-length").and_then(|length| length.parse().ok()) else {
            let refusal = "Say how long the file is: send Content-Length.";
            return Err(Refusal::new(StatusCode::LENGTH_REQUIRED, "BAD_REQUEST", refusal).with("connection", "close"));
        };
        if length > self.max_upload_bytes {
            let refusal = format!("A file holds at most {} bytes.", self.max_upload_bytes);
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "BAD_REQUEST", refusal).with("connection", "close"));
        }
        Ok(length)
    }
}

/// The whole body, at most so many bytes.
pub async fn read(mut payload: Payload, most: usize) -> Result<Bytes, Refusal> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.try_next().await.map_err(|_| Refusal::bad("The request body ended early."))? {
        if body.len() + chunk.len() > most {
            return Err(too_large(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

pub fn too_large(most: usize) -> Refusal {
    let refusal = format!("A request body holds at most {most} bytes.");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "BAD_REQUEST", refusal).with("connection", "close")
}

fn away(message: &str) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message).with("retry-after", "2")
}

fn file_of(path: &str) -> Option<(&str, &str)> {
    let (service, token) = path.strip_prefix("/files/")?.split_once('/')?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_~.=-".contains(&byte);
    let named = |segment: &str| !["", ".", ".."].contains(&segment) && segment.bytes().all(allowed);
    token.split('/').all(named).then_some((service, token))
}

fn with_headers(mut asked: ClientRequest, given: &HeaderMap, names: &[&str]) -> ClientRequest {
    for name in names.iter().chain(&OF_CALL) {
        if let Some(value) = given.get(*name) {
            asked = asked.set_header(*name, value.clone());
        }
    }
    asked.no_decompress()
}

/// Passed on as fast as the slower side takes it.
fn streamed(answer: ClientResponse, head_only: bool) -> Response {
    let mut response = Response::build(answer.status());
    for name in RETURNED {
        if let Some(value) = answer.headers().get(name) {
            response.set_header(name, value.clone());
        }
    }
    let length = text(answer.headers(), "content-length").and_then(|length| length.parse().ok());
    let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&answer.status());
    let body = match length {
        _ if head_only || bodiless => Body::None,
        Some(0) => Body::Empty,
        Some(length) => {
            let stream = answer.take_payload().map_err(|error| Rc::new(error) as Rc<dyn Error>);
            Body::from_message(SizedStream::new(length, stream))
        }
        None => Body::from_message(BodyStream::new(answer.take_payload())),
    };
    response.body(body)
}

/// One client a worker thread: none of what it holds can be shared.
async fn client() -> Client {
    thread_local!(static CLIENT: OnceCell<Client> = const { OnceCell::new() });
    if let Some(client) = CLIENT.with(|it| it.get().cloned()) {
        return client;
    }
    let builder = Client::builder().connector::<()>(Connector::new().limit(64)).disable_timeout().disable_redirects();
    let client = builder.build(SharedCfg::default()).await.expect("an HTTP client needs nothing that could be missing");
    CLIENT.with(|it| it.get_or_init(|| client).clone())
}
