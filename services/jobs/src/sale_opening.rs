//! A transferred lead gets its sale: exactly one, however often the event is delivered and whoever
//! crashes when.
//!
//! The event is the obligation and the command is idempotent: its id is derived from the event's
//! id, and the sale's id from the lead's. So a repeated delivery, a second copy, a refilled stream
//! or a crash between command and acknowledgement all end in the same one sale. An event is
//! acknowledged only once its sale is open or it asks for none; what cannot be done now comes
//! again, and what needs a person is told of in `DEAD` besides.

use ael_bus::Fate;
use ael_client::{Client, ClientError};
use ael_events::actor::ServicePrincipal;
use ael_events::answer::Accepted;
use ael_events::command::{Command, CommandRequest, Credential, OpenSale, To};
use ael_events::envelope::CloudEvent;
use ael_events::event::{Event, LeadEvent, Recorded};
use ael_events::ids::{CommandId, LeadId, SaleId};
use ael_events::values::Stage;
use bytes::Bytes;

/// The code of the only refusal after which there is nothing left to do.
const ALREADY_OPEN: &str = "already_exists";

/// Works on one event and says what becomes of it.
pub(crate) async fn open(event: Bytes, client: Client) -> Fate {
    match command_for(&event) {
        Ok(Some((event, request))) => {
            judged(&event, client.command(event.workspace, &request).await)
        }
        Ok(None) => Fate::Done,
        Err(reason) => Fate::Parked(reason),
    }
}

fn judged(event: &Recorded, answer: Result<Accepted, ClientError>) -> Fate {
    match answer {
        Ok(accepted) => {
            metrics::counter!("ael_sales_opened_total").increment(u64::from(!accepted.repeated));
            Fate::Done
        }
        Err(ClientError::Rejected(refusal)) if refusal.code == ALREADY_OPEN => {
            tracing::info!(lead = %event.aggregate_id, "the sale is open already");
            Fate::Done
        }
        Err(ClientError::Rejected(refusal)) => {
            Fate::Parked(format!("the command was refused: {}", refusal.code))
        }
        Err(error @ (ClientError::Failed(_) | ClientError::Unavailable(_))) => {
            let lead = event.aggregate_id;
            tracing::warn!(%lead, %error, "the sale is not open yet; trying again");
            Fate::Again
        }
    }
}

/// What an event asks for, if anything.
fn command_for(payload: &[u8]) -> Result<Option<(Recorded, CommandRequest)>, String> {
    let event = CloudEvent::parse(payload).map_err(|error| error.to_string())?;
    let data = serde_json::from_str(event.data.get()).map_err(|error| error.to_string())?;
    let happened = Event::from_wire(&event.event_type, data).map_err(|error| error.to_string())?;
    if !asks_for_a_sale(&happened) {
        return Ok(None);
    }
    let lead_id = LeadId::from_uuid(event.aggregate_id);
    let request = CommandRequest {
        command_id: CommandId::derived("open-sale", &event.event_id.to_string()),
        credential: Credential::Service {
            principal: ServicePrincipal::ProcessManager,
            on_behalf_of: None,
        },
        expected_version: None,
        occurred_at: Some(event.metadata.occurred_at),
        correlation_id: Some(event.metadata.correlation_id),
        causation_id: Some(event.event_id),
        command: Command::Sale(To {
            id: SaleId::of(lead_id),
            command: OpenSale { lead_id }.into(),
        }),
    };
    Ok(Some((event, request)))
}

