//! Drafts of changes: what would be done and what follows. Nothing is done here: the command goes
//! back to whoever asked, who alone can send it.

use crate::assistant::lookup::Met;
use crate::assistant::turn::{Draft, Turn, one_line};
use crate::assistant::understanding::{Assignee, Deed, Whom};
use ael_client::ClientError;
use ael_events::command::{
    AddNote, AssignLead, Command, LeadCommand, LogMessage, MarkContacted, MarkLost, QualifyLead,
    RequestAnalysis, To, TransferToSales,
};
use ael_events::ids::{MemberId, NoteId};
use ael_events::query::{LeadDetails, LeadView, Proposal};
use ael_events::values::{LostReason, NoteText, ReasonText, Stage};

/// A draft, or what is said instead.
type Drafted = Result<(LeadCommand, String, Vec<String>), Box<Draft>>;

/// Drafts what somebody wants to have done.
pub(crate) async fn propose(
    turn: &Turn<'_>,
    deed: &Deed,
    whom: &Whom,
) -> Result<Draft, ClientError> {
    let details = match turn.meet(whom).await? {
        Met::One(details) => details,
        Met::Instead(draft) => return Ok(*draft),
    };
    let drafted = match deed {
        Deed::MarkContacted => turn.contacted(&details.lead),
        Deed::Qualify => turn.qualified(&details.lead),
        Deed::MarkLost(reason, text) => turn.lost(&details.lead, *reason, text.as_deref()),
        Deed::AddNote(text) => turn.noted(&details.lead, text.as_deref()),
        Deed::LogMessage(count, direction, channel) => {
            let message =
                LogMessage { count: *count, direction: *direction, channel: *channel, text: None };
            turn.messaged(&details.lead, message)
        }
        Deed::Assign(assignee) => turn.assigned(&details, assignee).await?,
        Deed::Analyse => turn.analysed(&details.lead),
        Deed::Transfer => turn.transferred(&details.lead),
    };
    let mentioned = turn.mentioned(&details.lead);
    Ok(match drafted {
        Err(instead) => instead.about([mentioned]),
        Ok((command, sentence, consequences)) => {
            let mut lines = vec![sentence.clone()];
            lines.extend(consequences.iter().map(|line| format!("• {line}")));
            lines.push(turn.voice.say("confirm"));
            let proposal = Proposal {
                command: Command::Lead(To { id: details.lead.id, command }),
                expected_version: details.lead.version,
                sentence,
                consequences,
            };
            let draft = Draft::saying(lines.join("\n")).about([mentioned]);
            Draft { proposal: Some(proposal), ..draft }
        }
    })
}

