//! The desk: takes a command in, has it decided, appends, answers. All that a command does is on
//! this page.

use crate::decide::Matter;
use crate::draft::{Decision, Draft};
use crate::failure::{Refused, Trouble};
use crate::intake::Intake;
use crate::intention::Intention;
use crate::repository::{Freshness, Repository};
use crate::turns::Turns;
use crate::wake::RelayBell;
use ael_auth::{Directory, Principal};
use ael_bus::{Handler, Request, Standing, Unhandled};
use ael_events::answer::{Accepted, CommandAnswer, Failed, Rejected};
use ael_service::Health;
use ael_store::{AppendError, Appended, CommandRecord, EventWriter, StoredAnswer};
use bytes::Bytes;
use chrono::Utc;
use serde_json::json;
use std::time::{Duration, Instant};
use tracing::Instrument as _;

/// How often a command is tried when others change the same thing at the same moment.
const ATTEMPTS: u32 = 6;

/// Everything that answering a command needs.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) writer: EventWriter,
    pub(crate) repository: Repository,
    pub(crate) directory: Directory,
    pub(crate) turns: Turns,
    pub(crate) relay: RelayBell,
    pub(crate) health: Health,
}

impl Handler for Desk {
    async fn handle(&self, request: Request) -> Bytes {
        let began = Instant::now();
        let read = Intake::read(&request.subject, &request.payload);
        let name = read.as_ref().map_or("unreadable", |intake| intake.name.as_str()).to_owned();
        let answer = match &read {
            Ok(intake) => match Box::pin(self.answer(intake).instrument(span_of(intake))).await {
                Ok(accepted) => CommandAnswer::Accepted(accepted),
                Err(refused) => refused.into(),
            },
            Err(rejected) => CommandAnswer::Rejected(rejected.clone()),
        };
        report(read.as_ref().ok(), name, &answer, began);
        bytes_of(&answer)
    }

    fn unhandled(&self, _subject: &str, why: Unhandled) -> Bytes {
        bytes_of(&unanswerable(why))
    }

    async fn standing(&self) -> Standing {
        Standing { ready: self.directory.is_reachable().await, behind: None }
    }
}

impl Desk {
    /// A command's whole way. What is remembered may decide the first time; anything but an append
    /// is decided again on what the store holds, and so is whatever others got in the way of.
    async fn answer(&self, intake: &Intake) -> Result<Accepted, Refused> {
        let _turn = match intake.request.command.aggregate_id() {
            Some(id) => Some(self.turns.take(id).await),
            None => None,
        };
        let (mut freshness, mut is_last_admin) = (Freshness::Remembered, false);
        for attempt in 0..ATTEMPTS {
            let principal = self.resolve(intake, freshness).await?;
            principal.permit_command(&intake.request.command)?;
            if freshness.is_anew()
                && let Some(answer) = self.answered_before(intake, &principal).await?
            {
                return answer;
            }
            let now = Utc::now();
            let who = &principal;
            let matter =
                Matter { desk: self, intake, principal: who, now, freshness, is_last_admin };
            match matter.decide().await? {
                Decision::Write(draft) if freshness.is_anew() || !draft.is_empty() => {
                    match self.append(intake, &principal, *draft).await? {
                        Appending::Done(answer) => return answer,
                        Appending::LastAdmin => is_last_admin = true,
                        Appending::Overtaken => pause(attempt).await,
                    }
                }
                // What is remembered says that it is so already, or is not to be: look again.
                Decision::Write(_) => {}
                Decision::Unexpected { .. } | Decision::Refused(_) if !freshness.is_anew() => {}
                Decision::Unexpected { version } => return Err(unexpected(version).into()),
                Decision::Refused(rejected) => {
                    return self.refuse(intake, &principal, rejected).await;
                }
            }
            freshness = Freshness::Anew;
        }
        Err(Trouble::Contended { attempts: ATTEMPTS }.into())
    }

