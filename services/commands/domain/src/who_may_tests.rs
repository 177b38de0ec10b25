//! The who-may table of the design, written out once more, against what every decision really does:
//! every command × every kind of actor × whose it is.

use crate::advisor::{Advisor, AdvisorRejection};
use crate::invitation::{Invitation, InvitationContext, InvitationRejection};
use crate::lead::testing::{LEAD, created, file_id, ivan, justification, lead_id, note_id, text};
use crate::lead::{Lead, LeadContext, LeadRejection};
use crate::member::testing::{account, identity, joined};
use crate::member::{Member, MemberContext, MemberRejection};
use crate::sale::testing::{fresh, handed_over};
use crate::sale::{Sale, SaleContext, SaleLead, SaleRejection};
use crate::testing::{asked, member_id, settings};
use crate::token::{Token, TokenContext, TokenRejection};
use crate::workspace::{Workspace, WorkspaceContext, WorkspaceRejection};
use crate::{Decider, advisor, lead, token};
use ael_events::actor::{Actor, ServicePrincipal};
use ael_events::command::{
    AcceptInvitation, AddMember, AddNote, AdvisorCommand, AssignLead, AttachFile, ChangeLanguage,
    ChangeNotifications, ChangeRole, ChangeSettings, CreateInvitation, CreateLead, CreateToken,
    CreateWorkspace, DeactivateMember, EditDetails, EraseLead, FirstAdmin, ImportLead,
    InvitationCommand, LeadCommand, LinkTelegram, LogMessage, LoseSale, MarkContacted, MarkLost,
    MemberCommand, MergeLead, MoveSale, NoteBotBlocked, OpenSale, Patch, PinNote, QualifyLead,
    ReactivateMember, RecordAnalysis, RecordConsultation, RecordTraining, RemoveFile, RenameMember,
    ReopenLead, RequestAnalysis, RevokeInvitation, RevokeToken, RollBackLead, RollBackModel,
    SaleCommand, SetAmount, TokenCommand, TransferToSales, UnlinkIdentity, UnlinkTelegram,
    UnpinNote, WorkspaceCommand,
};
use ael_events::event::{LeadEvent, ScoreFeatures, TokenEvent};
use ael_events::ids::{MemberId, SaleId};
use ael_events::values::{
    Channel, Language, LostReason, MessageDirection, Recommendation, Role, SaleStage, Scope, Score,
    Source, Stage,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// `-` never, `yes` always, `own` what is theirs, `own+` what is theirs or nobody's, `take` what is
/// theirs or nobody's and only for themselves; and who else may.
#[rustfmt::skip]
const TABLE: &[(&str, &str, &str, &str, &[&str])] = &[
    // command                       Agent   Manager Admin  and
    ("workspace.create",             "-",    "-",    "-",   &["operator"]),
    ("workspace.change_settings",    "-",    "-",    "yes", &[]),
    ("member.add",                   "-",    "-",    "yes", &[]),
    ("member.rename",                "own",  "own",  "yes", &[]),
    ("member.change_role",           "-",    "-",    "yes", &[]),
    ("member.deactivate",            "-",    "-",    "yes", &[]),
    ("member.reactivate",            "-",    "-",    "yes", &[]),
    ("member.link_telegram",         "own",  "own",  "yes", &[]),
    ("member.unlink_telegram",       "own",  "own",  "yes", &[]),
    ("member.link_identity",         "-",    "-",    "yes", &[]),
    ("member.unlink_identity",       "-",    "-",    "yes", &[]),
    ("member.change_language",       "own",  "own",  "own", &[]),
    ("member.change_notifications",  "own",  "own",  "own", &[]),
    ("member.note_bot_blocked",      "-",    "-",    "-",   &["bot"]),
    ("invitation.create",            "-",    "-",    "yes", &[]),
    ("invitation.accept",            "yes",  "yes",  "yes", &["anyone"]),
    ("invitation.revoke",            "-",    "-",    "yes", &[]),
    ("token.create",                 "own",  "own",  "yes", &[]),
    ("token.revoke",                 "own",  "own",  "yes", &[]),
    ("lead.create",                  "yes",  "yes",  "yes", &[]),
    ("lead.log_message",             "own+", "yes",  "yes", &[]),
    ("lead.add_note",                "own+", "yes",  "yes", &[]),
    ("lead.pin_note",                "own+", "yes",  "yes", &[]),
    ("lead.unpin_note",              "own+", "yes",  "yes", &[]),
    ("lead.edit_details",            "own+", "yes",  "yes", &[]),
    ("lead.request_analysis",        "own+", "yes",  "yes", &[]),
    ("lead.mark_contacted",          "own",  "yes",  "yes", &[]),
    ("lead.qualify",                 "own",  "yes",  "yes", &[]),
    ("lead.mark_lost",               "own",  "yes",  "yes", &[]),
    ("lead.attach_file",             "own",  "yes",  "yes", &[]),
    ("lead.remove_file",             "own",  "yes",  "yes", &[]),
    ("lead.roll_back",               "-",    "yes",  "yes", &[]),
    ("lead.reopen",                  "-",    "yes",  "yes", &[]),
    ("lead.merge",                   "-",    "yes",  "yes", &[]),
    ("lead.assign",                  "take", "yes",  "yes", &["assignment_rule"]),
    ("lead.transfer_to_sales",       "-",    "yes",  "yes", &[]),
    ("lead.import",                  "-",    "-",    "yes", &["importer"]),
    ("lead.erase",                   "-",    "-",    "yes", &["retention"]),
    ("lead.record_analysis",         "-",    "-",    "-",   &["scoring"]),
    ("sale.open",                    "-",    "-",    "-",   &["process_manager"]),
    ("sale.move",                    "own",  "yes",  "yes", &[]),
    ("sale.mark_lost",               "own",  "yes",  "yes", &[]),
    ("sale.set_amount",              "own",  "yes",  "yes", &[]),
    ("advisor.record_training",      "-",    "-",    "yes", &["scoring"]),
    ("advisor.roll_back",            "-",    "-",    "yes", &[]),
    ("advisor.record_consultation",  "-",    "-",    "-",   &["scoring"]),
];

const OTHER: MemberId = member_id(99);

/// Whose the thing is that is decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    TheirOwn,
    Nobodys,
    Anothers,
}

