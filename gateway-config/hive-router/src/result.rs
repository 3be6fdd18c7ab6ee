//! What the client sees of errors: our codes, our words for what is inside, and which HTTP status they make.

use hive_router::GraphQLError;
use hive_router::executor::response::{graphql_error::GraphQLErrorExtensions, value::Value};
use hive_router::http::StatusCode;
use hive_router::sonic_rs::json;

use crate::call::Call;

pub const UNAVAILABLE: &str = "Part of the service is not available. Try again shortly.";

/// Our name for an error's code; see ARCHITECTURE.md, Errors.
pub fn code_of(error: &GraphQLError) -> &'static str {
    let code = error.extensions.code.as_deref().unwrap_or_default();
    if error.extensions.service_name.is_some() { of_subgraph(code) } else { of_router(code) }
}

/// What a subgraph may say to a client in its own words, and what the router says of one that does not answer.
fn of_subgraph(code: &str) -> &'static str {
    match code {
        "UNAUTHENTICATED" => "UNAUTHENTICATED",
        "FORBIDDEN" => "FORBIDDEN",
        "BAD_REQUEST" => "BAD_REQUEST",
        "UNAVAILABLE"
        | "SUBREQUEST_HTTP_ERROR"
        | "SUBGRAPH_REQUEST_TIMEOUT"
        | "SUBGRAPH_RESPONSE_FAILURE"
        | "SUBGRAPH_RESPONSE_BODY_READ_FAILURE"
        | "SUBGRAPH_CIRCUIT_BREAKER_REJECTED" => "UNAVAILABLE",
        _ => "INTERNAL_SERVER_ERROR",
    }
}

fn of_router(code: &str) -> &'static str {
    match code {
        "GRAPHQL_PARSE_FAILED" | "TOKEN_LIMIT_EXCEEDED" => "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED"
        | "INTROSPECTION_DISABLED"
        | "SUBSCRIPTIONS_NOT_SUPPORTED"
        | "SUBSCRIPTIONS_TRANSPORT_NOT_SUPPORTED"
        | "MAX_DEPTH_EXCEEDED"
        | "MAX_ALIASES_EXCEEDED"
        | "MAX_DIRECTIVES_EXCEEDED" => "GRAPHQL_VALIDATION_FAILED",
        "BAD_REQUEST"
        | "BAD_USER_INPUT"
        | "DECOMPRESSION_FAILED"
        | "INVALID_HEADER"
        | "METHOD_NOT_ALLOWED"
        | "MISSING_CONTENT_TYPE_HEADER"
        | "MISSING_QUERY_PARAM"
        | "MUTATION_NOT_ALLOWED_OVER_HTTP_GET"
        | "OPERATION_RESOLUTION_FAILURE"
        | "PAYLOAD_READ_ERROR"
        | "PAYLOAD_READ_TIMEOUT"
        | "PAYLOAD_TOO_LARGE_BODY_STREAM"
        | "PAYLOAD_TOO_LARGE_CONTENT_LENGTH"
        | "REQUEST_HEADER_FIELDS_TOO_LARGE"
        | "UNPROCESSABLE_QUERY_PARAMS"
        | "UNSUPPORTED_CONTENT_ENCODING"
        | "UNSUPPORTED_CONTENT_TYPE" => "BAD_REQUEST",
        "GATEWAY_TIMEOUT" | "NO_SUPERGRAPH_AVAILABLE" => "UNAVAILABLE",
        // Rules of validation go by their names, `FieldsOnCorrectType`.
        rule if rule.contains(|letter: char| letter.is_ascii_lowercase()) => "GRAPHQL_VALIDATION_FAILED",
        _ => "INTERNAL_SERVER_ERROR",
    }
}

/// Built anew from code, message, path and locations, so that nothing else that hangs on an error can leave.
pub fn shown(error: GraphQLError, request_id: &str, suggests: bool) -> GraphQLError {
    let code = code_of(&error);
    let client_fault = is_client_fault(code);
    let said_so = error.extensions.code.as_deref() == Some(code);
    let message = match code {
        "INTERNAL_SERVER_ERROR" => "Internal server error".to_owned(),
        "UNAVAILABLE" if !said_so => UNAVAILABLE.to_owned(),
        // The parser's own words can hold bytes that are not the document's.
        "GRAPHQL_PARSE_FAILED" if said_so => "The document is not GraphQL.".to_owned(),
        _ if suggests => error.message,
        _ => without_suggestion(error.message),
    };
    let mut extensions = GraphQLErrorExtensions::new_from_code(code);
    extensions.set("requestId".to_owned(), json!(request_id));
    GraphQLError { message, locations: error.locations.filter(|_| client_fault), path: error.path, extensions }
}

/// An HTTP error only where nothing was answered: GraphQL over HTTP says 200 to a partial answer.
pub fn status_of(data: &Value<'_>, errors: &[GraphQLError], signed_out: bool) -> StatusCode {
    let answered = data.as_object().is_some_and(|fields| fields.iter().any(|(_, value)| !value.is_null()));
    if answered || errors.is_empty() {
        StatusCode::OK
    } else if signed_out {
        StatusCode::UNAUTHORIZED
    } else if errors.iter().all(|error| code_of(error) == "UNAVAILABLE") {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    }
}

/// The status of a request that was refused before it was executed, given the one that the router would choose.
pub fn refused_status(error: &GraphQLError, chosen: StatusCode, call: &Call) -> StatusCode {
    match (code_of(error), error.extensions.code.as_deref()) {
        ("UNAVAILABLE", _) => StatusCode::SERVICE_UNAVAILABLE,
        ("GRAPHQL_PARSE_FAILED" | "GRAPHQL_VALIDATION_FAILED", _) | (_, Some("OPERATION_RESOLUTION_FAILURE")) => {
            if call.plain { StatusCode::OK } else { StatusCode::BAD_REQUEST }
        }
        _ => chosen,
    }
}

fn is_client_fault(code: &str) -> bool {
    matches!(code, "BAD_REQUEST" | "GRAPHQL_PARSE_FAILED" | "GRAPHQL_VALIDATION_FAILED")
}

fn without_suggestion(mut message: String) -> String {
    if let Some(end) = message.find(" Did you mean ") {
        message.truncate(end);
    }
    message
}
