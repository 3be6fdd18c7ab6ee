//! A subgraph's HTTP answer as a GraphQL result, without the subgraph's own words where it is none.

use bytes::Bytes;
use hive_router::SubgraphHttpResponse;
use hive_router::http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use hive_router::sonic_rs::{self, JsonContainerTrait, JsonValueTrait, Value, json};

use crate::result::UNAVAILABLE;

const AWAY: [u16; 4] = [429, 502, 503, 504];

/// Success is for the router to read. The rest becomes a success with a GraphQL result in it, or with an error of ours.
pub fn read(response: SubgraphHttpResponse) -> SubgraphHttpResponse {
    if response.status.is_success() {
        return response;
    }
    let result = sonic_rs::from_slice::<Value>(&response.body).ok().filter(is_result);
    let has_data = result.as_ref().is_some_and(|it| it.get("data").is_some_and(|data| !data.is_null()));
    let body = match (response.status.as_u16(), result) {
        (status, _) if AWAY.contains(&status) && !has_data => error("UNAVAILABLE", UNAVAILABLE),
        (_, Some(_)) => response.body,
        (401, None) => error("UNAUTHENTICATED", "Sign in to do this."),
        _ => error("INTERNAL_SERVER_ERROR", "Internal server error"),
    };
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]).into();
    SubgraphHttpResponse { status: StatusCode::OK, headers, body }
}

fn is_result(value: &Value) -> bool {
    let has_errors = value.get("errors").and_then(|it| it.as_array()).is_some_and(|it| !it.is_empty());
    has_errors || value.get("data").is_some_and(|data| data.is_object())
}

fn error(code: &str, message: &str) -> Bytes {
    let body = json!({"data": null, "errors": [{"message": message, "extensions": {"code": code}}]});
    sonic_rs::to_vec(&body).expect("JSON can be written").into()
}
