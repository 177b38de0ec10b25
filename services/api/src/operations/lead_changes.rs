//! What is done with a lead: from the first contact to the transfer to sales.

use super::Tag;
use super::lead_bodies::{
    Analysis, Assignment, Loss, Merge, Messages, NewNote, Nothing, StageChange, Transfer, Undo,
};
use super::leads::to_lead;
use crate::desk::Desk;
use crate::wire::{Body, Maker, NoteWritten, Path, Problem, Writer, Written};
use ael_events::command::{
    AddNote, AssignLead, EraseLead, LogMessage, MarkLost, MergeLead, PinNote, ReopenLead,
    RequestAnalysis, RollBackLead, TransferToSales, UnpinNote,
};
use ael_events::ids::{LeadId, NoteId};
use poem_openapi::OpenApi;

/// Working a lead.
#[derive(Debug)]
pub(crate) struct LeadChangesApi(pub(crate) Desk);

#[OpenApi(tag = "Tag::Leads")]
impl LeadChangesApi {
    /// Move a lead forward
    ///
    /// `contacted` needs a way to reach the person, `qualified` a full name and a business domain
    /// besides: 409 `missing_details` says what is missing.
    #[oai(path = "/leads/:id/stage", method = "post", operation_id = "move_lead")]
    async fn stage(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        body: Body<StageChange>,
    ) -> Result<Written, Problem> {
        Ok(Written(self.0.tell(&writer, to_lead(id.0, body.0)).await?))
    }

    /// Move a lead back
    ///
    /// From `contacted` to `new`, from `qualified` to `contacted`.
    #[oai(path = "/leads/:id/rollback", method = "post", operation_id = "roll_back_lead")]
    async fn rollback(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        body: Body<Undo>,
    ) -> Result<Written, Problem> {
        let command = RollBackLead { reason: body.0.reason };
        Ok(Written(self.0.tell(&writer, to_lead(id.0, command)).await?))
    }

    /// Reopen a lost lead
    #[oai(path = "/leads/:id/reopen", method = "post", operation_id = "reopen_lead")]
    async fn reopen(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        body: Body<Undo>,
    ) -> Result<Written, Problem> {
        let command = ReopenLead { reason: body.0.reason };
        Ok(Written(self.0.tell(&writer, to_lead(id.0, command)).await?))
    }

    /// Say that a lead came to nothing
    #[oai(path = "/leads/:id/lost", method = "post", operation_id = "lose_lead")]
    async fn lost(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        body: Body<Loss>,
    ) -> Result<Written, Problem> {
        Ok(Written(self.0.tell(&writer, to_lead(id.0, MarkLost::from(body.0))).await?))
    }

    /// Give a lead to somebody
    ///
    /// An Agent may take an unowned lead; Managers and Admins give any to anybody, or to nobody.
    #[oai(path = "/leads/:id/assign", method = "post", operation_id = "assign_lead")]
    async fn assign(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        body: Body<Assignment>,
    ) -> Result<Written, Problem> {
        let command = AssignLead { owner: body.0.owner, rule: None };
        Ok(Written(self.0.tell(&writer, to_lead(id.0, command)).await?))
    }

    /// Log messages with the person
    #[oai(path = "/leads/:id/messages", method = "post", operation_id = "log_message")]
    async fn messages(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        body: Body<Messages>,
    ) -> Result<Written, Problem> {
        Ok(Written(self.0.tell(&writer, to_lead(id.0, LogMessage::from(body.0))).await?))
    }

    /// Add a note
    ///
    /// By its `note_id` it is pinned.
    #[oai(path = "/leads/:id/notes", method = "post", operation_id = "add_note")]
    async fn notes(
        &self,
        maker: Maker,
        id: Path<LeadId>,
        body: Body<NewNote>,
    ) -> Result<NoteWritten, Problem> {
        let note_id = NoteId::from_uuid(maker.new_id());
        let command = AddNote { note_id, text: body.0.text };
        let accepted = self.0.make(&maker, to_lead(id.0, command)).await?;
        Ok(NoteWritten { accepted, note_id })
    }

    /// Pin a note
    #[oai(path = "/leads/:id/notes/:note_id/pin", method = "post", operation_id = "pin_note")]
    async fn pin(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        note_id: Path<NoteId>,
        _body: Body<Nothing>,
    ) -> Result<Written, Problem> {
        let command = PinNote { note_id: note_id.0 };
        Ok(Written(self.0.tell(&writer, to_lead(id.0, command)).await?))
    }

    /// Unpin a note
    #[oai(path = "/leads/:id/notes/:note_id/unpin", method = "post", operation_id = "unpin_note")]
    async fn unpin(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        note_id: Path<NoteId>,
        _body: Body<Nothing>,
    ) -> Result<Written, Problem> {
        let command = UnpinNote { note_id: note_id.0 };
        Ok(Written(self.0.tell(&writer, to_lead(id.0, command)).await?))
    }

    /// Ask the advisor for an analysis
    ///
    /// Answered with 202: the score comes when the advisor has answered; watch `/ws` or the lead's
    /// `analysis_pending`.
    #[oai(path = "/leads/:id/analyze", method = "post", operation_id = "analyze_lead")]
    async fn analyze(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        body: Body<Analysis>,
    ) -> Result<Written<202>, Problem> {
        let command = RequestAnalysis { force: body.0.force };
        Ok(Written(self.0.tell(&writer, to_lead(id.0, command)).await?))
    }

    /// Hand a qualified lead to sales
    ///
    /// A Manager's decision. The advisor advises: when its analysis is missing or stale or its
    /// score is low, a `reason` is needed (409 `override_reason_needed`). The sale opens a moment
    /// later, under an id that the lead's history and its `sale_id` tell.
    #[oai(path = "/leads/:id/transfer", method = "post", operation_id = "transfer_lead")]
    async fn transfer(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        body: Body<Transfer>,
    ) -> Result<Written<202>, Problem> {
        Ok(Written(self.0.tell(&writer, to_lead(id.0, TransferToSales::from(body.0))).await?))
    }

    /// Merge another lead into this one
    #[oai(path = "/leads/:id/merge", method = "post", operation_id = "merge_lead")]
    async fn merge(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        body: Body<Merge>,
    ) -> Result<Written, Problem> {
        let command = MergeLead { other: body.0.other };
        Ok(Written(self.0.tell(&writer, to_lead(id.0, command)).await?))
    }

    /// Erase a person's data
    ///
    /// For good: the key that opens it is destroyed, here and in every copy. The lead's history
    /// stays, without the person.
    #[oai(path = "/leads/:id/erase", method = "post", operation_id = "erase_lead")]
    async fn erase(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        _body: Body<Nothing>,
    ) -> Result<Written, Problem> {
        Ok(Written(self.0.tell(&writer, to_lead(id.0, EraseLead {})).await?))
    }
}
