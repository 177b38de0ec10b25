//! The life of each lead of the demo, decided by its number: who worked it, when, and how it ended.

use super::cast::{self, COLLEAGUES, Colleague};
use super::chance::Chance;
use crate::session::Asked;
use crate::up::fixed;
use ael_events::command::{
    AddNote, Command, CreateLead, LeadCommand, LogMessage, LoseSale, MarkContacted, MarkLost,
    MoveSale, QualifyLead, ReopenLead, RequestAnalysis, RollBackLead, SaleCommand, To,
    TransferToSales,
};
use ael_events::ids::{CommandId, LeadId, MemberId, NoteId, SaleId};
use ael_events::values::{
    Channel, Currency, DomainSlug, Justification, LostReason, MessageDirection, Money, NoteText,
    ReasonText, Role, SaleStage, Source, Tag,
};
use chrono::{DateTime, Duration, Utc};

/// How many leads the demo has.
pub const LEADS: u64 = 240;
/// Its lines of business.
pub const DOMAINS: [&str; 3] = ["solar", "storage", "service"];
/// Its vocabulary of tags.
pub const TAGS: [&str; 4] = ["vip", "виставка", "newsletter", "повторний"];

const NOTES: [&str; 6] = [
    "просить дзвонити після обіду",
    "чекає на кошторис",
    "зустріч перенесли на наступний тиждень",
    "prefers e-mail",
    "asked for references",
    "decides together with the board",
];

/// Something that somebody does.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Who.
    pub by: MemberId,
    /// What.
    pub asked: Asked,
}

/// A lead's life, and its sale's.
#[derive(Debug, Clone)]
pub struct Story {
    /// What happened to the lead, in order.
    pub scenes: Vec<Scene>,
    /// What happened to its sale, once that was open.
    pub sale: Vec<Scene>,
}

impl Story {
    /// Whether it was handed to sales.
    pub fn has_sale(&self) -> bool {
        self.scenes.iter().any(|scene| scene.asked.command.name() == "lead.transfer_to_sales")
    }
}

struct Teller {
    number: u64,
    lead: LeadId,
    chance: Chance,
    now: DateTime<Utc>,
    anchor: DateTime<Utc>,
    owner: Colleague,
    manager: Colleague,
    scenes: Vec<Scene>,
    sale: Vec<Scene>,
}

/// The life of the lead with this number, all of it before `anchor`.
pub fn story(number: u64, anchor: DateTime<Utc>, currency: Currency) -> anyhow::Result<Story> {
    let mut chance = Chance::new(0xae1 ^ (number << 16));
    let of_role = |role| COLLEAGUES.iter().filter(move |one| one.role == role).copied();
    let (agents, managers): (Vec<_>, Vec<_>) =
        (of_role(Role::Agent).collect(), of_role(Role::Manager).collect());
    let (owner, manager) = (*chance.of(&agents), *chance.of(&managers));
    // Seven months, more of them lately.
    let days = chance.between(0, 14) * chance.between(1, 15);
    let begun = anchor - Duration::days(days) - Duration::minutes(chance.between(30, 600));
    let lead = LeadId::from_uuid(fixed(&format!("demo lead {number}")));
    let mut teller = Teller {
        number,
        lead,
        chance,
        now: begun,
        anchor,
        owner,
        manager,
        scenes: Vec::new(),
        sale: Vec::new(),
    };
    teller.tell(currency)?;
    teller.wondered();
    Ok(Story { scenes: teller.scenes, sale: teller.sale })
}

impl Teller {
    fn tell(&mut self, currency: Currency) -> anyhow::Result<()> {
        self.created()?;
        let fate = self.chance.below(100);
        if fate < 18 {
            return Ok(());
        }
        self.talk();
        if fate < 26 {
            return self.lost();
        }
        self.lead_by(self.owner, MarkContacted {});
        self.talk();
        if self.chance.percent(45) {
            let text = NoteText::parse(self.chance.word(&NOTES))?;
            let note_id = NoteId::from_uuid(fixed(&format!("demo note {}", self.number)));
            self.lead_by(self.owner, AddNote { note_id, text });
        }
        if fate < 46 {
            return Ok(());
        }
        if fate < 56 {
            self.lost()?;
            if self.chance.percent(20) {
                let reason = Justification::parse("called back with a new budget")?;
                self.lead_by(self.manager, ReopenLead { reason });
            }
            return Ok(());
        }
        self.lead_by(self.owner, QualifyLead {});
        if self.chance.percent(6) {
            let reason = Justification::parse("кваліфіковано помилково, уточнюємо")?;
            self.lead_by(self.manager, RollBackLead { reason });
            return Ok(());
        }
        if fate < 70 {
            return Ok(());
        }
        self.sold(currency)
    }

    /// Whoever still works it asks the advisor.
    fn wondered(&mut self) {
        let last = self.scenes.last().map(|scene| scene.asked.command.name());
        if !matches!(last.as_deref(), Some("lead.transfer_to_sales" | "lead.mark_lost")) {
            self.lead_by(self.owner, RequestAnalysis { force: false });
        }
    }

    fn created(&mut self) -> anyhow::Result<()> {
        let source =
            *self.chance.of(&[Source::Scanner, Source::Scanner, Source::Partner, Source::Manual]);
        let domain = DomainSlug::parse(self.chance.word(&DOMAINS))?;
        let tags = match self.chance.percent(35) {
            true => [Tag::parse(self.chance.word(&TAGS))?].into(),
            false => std::collections::BTreeSet::new(),
        };
        let profile = cast::person(self.number, &mut self.chance)?;
        let unowned = self.chance.percent(8);
        let command = CreateLead {
            source,
            business_domain: Some(domain),
            owner: (!unowned).then(|| self.owner.id()),
            tags,
            profile,
            allow_duplicate: false,
        };
        if unowned {
            // A manager works what nobody took.
            self.owner = self.manager;
        }
        self.lead_by(self.manager, command);
        Ok(())
    }