    async fn resolve(&self, intake: &Intake, freshness: Freshness) -> Result<Principal, Refused> {
        let (edge, workspace) = (intake.edge, intake.workspace);
        let credential = &intake.request.credential;
        Ok(match freshness {
            Freshness::Remembered => self.directory.resolve(edge, workspace, credential).await?,
            Freshness::Anew => self.directory.resolve_anew(edge, workspace, credential).await?,
        })
    }

    /// The answer that this command id got before, if it did.
    async fn answered_before(
        &self,
        intake: &Intake,
        principal: &Principal,
    ) -> Result<Option<Result<Accepted, Refused>>, Trouble> {
        let by = principal.actor.to_string();
        let (workspace, id) = (intake.workspace, intake.request.command_id);
        let Some(stored) = self.writer.find_answer(workspace, &by, id).await? else {
            return Ok(None);
        };
        Ok(Some(repeated(stored, &self.fingerprint(intake, principal).await?)))
    }

    /// Keeps what was decided, or finds that others were faster.
    async fn append(
        &self,
        intake: &Intake,
        principal: &Principal,
        mut draft: Draft,
    ) -> Result<Appending, Trouble> {
        let fingerprint = self.fingerprint(intake, principal).await?;
        let (aggregate_id, version) = draft.primary();
        let touched: Vec<_> = draft.append.streams.iter().map(|one| one.aggregate_id).collect();
        draft.append.answer = Some(CommandRecord {
            principal: principal.actor.to_string(),
            command_id: intake.request.command_id,
            fingerprint: fingerprint.kept,
            aggregate_id,
            version,
        });
        let result = self.writer.append(draft.append).await;
        let is_one = touched.len() == 1 && (draft.lead.is_some() || draft.sale.is_some());
        if result.is_err() || !is_one {
            touched.iter().for_each(|id| self.repository.forget(intake.workspace, *id));
        }
        match result {
            Ok(Appended { position, .. }) => {
                if position.is_some() {
                    self.relay.ring();
                }
                self.health.set("database", true);
                self.repository.remember(intake.workspace, draft.lead, draft.sale);
                let accepted = Accepted { aggregate_id, version, position, repeated: false };
                Ok(Appending::Done(Ok(accepted)))
            }
            Err(AppendError::AlreadyAnswered(stored)) => {
                Ok(Appending::Done(repeated(*stored, &fingerprint)))
            }
            Err(
                AppendError::VersionConflict
                | AppendError::ContactTaken { .. }
                | AppendError::CredentialTaken
                | AppendError::KeyDestroyed,
            ) => Ok(Appending::Overtaken),
            Err(AppendError::LastAdmin) => Ok(Appending::LastAdmin),
            Err(AppendError::Unavailable(source)) => {
                self.health.set("database", false);
                Err(Trouble::Away(source))
            }
            Err(AppendError::Failed(source)) => Err(Trouble::Append(source)),
        }
    }

    /// Remembers a refusal for a day, unless another copy answered this command id meanwhile.
    async fn refuse(
        &self,
        intake: &Intake,
        principal: &Principal,
        rejected: Rejected,
    ) -> Result<Accepted, Refused> {
        let by = principal.actor.to_string();
        let (workspace, id) = (intake.workspace, intake.request.command_id);
        if rejected.code == "no_such_workspace" {
            return Err(rejected.into());
        }
        let fingerprint = self.fingerprint(intake, principal).await?;
        let recorded =
            self.writer.record_rejection(workspace, &by, id, fingerprint.kept, &rejected).await;
        match recorded.map_err(Trouble::from)? {
            Some(earlier) => repeated(earlier, &fingerprint),
            None => Err(rejected.into()),
        }
    }

    async fn fingerprint(
        &self,
        intake: &Intake,
        principal: &Principal,
    ) -> Result<Fingerprint, Trouble> {
        let hmac = self.writer.hmac(intake.workspace).await?;
        let Intention { body, earlier } = Intention::of(intake, &principal.actor)?;
        let earlier = earlier.map(|body| hmac.fingerprint(&body));
        Ok(Fingerprint { kept: hmac.fingerprint(&body), earlier })
    }
}

