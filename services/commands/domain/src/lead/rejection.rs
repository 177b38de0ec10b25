//! Why something is not to happen to a lead, each as a fact.

use crate::InTheFuture;
use crate::refusal::{listed, rejected};
use crate::who_may::Forbidden;
use ael_events::answer::Rejected;
use ael_events::event::OverriddenAdvice;
use ael_events::ids::{FileId, LeadId, MemberId, NoteId};
use ael_events::values::{ContactKind, DomainSlug, Stage, Tag};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt;

/// What a stage needs and a lead may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// An e-mail address, a phone number or a Telegram name.
    WayToReach,
    /// The person's full name.
    FullName,
    /// A line of business.
    BusinessDomain,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WayToReach => "a way to reach the person (e-mail, phone or Telegram)",
            Self::FullName => "a full name",
            Self::BusinessDomain => "a business domain",
        })
    }
}

const fn against(advice: OverriddenAdvice) -> &'static str {
    match advice {
        OverriddenAdvice::Missing => "there is no analysis of this lead",
        OverriddenAdvice::Stale => "the analysis of this lead is stale",
        OverriddenAdvice::Low => "the score of this lead is under the workspace's minimum",
    }
}

/// The fact that stands against a command to a lead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeadRejection {
    /// Who asks may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It is said to have happened in the future.
    #[error(transparent)]
    InTheFuture(#[from] InTheFuture),
    /// There is no such lead.
    #[error("there is no such lead in this workspace")]
    NotFound,
    /// There is such a lead.
    #[error("there is a lead with this id already")]
    AlreadyExists,
    /// Its person was erased.
    #[error("the person of this lead was erased: nothing more can be decided about it")]
    Erased,
    /// Its person was erased before.
    #[error("the person of this lead was erased already")]
    AlreadyErased,
    /// It turned out to be another lead.
    #[error("this lead was merged into lead {into}: go on there")]
    Merged {
        /// The lead that has it all now.
        into: LeadId,
    },
    /// Another lead has the same person.
    #[error(
        "lead {lead_id} has the same {kind} already: work that one, or let a manager create a \
             duplicate or merge the two"
    )]
    DuplicateContact {
        /// Which lead.
        lead_id: LeadId,
        /// Whose it is.
        owner: Option<MemberId>,
        /// What is the same.
        kind: ContactKind,
    },
    /// The workspace has no such line of business.
    #[error("this workspace has no business domain {domain}, only: {known}",
            domain = domain.as_str(), known = listed(known.iter().map(DomainSlug::as_str)))]
    UnknownDomain {
        /// The one that was named.
        domain: DomainSlug,
        /// Those that it has.
        known: Vec<DomainSlug>,
    },
    /// The workspace's vocabulary has no such tag.
    #[error("the workspace's vocabulary has no tag “{tag}”: choose another, or let an admin add it",
            tag = tag.as_str())]
    UnknownTag {
        /// The one that was named.
        tag: Tag,
    },
    /// The owner could not work the lead.
    #[error("member {owner} is not an active member of this workspace: name another")]
    OwnerNotActive {
        /// Who was named.
        owner: MemberId,
    },
    /// A rule that assigns has a name.
    #[error("an assignment by a rule names the rule, and one by a person names none")]
    RuleMisnamed,
    /// It has that stage.
    #[error("the lead is {stage} already")]
    AlreadyAtStage {
        /// Which.
        stage: Stage,
    },
    /// That can't be done from its stage.
    #[error("the lead is {stage}, and this can be done only when it is {needs}",
            needs = listed(needs.iter()))]
    WrongStage {
        /// The stage that it has.
        stage: Stage,
        /// Those from which it could be done.
        needs: &'static [Stage],
    },
    /// Only a qualified lead can be handed to sales.
    #[error("the lead is {stage}, and only a qualified lead can be transferred to sales")]
    NotQualified {
        /// The stage that it has.
        stage: Stage,
    },
    /// It lacks what the stage needs.
    #[error("a lead that is {stage} needs {missing}: add it first", missing = listed(missing))]
    Lacks {
        /// The stage that it is to have.
        stage: Stage,
        /// What it lacks.
        missing: Vec<Need>,
    },
    /// The reason `other` says nothing by itself.
    #[error("the reason “other” needs a text that says which")]
    LostReasonNeedsWords,
    /// A lost lead has a reason.
    #[error("an imported lead that is lost needs an outcome that says why")]
    LostNeedsOutcome,
    /// People decide, but against the advice only with a reason.
    #[error("{fact}: to transfer it all the same, give a reason", fact = against(*advice))]
    OverrideReasonNeeded {
        /// What the advisor would say.
        advice: OverriddenAdvice,
    },
    /// Nobody exchanges so many messages at once.
    #[error("{count} messages cannot be logged at once: 1 to 1000 can")]
    BadMessageCount {
        /// How many were named.
        count: u32,
    },
    /// There is such a note.
    #[error("the lead has a note with this id already")]
    NoteExists {
        /// Which.
        note_id: NoteId,
    },
    /// There is no such note.
    #[error("the lead has no such note")]
    NoSuchNote {
        /// Which.
        note_id: NoteId,
    },
    /// There is such a file.
    #[error("the lead has a file with this id already")]
    FileExists {
        /// Which.
        file_id: FileId,
    },
    /// What a file holds is said by a media type, and by nothing else: it is not sealed.
    #[error("the media type of a file has the form type/subtype, such as application/pdf")]
    BadMediaType,
    /// There is no such file.
    #[error("the lead has no such file")]
    NoSuchFile {
        /// Which.
        file_id: FileId,
    },
    /// An answer of the advisor can't come before the question.
    #[error("the analysis is said to be made at {analysed_at}, which has not come yet")]
    AnalysedInTheFuture {
        /// When it was said to be made.
        analysed_at: DateTime<Utc>,
    },
    /// A lead is not another one.
    #[error("a lead cannot be merged with itself")]
    MergedWithItself,
    /// The other lead is not there (any more).
    #[error("there is no lead {other} to be merged into this one (any more)")]
    OtherNotLive {
        /// Which.
        other: LeadId,
    },
    /// The other lead has a sale, which would be left alone.
    #[error(
        "lead {other} was transferred and has a sale, so it has to stay: merge this one into it"
    )]
    OtherTransferred {
        /// Which.
        other: LeadId,
    },
    /// Both have a sale.
    #[error("this lead and lead {other} were both transferred and have a sale each: they stay two")]
    BothTransferred {
        /// Which.
        other: LeadId,
    },
}

