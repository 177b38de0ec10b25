//! One lead: found, and told of.

use crate::assistant::lookup::Met;
use crate::assistant::turn::{Draft, Turn, one_line};
use crate::assistant::understanding::Whom;
use ael_client::ClientError;
use ael_events::query::{LeadDetails, LeadView};
use ael_events::values::Stage;

impl Turn<'_> {
    pub(super) async fn find(&self, words: &str) -> Result<Draft, ClientError> {
        self.card(&Whom::Named(words.to_owned())).await
    }

    pub(super) async fn card(&self, whom: &Whom) -> Result<Draft, ClientError> {
        Ok(match self.meet(whom).await? {
            Met::Instead(draft) => *draft,
            Met::One(lead) => {
                let mentioned = self.mentioned(&lead.lead);
                let next = self.next(&lead.lead);
                Draft::saying(self.told(&lead)).about([mentioned]).suggesting(next)
            }
        })
    }

    fn told(&self, details: &LeadDetails) -> String {
        let (voice, lead) = (self.voice, &details.lead);
        let mut lines = vec![self.head(lead)];
        let contact = &lead.contact;
        if let (Some(position), Some(company)) = (&contact.position, &contact.company) {
            let put_in = [
                ("position", one_line(position.as_str(), 60).into()),
                ("company", one_line(company.as_str(), 60).into()),
            ];
            lines.push(voice.say_with("card-where", put_in));
        } else if contact.full_name.is_some()
            && let Some(company) = &contact.company
        {
            lines.push(one_line(company.as_str(), 60));
        }
        let ways = ways(lead);
        lines.push(match ways.is_empty() {
            true => voice.say("card-no-reach"),
            false => voice.say_with("card-reach", [("ways", ways.join(", ").into())]),
        });
        let owner = self.owner_of(details);
        lines.push(voice.say_with("card-owner", [("name", owner.into())]));
        if let Some(domain) = &lead.business_domain {
            lines.push(voice.say_with("card-domain", [("domain", domain.as_str().into())]));
        }
        lines.push(self.advice(lead));
        lines.push(voice.say_with(
            "card-messages",
            [("count", lead.message_count.into()), ("when", self.ago(lead.updated_at).into())],
        ));
        if let Some(intent) = &lead.intent {
            let intent = one_line(intent.as_str(), 160);
            lines.push(voice.say_with("card-intent", [("intent", intent.into())]));
        }
        if let Some(note) = lead.notes.first().and_then(|note| note.text.as_ref()) {
            let note = one_line(note.as_str(), 160);
            lines.push(voice.say_with("card-note", [("note", note.into())]));
        }
        if let Some(reason) = lead.lost_reason {
            let reason = voice.say(&format!("reason-{reason}"));
            lines.push(voice.say_with("card-lost", [("reason", reason.into())]));
        }
        if let Some(Some(sale)) = &details.sale {
            let amount =
                sale.amount.as_ref().map(|it| format!(", {}", it.readable())).unwrap_or_default();
            let stage = voice.say(&format!("sale-{}", sale.stage));
            let put_in = [("stage", stage.into()), ("amount", amount.into())];
            lines.push(voice.say_with("card-sale", put_in));
        }
        lines.join("\n")
    }

    fn head(&self, lead: &LeadView) -> String {
        self.voice.say_with(
            "card-head",
            [
                ("name", self.called(&lead.contact, lead.erased).into()),
                ("stage", self.stage(lead.stage).into()),
                ("source", self.voice.say(&format!("source-{}", lead.source)).into()),
            ],
        )
    }

    pub(super) fn owner_of(&self, details: &LeadDetails) -> String {
        match (details.lead.owner, &details.owner_name) {
            (Some(owner), _) if owner == self.id() => self.voice.say("you"),
            (_, Some(name)) => one_line(name, 60),
            (_, None) => self.voice.say("nobody"),
        }
    }

    fn advice(&self, lead: &LeadView) -> String {
        let voice = self.voice;
        if lead.analysis_pending {
            return voice.say("card-pending");
        }
        let Some(analysis) = &lead.analysis else { return voice.say("card-no-score") };
        let recommendation = voice.say(&format!("recommendation-{}", analysis.ai_recommendation));
        let mut said = voice.say_with(
            "card-score",
            [
                ("score", format!("{:.2}", analysis.ai_score.value()).into()),
                ("tier", self.tier(analysis.ai_score.tier()).into()),
                ("recommendation", recommendation.into()),
            ],
        );
        if let Some(reason) = &analysis.ai_reason {
            said += &format!(" {}", one_line(reason.as_str(), 240));
        }
        said
    }

    /// What usually follows.
    fn next(&self, lead: &LeadView) -> Vec<String> {
        let key = match lead.stage {
            Stage::New => "suggest-contacted",
            Stage::Contacted => "suggest-qualify",
            Stage::Qualified => "suggest-analyse",
            Stage::Transferred | Stage::Lost => return Vec::new(),
        };
        let name = self.called(&lead.contact, lead.erased);
        vec![self.voice.say_with(key, [("name", name.into())])]
    }
}

fn ways(lead: &LeadView) -> Vec<String> {
    let contact = &lead.contact;
    [
        contact.phone.as_ref().map(|it| it.as_str().to_owned()),
        contact.email.as_ref().map(|it| it.as_str().to_owned()),
        contact.telegram.as_ref().map(|it| format!("@{}", it.as_str().trim_start_matches('@'))),
    ]
    .into_iter()
    .flatten()
    .collect()
}