    fn talk(&mut self) {
        let rounds = self.chance.below(3);
        for _ in 0..rounds {
            let direction =
                *self.chance.of(&[MessageDirection::Outgoing, MessageDirection::Incoming]);
            let channel = *self.chance.of(Channel::ALL);
            let count = u32::try_from(self.chance.between(1, 4)).unwrap_or(1);
            self.lead_by(self.owner, LogMessage { count, direction, channel, text: None });
        }
    }

    fn lost(&mut self) -> anyhow::Result<()> {
        let reason = *self.chance.of(LostReason::ALL);
        let text = match reason.needs_words() {
            true => Some(ReasonText::parse("закрили підприємство")?),
            false => None,
        };
        self.lead_by(self.owner, MarkLost { reason, text });
        Ok(())
    }

    fn sold(&mut self, currency: Currency) -> anyhow::Result<()> {
        let amount = Money::new(self.chance.between(40, 900) * 100_000, currency)?;
        let override_reason = Some(ReasonText::parse("домовилися про умови телефоном")?);
        let transfer = TransferToSales { amount: Some(amount), override_reason };
        self.lead_by(self.manager, transfer);
        let fate = self.chance.below(100);
        let steps: &[SaleStage] = match fate {
            0..15 => &[],
            15..35 => &[SaleStage::Kyc],
            35..50 => &[SaleStage::Kyc, SaleStage::Agreement],
            50..90 => &[SaleStage::Kyc, SaleStage::Agreement, SaleStage::Paid],
            _ => &[SaleStage::Kyc],
        };
        for to in steps {
            self.sale_by_owner(SaleCommand::Move(MoveSale { to: *to, amount: None }));
        }
        if fate >= 90 {
            let lost = LoseSale { reason: LostReason::Competitor, text: None };
            self.sale_by_owner(SaleCommand::MarkLost(lost));
        }
        Ok(())
    }

    /// Some hours pass, but never beyond today.
    fn later(&mut self) -> DateTime<Utc> {
        let hours = self.chance.between(1, 60);
        let left = self.anchor - self.now;
        self.now += Duration::hours(hours).min(left / 3);
        self.now
    }

    fn asked(&mut self, command: Command) -> Asked {
        let step = self.scenes.len() + self.sale.len();
        let command_id = CommandId::derived("demo", &format!("{}/{step}", self.number));
        Asked { command_id, occurred_at: Some(self.later()), command }
    }

    fn lead_by(&mut self, by: Colleague, command: impl Into<LeadCommand>) {
        let asked = self.asked(Command::Lead(To { id: self.lead, command: command.into() }));
        self.scenes.push(Scene { by: by.id(), asked });
    }

    fn sale_by_owner(&mut self, command: SaleCommand) {
        let asked = self.asked(Command::Sale(To { id: SaleId::of(self.lead), command }));
        self.sale.push(Scene { by: self.manager.id(), asked });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn all() -> Vec<Story> {
        let anchor = "2026-11-20T12:00:00Z".parse().unwrap();
        (0..LEADS).map(|number| story(number, anchor, "UAH".parse().unwrap()).unwrap()).collect()
    }

    #[test]
    fn the_demo_is_the_same_at_every_start() {
        let ids = |stories: Vec<Story>| -> Vec<CommandId> {
            stories.iter().flat_map(|one| &one.scenes).map(|scene| scene.asked.command_id).collect()
        };
        assert_eq!(ids(all()), ids(all()));
        let commands: Vec<Command> =
            all().into_iter().flat_map(|one| one.scenes).map(|scene| scene.asked.command).collect();
        let again: Vec<Command> =
            all().into_iter().flat_map(|one| one.scenes).map(|scene| scene.asked.command).collect();
        assert_eq!(commands, again);
    }

    #[test]
    fn everything_happened_in_order_and_in_the_past() {
        let anchor: DateTime<Utc> = "2026-11-20T12:00:00Z".parse().unwrap();
        for story in all() {
            let moments: Vec<_> = story
                .scenes
                .iter()
                .chain(&story.sale)
                .map(|scene| scene.asked.occurred_at.unwrap())
                .collect();
            assert!(moments.is_sorted());
            assert!(moments.iter().all(|moment| *moment <= anchor));
        }
    }

    #[test]
    fn leads_are_spread_over_the_stages_and_months() {
        let stories = all();
        let mut ends: BTreeMap<String, usize> = BTreeMap::new();
        for story in &stories {
            let mut names = story.scenes.iter().map(|scene| scene.asked.command.name());
            let end = names.rfind(|name| name != "lead.request_analysis").unwrap();
            *ends.entry(end).or_default() += 1;
        }
        for end in ["lead.qualify", "lead.mark_lost", "lead.transfer_to_sales"] {
            assert!(ends[end] > 15, "{ends:?}");
        }
        assert!(stories.iter().filter(|story| story.sale.len() == 3).count() > 10);
        let months: std::collections::BTreeSet<String> = stories
            .iter()
            .map(|story| story.scenes[0].asked.occurred_at.unwrap().format("%Y-%m").to_string())
            .collect();
        assert!(months.len() >= 5, "{months:?}");
    }
}
