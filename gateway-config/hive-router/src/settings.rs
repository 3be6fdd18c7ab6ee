//! What `router.config.yaml` tells the plugin. Secrets and addresses come from the environment, through that file.

use std::collections::HashMap;

use hive_router::config::override_subgraph_urls::{OverrideSubgraphUrlsConfig, UrlOrExpression};
use serde::{Deserialize, Deserializer, de::Error};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub environment: String,
    /// The first signs the router proof.
    pub secrets: Vec<String>,
    /// For CORS; `*` allows all.
    pub allowed_origins: Vec<String>,
    /// How many proxies in front append to `X-Forwarded-For`; 0 ignores it.
    #[serde(deserialize_with = "number")]
    pub trusted_proxies: usize,
    #[serde(deserialize_with = "number")]
    pub max_in_flight: usize,
    #[serde(deserialize_with = "number")]
    pub max_body_bytes: usize,
    #[serde(deserialize_with = "number")]
    pub max_query_bytes: usize,
    #[serde(deserialize_with = "number")]
    pub max_root_fields: usize,
    #[serde(deserialize_with = "number")]
    pub max_uploads: usize,
    #[serde(deserialize_with = "number")]
    pub max_upload_bytes: usize,
}

impl Settings {
    pub fn production(&self) -> bool {
        self.environment == "production"
    }

    /// One sentence that names the setting, as the first router says it.
    pub fn checked(self) -> Result<Self, String> {
        if !["development", "production"].contains(&self.environment.as_str()) {
            return Err(format!("MONOQL_ENV is \"{}\": it must be one of development, production", self.environment));
        }
        if self.secrets.is_empty() {
            return Err("ROUTER_SECRETS is not set: the router signs its requests to subgraphs with it".into());
        }
        if self.production() && self.secrets.iter().any(|secret| secret.starts_with("development-")) {
            return Err("ROUTER_SECRETS holds a development secret, which MONOQL_ENV=production refuses".into());
        }
        Ok(self)
    }
}

/// Where each subgraph's process is, by name.
pub fn origins(urls: &OverrideSubgraphUrlsConfig) -> Result<HashMap<String, String>, String> {
    let origin = |name: &String, url: &UrlOrExpression| match url {
        UrlOrExpression::Url(url) => url
            .strip_suffix("/graphql")
            .map(|origin| (name.clone(), origin.to_owned()))
            .ok_or_else(|| format!("The address of {name} must end with /graphql")),
        _ => Err(format!("The address of {name} must be a URL")),
    };
    urls.subgraphs.iter().map(|(name, subgraph)| origin(name, &subgraph.url)).collect()
}

/// A number of the file, or the text of an environment variable.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Number(usize),
        Text(String),
    }
    match Given::deserialize(deserializer)? {
        Given::Number(number) => Ok(number),
        Given::Text(text) => text.parse().map_err(D::Error::custom),
    }
}