fn actors() -> Vec<Actor> {
    let people = Role::ALL.iter().map(|role| Actor::Member { id: member_id(1), role: *role });
    let services = ServicePrincipal::ALL
        .map(|principal| Actor::Service { principal, on_behalf_of: Some(member_id(1)) });
    people.chain(services).chain([Actor::Operator]).collect()
}

/// What the table says.
fn may(name: &str, by: &Actor, whose: Whose) -> bool {
    let row = TABLE.iter().find(|row| row.0 == name);
    let (_, agent, manager, admin, others) = row.unwrap_or_else(|| panic!("no row for {name}"));
    let other = |word: &str| others.contains(&"anyone") || others.contains(&word);
    let cell = match by {
        Actor::Member { role: Role::Agent, .. } => agent,
        Actor::Member { role: Role::Manager, .. } => manager,
        Actor::Member { role: Role::Admin, .. } => admin,
        Actor::Service { principal, .. } => return other(principal.as_str()),
        Actor::Operator => return other("operator"),
    };
    match *cell {
        "-" => false,
        "yes" => true,
        "own" => whose == Whose::TheirOwn,
        "own+" | "take" => whose != Whose::Anothers,
        unknown => panic!("the table says {unknown}"),
    }
}

/// What the decisions do, command by command.
fn allowed(by: &Actor, whose: Whose) -> BTreeMap<String, bool> {
    let mut allowed = BTreeMap::new();
    for command in workspace_commands() {
        let name = format!("workspace.{}", command.name());
        let context = WorkspaceContext { asked: asked() };
        let decided = Workspace::default().decide(by, &context, command);
        allowed.insert(name, !matches!(decided, Err(WorkspaceRejection::Forbidden(_))));
    }
    for command in member_commands() {
        let name = format!("member.{}", command.name());
        let member_id = owner(whose).unwrap_or(OTHER);
        let context = MemberContext {
            member_id,
            asked: asked(),
            other_active_admins: 1,
            telegram_taken_by: None,
            identity_taken_by: None,
        };
        let decided = Member::fold([joined(Role::Agent)]).decide(by, &context, command);
        allowed.insert(name, !matches!(decided, Err(MemberRejection::Forbidden(_))));
    }
    for command in invitation_commands() {
        let name = format!("invitation.{}", command.name());
        let context =
            InvitationContext { asked: asked(), member_exists: false, telegram_taken_by: None };
        let decided = Invitation::default().decide(by, &context, command);
        allowed.insert(name, !matches!(decided, Err(InvitationRejection::Forbidden(_))));
    }
    let token_owner = owner(whose).unwrap_or(OTHER);
    for command in token_commands(token_owner) {
        let name = format!("token.{}", command.name());
        let TokenEvent::Created(mut created) = token::testing::created() else { unreachable!() };
        created.member_id = token_owner;
        let token = Token::fold([TokenEvent::Created(created)]);
        let context = TokenContext { asked: asked(), owner: None, made_with: None };
        let decided = token.decide(by, &context, command);
        allowed.insert(name, !matches!(decided, Err(TokenRejection::Forbidden(_))));
    }
    for command in lead_commands(Some(member_id(1))) {
        let name = format!("lead.{}", command.name());
        allowed.insert(name, lead_allows(by, whose, command));
    }
    for command in sale_commands() {
        let name = format!("sale.{}", command.name());
        let lead = Some(SaleLead { owner: owner(whose), ..handed_over(None, false) });
        let context = SaleContext { sale_id: SaleId::of(LEAD), asked: asked(), lead };
        let decided = Sale::fold([fresh()]).decide(by, &context, command);
        allowed.insert(name, !matches!(decided, Err(SaleRejection::Forbidden(_))));
    }
    for command in advisor_commands() {
        let name = format!("advisor.{}", command.name());
        let decided = Advisor::default().decide(by, &advisor::testing::context(), command);
        allowed.insert(name, !matches!(decided, Err(AdvisorRejection::Forbidden(_))));
    }
    allowed
}