impl Turn<'_> {
    fn name(&self, lead: &LeadView) -> String {
        self.called(&lead.contact, lead.erased)
    }

    fn saying_of(&self, key: &'static str, lead: &LeadView) -> Box<Draft> {
        instead(self.voice.say_with(key, [("name", self.name(lead).into())]))
    }

    /// What an Agent may not do with a lead of others, and what the stage does not allow.
    fn movable(&self, lead: &LeadView, from: &[Stage], to: Stage) -> Result<(), Box<Draft>> {
        let stage = || [("name", self.name(lead).into()), ("stage", self.stage(lead.stage).into())];
        if lead.stage == to {
            return Err(instead(self.voice.say_with("already", stage())));
        }
        if !from.contains(&lead.stage) {
            return Err(instead(self.voice.say_with("not-from", stage())));
        }
        if self.is_agent() && lead.owner != Some(self.id()) {
            return Err(self.saying_of("not-yours", lead));
        }
        Ok(())
    }

    fn moves(&self, lead: &LeadView, to: Stage) -> String {
        let put_in = [("from", self.stage(lead.stage).into()), ("to", self.stage(to).into())];
        self.voice.say_with("consequence-stage", put_in)
    }

    fn contacted(&self, lead: &LeadView) -> Drafted {
        self.movable(lead, &[Stage::New], Stage::Contacted)?;
        if !can_be_reached(lead) {
            return Err(self.saying_of("missing-reach", lead));
        }
        let sentence = self.voice.say_with("propose-contacted", [("name", self.name(lead).into())]);
        Ok((MarkContacted {}.into(), sentence, vec![self.moves(lead, Stage::Contacted)]))
    }

    fn qualified(&self, lead: &LeadView) -> Drafted {
        self.movable(lead, &[Stage::Contacted], Stage::Qualified)?;
        let missing: Vec<String> = [
            (lead.contact.full_name.is_none(), "missing-name"),
            (lead.business_domain.is_none(), "missing-domain"),
            (!can_be_reached(lead), "missing-contact"),
        ]
        .into_iter()
        .filter(|(is_missing, _)| *is_missing)
        .map(|(_, key)| self.voice.say(key))
        .collect();
        if !missing.is_empty() {
            let put_in = [("name", self.name(lead).into()), ("missing", missing.join(", ").into())];
            return Err(instead(self.voice.say_with("missing-details", put_in)));
        }
        let sentence = self.voice.say_with("propose-qualify", [("name", self.name(lead).into())]);
        Ok((QualifyLead {}.into(), sentence, vec![self.moves(lead, Stage::Qualified)]))
    }

    fn lost(&self, lead: &LeadView, reason: Option<LostReason>, text: Option<&str>) -> Drafted {
        self.movable(lead, &[Stage::New, Stage::Contacted, Stage::Qualified], Stage::Lost)?;
        let Some(reason) = reason else { return Err(self.saying_of("which-reason", lead)) };
        let text = text.and_then(|text| ReasonText::parse(text).ok());
        let said = self.voice.say(&format!("reason-{reason}"));
        let put_in = [("name", self.name(lead).into()), ("reason", said.into())];
        let sentence = self.voice.say_with("propose-lost", put_in);
        let follows = vec![self.moves(lead, Stage::Lost), self.voice.say("consequence-lost")];
        Ok((MarkLost { reason, text }.into(), sentence, follows))
    }

    fn noted(&self, lead: &LeadView, text: Option<&str>) -> Drafted {
        let Some(text) = text.and_then(|text| NoteText::parse(text).ok()) else {
            return Err(self.saying_of("which-note", lead));
        };
        let note = one_line(text.as_str(), 200);
        let put_in = [("name", self.name(lead).into()), ("note", note.into())];
        let sentence = self.voice.say_with("propose-note", put_in);
        let command = AddNote { note_id: NoteId::generate(), text };
        Ok((command.into(), sentence, vec![self.voice.say("consequence-note")]))
    }

    fn messaged(&self, lead: &LeadView, message: LogMessage) -> Drafted {
        let channel = self.voice.say(&format!("channel-{}", message.channel));
        let sentence = self.voice.say_with(
            "propose-message",
            [
                ("count", message.count.into()),
                ("direction", message.direction.as_str().into()),
                ("name", self.name(lead).into()),
                ("channel", channel.into()),
            ],
        );
        let after = lead.message_count.saturating_add(message.count);
        let put_in = [("from", lead.message_count.into()), ("to", after.into())];
        let follows = vec![self.voice.say_with("consequence-messages", put_in)];
        Ok((message.into(), sentence, follows))
    }

    fn analysed(&self, lead: &LeadView) -> Drafted {
        if lead.analysis_pending {
            return Err(instead(self.voice.say("card-pending")));
        }
        let sentence = self.voice.say_with("propose-analyse", [("name", self.name(lead).into())]);
        let command = RequestAnalysis { force: true };
        Ok((command.into(), sentence, vec![self.voice.say("consequence-analysis")]))
    }

    fn transferred(&self, lead: &LeadView) -> Drafted {
        if self.is_agent() {
            return Err(instead(self.voice.say("only-managers")));
        }
        self.movable(lead, &[Stage::Qualified], Stage::Transferred)?;
        let settings = &self.workspace.settings;
        let stale = i64::from(settings.stale_days);
        let is_good = lead.analysis.as_ref().is_some_and(|analysis| {
            let age = self.now - analysis.last_ai_analysis_at;
            analysis.ai_score >= settings.min_transfer_score && age.num_days() < stale
        });
        if !is_good {
            return Err(self.saying_of("needs-reason", lead));
        }
        let sentence = self.voice.say_with("propose-transfer", [("name", self.name(lead).into())]);
        let follows =
            vec![self.moves(lead, Stage::Transferred), self.voice.say("consequence-transfer")];
        Ok((TransferToSales::default().into(), sentence, follows))
    }

    async fn assigned(
        &self,
        details: &LeadDetails,
        assignee: &Assignee,
    ) -> Result<Drafted, ClientError> {
        let lead = &details.lead;
        let to: Option<(MemberId, String)> = match assignee {
            Assignee::Me => Some((self.id(), self.voice.say("you"))),
            Assignee::Nobody => None,
            Assignee::Named(words) => match self.colleagues(words).await?.as_slice() {
                [one] => Some((one.id, name_of(one))),
                [] => {
                    let put_in = [("words", one_line(words, 60).into())];
                    return Ok(Err(instead(self.voice.say_with("no-colleague", put_in))));
                }
                several => {
                    let names: Vec<String> = several.iter().map(name_of).collect();
                    let put_in =
                        [("words", one_line(words, 60).into()), ("names", names.join(", ").into())];
                    let text = self.voice.say_with("several-colleagues", put_in);
                    return Ok(Err(instead(text)));
                }
            },
        };
        Ok(self.handed_over(details, lead, to))
    }

    fn handed_over(
        &self,
        details: &LeadDetails,
        lead: &LeadView,
        to: Option<(MemberId, String)>,
    ) -> Drafted {
        let (name, from) = (self.name(lead), self.owner_of(details));
        let owner = to.as_ref().map(|(id, _)| *id);
        let called = to.map_or_else(|| self.voice.say("nobody"), |(_, name)| name);
        if lead.owner == owner {
            let put_in = [("name", name.into()), ("to", called.into())];
            return Err(instead(self.voice.say_with("already-theirs", put_in)));
        }
        if self.is_agent() && (lead.owner.is_some() || owner != Some(self.id())) {
            let put_in = [("name", name.into()), ("owner", from.into())];
            return Err(instead(self.voice.say_with("taken-already", put_in)));
        }
        let sentence = match owner {
            Some(_) => {
                let put_in = [("name", name.into()), ("to", called.clone().into())];
                self.voice.say_with("propose-assign", put_in)
            }
            None => self.voice.say_with("propose-release", [("name", name.into())]),
        };
        let put_in = [("from", from.into()), ("to", called.into())];
        let mut follows = vec![self.voice.say_with("consequence-owner", put_in)];
        if owner == Some(self.id()) && lead.owner.is_none() {
            follows.push(self.voice.say("consequence-take"));
        }
        Ok((AssignLead { owner, rule: None }.into(), sentence, follows))
    }
}

fn name_of(member: &ael_events::query::MemberView) -> String {
    member.name.as_ref().map(|name| one_line(name.as_str(), 60)).unwrap_or_default()
}

fn instead(text: String) -> Box<Draft> {
    Box::new(Draft::saying(text))
}

const fn can_be_reached(lead: &LeadView) -> bool {
    let contact = &lead.contact;
    contact.email.is_some() || contact.phone.is_some() || contact.telegram.is_some()
}
