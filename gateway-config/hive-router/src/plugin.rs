//! Where the router calls us, from a client's request to the answer to it.

use std::sync::atomic::Ordering;

use hive_router::async_trait;
use hive_router::executor::plugin_trait::{EndHookPayload, RouterPlugin, StartHookPayload};
use hive_router::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use hive_router::http::{HeaderName, HeaderValue};
use hive_router::ntex::http::{HeaderMap, Method, Response, StatusCode, header};
use hive_router::ntex::web::{DefaultError, WebRequest, WebResponse};
use hive_router::plugins::hooks::{
    on_execute::{OnExecuteStartHookPayload, OnExecuteStartHookResult},
    on_graphql_analysis::{OnGraphqlAnalysisHookPayload, OnGraphqlAnalysisHookResult},
    on_graphql_error::{OnGraphQLErrorHookPayload, OnGraphQLErrorHookResult},
    on_graphql_params::{OnGraphQLParamsStartHookPayload, OnGraphQLParamsStartHookResult},
    on_http_request::{OnHttpRequestHookFuture, OnHttpRequestHookPayload},
    on_plugin_init::{OnPluginInitPayload, OnPluginInitResult},
    on_subgraph_http_request::{OnSubgraphHttpRequestHookPayload, OnSubgraphHttpRequestHookResult},
};
use hive_router::{GraphQLError, PlanExecutionOutput};

use crate::caching::Asked;
use crate::call::Call;
use crate::cors::{self, Cors};
use crate::forward::Forward;
use crate::in_flight::InFlight;
use crate::proof::Proof;
use crate::refusal::Refusal;
use crate::settings::{Settings, origins};
use crate::{admission, answer, nesting, result};

const ROUTER_PROOF: HeaderName = HeaderName::from_static("x-router-proof");

pub struct MonoQl {
    settings: Settings,
    proof: Proof,
    cors: Cors,
    forward: Forward,
    in_flight: InFlight,
}

#[async_trait]
impl RouterPlugin for MonoQl {
    type Config = Settings;