fn owner(whose: Whose) -> Option<MemberId> {
    match whose {
        Whose::TheirOwn => Some(member_id(1)),
        Whose::Nobodys => None,
        Whose::Anothers => Some(OTHER),
    }
}

fn lead_allows(by: &Actor, whose: Whose, command: LeadCommand) -> bool {
    let lead = Lead::fold([LeadEvent::Created(created(owner(whose), Some("first"), ivan()))]);
    let context = LeadContext::new(LEAD, asked(), Arc::new(settings()));
    !matches!(lead.decide(by, &context, command), Err(LeadRejection::Forbidden(_)))
}

#[test]
fn everybody_may_what_the_table_says_and_nothing_else() {
    for by in actors() {
        for whose in [Whose::TheirOwn, Whose::Nobodys, Whose::Anothers] {
            for (name, allowed) in allowed(&by, whose) {
                assert_eq!(allowed, may(&name, &by, whose), "{name} by {by:?}, {whose:?}");
            }
        }
    }
}

#[test]
fn every_command_of_the_house_has_a_row_and_every_row_a_command() {
    let names = [
        ("workspace", WorkspaceCommand::NAMES),
        ("member", MemberCommand::NAMES),
        ("invitation", InvitationCommand::NAMES),
        ("token", TokenCommand::NAMES),
        ("lead", LeadCommand::NAMES),
        ("sale", SaleCommand::NAMES),
        ("advisor", AdvisorCommand::NAMES),
    ];
    let known: BTreeSet<String> = names
        .into_iter()
        .flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind}.{name}")))
        .collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(rows, known);
    let tried: BTreeSet<String> = allowed(&Actor::Operator, Whose::Nobodys).into_keys().collect();
    assert_eq!(tried, known, "each is tried by the test above");
}