/// The keyed hash of what is intended.
struct Fingerprint {
    /// As it is kept.
    kept: [u8; 32],
    /// As an earlier release kept it, where that differs.
    earlier: Option<[u8; 32]>,
}

impl Fingerprint {
    fn is_of(&self, stored: &StoredAnswer) -> bool {
        stored.matches(&self.kept) || self.earlier.is_some_and(|earlier| stored.matches(&earlier))
    }
}

/// What became of an append.
enum Appending {
    /// The command is answered.
    Done(Result<Accepted, Refused>),
    /// Others changed what it was decided on.
    Overtaken,
    /// The workspace would be left without an Admin, which the store alone can know for sure.
    LastAdmin,
}

/// The first answer again, or a refusal when the same id was used for something else.
fn repeated(stored: StoredAnswer, fingerprint: &Fingerprint) -> Result<Accepted, Refused> {
    if !fingerprint.is_of(&stored) {
        let sentence = "this command id was used for another command: make a new id for each";
        return Err(Rejected::new("command_id_reused", sentence).into());
    }
    match stored.answer {
        CommandAnswer::Accepted(accepted) => Ok(Accepted { repeated: true, ..accepted }),
        CommandAnswer::Rejected(rejected) => Err(Refused::Rejected(rejected)),
        CommandAnswer::Failed(failed) => Err(Refused::Failed(failed)),
    }
}

fn unexpected(version: u64) -> Rejected {
    let sentence = format!("it was changed meanwhile and has version {version}: look at it again");
    Rejected::new("version_conflict", sentence).with(json!({ "version": version }))
}

/// A short wait before the next attempt, so that those who collided do not collide again.
async fn pause(attempt: u32) {
    metrics::counter!("ael_command_retries_total").increment(1);
    let ceiling_ms = 4.0 * f64::from(1_u32 << attempt.min(5));
    let wait = Duration::from_secs_f64(rand::random_range(0.5..=1.0) * ceiling_ms / 1_000.0);
    tokio::time::sleep(wait).await;
}

fn unanswerable(why: Unhandled) -> CommandAnswer {
    match why {
        Unhandled::TooLarge { bytes, limit } => {
            let sentence =
                format!("the command has {bytes} bytes and {limit} are taken: make it smaller");
            CommandAnswer::Rejected(Rejected::new("too_large", sentence))
        }
        Unhandled::Panicked | Unhandled::AnswerTooLarge { .. } => CommandAnswer::Failed(Failed {
            sentence: "something is wrong on our side: ask again with the same command id".into(),
            retry_after_ms: 2_000,
        }),
    }
}

/// Tells the operator what became of a command: ids, names and codes, never contents.
fn report(intake: Option<&Intake>, name: String, answer: &CommandAnswer, began: Instant) {
    let (outcome, code) = match answer {
        CommandAnswer::Accepted(accepted) if accepted.repeated => ("repeated", ""),
        CommandAnswer::Accepted(_) => ("accepted", ""),
        CommandAnswer::Rejected(rejected) => ("rejected", rejected.code.as_str()),
        CommandAnswer::Failed(_) => ("failed", ""),
    };
    metrics::histogram!("ael_command_seconds", "name" => name.clone(), "outcome" => outcome)
        .record(began.elapsed().as_secs_f64());
    metrics::counter!("ael_commands_total", "name" => name.clone(), "outcome" => outcome)
        .increment(1);
    // What failed was told with its cause where it failed.
    if outcome == "rejected" {
        let command_id = intake.map(|intake| intake.request.command_id.to_string());
        tracing::info!(%name, code, command_id, "a command was refused");
    }
}

fn span_of(intake: &Intake) -> tracing::Span {
    let command_id = intake.request.command_id;
    tracing::info_span!("command", name = %intake.name, %command_id)
}

fn bytes_of(answer: &CommandAnswer) -> Bytes {
    const BROKEN: &[u8] = br#"{"outcome":"failed","sentence":"broken","retry_after_ms":2000}"#;
    serde_json::to_vec(answer).map_or(Bytes::from_static(BROKEN), Bytes::from)
}
