//! What a token says of its bearer, where the settings say that it stands. Pure.

use super::config::OidcConfig;
use ael_events::values::{Email, Role, Scope};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A token's claims.
#[derive(Clone, serde::Deserialize)]
pub(super) struct Claims(Map<String, Value>);

/// The bearer's e-mail address, as far as the provider vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EmailClaim {
    /// None is said.
    Absent,
    /// The provider does not vouch for it.
    Unverified,
    /// It is theirs.
    Verified(Email),
}

impl Claims {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Whether the token was made for this audience. An access token of Cognito has no `aud` and
    /// names the application in `client_id` instead.
    pub(super) fn is_for(&self, audience: &str) -> bool {
        match self.0.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(audience)),
            None | Some(Value::Null) => {
                ["client_id", "azp"].iter().any(|name| self.text(name) == Some(audience))
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => false,
        }
    }

    pub(super) fn email(&self) -> EmailClaim {
        let Some(email) = self.text("email").and_then(|text| text.parse().ok()) else {
            return EmailClaim::Absent;
        };
        // Cognito writes it as a text.
        let verified = match self.0.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(verified)) => verified == "true",
            None | Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                false
            }
        };
        if verified { EmailClaim::Verified(email) } else { EmailClaim::Unverified }
    }

    /// The workspaces that the token names; nothing, when it names none.
    pub(super) fn workspaces(&self, config: &OidcConfig) -> Option<Vec<&str>> {
        let claim = config.workspace_claim.as_deref().and_then(|name| self.find(name))?;
        Some(words(claim))
    }

    /// What the token is good for. Scopes and roles of ours narrow it; one that has neither is
    /// good for everyday work. The member's own role decides besides, whatever stands here.
    pub(super) fn scopes(&self, config: &OidcConfig) -> BTreeSet<Scope> {
        let named = self.named_scopes(config);
        let role = self.find(&config.roles_claim).and_then(highest_role);
        match (named.is_empty(), role) {
            (true, None) => scopes_of(Role::Agent),
            (true, Some(role)) => scopes_of(role),
            (false, None) | (false, Some(Role::Admin)) => named,
            (false, Some(role @ (Role::Agent | Role::Manager))) => {
                let can = scopes_of(role);
                match named.contains(&Scope::Admin) {
                    true => can,
                    false => named.intersection(&can).copied().collect(),
                }
            }
        }
    }

    fn named_scopes(&self, config: &OidcConfig) -> BTreeSet<Scope> {
        let claim = match config.scope_claim.as_deref() {
            Some(name) => self.find(name),
            None => self.find("scope").or_else(|| self.find("scp")),
        };
        let ours = |word: &str| word.strip_prefix(config.scope_prefix.as_str())?.parse().ok();
        claim.map(words).unwrap_or_default().into_iter().filter_map(ours).collect()
    }

    /// A claim by its name, which may have dots in it (`https://example.com/roles`), else by its
    /// place (`realm_access.roles`).
    fn find(&self, name: &str) -> Option<&Value> {
        let by_place = || {
            let (first, rest) = name.split_once('.')?;
            rest.split('.').try_fold(self.0.get(first)?, |place, part| place.get(part))
        };
        self.0.get(name).or_else(by_place)
    }
}

