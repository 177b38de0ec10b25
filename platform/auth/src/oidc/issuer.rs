//! The provider as we reach it: over HTTP, within seconds, and with an eye on what it sends.

use super::config::{OidcConfig, is_this_machine, is_trusted};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// How many bytes of an answer are read.
const MOST: usize = 512 * 1024;

/// The provider's keys could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It cannot be reached, or not in time.
    #[error("the sign-in provider does not answer")]
    Away(#[from] reqwest::Error),
    /// It answered something else.
    #[error("the sign-in provider answered with status {0}")]
    Status(u16),
    /// It sent more than anybody needs.
    #[error("the sign-in provider's answer is longer than {MOST} bytes")]
    TooLong,
    /// It sent something else.
    #[error("the sign-in provider's answer is not of its form")]
    Unreadable(#[from] serde_json::Error),
    /// Its discovery is another provider's, or names a place that is not to be trusted.
    #[error("the discovery at OIDC_ISSUER is another provider's, or its keys are not at https")]
    Discovery,
    /// It took too long in all.
    #[error("the sign-in provider takes too long")]
    TooSlow,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeyDocument {
    keys: Vec<Value>,
}

/// The way to the provider.
#[derive(Debug)]
pub(super) struct Issuer {
    http: Client,
    name: String,
    jwks_url: Option<Url>,
    patience: Duration,
}

impl Issuer {
    pub(super) fn new(config: &OidcConfig, patience: Duration) -> Result<Self, FetchError> {
        // Whoever comes second finds it chosen.
        rustls::crypto::ring::default_provider().install_default().ok();
        let mut http = Client::builder()
            .timeout(patience)
            .redirect(Policy::none())
            .user_agent(concat!("ael/", env!("CARGO_PKG_VERSION")));
        if Url::parse(config.issuer.as_str()).is_ok_and(|url| is_this_machine(&url)) {
            http = http.no_proxy();
        }
        let (name, jwks_url) = (config.issuer.as_str().to_owned(), config.jwks_url.clone());
        Ok(Self { http: http.build()?, name, jwks_url, patience })
    }

    /// The keys that the provider publishes now.
    pub(super) async fn keys(&self) -> Result<Vec<Value>, FetchError> {
        let fetched = tokio::time::timeout(self.patience, self.fetch()).await;
        fetched.map_err(|_| FetchError::TooSlow)?
    }

    async fn fetch(&self) -> Result<Vec<Value>, FetchError> {
        let url = match &self.jwks_url {
            Some(url) => url.clone(),
            None => self.discover().await?,
        };
        Ok(self.json::<KeyDocument>(url).await?.keys)
    }

    async fn discover(&self) -> Result<Url, FetchError> {
        let place = format!("{}/.well-known/openid-configuration", self.name.trim_end_matches('/'));
        let place = Url::parse(&place).map_err(|_| FetchError::Discovery)?;
        let found: Discovery = self.json(place).await?;
        let url = Url::parse(&found.jwks_uri).ok().filter(is_trusted);
        url.filter(|_| found.issuer == self.name).ok_or(FetchError::Discovery)
    }

    async fn json<T: DeserializeOwned>(&self, url: Url) -> Result<T, FetchError> {
        let mut answer = self.http.get(url).send().await?;
        if !answer.status().is_success() {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MOST {
                return Err(FetchError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(serde_json::from_slice(&body)?)
    }
}
