//! The directory: which credential is whose, and in which role its owner decides now.

use crate::denied::Denied;
use crate::oidc::{EmailClaim, Oidc, SignedIn};
use crate::principal::Principal;
use crate::recent::Recent;
use crate::token::Presented;
use crate::uses::TokenUses;
use ael_events::actor::{Actor, ServicePrincipal};
use ael_events::command::Credential;
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::subjects::Edge;
use ael_events::values::{Role, TelegramUserId};
use ael_store::{CredentialKind, auth};
use chrono::Utc;
use sqlx::PgPool;

/// How many members and how many credentials are remembered.
const CAPACITY: u64 = 100_000;

/// Under which name a Telegram account stands among the credentials.
#[must_use]
pub fn telegram_lookup(account: TelegramUserId) -> String {
    account.number().to_string()
}

/// Reads who is who from the store, with a memory of half a second.
#[derive(Debug)]
pub struct Directory {
    pool: PgPool,
    members: Recent<(WorkspaceId, MemberId), ael_store::Principal>,
    tokens: Recent<(WorkspaceId, String), ael_store::Credential>,
    accounts: Recent<(WorkspaceId, String), ael_store::Credential>,
    identities: Recent<(WorkspaceId, String), ael_store::Credential>,
    addresses: Recent<(WorkspaceId, String), MemberId>,
    uses: TokenUses,
    provider: Option<Oidc>,
}