fn asks_for_a_sale(event: &Event) -> bool {
    let Event::Lead(event) = event else { return false };
    if let LeadEvent::Imported(imported) = event.as_ref() {
        return imported.stage == Stage::Transferred;
    }
    matches!(event.as_ref(), LeadEvent::Transferred(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::actor::Actor;
    use ael_events::answer::{Failed, Rejected};
    use ael_events::event::EventMetadata;
    use ael_events::ids::{EventId, Lane, WorkspaceId};
    use ael_events::order::Order;
    use ael_events::values::AggregateKind;
    use chrono::{DateTime, Utc};
    use serde_json::{Value, json, value::RawValue};
    use uuid::Uuid;

    fn payload(event_type: &str, data: &Value) -> Vec<u8> {
        let lead = Uuid::from_u128(5);
        let recorded = Recorded {
            event_id: EventId::from_uuid(Uuid::from_u128(9)),
            workspace: WorkspaceId::from_uuid(Uuid::from_u128(1)),
            aggregate: AggregateKind::Lead,
            aggregate_id: lead,
            sequence: 4,
            event_type: event_type.into(),
            data: RawValue::from_string(data.to_string()).unwrap(),
            metadata: EventMetadata {
                actor: Actor::Operator,
                edge: "cli".into(),
                data_subject: lead,
                occurred_at: DateTime::<Utc>::UNIX_EPOCH,
                command_id: CommandId::from_uuid(Uuid::from_u128(2)),
                correlation_id: Uuid::from_u128(3),
                causation_id: None,
                traceparent: None,
            },
            recorded_at: DateTime::<Utc>::UNIX_EPOCH,
            lane: Lane::of(lead),
            order: Order { incarnation: 1, xid: 1, position: 1 },
        };
        serde_json::to_vec(&CloudEvent::from_recorded(&recorded).unwrap()).unwrap()
    }

    fn imported(stage: &str) -> Vec<u8> {
        let data = json!({ "origin": "x", "source": "manual", "stage": stage });
        payload("lead.imported.v1", &data)
    }

    #[test]
    fn a_transfer_asks_for_the_one_sale_of_its_lead_and_always_by_the_same_command() {
        let data = json!({ "sale_id": Uuid::from_u128(7), "sealed": "AAAA" });
        let transfer = payload("lead.transferred.v1", &data);
        let (_, first) = command_for(&transfer).unwrap().unwrap();
        let (_, again) = command_for(&transfer).unwrap().unwrap();
        assert_eq!(first, again);
        let lead = LeadId::from_uuid(Uuid::from_u128(5));
        assert_eq!(first.command.aggregate_id(), Some(SaleId::of(lead).uuid()));
        assert_eq!(first.command.name(), "sale.open");
        assert_eq!(first.causation_id, Some(EventId::from_uuid(Uuid::from_u128(9))));
    }

    #[test]
    fn an_imported_sale_is_opened_and_an_imported_loss_is_not() {
        assert!(command_for(&imported("transferred")).unwrap().is_some());
        assert!(command_for(&imported("lost")).unwrap().is_none());
    }

    #[test]
    fn what_is_no_event_of_ours_is_not_taken_for_one_that_asks_for_nothing() {
        assert!(command_for(b"{}").is_err());
        assert!(command_for(&payload("lead.transferred.v9", &json!({}))).is_err());
        assert!(command_for(&payload("lead.qualified.v1", &json!({}))).unwrap().is_none());
    }

    #[test]
    fn an_event_is_done_only_when_its_sale_is_open() {
        let (event, _) = command_for(&imported("transferred")).unwrap().unwrap();
        let (aggregate_id, position) = (event.aggregate_id, None);
        let accepted = Accepted { aggregate_id, version: 1, position, repeated: false };
        assert_eq!(judged(&event, Ok(accepted)), Fate::Done);
        let refused = |code| ClientError::Rejected(Rejected::new(code, "no"));
        assert_eq!(judged(&event, Err(refused("already_exists"))), Fate::Done);
        for code in ["not_allowed_here", "lead_not_transferred", "malformed"] {
            let fate = judged(&event, Err(refused(code)));
            assert_eq!(fate, Fate::Parked(format!("the command was refused: {code}")));
        }
        let away = ClientError::Failed(Failed { sentence: "away".into(), retry_after_ms: 1 });
        assert_eq!(judged(&event, Err(away)), Fate::Again);
    }
}