/// The words of a text or a list of texts.
fn words(claim: &Value) -> Vec<&str> {
    match claim {
        Value::String(text) => text.split([' ', ',']).filter(|word| !word.is_empty()).collect(),
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

/// The highest of our roles among those that are named: `admin`, `ael:admin`, `ael-admin` …
fn highest_role(claim: &Value) -> Option<Role> {
    let role = |word: &str| {
        let word = word.to_lowercase();
        let ours = ["ael:", "ael-", "ael_", "ael/"];
        let bare = ours.iter().find_map(|prefix| word.strip_prefix(prefix));
        bare.unwrap_or(&word).parse().ok()
    };
    words(claim).into_iter().filter_map(role).max()
}

/// What such a role's work needs.
fn scopes_of(role: Role) -> BTreeSet<Scope> {
    let everyday = [
        Scope::LeadsRead,
        Scope::LeadsWrite,
        Scope::SalesRead,
        Scope::SalesWrite,
        Scope::StatsRead,
        Scope::Files,
    ];
    let more: &[Scope] = match role {
        Role::Agent | Role::Manager => &[],
        Role::Admin => &[Scope::Export, Scope::Admin],
    };
    everyday.iter().chain(more).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_service::Env;
    use serde_json::json;

    fn claims(claims: Value) -> Claims {
        serde_json::from_value(claims).unwrap()
    }

    fn config(more: &[(&str, &str)]) -> OidcConfig {
        let issuer = [("OIDC_ISSUER", "https://a"), ("OIDC_AUDIENCE", "ael")];
        OidcConfig::read(&Env::of(issuer.iter().chain(more).copied())).unwrap().unwrap()
    }

    fn scopes(more: &[(&str, &str)], of: Value) -> BTreeSet<Scope> {
        claims(of).scopes(&config(more))
    }

    #[test]
    fn a_token_is_for_its_audience_and_without_one_for_its_client() {
        for ours in [json!({"aud": "ael"}), json!({"aud": ["a", "ael"]}), json!({"azp": "ael"})] {
            assert!(claims(ours.clone()).is_for("ael"), "{ours}");
        }
        assert!(claims(json!({ "client_id": "ael", "token_use": "access" })).is_for("ael"));
        // Who asked for a token is not for whom it was made.
        for others in [
            json!({}),
            json!({ "aud": "other", "azp": "ael", "client_id": "ael" }),
            json!({ "aud": [], "azp": "ael" }),
            json!({ "aud": 7, "azp": "ael" }),
            json!({ "aud": "AEL" }),
        ] {
            assert!(!claims(others.clone()).is_for("ael"), "{others}");
        }
    }

    #[test]
    fn an_address_counts_when_the_provider_vouches_for_it() {
        let of = |verified: Value| {
            claims(json!({ "email": "a@example.com", "email_verified": verified })).email()
        };
        let verified = EmailClaim::Verified("a@example.com".parse().unwrap());
        assert_eq!((of(json!(true)), of(json!("true"))), (verified.clone(), verified));
        for not in [json!(false), json!("false"), json!("TRUE"), json!(1), json!(null), json!([1])]
        {
            assert_eq!(of(not.clone()), EmailClaim::Unverified, "{not}");
        }
        let none = [json!({}), json!({ "email": "nobody", "email_verified": true })];
        assert!(none.into_iter().all(|none| claims(none).email() == EmailClaim::Absent));
    }

    #[test]
    fn scopes_are_found_as_a_text_or_a_list_with_or_without_a_prefix() {
        let two: BTreeSet<Scope> = [Scope::LeadsRead, Scope::Admin].into();
        for has in [
            json!({ "scope": "openid leads:read admin email" }),
            json!({ "scp": ["leads:read", "admin", "leads:fly"] }),
        ] {
            assert_eq!(scopes(&[], has), two);
        }
        let prefixed = [("OIDC_SCOPE_PREFIX", "https://api/"), ("OIDC_SCOPE_CLAIM", "perms.api")];
        let has = json!({
            "perms": { "api": ["https://api/leads:read", "https://api/admin", "files"] },
            "scope": "export" });
        assert_eq!(scopes(&prefixed, has), two);
    }

    #[test]
    fn a_token_without_scopes_and_roles_of_ours_does_everyday_work_and_administers_nothing() {
        for none in [json!({}), json!({ "scope": "openid email", "roles": ["offline_access"] })] {
            let scopes = scopes(&[], none);
            assert!(scopes.contains(&Scope::LeadsWrite) && scopes.contains(&Scope::Files));
            assert!(!scopes.contains(&Scope::Admin) && !scopes.contains(&Scope::Export));
        }
    }

    #[test]
    fn roles_are_found_wherever_the_provider_puts_them() {
        let admin = |name: &str, has: Value| {
            scopes(&[("OIDC_ROLES_CLAIM", name)], has).contains(&Scope::Admin)
        };
        assert!(admin("realm_access.roles", json!({ "realm_access": { "roles": ["ael:admin"] } })));
        assert!(admin("cognito:groups", json!({ "cognito:groups": ["agent", "Admin"] })));
        assert!(admin("https://a.b/roles", json!({ "https://a.b/roles": "admin" })));
        assert!(!admin("roles", json!({ "roles": ["administrator", "ael:manager"] })));
        assert!(!admin("roles", json!({ "roles": { "admin": true } })));
    }

    #[test]
    fn a_role_narrows_what_scopes_say_and_widens_nothing() {
        let both =
            |scope: &str, role: &str| scopes(&[], json!({ "scope": scope, "roles": [role] }));
        assert_eq!(both("leads:read export", "agent"), [Scope::LeadsRead].into());
        assert_eq!(both("leads:read", "admin"), [Scope::LeadsRead].into());
        assert_eq!(both("admin", "admin"), [Scope::Admin].into());
        assert_eq!(both("admin", "manager"), scopes_of(Role::Manager), "admin includes the others");
    }

    #[test]
    fn a_token_names_its_workspaces_where_the_settings_say() {
        let has = claims(json!({ "org": "w1", "orgs": ["w1", "w2"] }));
        assert_eq!(has.workspaces(&config(&[])), None);
        let named = |name| has.workspaces(&config(&[("OIDC_WORKSPACE_CLAIM", name)]));
        assert_eq!(named("org").unwrap().len(), 1);
        assert_eq!((named("orgs").unwrap().len(), named("none")), (2, None));
    }
}