impl Directory {
    /// A directory over a pool of `commands` or of `queries`.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            members: Recent::new(CAPACITY),
            tokens: Recent::new(CAPACITY),
            accounts: Recent::new(CAPACITY),
            identities: Recent::new(CAPACITY),
            addresses: Recent::new(CAPACITY),
            uses: TokenUses::new(pool.clone()),
            provider: None,
            pool,
        }
    }

    /// The same with a provider whose sign-in tokens are taken, where there is one.
    #[must_use]
    pub fn with_provider(self, provider: Option<Oidc>) -> Self {
        Self { provider, ..self }
    }

    /// When tokens were last used: to be kept by the service ([`TokenUses::keep`]).
    #[must_use]
    pub fn token_uses(&self) -> TokenUses {
        self.uses.clone()
    }

    /// Whether the database answers.
    pub async fn is_reachable(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.pool).await.is_ok()
    }

    /// Who asks. What is remembered may let somebody in for half a second; it never keeps anybody
    /// out.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn resolve(
        &self,
        edge: Edge,
        workspace: WorkspaceId,
        credential: &Credential,
    ) -> Result<Principal, Denied> {
        match self.look_up(edge, workspace, credential, false).await {
            Err(Denied::Deactivated | Denied::BadToken | Denied::NotAnAdmin) => {
                self.look_up(edge, workspace, credential, true).await
            }
            settled => settled,
        }
    }

    /// Who asks, without looking at what is remembered: before a refusal that depends on the role.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn resolve_anew(
        &self,
        edge: Edge,
        workspace: WorkspaceId,
        credential: &Credential,
    ) -> Result<Principal, Denied> {
        self.look_up(edge, workspace, credential, true).await
    }

    /// The role of a member who is active now.
    ///
    /// # Errors
    /// [`Denied::Unavailable`] alone.
    pub async fn active_role(
        &self,
        workspace: WorkspaceId,
        member: MemberId,
        anew: bool,
    ) -> Result<Option<Role>, Denied> {
        let found = self.member(workspace, member, anew).await?;
        Ok(found.filter(|principal| principal.active).map(|principal| principal.role))
    }

    async fn look_up(
        &self,
        edge: Edge,
        workspace: WorkspaceId,
        credential: &Credential,
        anew: bool,
    ) -> Result<Principal, Denied> {
        if !credential.is_good_on(edge) {
            return Err(Denied::NotOnThisEdge);
        }
        match credential {
            Credential::Token { token } => self.token(workspace, token, anew).await,
            Credential::Oidc { token } => self.signed_in(workspace, token, anew).await,
            Credential::Telegram { user_id } => self.account(workspace, *user_id, anew).await,
            Credential::Operator { as_member: None } => Ok(Principal::unlimited(Actor::Operator)),
            Credential::Operator { as_member: Some(member) } => {
                let actor = self.person(workspace, *member, anew).await?;
                Ok(Principal::unlimited(actor))
            }
            Credential::Service { principal, on_behalf_of } => {
                self.service(workspace, *principal, *on_behalf_of, anew).await
            }
        }
    }

    async fn token(
        &self,
        workspace: WorkspaceId,
        text: &str,
        anew: bool,
    ) -> Result<Principal, Denied> {
        let token = Presented::parse(text).ok_or(Denied::BadToken)?;
        if token.workspace != workspace {
            return Err(Denied::BadToken);
        }
        let lookup = token.id.to_string();
        let read = auth::credential(&self.pool, CredentialKind::Token, &lookup, workspace);
        let kept = self.tokens.get((workspace, lookup.clone()), anew, read).await;
        let kept = kept.map_err(Denied::Unavailable)?.ok_or(Denied::BadToken)?;
        let is_the_secret = kept.secret_hash.as_deref().is_some_and(|hash| token.has_hash(hash));
        let now = Utc::now();
        if !is_the_secret || kept.expires_at.is_some_and(|end| end <= now) {
            return Err(Denied::BadToken);
        }
        let actor = self.person(workspace, kept.member, anew).await?;
        self.uses.note(workspace, token.id, now);
        let scopes = Some(kept.scopes.iter().copied().collect());
        let (until, token) = (kept.expires_at, Some(token.id));
        Ok(Principal { scopes, until, token, ..Principal::unlimited(actor) })
    }

    async fn signed_in(
        &self,
        workspace: WorkspaceId,
        token: &str,
        anew: bool,
    ) -> Result<Principal, Denied> {
        let provider = self.provider.as_ref().ok_or(Denied::NoProvider)?;
        let bearer = provider.sign_in(workspace, token).await?;
        let member = self.bearer(workspace, &bearer, anew).await?;
        let actor = self.person(workspace, member, anew).await?;
        Ok(Principal { scopes: Some(bearer.scopes), ..Principal::unlimited(actor) })
    }

    /// The member who signed in: the one whom an Admin linked to the identity, else the one whose
    /// e-mail address the provider vouches for, unless another identity is linked to them.
    async fn bearer(
        &self,
        workspace: WorkspaceId,
        bearer: &SignedIn,
        anew: bool,
    ) -> Result<MemberId, Denied> {
        let lookup = bearer.lookup.clone();
        let read = auth::credential(&self.pool, CredentialKind::Oidc, &lookup, workspace);
        let linked = self.identities.get((workspace, lookup.clone()), anew, read).await;
        if let Some(linked) = linked.map_err(Denied::Unavailable)? {
            return Ok(linked.member);
        }
        let address = match &bearer.email {
            EmailClaim::Verified(address) => address.as_str().to_lowercase(),
            EmailClaim::Unverified => return Err(Denied::EmailNotVerified),
            EmailClaim::Absent => return Err(Denied::UnknownIdentity),
        };
        let read = async {
            let found = auth::members_by_email(&self.pool, workspace, &address).await?;
            let [member] = found[..] else { return Ok(None) };
            let identified = auth::has_identity(&self.pool, workspace, member).await?;
            Ok(Some(member).filter(|_| !identified))
        };
        let found = self.addresses.get((workspace, address.clone()), anew, read).await;
        found.map_err(Denied::Unavailable)?.ok_or(Denied::UnknownIdentity)
    }

    async fn account(
        &self,
        workspace: WorkspaceId,
        account: TelegramUserId,
        anew: bool,
    ) -> Result<Principal, Denied> {
        let lookup = telegram_lookup(account);
        let read = auth::credential(&self.pool, CredentialKind::Telegram, &lookup, workspace);
        let kept = self.accounts.get((workspace, lookup.clone()), anew, read).await;
        let kept = kept.map_err(Denied::Unavailable)?.ok_or(Denied::UnknownAccount)?;
        Ok(Principal::unlimited(self.person(workspace, kept.member, anew).await?))
    }

    async fn service(
        &self,
        workspace: WorkspaceId,
        principal: ServicePrincipal,
        asker: Option<MemberId>,
        anew: bool,
    ) -> Result<Principal, Denied> {
        let asker = asker.filter(|_| acts_for_members(principal));
        let role = match asker {
            Some(member) => self.active_role(workspace, member, anew).await?,
            None => None,
        };
        if principal == ServicePrincipal::Importer && role != Some(Role::Admin) {
            return Err(Denied::NotAnAdmin);
        }
        let actor = Actor::Service { principal, on_behalf_of: asker };
        Ok(Principal { on_behalf_of: role, ..Principal::unlimited(actor) })
    }

    async fn person(
        &self,
        workspace: WorkspaceId,
        member: MemberId,
        anew: bool,
    ) -> Result<Actor, Denied> {
        match self.member(workspace, member, anew).await? {
            Some(kept) if kept.active => Ok(Actor::Member { id: member, role: kept.role }),
            Some(_) => Err(Denied::Deactivated),
            None => Err(Denied::UnknownMember),
        }
    }

    async fn member(
        &self,
        workspace: WorkspaceId,
        member: MemberId,
        anew: bool,
    ) -> Result<Option<ael_store::Principal>, Denied> {
        let read = auth::principal(&self.pool, workspace, member);
        self.members.get((workspace, member), anew, read).await.map_err(Denied::Unavailable)
    }
}

/// Whether a service's row of the who-may table names a member on whose behalf it acts.
const fn acts_for_members(principal: ServicePrincipal) -> bool {
    match principal {
        ServicePrincipal::Importer
        | ServicePrincipal::AssignmentRule
        | ServicePrincipal::Retention => true,
        ServicePrincipal::Scoring | ServicePrincipal::ProcessManager | ServicePrincipal::Bot => {
            false
        }
    }
}

#[cfg(test)]
#[path = "directory_tests.rs"]
mod tests;