    fn plugin_name() -> &'static str {
        "monoql"
    }

    fn on_plugin_init(payload: OnPluginInitPayload<Self>) -> OnPluginInitResult<Self> {
        let settings = payload.config()?.checked()?;
        let origins = origins(&payload.router_config().override_subgraph_urls)?;
        payload.initialize_plugin(Self {
            proof: Proof::new(&settings.secrets[0]),
            cors: Cors::new(settings.allowed_origins.clone()),
            forward: Forward::new(origins, &settings),
            in_flight: InFlight::new(settings.max_in_flight),
            settings,
        })
    }

    fn on_http_request<'req>(&'req self, payload: OnHttpRequestHookPayload<'req>) -> OnHttpRequestHookFuture<'req> {
        Box::pin(async move {
            let mut payload = payload;
            let request = &mut payload.router_http_request;
            match request.path() {
                "/livez" => return payload.end_with_response(word(true, "live")),
                "/readyz" => {
                    let ready = self.forward.all_live().await;
                    return payload.end_with_response(word(ready, if ready { "ready" } else { "not ready" }));
                }
                _ if request.method() == Method::OPTIONS => {
                    let preflight = self.cors.preflight(request.headers());
                    return payload.end_with_response(preflight);
                }
                _ => {}
            }
            let call = Call::begin(request, self.settings.trusted_proxies);
            let origin = self.cors.origin(request.headers());
            let asked = Asked::new(request.method(), request.headers());
            let (place, answer) = match self.in_flight.take() {
                Some(place) => (Some(place), self.answered_here(request).await),
                None => (None, Err(Refusal::busy())),
            };
            let answer = answer.unwrap_or_else(|refusal| Some(refusal.response(&call.id)));
            if let Some(mut response) = answer {
                finish(response.headers_mut(), &call.id, origin.as_deref());
                return payload.end_with_response(response);
            }
            let id = call.id.clone();
            payload.context.insert(call);
            payload.on_end(move |payload| {
                let _place = place;
                payload
                    .map_response(|response| {
                        let mut response = asked.apply(response);
                        say_why(&mut response);
                        finish(response.headers_mut(), &id, origin.as_deref());
                        response
                    })
                    .proceed()
            })
        })
    }

    async fn on_graphql_params<'exec>(
        &'exec self,
        payload: OnGraphQLParamsStartHookPayload<'exec>,
    ) -> OnGraphQLParamsStartHookResult<'exec> {
        if nesting::too_deep(&payload.body) {
            let refusal = Refusal::bad("\"variables\" nests deeper than 100 levels.");
            let id = payload.context.get_ref::<Call>().map_or_else(String::new, |call| call.id.clone());
            return payload.end_with_response(refusal.response(&id));
        }
        let most = self.settings.max_query_bytes;
        payload.on_end(move |payload| {
            let refusal = match payload.graphql_params.query.as_deref() {
                None | Some("") => Refusal::bad("\"query\" must be a GraphQL document."),
                Some(query) if query.len() > most => {
                    Refusal::bad(format!("\"query\" holds at most {most} characters; use variables."))
                }
                _ => return payload.proceed(),
            };
            let id = payload.context.get_ref::<Call>().map_or_else(String::new, |call| call.id.clone());
            payload.end_with_response(refusal.response(&id))
        })
    }

    async fn on_graphql_analysis<'exec>(
        &'exec self,
        payload: &mut OnGraphqlAnalysisHookPayload<'exec>,
    ) -> OnGraphqlAnalysisHookResult {
        let most = self.settings.max_root_fields;
        if payload.filtered_operation_for_plan.selection_set.items.len() <= most {
            return OnGraphqlAnalysisHookResult::Proceed;
        }
        let message = format!("The operation has more than {most} top-level fields.");
        let error = GraphQLError::from_message_and_code(message, "GRAPHQL_VALIDATION_FAILED");
        OnGraphqlAnalysisHookResult::EndWithResponse(self.refused(payload.context.get_ref::<Call>().as_deref(), error))
    }

    async fn on_execute<'exec>(
        &'exec self,
        payload: OnExecuteStartHookPayload<'exec>,
    ) -> OnExecuteStartHookResult<'exec> {
        let context = payload.context;
        payload.on_end(move |payload| {
            if let Some(call) = context.get_ref::<Call>() {
                let signed_out = call.signed_out.load(Ordering::Relaxed);
                call.executed(result::status_of(&payload.data, &payload.errors, signed_out));
            }
            payload.proceed()
        })
    }

    async fn on_subgraph_http_request<'exec>(
        &'exec self,
        mut payload: OnSubgraphHttpRequestHookPayload<'exec>,
    ) -> OnSubgraphHttpRequestHookResult<'exec> {
        let headers = &mut payload.execution_request.headers;
        let token = headers.get(AUTHORIZATION).map_or(&[][..], |token| token.as_bytes());
        let proof = self.proof.sign(&payload.body, token);
        headers.insert(ROUTER_PROOF, HeaderValue::try_from(proof).expect("digits and letters make a header"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        payload.on_end(|mut payload| {
            if payload.response.status == StatusCode::UNAUTHORIZED
                && let Some(call) = payload.context.get_ref::<Call>()
            {
                call.signed_out.store(true, Ordering::Relaxed);
            }
            payload.response = answer::read(payload.response);
            payload.proceed()
        })
    }

    fn on_graphql_error<'req>(&'req self, payload: OnGraphQLErrorHookPayload<'req>) -> OnGraphQLErrorHookResult<'req> {
        let mut payload = payload;
        let Some(call) = payload.context.get_ref::<Call>() else { return payload.proceed() };
        payload.status_code =
            call.status().unwrap_or_else(|| result::refused_status(&payload.error, payload.status_code, &call));
        payload.error = result::shown(payload.error, &call.id, !self.settings.production());
        drop(call);
        payload.proceed()
    }
}

impl MonoQl {
    /// The answer to what is not for GraphQL to answer; nothing where it is.
    async fn answered_here(&self, request: &mut WebRequest<DefaultError>) -> Result<Option<Response>, Refusal> {
        match request.path() {
            "/graphql" => admission::check(request, self.settings.max_body_bytes).await.map(|()| None),
            path if path.starts_with("/files/") => self.forward.file(request).await.map(Some),
            path if path.starts_with("/webhooks/") => self.forward.webhook(request).await.map(Some),
            _ => {
                let message = "There is nothing here; the API is at /graphql.";
                Err(Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", message))
            }
        }
    }

    fn refused(&self, call: Option<&Call>, error: GraphQLError) -> PlanExecutionOutput {
        use hive_router::executor::plugin_trait::FromGraphQLErrorToResponse;
        let status = if call.is_none_or(|call| call.plain) { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        let id = call.map_or("", |call| call.id.as_str());
        PlanExecutionOutput::from_graphql_error_to_response(result::shown(error, id, true), status)
    }
}

fn word(good: bool, word: &str) -> Response {
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Response::build(status)
        .content_type("application/json")
        .set_header("cache-control", "no-store")
        .body(format!("{{\"status\":\"{word}\"}}"))
}

fn say_why(response: &mut WebResponse) {
    let (name, value) = match response.status() {
        StatusCode::UNAUTHORIZED => (header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""),
        StatusCode::SERVICE_UNAVAILABLE => (header::RETRY_AFTER, "1"),
        _ => return,
    };
    response.headers_mut().insert(name, header::HeaderValue::from_static(value));
}

fn finish(headers: &mut HeaderMap, request_id: &str, origin: Option<&str>) {
    if let Ok(id) = header::HeaderValue::from_str(request_id) {
        headers.insert(header::HeaderName::from_static("x-request-id"), id);
    }
    if let Some(origin) = origin {
        cors::apply(headers, origin);
    }
}
