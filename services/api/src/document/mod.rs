//! The OpenAPI document: what poem-openapi knows of the operations, completed with the schemas of
//! the types, what every operation may refuse, who may call it, and examples.

mod complete;
mod examples;
mod page;
mod routes;

pub(crate) use page::{serve_json, serve_page, serve_script};
pub(crate) use routes::methods_of;

use crate::desk::Desk;
use crate::live::Live;
use crate::operations::{
    AssistantApi, AuditApi, LeadChangesApi, LeadsApi, LiveApi, MembersApi, SalesApi, StatisticsApi,
    TokensApi, WorkspaceApi,
};
use crate::wire::{Described as _, ProblemDetails, take_described};
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::registry::{MetaApi, Registry};
use poem_openapi::{OpenApi, OpenApiService};
use serde_json::Value;
use std::collections::HashMap;

/// The version of the interface.
const VERSION: &str = "1.0.0";
/// What the interface is, for who opens the document.
const ABOUT: &str = include_str!("about.md");

type Operations = (
    LeadsApi,
    LeadChangesApi,
    SalesApi,
    StatisticsApi,
    AssistantApi,
    MembersApi,
    TokensApi,
    WorkspaceApi,
    AuditApi,
    LiveApi,
);

/// The operations, ready to be called.
pub(crate) fn service(desk: Desk, live: Live) -> OpenApiService<Operations, ()> {
    let operations = (
        LeadsApi(desk.clone()),
        LeadChangesApi(desk.clone()),
        SalesApi(desk.clone()),
        StatisticsApi(desk.clone()),
        AssistantApi(desk.clone()),
        MembersApi(desk.clone()),
        TokensApi(desk.clone()),
        WorkspaceApi(desk.clone()),
        AuditApi(desk),
        LiveApi(live),
    );
    OpenApiService::new(operations, "AEL CRM", VERSION)
}

/// The operations as the document needs them: nobody calls these.
struct OnPaper;

impl OpenApi for OnPaper {
    fn meta() -> Vec<MetaApi> {
        Operations::meta()
    }

    fn register(registry: &mut Registry) {
        Operations::register(registry);
        ProblemDetails::announce(registry);
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

/// The OpenAPI document.
///
/// # Panics
/// Never: what poem-openapi writes is JSON.
#[must_use]
pub fn openapi() -> Value {
    take_described();
    let written = OpenApiService::new(OnPaper, "AEL CRM", VERSION)
        .description(ABOUT)
        .license("Apache-2.0")
        .server("/api/v1")
        .spec();
    let bare = serde_json::from_str(&written).unwrap_or_default();
    complete::completed(bare, take_described())
}

#[cfg(test)]
mod tests;
