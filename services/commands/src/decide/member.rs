//! Members: their role stands in the directory of who may, their Telegram account among the
//! credentials.

use super::Matter;
use crate::draft::{Decision, Draft};
use crate::failure::{Refused, Trouble};
use crate::stored::Known;
use ael_auth::telegram_lookup;
use ael_domain::member::{Member, MemberContext};
use ael_events::command::{MemberCommand, To};
use ael_events::event::MemberEvent;
use ael_events::ids::MemberId;
use ael_events::values::TelegramUserId;
use ael_store::{Credential, CredentialKind, CredentialRef, Principal, auth};

pub(super) async fn decide(
    matter: &Matter<'_>,
    to: &To<MemberId, MemberCommand>,
) -> Result<Decision, Refused> {
    if matter.settings().await?.is_none() {
        return Ok(Decision::Refused(super::workspace::no_such_workspace()));
    }
    let member = matter.load::<Member>(to.id.uuid()).await?;
    if let Err(unexpected) = matter.is_expected(&member) {
        return Ok(unexpected);
    }
    let context = MemberContext {
        member_id: to.id,
        asked: matter.asked(),
        // Two Admins may leave at the same moment: the append finds out, and this is decided again.
        other_active_admins: u32::from(!matter.is_last_admin),
        telegram_taken_by: match &to.command {
            MemberCommand::LinkTelegram(link) => taken_by(matter, link.user_id, to.id).await?,
            MemberCommand::Add(_)
            | MemberCommand::Rename(_)
            | MemberCommand::ChangeRole(_)
            | MemberCommand::Deactivate(_)
            | MemberCommand::Reactivate(_)
            | MemberCommand::UnlinkTelegram(_)
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
    let mut draft = matter.draft(member.version);
    add(&mut draft, &member, events)?;
    Ok(Decision::Write(Box::new(draft)))
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
    let account = |member: &Member| member.person().and_then(|person| person.telegram);
    let (before, now) = (account(&member.state), account(&after.state));
    if before != now {
        let lookup = |account| (CredentialKind::Telegram, telegram_lookup(account));
        if let Some((kind, lookup)) = before.map(lookup) {
            draft.append.credentials_removed.push(CredentialRef { kind, lookup });
        }
        if let Some((kind, lookup)) = now.map(lookup) {
            draft.append.credentials.push(Credential {
                kind,
                lookup,
                member: id,
                secret_hash: None,
                scopes: Vec::new(),
                expires_at: None,
            });
        }
    }
    Ok(())
}

/// Another member of the workspace who has this Telegram account.
pub(super) async fn taken_by(
    matter: &Matter<'_>,
    account: TelegramUserId,
    member: MemberId,
) -> Result<Option<MemberId>, Trouble> {
    let (pool, lookup) = (matter.desk.writer.read_pool(), telegram_lookup(account));
    let workspace = matter.workspace();
    let kept = auth::credential(pool, CredentialKind::Telegram, &lookup, workspace).await?;
    Ok(kept.map(|credential| credential.member).filter(|holder| *holder != member))
}