#[test]
fn an_agent_gives_no_lead_to_anybody_else() {
    let agent = Actor::Member { id: member_id(1), role: Role::Agent };
    let admin = Actor::Member { id: member_id(1), role: Role::Admin };
    let giving = |command: &LeadCommand| matches!(command.name(), "assign" | "create");
    for whose in [Whose::TheirOwn, Whose::Nobodys, Whose::Anothers] {
        for command in lead_commands(Some(OTHER)).into_iter().filter(giving) {
            assert!(!lead_allows(&agent, whose, command.clone()));
            assert!(lead_allows(&admin, whose, command));
        }
    }
}

#[test]
fn a_service_that_acts_for_somebody_needs_their_role_now() {
    use ServicePrincipal::{AssignmentRule, Importer, Retention};
    let needs =
        [(AssignmentRule, Role::Manager), (Importer, Role::Admin), (Retention, Role::Admin)];
    for (principal, needs) in needs {
        let by = Actor::Service { principal, on_behalf_of: Some(member_id(1)) };
        for role in [None, Some(Role::Agent), Some(Role::Manager), Some(Role::Admin)] {
            let mut context = LeadContext::new(LEAD, asked(), Arc::new(settings()));
            context.asked.on_behalf_of = role;
            let allowed = lead_commands(None).into_iter().any(|command| {
                let decided = lead::Lead::default().decide(&by, &context, command);
                !matches!(decided, Err(LeadRejection::Forbidden(_)))
            });
            assert_eq!(allowed, role.is_some_and(|role| role >= needs), "{principal:?} {role:?}");
        }
    }
}

fn workspace_commands() -> Vec<WorkspaceCommand> {
    let (name, settings) = ("Зоря".parse().unwrap(), settings());
    let first_admin =
        FirstAdmin { member_id: OTHER, name: "Олена".parse().unwrap(), email: None };
    vec![
        CreateWorkspace { name, settings: settings.clone(), first_admin }.into(),
        ChangeSettings { settings: settings.into() }.into(),
    ]
}

fn member_commands() -> Vec<MemberCommand> {
    let name: ael_events::values::MemberName = "Олена".parse().unwrap();
    let (role, language) = (Role::Agent, Language::Uk);
    vec![
        AddMember { name: name.clone(), email: None, role, language }.into(),
        RenameMember { name: Some(name), email: Patch::Keep }.into(),
        ChangeRole { role }.into(),
        DeactivateMember {}.into(),
        ReactivateMember {}.into(),
        LinkTelegram { user_id: account(7) }.into(),
        UnlinkTelegram {}.into(),
        identity("7").into(),
        UnlinkIdentity {}.into(),
        ChangeLanguage { language }.into(),
        ChangeNotifications { notifications: Default::default() }.into(),
        NoteBotBlocked {}.into(),
    ]
}

fn invitation_commands() -> Vec<InvitationCommand> {
    let invite = CreateInvitation {
        name: "Олена".parse().unwrap(),
        email: None,
        role: Role::Agent,
        language: Language::Uk,
        code_hash: token::testing::hash(),
        expires_at: crate::testing::now(),
        valid_hours: None,
    };
    let come = AcceptInvitation { code: "code".into(), member_id: OTHER, telegram: None };
    vec![invite.into(), come.into(), RevokeInvitation {}.into()]
}

