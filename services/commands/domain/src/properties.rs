//! Whatever is asked, by whomever, in whatever order: what must always stand, stands.

use crate::lead::testing::{domain, hryvnias, ivan, lead_id, text};
use crate::lead::{Duplicate, Lead, LeadContext, NamedOwner, claims, erase, merge};
use crate::member::testing::{account, identity, joined};
use crate::member::{Member, MemberContext};
use crate::sale::{Sale, SaleContext};
use crate::testing::{ADMIN, asked, member_id, now, service, settings};
use crate::who_may_tests as example;
use crate::{Asked, Decider};
use ael_events::actor::{Actor, ServicePrincipal};
use ael_events::command::{
    ChangeRole, CreateLead, DeactivateMember, EditDetails, ImportLead, LeadCommand, LinkTelegram,
    LoseSale, MarkContacted, MemberCommand, MergeLead, MoveSale, OpenSale, Patch, QualifyLead,
    ReactivateMember, RenameMember, SaleCommand, SetAmount, TransferToSales, UnlinkIdentity,
    UnlinkTelegram,
};
use ael_events::event::{ImportedOutcome, LeadEvent, SaleEvent};
use ael_events::ids::{LeadId, SaleId};
use ael_events::values::{LostReason, Role, SaleStage, Stage};
use chrono::TimeDelta;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const LEADS: u128 = 3;

/// One thing that somebody asks.
#[derive(Debug, Clone)]
struct Step {
    /// Somebody; or somebody who may.
    by: Option<Actor>,
    lead: LeadId,
    days_later: i64,
    command: Asking,
}

#[derive(Debug, Clone)]
enum Asking {
    Lead(Box<LeadCommand>),
    Sale(SaleCommand),
    /// Whatever leads from here to payment.
    Onward(u8),
}

fn actor() -> impl Strategy<Value = Actor> {
    let member = |id, role| Actor::Member { id: member_id(id), role };
    let mut actors = vec![
        member(1, Role::Agent),
        member(2, Role::Agent),
        member(3, Role::Manager),
        member(4, Role::Admin),
        Actor::Operator,
    ];
    actors.extend(ServicePrincipal::ALL.map(service));
    prop::sample::select(actors)
}

/// Somebody who may, for most of what is asked is asked by such.
fn rightful(command: &Asking) -> Actor {
    match command {
        Asking::Sale(SaleCommand::Open(_)) => service(ServicePrincipal::ProcessManager),
        Asking::Lead(command) if matches!(**command, LeadCommand::RecordAnalysis(_)) => {
            service(ServicePrincipal::Scoring)
        }
        Asking::Lead(_) | Asking::Sale(_) | Asking::Onward(_) => ADMIN,
    }
}

fn lead_command() -> impl Strategy<Value = LeadCommand> {
    (0..40_usize, 0..6_u8).prop_map(|(index, knob)| {
        let owner = (knob < 3).then(|| member_id(u128::from(knob) + 1));
        let mut all = example::lead_commands(owner);
        all.extend(vec![
            LeadCommand::Create(CreateLead {
                business_domain: Some(domain("first")),
                allow_duplicate: knob.is_multiple_of(2),
                ..example::create(owner)
            }),
            LeadCommand::Import(ImportLead {
                outcome: match knob {
                    0 => Some(ImportedOutcome::Won { amount: None }),
                    1 => Some(ImportedOutcome::Won { amount: Some(hryvnias(9)) }),
                    2 => Some(ImportedOutcome::Lost { reason: LostReason::Other }),
                    _ => None,
                },
                stage: Stage::ALL.get(usize::from(knob)).copied(),
                allow_duplicate: knob % 2 == 1,
                ..example::import()
            }),
            LeadCommand::Merge(MergeLead { other: lead_id(u128::from(knob) % LEADS) }),
            LeadCommand::TransferToSales(TransferToSales::default()),
            edit(knob),
        ]);
        let index = index % all.len();
        all.swap_remove(index)
    })
}

