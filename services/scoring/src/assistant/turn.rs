//! One turn of a conversation: who asks, in which language, what was spoken of before; and the
//! answer as it comes about.

use super::eyes::Eyes;
use super::texts::Voice;
use ael_events::ids::{LeadId, MemberId};
use ael_events::query::{LeadListItem, LeadView, Me, MentionedLead, Proposal, WorkspaceView};
pub(super) use ael_events::values::one_line;
use ael_events::values::{Contact, Role, Stage};
use chrono::{DateTime, TimeDelta, Utc};

/// Who asks what in which circumstances.
pub(super) struct Turn<'a> {
    pub(super) eyes: &'a Eyes,
    pub(super) voice: Voice,
    pub(super) me: &'a Me,
    pub(super) workspace: &'a WorkspaceView,
    /// The leads that the last answer spoke of, in their order.
    pub(super) spoken_of: &'a [LeadId],
    pub(super) now: DateTime<Utc>,
}

/// An answer that comes about.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) leads: Vec<MentionedLead>,
    pub(super) proposal: Option<Proposal>,
    pub(super) suggestions: Vec<String>,
}

impl Draft {
    pub(super) fn saying(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(super) fn about(mut self, leads: impl IntoIterator<Item = MentionedLead>) -> Self {
        self.leads.extend(leads);
        self
    }

    pub(super) fn suggesting(mut self, suggestions: impl IntoIterator<Item = String>) -> Self {
        self.suggestions.extend(suggestions);
        self
    }
}

impl Turn<'_> {
    pub(super) fn id(&self) -> MemberId {
        self.me.member.id
    }

    pub(super) fn is_agent(&self) -> bool {
        self.me.member.role == Role::Agent
    }

    /// How a person is called: their name, else their company, else how to reach them.
    pub(super) fn called(&self, contact: &Contact, erased: bool) -> String {
        if erased {
            return self.voice.say("erased-name");
        }
        let ways = [
            contact.full_name.as_ref().map(|it| it.as_str().to_owned()),
            contact.company.as_ref().map(|it| it.as_str().to_owned()),
            contact.email.as_ref().map(|it| it.as_str().to_owned()),
            contact.phone.as_ref().map(|it| it.as_str().to_owned()),
        ];
        let mut named = ways.into_iter().flatten().map(|name| one_line(&name, 80));
        named.find(|name| !name.is_empty()).unwrap_or_else(|| self.voice.say("no-name"))
    }

    pub(super) fn listed(&self, lead: &LeadListItem) -> MentionedLead {
        let name = self.called(&lead.contact, lead.erased);
        MentionedLead { id: lead.id, name, version: lead.version, stage: lead.stage }
    }

    pub(super) fn mentioned(&self, lead: &LeadView) -> MentionedLead {
        let name = self.called(&lead.contact, lead.erased);
        MentionedLead { id: lead.id, name, version: lead.version, stage: lead.stage }
    }

    pub(super) fn stage(&self, stage: Stage) -> String {
        self.voice.say(&format!("stage-{stage}"))
    }

    /// "3 days", "5 hours".
    pub(super) fn span(&self, span: TimeDelta) -> String {
        match (span.num_days(), span.num_hours()) {
            (0, hours) => self.voice.say_with("hours", [("count", hours.max(1).into())]),
            (days, _) => self.voice.say_with("days", [("count", days.into())]),
        }
    }

    /// "3 days ago", "just now".
    pub(super) fn ago(&self, at: DateTime<Utc>) -> String {
        let span = self.now - at;
        match span < TimeDelta::hours(1) {
            true => self.voice.say("just-now"),
            false => self.voice.say_with("ago", [("when", self.span(span).into())]),
        }
    }
}

/// What a language model wrote: lines as they are, nothing unseen, and no longer than that.
pub(super) fn readable(text: &str, most: usize) -> String {
    let lines: Vec<String> = text.lines().map(|line| one_line(line, most)).collect();
    lines.join("\n").trim().chars().take(most).collect()
}