fn token_commands(member_id: MemberId) -> Vec<TokenCommand> {
    let create = CreateToken {
        member_id: member_id.into(),
        label: "my script".parse().unwrap(),
        secret_hash: token::testing::hash(),
        scopes: [Scope::LeadsRead].into(),
        expires_at: None,
    };
    vec![create.into(), RevokeToken {}.into()]
}

fn sale_commands() -> Vec<SaleCommand> {
    vec![
        OpenSale { lead_id: LEAD }.into(),
        MoveSale { to: SaleStage::Kyc, amount: None }.into(),
        LoseSale { reason: LostReason::NoBudget, text: None }.into(),
        SetAmount { amount: lead::testing::hryvnias(1) }.into(),
    ]
}

fn advisor_commands() -> Vec<AdvisorCommand> {
    let training = advisor::testing::training(None, 0.4);
    let model = Some(advisor::testing::model());
    let consulted = RecordConsultation { model: "gpt".parse().unwrap(), usage: Default::default() };
    let back = RollBackModel { to: None };
    vec![RecordTraining { training, model }.into(), back.into(), consulted.into()]
}

/// Every command to a lead; those that give it to somebody give it to this one.
pub(crate) fn lead_commands(owner: Option<MemberId>) -> Vec<LeadCommand> {
    let (note_id, file_id) = (note_id(1), file_id(1));
    vec![
        create(owner).into(),
        import().into(),
        EditDetails::default().into(),
        AssignLead { owner, rule: None }.into(),
        MarkContacted {}.into(),
        QualifyLead {}.into(),
        TransferToSales { amount: None, override_reason: Some(text("they called")) }.into(),
        MarkLost { reason: LostReason::NoBudget, text: None }.into(),
        RollBackLead { reason: justification() }.into(),
        ReopenLead { reason: justification() }.into(),
        LogMessage {
            count: 1,
            direction: MessageDirection::Incoming,
            channel: Channel::Phone,
            text: None,
        }
        .into(),
        AddNote { note_id, text: "likes tea".parse().unwrap() }.into(),
        PinNote { note_id }.into(),
        UnpinNote { note_id }.into(),
        AttachFile {
            file_id,
            name: "offer.pdf".parse().unwrap(),
            size_bytes: 1,
            media_type: "application/pdf".into(),
        }
        .into(),
        RemoveFile { file_id }.into(),
        RequestAnalysis { force: false }.into(),
        record().into(),
        MergeLead { other: lead_id(200) }.into(),
        EraseLead {}.into(),
    ]
}

pub(crate) fn create(owner: Option<MemberId>) -> CreateLead {
    CreateLead {
        source: Source::Manual,
        business_domain: None,
        owner,
        tags: BTreeSet::new(),
        profile: ivan(),
        allow_duplicate: false,
    }
}

pub(crate) fn import() -> ImportLead {
    ImportLead {
        origin: "old crm".parse().unwrap(),
        external_id: "A-1".parse().unwrap(),
        source: Source::Partner,
        stage: None,
        outcome: None,
        business_domain: None,
        owner: None,
        tags: BTreeSet::new(),
        message_count: 0,
        attributes: BTreeMap::new(),
        profile: ivan(),
        allow_duplicate: false,
    }
}

pub(crate) fn record() -> RecordAnalysis {
    RecordAnalysis {
        score: Score::new(0.7).unwrap(),
        recommendation: Recommendation::Nurture,
        reason: text("they answered twice"),
        analysed_at: crate::testing::now(),
        model: "local".parse().unwrap(),
        prompt_version: "1".parse().unwrap(),
        features: ScoreFeatures {
            source: Source::Manual,
            stage: Stage::Qualified,
            message_count: 0,
            has_domain: true,
            age_days: 0,
        },
        feature_hash: "00".parse().unwrap(),
        cache_key: None,
        usage: Default::default(),
        raw_score: None,
        raw_recommendation: None,
    }
}