fn edit(knob: u8) -> LeadCommand {
    let mut edit =
        EditDetails { allow_duplicate: knob.is_multiple_of(2), ..EditDetails::default() };
    let contact = ivan().contact;
    match knob {
        0 => edit.changes.email = Patch::Set("other@example.com".parse().unwrap()),
        1 => edit.changes.email = Patch::Clear,
        2 => edit.changes.email = contact.email.map_or(Patch::Keep, Patch::Set),
        3 => edit.changes.telegram = Patch::Set("ivan_f".parse().unwrap()),
        4 => edit.changes.business_domain = Patch::Set(domain("second")),
        _ => edit.changes.phone = contact.phone.map_or(Patch::Clear, Patch::Set),
    }
    edit.into()
}

fn sale_command() -> impl Strategy<Value = SaleCommand> {
    prop_oneof![
        (0..LEADS).prop_map(|lead| OpenSale { lead_id: lead_id(lead) }.into()),
        (prop::sample::select(SaleStage::ALL), prop::option::of(0..3_i64))
            .prop_map(|(to, amount)| MoveSale { to, amount: amount.map(hryvnias) }.into()),
        Just(LoseSale { reason: LostReason::Other, text: Some(text("gone")) }.into()),
        (0..3_i64).prop_map(|amount| SetAmount { amount: hryvnias(amount) }.into()),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let command = prop_oneof![
        3 => (0..4_u8).prop_map(Asking::Onward),
        3 => lead_command().prop_map(|command| Asking::Lead(Box::new(command))),
        1 => sale_command().prop_map(Asking::Sale),
    ];
    (actor(), any::<bool>(), 0..LEADS, 0..3_i64, command).prop_map(
        |(by, anybody, lead, days_later, command)| {
            let by = (anybody && !matches!(command, Asking::Onward(_))).then_some(by);
            Step { by, lead: lead_id(lead), days_later, command }
        },
    )
}

/// A workspace as the command service keeps it, without the database.
#[derive(Default)]
struct World {
    days: i64,
    leads: BTreeMap<LeadId, (Lead, Vec<LeadEvent>)>,
    sales: BTreeMap<LeadId, (Sale, Vec<SaleEvent>)>,
    claims: BTreeMap<claims::Claim, LeadId>,
}

impl World {
    fn ask(&mut self, step: Step) {
        self.days += step.days_later;
        let now = now() + TimeDelta::days(self.days);
        let asked = Asked { now, occurred_at: now, ..asked() };
        let command = match step.command {
            Asking::Onward(knob) => self.onward(step.lead, knob),
            command @ (Asking::Lead(_) | Asking::Sale(_)) => command,
        };
        let by = step.by.unwrap_or_else(|| rightful(&command));
        match command {
            Asking::Lead(command) => self.ask_lead(by, step.lead, asked, *command),
            Asking::Sale(command) => self.ask_sale(by, step.lead, asked, command),
            Asking::Onward(_) => {}
        }
    }

    /// What leads from here to payment, which few would find by chance.
    fn onward(&self, id: LeadId, knob: u8) -> Asking {
        let lead = self.lead(id);
        let command: LeadCommand = match lead.stage() {
            Stage::New if !lead.exists() => {
                let mut profile = ivan();
                profile.contact.email = format!("ivan{knob}@example.com").parse().ok();
                profile.contact.phone = profile.contact.phone.filter(|_| knob == 0);
                let business_domain = Some(domain("first"));
                let create = example::create(None);
                CreateLead { business_domain, allow_duplicate: true, profile, ..create }.into()
            }
            Stage::New => MarkContacted {}.into(),
            Stage::Contacted => QualifyLead {}.into(),
            Stage::Qualified if knob == 0 => example::record().into(),
            Stage::Qualified | Stage::Lost => {
                TransferToSales { override_reason: Some(text("now")), amount: None }.into()
            }
            Stage::Transferred => return Asking::Sale(self.sale_onward(id)),
        };
        Asking::Lead(Box::new(command))
    }

    fn sale_onward(&self, id: LeadId) -> SaleCommand {
        let stage = self.sales.get(&id).and_then(|(sale, _)| sale.opened()).map(|sale| sale.stage);
        let to = match stage {
            None => return OpenSale { lead_id: id }.into(),
            Some(SaleStage::New) => SaleStage::Kyc,
            Some(SaleStage::Kyc) => SaleStage::Agreement,
            Some(SaleStage::Agreement | SaleStage::Paid | SaleStage::Lost) => SaleStage::Paid,
        };
        MoveSale { to, amount: (to == SaleStage::Paid).then(|| hryvnias(3)) }.into()
    }

    fn lead(&self, id: LeadId) -> Lead {
        self.leads.get(&id).map(|(lead, _)| lead.clone()).unwrap_or_default()
    }

    fn ask_lead(&mut self, by: Actor, id: LeadId, asked: Asked, command: LeadCommand) {
        let lead = self.lead(id);
        let mut context = LeadContext::new(id, asked, Arc::new(settings()));
        context.named_owner = NamedOwner::Active;
        for claim in claims::wanted(&lead, &command) {
            if let Some(holder) = self.claims.get(&claim).filter(|holder| **holder != id) {
                let (kind, lead_id) = (claim.kind, *holder);
                let owner = self.lead(lead_id).owner();
                context.duplicates.push(Duplicate { kind, lead_id, owner });
            }
        }
        let (mut closes, mut erases) = (None, false);
        if let LeadCommand::Merge(merge) = &command {
            closes = Some(merge.other);
            context.other = Some(Box::new(self.lead(merge.other)));
        }
        if let LeadCommand::Erase(_) = &command {
            erases = true;
        }
        let Ok(events) = lead.decide(&by, &context, command) else { return };
        let mut appends = vec![(id, events)];
        if let Some(other) = closes {
            appends.push((other, merge::close_other(id)));
        }
        if erases {
            let mut reached = BTreeSet::from([id]);
            let mut next = erase::reach(&lead);
            while let Some(other) = next.pop() {
                if reached.insert(other) {
                    let lead = self.lead(other);
                    next.extend(erase::reach(&lead));
                    appends.push((other, erase::also(&lead)));
                }
            }
        }
        self.append(appends);
    }

    /// Releases every claim before it takes one, as the store does.
    fn append(&mut self, appends: Vec<(LeadId, Vec<LeadEvent>)>) {
        let changes: Vec<_> = appends
            .iter()
            .map(|(id, events)| (*id, claims::change(&self.lead(*id), events)))
            .collect();
        for (id, change) in &changes {
            for claim in &change.released {
                assert_eq!(self.claims.remove(claim), Some(*id), "released what was held");
            }
        }
        for (id, change) in changes {
            for claim in change.taken {
                assert_eq!(self.claims.insert(claim, id), None, "taken what was free");
            }
        }
        for (id, events) in appends {
            let (lead, history) = self.leads.entry(id).or_default();
            for event in events {
                let before = lead.clone();
                lead.evolve(event.clone());
                a_step_is_allowed(&before, &event, lead);
                history.push(event);
            }
        }
    }

    fn ask_sale(&mut self, by: Actor, of: LeadId, asked: Asked, command: SaleCommand) {
        let lead = self.lead(of).for_sale(of);
        let context = SaleContext { sale_id: SaleId::of(of), asked, lead };
        let (sale, history) = self.sales.entry(of).or_default();
        let Ok(events) = sale.decide(&by, &context, command) else { return };
        for event in events {
            let before = sale.opened().map(|sale| sale.stage);
            sale.evolve(event.clone());
            let after = sale.opened().unwrap();
            let closed = matches!(before, Some(SaleStage::Paid | SaleStage::Lost));
            assert!(!closed, "a closed sale stays as it is: {event:?}");
            if after.stage == SaleStage::Paid && !after.imported {
                assert!(after.amount.unwrap().amount_minor() > 0, "paid with nothing");
            }
            history.push(event);
        }
    }
}

fn a_step_is_allowed(before: &Lead, event: &LeadEvent, after: &Lead) {
    use Stage::{Contacted, Lost, New, Qualified, Transferred};
    if before.stage() != after.stage() && before.exists() {
        let step = (before.stage(), after.stage());
        let forward = [(New, Contacted), (Contacted, Qualified), (Qualified, Transferred)];
        let lost = [(New, Lost), (Contacted, Lost), (Qualified, Lost)];
        let back = [(Contacted, New), (Qualified, Contacted), (Lost, New)];
        let known = [forward, lost, back].concat();
        assert!(known.contains(&step), "{step:?} by {event:?}");
    }
    assert!(!before.is_erased(), "an erased lead stays as it is: {event:?}");
    if before.exists() && !before.is_live() {
        assert!(matches!(event, LeadEvent::Erased(_)), "a merged lead stays: {event:?}");
    }
    assert!(after.message_count() >= before.message_count());
    assert!(after.profile().is_none() || !after.is_erased());
}

fn through_a_snapshot<T: serde::Serialize + serde::de::DeserializeOwned>(state: &T) -> T {
    serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap()
}

/// The history as it is read when the data keys are gone.
fn without_the_person(history: &[LeadEvent]) -> Vec<LeadEvent> {
    let erased = |event: &LeadEvent| {
        let mut data = event.to_wire().unwrap();
        data.as_object_mut().unwrap().remove("private");
        LeadEvent::from_wire(event.wire_name(), data).unwrap()
    };
    history.iter().map(erased).collect()
}

fn a_lead_stands(lead: &Lead, history: &[LeadEvent], cut: usize) {
    assert_eq!(&Lead::fold(history.to_vec()), lead, "replay gives the same state");
    let (head, tail) = history.split_at(cut.min(history.len()));
    let mut resumed = through_a_snapshot(&Lead::fold(head.to_vec()));
    for event in tail {
        resumed.evolve(event.clone());
    }
    assert_eq!(&resumed, lead, "snapshot and tail are the full fold");
    let transferred =
        history.iter().filter(|event| matches!(event, LeadEvent::Transferred(_))).count();
    assert!(transferred <= 1, "handed over once");
    let anonymous = Lead::fold(without_the_person(history));
    assert_eq!(
        (anonymous.stage(), anonymous.owner(), anonymous.message_count(), anonymous.handover()),
        (lead.stage(), lead.owner(), lead.message_count(), lead.handover()),
        "history replays without the person"
    );
    assert!(anonymous.profile().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn leads_and_sales_stand_whatever_is_asked(
        steps in prop::collection::vec(step(), 1..120),
        cut in 0..20_usize,
    ) {
        let mut world = World::default();
        for step in steps {
            world.ask(step);
        }
        let mut held = BTreeMap::new();
        for (id, (lead, history)) in &world.leads {
            a_lead_stands(lead, history, cut);
            for claim in claims::held(lead) {
                prop_assert_eq!(held.insert(claim, *id), None, "claimed by one lead only");
            }
        }
        prop_assert_eq!(&held, &world.claims);
        for (id, (sale, history)) in &world.sales {
            prop_assert_eq!(&Sale::fold(history.clone()), sale);
            prop_assert_eq!(&through_a_snapshot(sale), sale);
            let openings =
                history.iter().filter(|event| matches!(event, SaleEvent::Opened(_))).count();
            prop_assert!(openings <= 1, "opened once");
            let transferred = world.lead(*id).handover().is_some();
            prop_assert!(openings == 0 || transferred, "no sale without a transfer");
        }
    }

    #[test]
    fn a_workspace_never_loses_its_last_admin(
        steps in prop::collection::vec((0..3_usize, member_command()), 1..40),
    ) {
        let mut members = [Role::Admin, Role::Manager, Role::Admin]
            .map(|role| vec![joined(role)]);
        for (which, command) in steps {
            let states = members.clone().map(Member::fold);
            let admin = |member: &&Member| member.active_role() == Some(Role::Admin);
            let others = states.iter().enumerate().filter(|(index, _)| *index != which);
            let context = MemberContext {
                member_id: member_id(which as u128),
                asked: asked(),
                other_active_admins: others.map(|(_, member)| member).filter(admin).count() as u32,
                telegram_taken_by: None,
                identity_taken_by: None,
            };
            let by = Actor::Member { id: member_id(9), role: Role::Admin };
            if let Ok(events) = states[which].decide(&by, &context, command) {
                members[which].extend(events);
            }
            let states = members.clone().map(Member::fold);
            prop_assert!(states.iter().filter(admin).count() >= 1);
            for state in states {
                prop_assert_eq!(&through_a_snapshot(&state), &state);
            }
        }
    }
}

fn member_command() -> impl Strategy<Value = MemberCommand> {
    prop_oneof![
        prop::sample::select(Role::ALL).prop_map(|role| ChangeRole { role }.into()),
        Just(DeactivateMember {}.into()),
        Just(ReactivateMember {}.into()),
        Just(LinkTelegram { user_id: account(7) }.into()),
        Just(UnlinkTelegram {}.into()),
        Just(identity("7").into()),
        Just(UnlinkIdentity {}.into()),
        Just(RenameMember { name: Some("Оля".parse().unwrap()), email: Patch::Keep }.into()),
    ]
}
