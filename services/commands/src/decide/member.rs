//! Members: their role stands in the directory of who may, their Telegram account among the
//! credentials.

use super::Matter;
use crate::draft::{Decision, Draft};
use crate::failure::{Refused, Trouble};
use crate::stored::Known;
use ael_auth::{identity_lookup, telegram_lookup};
use ael_domain::member::{Member, MemberContext};
use ael_events::answer::Rejected;
use ael_events::command::{LinkIdentity, MemberCommand, MemberRef, To};
use ael_events::event::MemberEvent;
use ael_events::ids::MemberId;
use ael_events::values::TelegramUserId;
use ael_store::{Credential, CredentialKind, CredentialRef, Principal, auth};

pub(super) async fn decide(
    matter: &Matter<'_>,
    to: &To<MemberRef, MemberCommand>,
) -> Result<Decision, Refused> {
    if matter.settings().await?.is_none() {
        return Ok(Decision::Refused(super::workspace::no_such_workspace()));
    }
    let Some(id) = to.id.of(&matter.principal.actor) else {
        return Ok(Decision::Refused(nobody()));
    };
    let member = matter.load::<Member>(id.uuid()).await?;
    if let Err(unexpected) = matter.is_expected(&member) {
        return Ok(unexpected);
    }
    let context = MemberContext {
        member_id: id,
        asked: matter.asked(),
        // Two Admins may leave at the same moment: the append finds out, and this is decided again.
        other_active_admins: u32::from(!matter.is_last_admin),
        telegram_taken_by: match &to.command {
            MemberCommand::LinkTelegram(link) => taken_by(matter, link.user_id, id).await?,
            MemberCommand::Add(_)
            | MemberCommand::Rename(_)
            | MemberCommand::ChangeRole(_)
            | MemberCommand::Deactivate(_)
            | MemberCommand::Reactivate(_)
            | MemberCommand::UnlinkTelegram(_)
            | MemberCommand::LinkIdentity(_)
            | MemberCommand::UnlinkIdentity(_)
            | MemberCommand::ChangeLanguage(_)
            | MemberCommand::ChangeNotifications(_)
            | MemberCommand::NoteBotBlocked(_) => None,
        },
        identity_taken_by: match &to.command {
            MemberCommand::LinkIdentity(LinkIdentity { issuer, subject }) => {
                let lookup = identity_lookup(issuer.as_str(), subject.as_str());
                holder(matter, CredentialKind::Oidc, &lookup, id).await?
            }
            MemberCommand::Add(_)
            | MemberCommand::Rename(_)
            | MemberCommand::ChangeRole(_)
            | MemberCommand::Deactivate(_)
            | MemberCommand::Reactivate(_)
            | MemberCommand::LinkTelegram(_)
            | MemberCommand::UnlinkTelegram(_)
            | MemberCommand::UnlinkIdentity(_)
            | MemberCommand::ChangeLanguage(_)
            | MemberCommand::ChangeNotifications(_)
            | MemberCommand::NoteBotBlocked(_) => None,
        },
    };
    let by = &matter.principal.actor;
    let events = match member.state.decide(by, &context, to.command.clone()) {
        Ok(events) => events,
        Err(refusal) => return Ok(Decision::Refused(refusal.into())),
    };
    let mut draft = matter.draft(&member);
    add(&mut draft, &member, events)?;
    Ok(Decision::Write(Box::new(draft)))
}

/// The refusal of what whoever asks wants of themselves when that is no member.
fn nobody() -> Rejected {
    let sentence = "no member asks here, so nobody is `me`: name the member who is meant";
    Rejected::new("not_for_operator", sentence)
}

/// Adds a member's events and what they change about who may what, and by which account.
pub(super) fn add(
    draft: &mut Draft,
    member: &Known<Member>,
    events: Vec<MemberEvent>,
) -> Result<(), Trouble> {
    if events.is_empty() {
        return Ok(());
    }
    let after = draft.add(member, member.id, events)?;
    let id = MemberId::from_uuid(member.id);
    let standing = |member: &Member| member.role().map(|role| (role, member.is_active()));
    let now = standing(&after.state);
    if let Some((role, active)) = now.filter(|_| now != standing(&member.state)) {
        let version = after.version;
        draft.append.principals.push(Principal { member: id, role, active, version });
    }
    let account = |member: &Member| member.person()?.telegram.map(telegram_lookup);
    let accounts = (account(&member.state), account(&after.state));
    exchange(draft, CredentialKind::Telegram, id, accounts);
    let identity = |member: &Member| {
        let identity = member.person()?.identity.as_ref()?;
        Some(identity_lookup(identity.issuer.as_str(), identity.subject.as_str()))
    };
    let identities = (identity(&member.state), identity(&after.state));
    exchange(draft, CredentialKind::Oidc, id, identities);
    Ok(())
}

/// Puts the credential that a member has afterwards in the place of the one that they had.
fn exchange(
    draft: &mut Draft,
    kind: CredentialKind,
    member: MemberId,
    (before, now): (Option<String>, Option<String>),
) {
    if before == now {
        return;
    }
    if let Some(lookup) = before {
        draft.append.credentials_removed.push(CredentialRef { kind, lookup });
    }
    if let Some(lookup) = now {
        draft.append.credentials.push(Credential {
            kind,
            lookup,
            member,
            secret_hash: None,
            made_with: None,
            scopes: Vec::new(),
            expires_at: None,
        });
    }
}

/// Another member of the workspace who has this Telegram account.
pub(super) async fn taken_by(
    matter: &Matter<'_>,
    account: TelegramUserId,
    member: MemberId,
) -> Result<Option<MemberId>, Trouble> {
    holder(matter, CredentialKind::Telegram, &telegram_lookup(account), member).await
}

/// Another member of the workspace who has this credential.
async fn holder(
    matter: &Matter<'_>,
    kind: CredentialKind,
    lookup: &str,
    member: MemberId,
) -> Result<Option<MemberId>, Trouble> {
    let (pool, workspace) = (matter.desk.writer.read_pool(), matter.workspace());
    let kept = auth::credential(pool, kind, lookup, workspace).await?;
    Ok(kept.map(|credential| credential.member).filter(|holder| *holder != member))
}
