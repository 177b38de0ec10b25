//! Who may call what: one line for each route, with the scope that a token needs and the least role
//! that gets anywhere with it.
//!
//! The table is a promise, not a lock: `commands` and `queries` decide, and a test walks every
//! route with every role, scope and workspace and compares. A route that is not in it fails a test.

use ael_events::values::{Role, Scope};

/// One route.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RouteRule {
    /// The method, in capitals.
    pub(crate) method: &'static str,
    /// The path under `/api/v1`, as the document writes it.
    pub(crate) path: &'static str,
    /// The scope that a token needs; `admin` includes all, and none means any token.
    pub(crate) scope: Option<Scope>,
    /// The least role that it does anything for.
    pub(crate) role: Role,
}

const fn route(
    method: &'static str,
    path: &'static str,
    scope: Option<Scope>,
    role: Role,
) -> RouteRule {
    RouteRule { method, path, scope, role }
}

const LEADS_READ: Option<Scope> = Some(Scope::LeadsRead);
const LEADS_WRITE: Option<Scope> = Some(Scope::LeadsWrite);
const SALES_READ: Option<Scope> = Some(Scope::SalesRead);
const SALES_WRITE: Option<Scope> = Some(Scope::SalesWrite);
const STATS_READ: Option<Scope> = Some(Scope::StatsRead);
const ADMIN: Option<Scope> = Some(Scope::Admin);

/// Every route.
pub(crate) const ROUTES: &[RouteRule] = &[
    route("POST", "/leads", LEADS_WRITE, Role::Agent),
    route("GET", "/leads", LEADS_READ, Role::Agent),
    route("POST", "/leads/bulk", LEADS_WRITE, Role::Agent),
    route("GET", "/leads/{id}", LEADS_READ, Role::Agent),
    route("PATCH", "/leads/{id}", LEADS_WRITE, Role::Agent),
    route("GET", "/leads/{id}/history", LEADS_READ, Role::Agent),
    route("POST", "/leads/{id}/stage", LEADS_WRITE, Role::Agent),
    route("POST", "/leads/{id}/rollback", LEADS_WRITE, Role::Manager),
    route("POST", "/leads/{id}/reopen", LEADS_WRITE, Role::Manager),
    route("POST", "/leads/{id}/lost", LEADS_WRITE, Role::Agent),
    route("POST", "/leads/{id}/assign", LEADS_WRITE, Role::Agent),
    route("POST", "/leads/{id}/messages", LEADS_WRITE, Role::Agent),
    route("POST", "/leads/{id}/notes", LEADS_WRITE, Role::Agent),
    route("POST", "/leads/{id}/notes/{note_id}/pin", LEADS_WRITE, Role::Agent),
    route("POST", "/leads/{id}/notes/{note_id}/unpin", LEADS_WRITE, Role::Agent),
    route("POST", "/leads/{id}/analyze", LEADS_WRITE, Role::Agent),
    route("POST", "/leads/{id}/transfer", LEADS_WRITE, Role::Manager),
    route("POST", "/leads/{id}/merge", LEADS_WRITE, Role::Manager),
    route("POST", "/leads/{id}/erase", ADMIN, Role::Admin),
    route("GET", "/sales", SALES_READ, Role::Agent),
    route("GET", "/sales/{id}", SALES_READ, Role::Agent),
    route("PATCH", "/sales/{id}", SALES_WRITE, Role::Agent),
    route("POST", "/sales/{id}/stage", SALES_WRITE, Role::Agent),
    route("POST", "/sales/{id}/lost", SALES_WRITE, Role::Agent),
    route("GET", "/stats/overview", STATS_READ, Role::Agent),
    route("GET", "/stats/funnel", STATS_READ, Role::Agent),
    route("GET", "/stats/sources", STATS_READ, Role::Agent),
    route("GET", "/stats/agents", STATS_READ, Role::Agent),
    route("GET", "/stats/revenue", STATS_READ, Role::Agent),
    route("GET", "/stats/aging", STATS_READ, Role::Agent),
    route("GET", "/stats/ai", STATS_READ, Role::Agent),
    route("POST", "/assistant", LEADS_READ, Role::Agent),
    route("GET", "/me", None, Role::Agent),
    route("POST", "/me/language", None, Role::Agent),
    route("POST", "/me/notifications", None, Role::Agent),
    route("GET", "/members", LEADS_READ, Role::Agent),
    route("POST", "/members", ADMIN, Role::Admin),
    route("PATCH", "/members/{id}", ADMIN, Role::Admin),
    route("POST", "/members/{id}/role", ADMIN, Role::Admin),
    route("POST", "/members/{id}/deactivate", ADMIN, Role::Admin),
    route("POST", "/members/{id}/reactivate", ADMIN, Role::Admin),
    route("GET", "/invitations", ADMIN, Role::Admin),
    route("POST", "/invitations", ADMIN, Role::Admin),
    route("POST", "/invitations/{id}/revoke", ADMIN, Role::Admin),
    route("GET", "/tokens", None, Role::Agent),
    route("POST", "/tokens", None, Role::Agent),
    route("POST", "/tokens/{id}/revoke", None, Role::Agent),
    route("DELETE", "/tokens/{id}", None, Role::Agent),
    route("GET", "/workspace", None, Role::Agent),
    route("PATCH", "/workspace", ADMIN, Role::Admin),
    route("GET", "/audit/events", ADMIN, Role::Admin),
    route("GET", "/audit/verify", ADMIN, Role::Admin),
    route("GET", "/ws", None, Role::Agent),
    route("POST", "/ws/ticket", None, Role::Agent),
];

/// The methods that a path knows, for `Allow`.
pub(crate) fn methods_of(path: &str) -> String {
    let Some(operation) = path.strip_prefix("/api/v1") else { return "GET, HEAD".to_owned() };
    let is_it = |rule: &&RouteRule| {
        let (pattern, given) = (rule.path.split('/'), operation.split('/'));
        pattern.clone().count() == given.clone().count()
            && pattern
                .zip(given)
                .all(|(part, given)| part == given || (part.starts_with('{') && !given.is_empty()))
    };
    let by_word = |rule: &&RouteRule| rule.path == operation;
    let named = ROUTES.iter().any(|rule| rule.path == operation);
    let mut methods: Vec<&str> = ROUTES
        .iter()
        .filter(|rule| if named { by_word(rule) } else { is_it(rule) })
        .map(|rule| rule.method)
        .collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_knows_its_methods() {
        assert_eq!(methods_of("/api/v1/leads"), "GET, HEAD, POST");
        assert_eq!(methods_of("/api/v1/leads/bulk"), "POST");
        assert_eq!(methods_of("/api/v1/leads/x/stage"), "POST");
        assert_eq!(methods_of("/api/v1/leads/x"), "GET, HEAD, PATCH");
        assert_eq!(methods_of("/docs"), "GET, HEAD");
    }
}
