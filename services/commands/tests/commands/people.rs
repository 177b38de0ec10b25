//! Members, invitations, tokens: who may what follows from what was decided, at once and
//! everywhere.

use crate::world::{World, acting_as, create, lead, member, named, refusal, request};
use ael_client::NewInvitationCode;
use ael_events::actor::ServicePrincipal;
use ael_events::command::{
    AcceptInvitation, ChangeLanguage, ChangeRole, Command, CommandRequest, CreateInvitation,
    Credential, DeactivateMember, LinkIdentity, LinkTelegram, MemberRef, QualifyLead, RevokeToken,
    RollBackLead, To, UnlinkIdentity, UnlinkTelegram,
};
use ael_events::ids::{InvitationId, LeadId, MemberId};
use ael_events::subjects::Edge;
use ael_events::values::{AggregateKind, Language, Role, Scope, TelegramUserId};
use ael_store::{CredentialKind, auth};
use chrono::{TimeDelta, Utc};
use secrecy::ExposeSecret as _;
use std::time::{Duration, Instant};

fn account(number: i64) -> TelegramUserId {
    number.try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demotion_binds_every_copy_within_a_second() {
    let world = World::with_copies(2).await;
    let manager = world.member(Role::Manager).await;
    let id = world.lead(world.admin, named("Olena")).await;
    let client = world.client(Edge::Cli).await;
    // Both copies remember the manager.
    let reason = "he changed his mind".parse().unwrap();
    let roll_back = RollBackLead { reason };
    for _ in 0..16 {
        let refused = refusal(world.ask(manager, lead(id, roll_back.clone())).await);
        assert_ne!(refused.code, "role_too_low");
        let take = create(named("Taras"));
        world.ask(manager, lead(LeadId::generate(), take)).await.unwrap();
    }
    world.ask(world.admin, member(manager, ChangeRole { role: Role::Agent })).await.unwrap();
    let demoted = Instant::now();
    let (mut last_as_manager, mut refusals) = (Duration::ZERO, 0);
    while refusals < 64 {
        let mut other = create(named("Taras"));
        other.owner = Some(world.admin);
        let asked = request(acting_as(manager), lead(LeadId::generate(), other));
        match client.command(world.workspace, &asked).await {
            Ok(_) => last_as_manager = demoted.elapsed(),
            refused @ Err(_) => {
                assert_eq!(refusal(refused).code, "only_for_yourself");
                refusals += 1;
            }
        }
    }
    assert!(last_as_manager < Duration::from_secs(1), "{last_as_manager:?}");
}

#[tokio::test]
async fn a_promotion_counts_at_once() {
    let world = World::with_copies(2).await;
    let agent = world.member(Role::Agent).await;
    let id = world.lead(world.admin, named("Olena")).await;
    let reopen = || lead(id, QualifyLead {});
    assert_eq!(refusal(world.ask(agent, reopen()).await).code, "not_yours");
    world.ask(world.admin, member(agent, ChangeRole { role: Role::Manager })).await.unwrap();
    assert_ne!(refusal(world.ask(agent, reopen()).await).code, "not_yours");
}

#[tokio::test]
async fn a_deactivated_member_decides_nothing_and_the_last_admin_stays() {
    let world = World::start().await;
    let agent = world.member(Role::Agent).await;
    world.ask(world.admin, member(agent, DeactivateMember {})).await.unwrap();
    crate::world::wait_until("the deactivation binds", async || {
        let create = lead(LeadId::generate(), create(named("Olena")));
        world.ask(agent, create).await.is_err()
    })
    .await;
    let asked = lead(LeadId::generate(), create(named("Olena")));
    assert_eq!(refusal(world.ask(agent, asked).await).code, "member_deactivated");
    let leaving = member(world.admin, DeactivateMember {});
    assert_eq!(refusal(world.ask(world.admin, leaving).await).code, "last_admin");
    let other = world.member(Role::Admin).await;
    world.ask(world.admin, member(world.admin, DeactivateMember {})).await.unwrap();
    let stepping_down = member(other, ChangeRole { role: Role::Agent });
    assert_eq!(refusal(world.ask(other, stepping_down).await).code, "last_admin");
}

#[tokio::test]
async fn a_token_is_good_for_its_scopes_until_it_is_revoked() {
    let world = World::start().await;
    let api = world.client(Edge::Api).await;
    let (writer, token) = world.token(world.admin, &[Scope::LeadsWrite]).await;
    let enter = || lead(LeadId::generate(), create(named("Olena")));
    let asked = request(writer.clone(), enter());
    api.command(world.workspace, &asked).await.unwrap();
    let adding = member(world.admin, ChangeRole { role: Role::Agent });
    let refused = refusal(api.command(world.workspace, &request(writer.clone(), adding)).await);
    assert_eq!(refused.code, "scope_missing");
    let revoke = Command::Token(To { id: token.id, command: RevokeToken {}.into() });
    world.ask(world.admin, revoke).await.unwrap();
    crate::world::wait_until("the revocation binds", async || {
        api.command(world.workspace, &request(writer.clone(), enter())).await.is_err()
    })
    .await;
    let refused = refusal(api.command(world.workspace, &request(writer, enter())).await);
    assert_eq!(refused.code, "bad_token");
}

#[tokio::test]
async fn a_token_makes_and_revokes_its_own_members_tokens_for_no_more_than_it_has() {
    let world = World::start().await;
    let api = world.client(Edge::Api).await;
    let agent = world.member(Role::Agent).await;
    let has = [Scope::LeadsRead, Scope::LeadsWrite];
    let (by, _) = world.token(agent, &has).await;
    let ask = async |by: &Credential, command| {
        api.command(world.workspace, &request(by.clone(), command)).await
    };
    let (lesser, make) = world.new_token(agent, &[Scope::LeadsRead]);
    ask(&by, make).await.unwrap();
    let wider = world.new_token(agent, &[Scope::LeadsRead, Scope::SalesRead]).1;
    assert_eq!(refusal(ask(&by, wider).await).code, "scope_too_wide");
    let anothers = world.new_token(world.admin, &[Scope::LeadsRead]).1;
    assert_eq!(refusal(ask(&by, anothers.clone()).await).code, "scope_missing");
    let (admins, _) = world.token(world.admin, &[Scope::Admin]).await;
    ask(&admins, anothers).await.unwrap();
    // An Admin's token without `admin` reaches no further than the Admin's own.
    let (narrow, narrow_token) = world.token(world.admin, &has).await;
    let revoke = |id| Command::Token(To { id, command: RevokeToken {}.into() });
    assert_eq!(refusal(ask(&narrow, revoke(lesser.id)).await).code, "scope_missing");
    ask(&by, revoke(lesser.id)).await.unwrap();
    ask(&narrow, revoke(narrow_token.id)).await.unwrap();
}

#[tokio::test]
async fn a_token_of_any_scope_changes_its_own_members_language_and_nobody_elses() {
    let world = World::start().await;
    let api = world.client(Edge::Api).await;
    let agent = world.member(Role::Agent).await;
    let (by, _) = world.token(agent, &[Scope::Files]).await;
    let change = |of| member(of, ChangeLanguage { language: Language::En });
    api.command(world.workspace, &request(by.clone(), change(agent))).await.unwrap();
    let refused = api.command(world.workspace, &request(by, change(world.admin))).await;
    assert_eq!(refusal(refused).code, "scope_missing");
}

#[tokio::test]
async fn who_does_not_know_their_id_says_me() {
    let world = World::start().await;
    let api = world.client(Edge::Api).await;
    let agent = world.member(Role::Agent).await;
    let (by, _) = world.token(agent, &[Scope::Files]).await;
    let english = || ChangeLanguage { language: Language::En };
    let asked = request(by.clone(), member(MemberRef::Me, english()));
    let accepted = api.command(world.workspace, &asked).await.unwrap();
    assert_eq!(accepted.aggregate_id, agent.uuid());
    assert_eq!(world.load(AggregateKind::Member, agent.uuid()).await.version, accepted.version);
    let spelled_out = CommandRequest { command: member(agent, english()), ..asked };
    assert!(api.command(world.workspace, &spelled_out).await.unwrap().repeated);
    let (token, make) = world.new_token(MemberRef::Me, &[Scope::Files]);
    api.command(world.workspace, &request(by, make)).await.unwrap();
    let made = world.load(AggregateKind::Token, token.id.uuid()).await;
    assert_eq!(made.events[0].data["member_id"], serde_json::json!(agent));
    let nobody = request(crate::world::operator(), member(MemberRef::Me, english()));
    let cli = world.client(Edge::Cli).await;
    assert_eq!(refusal(cli.command(world.workspace, &nobody).await).code, "not_for_operator");
}

#[tokio::test]
async fn an_identity_is_linked_to_one_member_and_may_change() {
    let world = World::start().await;
    let (one, two) = (world.member(Role::Agent).await, world.member(Role::Agent).await);
    let issuer = "https://login.example.com/";
    let link = |id, subject: &str| {
        let (issuer, subject) = (issuer.parse().unwrap(), subject.parse().unwrap());
        member(id, LinkIdentity { issuer, subject })
    };
    let writer = world.writer().await;
    let whose = async |subject: &str| {
        let lookup = ael_auth::identity_lookup(issuer, subject);
        let (pool, kind) = (writer.read_pool(), CredentialKind::Oidc);
        let kept = auth::credential(pool, kind, &lookup, world.workspace).await.unwrap();
        kept.map(|kept| kept.member)
    };
    world.ask(world.admin, link(one, "auth0|7")).await.unwrap();
    assert_eq!(whose("auth0|7").await, Some(one));
    assert_eq!(refusal(world.ask(world.admin, link(two, "auth0|7")).await).code, "identity_taken");
    assert_eq!(refusal(world.ask(one, link(one, "auth0|8")).await).code, "role_too_low");
    world.ask(world.admin, link(one, "auth0|8")).await.unwrap();
    assert_eq!((whose("auth0|7").await, whose("auth0|8").await), (None, Some(one)));
    world.ask(world.admin, link(two, "auth0|7")).await.unwrap();
    world.ask(world.admin, member(one, UnlinkIdentity {})).await.unwrap();
    assert_eq!((whose("auth0|7").await, whose("auth0|8").await), (Some(two), None));
}

#[tokio::test]
async fn a_sign_in_is_no_credential_where_there_is_no_provider() {
    let world = World::start().await;
    let api = world.client(Edge::Api).await;
    let asked = |token: &str| {
        let credential = Credential::Oidc { token: token.to_owned() };
        request(credential, lead(LeadId::generate(), create(named("Olena"))))
    };
    for token in ["", "a.b.c", &format!("{}.x.y", "a".repeat(20_000))] {
        let refused = refusal(api.command(world.workspace, &asked(token)).await);
        assert_eq!(refused.code, "bad_token");
    }
}

#[tokio::test]
async fn an_account_is_linked_to_one_member_and_may_change() {
    let world = World::start().await;
    let (one, two) = (world.member(Role::Agent).await, world.member(Role::Agent).await);
    let link = |id, number| member(id, LinkTelegram { user_id: account(number) });
    world.ask(world.admin, link(one, 7)).await.unwrap();
    let refused = refusal(world.ask(world.admin, link(two, 7)).await);
    assert_eq!(refused.code, "telegram_taken");
    let bot = world.client(Edge::Bot).await;
    let by = |number| Credential::Telegram { user_id: account(number) };
    let enter = || lead(LeadId::generate(), create(named("Olena")));
    let accepted = bot.command(world.workspace, &request(by(7), enter())).await.unwrap();
    let loaded = world.load(AggregateKind::Lead, accepted.aggregate_id).await;
    assert_eq!(loaded.events[0].metadata().unwrap().actor.member(), Some(one));
    assert_eq!(loaded.events[0].metadata().unwrap().edge, "bot");
    world.ask(one, member(one, UnlinkTelegram {})).await.unwrap();
    world.ask(world.admin, link(two, 7)).await.unwrap();
    crate::world::wait_until("the account is the other's", async || {
        let accepted = bot.command(world.workspace, &request(by(7), enter())).await.unwrap();
        let loaded = world.load(AggregateKind::Lead, accepted.aggregate_id).await;
        loaded.events[0].metadata().unwrap().actor.member() == Some(two)
    })
    .await;
    let refused = refusal(bot.command(world.workspace, &request(by(8), enter())).await);
    assert_eq!(refused.code, "telegram_not_linked");
}

#[tokio::test]
async fn whoever_has_the_code_comes_once_and_is_a_member_at_once() {
    let world = World::start().await;
    let id = InvitationId::generate();
    let code = NewInvitationCode::mint(world.workspace, id).unwrap();
    let create_invitation = CreateInvitation {
        name: "Taras".parse().unwrap(),
        email: None,
        role: Role::Manager,
        language: Language::Uk,
        code_hash: code.code_hash.clone(),
        expires_at: Utc::now() + TimeDelta::days(7),
        valid_hours: None,
    };
    let to = |command| Command::Invitation(To { id, command });
    world.ask(world.admin, to(create_invitation.into())).await.unwrap();
    let bot = world.client(Edge::Bot).await;
    let by = Credential::Service { principal: ServicePrincipal::Bot, on_behalf_of: None };
    let come = |code: &str, member_id| AcceptInvitation {
        code: code.to_owned(),
        member_id,
        telegram: Some(account(9)),
    };
    let wrong = request(by.clone(), to(come("guessed", MemberId::generate()).into()));
    refusal(bot.command(world.workspace, &wrong).await);
    let newcomer = MemberId::generate();
    let right = come(code.code.expose_secret(), newcomer);
    let asked = request(by.clone(), to(right.clone().into()));
    bot.command(world.workspace, &asked).await.unwrap();
    let telegram = Credential::Telegram { user_id: account(9) };
    let enter = lead(LeadId::generate(), create(named("Olena")));
    let accepted = bot.command(world.workspace, &request(telegram, enter)).await.unwrap();
    let loaded = world.load(AggregateKind::Lead, accepted.aggregate_id).await;
    assert_eq!(loaded.events[0].metadata().unwrap().actor.member(), Some(newcomer));
    let again = come(code.code.expose_secret(), MemberId::generate());
    let refused = refusal(bot.command(world.workspace, &request(by, to(again.into()))).await);
    assert!(!refused.code.is_empty());
    assert_eq!(world.load(AggregateKind::Invitation, id.uuid()).await.version, 2);
}
