//! Leads: entering, finding and looking at them.

use super::Tag;
use super::bulk;
use super::lead_bodies::{LeadChanges, NewLead};
use super::lead_params::{FieldName, LeadListParams, LeadParams, ListedLead, PageParams};
use crate::desk::Desk;
use crate::guard::Purse;
use crate::wire::{Body, Created, Found, Maker, Params, Path, Problem, Reader, Writer, Written};
use ael_events::command::{Command, CreateLead, EditDetails, LeadCommand, To};
use ael_events::ids::LeadId;
use ael_events::query::{HistoryPage, LeadDetails, Page, Query};
use poem::web::Data;
use poem_openapi::OpenApi;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Entering, finding and looking.
#[derive(Debug)]
pub(crate) struct LeadsApi(pub(crate) Desk);

/// A command to a lead.
pub(super) fn to_lead(id: LeadId, command: impl Into<LeadCommand>) -> Command {
    Command::Lead(To { id, command: command.into() })
}

#[OpenApi(tag = "Tag::Leads")]
impl LeadsApi {
    /// Enter a lead
    ///
    /// Whoever has the same e-mail, phone or Telegram name already is named in a 409
    /// `duplicate_contact`; a Manager may enter it all the same with `allow_duplicate`.
    #[oai(path = "/leads", method = "post", operation_id = "create_lead")]
    async fn create(&self, maker: Maker, body: Body<NewLead>) -> Result<Created, Problem> {
        let id = LeadId::from_uuid(maker.new_id());
        let accepted = self.0.make(&maker, to_lead(id, CreateLead::from(body.0))).await?;
        let location = format!("/api/v1/leads/{}", accepted.aggregate_id);
        Ok(Created { accepted, location })
    }

    /// List and search leads
    ///
    /// Everything that is given has to hold. Agents see their own and unowned leads. Pages stay
    /// stable while leads change: go on with `next_cursor`, with the same filters and order.
    #[oai(path = "/leads", method = "get", operation_id = "list_leads")]
    async fn list(
        &self,
        reader: Reader,
        query: Params<LeadListParams>,
    ) -> Result<Found<Page<ListedLead>>, Problem> {
        let (asked, fields) = query.0.question()?;
        let page = self.0.ask(&reader, Query::ListLeads(asked)).await?;
        match fields {
            None => Ok(Found::raw(page)),
            Some(fields) => only(&page, &fields),
        }
    }

    /// Do up to 100 things to leads at once
    ///
    /// Each is answered by itself, in the order in which it was sent; what happens to one lead
    /// happens in that order. With an `Idempotency-Key` the whole can be sent again safely. Each
    /// counts as a request of its own against the rate limits.
    #[oai(path = "/leads/bulk", method = "post", operation_id = "bulk_leads")]
    async fn bulk(
        &self,
        purse: Data<&Purse>,
        maker: Maker,
        body: Body<bulk::Bulk>,
    ) -> Result<Found<bulk::BulkAnswer>, Problem> {
        Found::of(&bulk::run(&self.0, &purse, &maker, body.0).await?)
    }

    /// Look at a lead
    ///
    /// Now, as it was known at a time (`as_of`), or as it was at a `version`.
    #[oai(path = "/leads/:id", method = "get", operation_id = "get_lead")]
    async fn get(
        &self,
        reader: Reader,
        id: Path<LeadId>,
        query: Params<LeadParams>,
    ) -> Result<Found<LeadDetails>, Problem> {
        let asked = query.0.question_about(id.0);
        Ok(Found::versioned(self.0.ask(&reader, Query::GetLead(asked)).await?))
    }

    /// Change what is known about a lead
    ///
    /// A JSON merge patch: what is absent stays, `null` clears. With `If-Match` it is changed only
    /// if nobody changed it meanwhile.
    #[oai(path = "/leads/:id", method = "patch", operation_id = "edit_lead")]
    async fn edit(
        &self,
        writer: Writer,
        id: Path<LeadId>,
        body: Body<LeadChanges>,
    ) -> Result<Written, Problem> {
        let command = to_lead(id.0, EditDetails::from(body.0));
        Ok(Written(self.0.tell(&writer, command).await?))
    }

    /// Read what happened to a lead
    ///
    /// Who did what, when, why and through which channel, with what was before and after; its sale
    /// included, oldest first.
    #[oai(path = "/leads/:id/history", method = "get", operation_id = "lead_history")]
    async fn history(
        &self,
        reader: Reader,
        id: Path<LeadId>,
        query: Params<PageParams>,
    ) -> Result<Found<HistoryPage>, Problem> {
        let asked = query.0.history_of(id.0);
        Ok(Found::raw(self.0.ask(&reader, Query::LeadHistory(asked)).await?))
    }
}

/// The page with only these fields of each lead, and its id.
fn only(page: &RawValue, fields: &[FieldName]) -> Result<Found<Page<ListedLead>>, Problem> {
    let unreadable = |error: serde_json::Error| {
        let (kind, column) = (error.classify(), error.column());
        tracing::error!(?kind, column, "a page of leads cannot be read");
        Problem::unavailable("unavailable", "The page could not be read.", 1)
    };
    let mut page: Map<String, Value> = serde_json::from_str(page.get()).map_err(unreadable)?;
    if let Some(Value::Array(items)) = page.get_mut("items") {
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            item.retain(|name, _| {
                name == "id" || fields.iter().any(|field| field.as_str() == name)
            });
        }
    }
    Ok(Found::raw(serde_json::value::to_raw_value(&page).map_err(unreadable)?))
}