impl LeadRejection {
    /// Stable and meant for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forbidden(forbidden) => forbidden.code(),
            Self::InTheFuture(_) | Self::AnalysedInTheFuture { .. } => "in_the_future",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Erased => "erased",
            Self::AlreadyErased => "already_erased",
            Self::Merged { .. } => "merged",
            Self::DuplicateContact { .. } => "duplicate_contact",
            Self::UnknownDomain { .. } => "unknown_domain",
            Self::UnknownTag { .. } => "unknown_tag",
            Self::OwnerNotActive { .. } => "owner_not_active",
            Self::RuleMisnamed => "rule_misnamed",
            Self::AlreadyAtStage { .. } => "already_at_stage",
            Self::WrongStage { .. } => "wrong_stage",
            Self::NotQualified { .. } => "not_qualified",
            Self::Lacks { .. } => "missing_details",
            Self::LostReasonNeedsWords => "reason_needs_words",
            Self::LostNeedsOutcome => "lost_needs_outcome",
            Self::OverrideReasonNeeded { .. } => "override_reason_needed",
            Self::BadMessageCount { .. } => "bad_message_count",
            Self::NoteExists { .. } => "note_exists",
            Self::NoSuchNote { .. } => "no_such_note",
            Self::FileExists { .. } => "file_exists",
            Self::BadMediaType => "bad_media_type",
            Self::NoSuchFile { .. } => "no_such_file",
            Self::MergedWithItself => "merged_with_itself",
            Self::OtherNotLive { .. } => "other_not_live",
            Self::OtherTransferred { .. } => "other_transferred",
            Self::BothTransferred { .. } => "both_transferred",
        }
    }

    fn details(&self) -> Value {
        match self {
            Self::Forbidden(forbidden) => forbidden.details(),
            Self::InTheFuture(InTheFuture { occurred_at: at })
            | Self::AnalysedInTheFuture { analysed_at: at } => json!({ "at": at }),
            Self::Merged { into } => json!({ "into": into }),
            Self::DuplicateContact { lead_id, owner, kind } => {
                json!({ "lead_id": lead_id, "owner": owner, "kind": kind })
            }
            Self::UnknownDomain { domain, known } => json!({ "domain": domain, "known": known }),
            Self::UnknownTag { tag } => json!({ "tag": tag }),
            Self::OwnerNotActive { owner } => json!({ "owner": owner }),
            Self::AlreadyAtStage { stage } | Self::NotQualified { stage } => {
                json!({ "stage": stage })
            }
            Self::WrongStage { stage, needs } => json!({ "stage": stage, "needs": needs }),
            Self::Lacks { stage, missing } => json!({ "stage": stage, "missing": missing }),
            Self::OverrideReasonNeeded { advice } => json!({ "advice": advice }),
            Self::BadMessageCount { count } => json!({ "count": count, "min": 1, "max": 1000 }),
            Self::NoteExists { note_id } | Self::NoSuchNote { note_id } => {
                json!({ "note_id": note_id })
            }
            Self::FileExists { file_id } | Self::NoSuchFile { file_id } => {
                json!({ "file_id": file_id })
            }
            Self::OtherNotLive { other }
            | Self::OtherTransferred { other }
            | Self::BothTransferred { other } => json!({ "other": other }),
            Self::NotFound
            | Self::AlreadyExists
            | Self::Erased
            | Self::AlreadyErased
            | Self::RuleMisnamed
            | Self::LostReasonNeedsWords
            | Self::LostNeedsOutcome
            | Self::BadMediaType
            | Self::MergedWithItself => Value::Null,
        }
    }
}

impl From<LeadRejection> for Rejected {
    fn from(rejection: LeadRejection) -> Self {
        rejected(rejection.code(), &rejection, rejection.details())
    }
}
