//! Hive Router with what our subgraphs demand and our clients rely on: the README beside `gateway-config` says what.
#![recursion_limit = "256"]

mod admission;
mod answer;
mod caching;
mod call;
mod cors;
mod forward;
mod in_flight;
mod nesting;
mod plugin;
mod proof;
mod refusal;
mod result;
mod settings;

use hive_router::{
    PluginRegistry, RouterGlobalAllocator, configure_global_allocator, error::RouterInitError,
    init_rustls_crypto_provider, ntex, router_entrypoint,
};

configure_global_allocator!();

#[hive_router::main]
async fn main() -> Result<(), RouterInitError> {
    init_rustls_crypto_provider();
    router_entrypoint(PluginRegistry::new().register::<plugin::MonoQl>()).await
}
