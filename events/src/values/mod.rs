//! Parsed values: what has been checked once, at the edge, and is never a bare text or number
//! again.

mod advisor;
mod amount;
mod contact;
mod enums;
mod model_file;
mod money;
mod score;
mod settings;
mod shown;
mod text;

pub use advisor::{AdvisorSettings, AgeBand, Looked, MessageBand, MessageStep, Percent, UsCents};
pub use amount::{BadAmount, amount};
pub use contact::{Contact, Email, InvalidContact, Phone, TelegramUserId, TelegramUsername};
pub use enums::{
    AggregateKind, AttributeValue, Channel, Consent, ContactKind, InvitationState, Language,
    LostReason, MessageDirection, Recommendation, Role, SaleStage, Scope, Source, Stage,
    StaleReason, Tier, UnknownWord,
};
pub use model_file::{InvalidModelFile, ModelFile};
pub use money::{Currency, InvalidMoney, Money};
pub use score::{InvalidScore, Score};
pub use settings::{
    BusinessDomains, DeadlineHours, InvalidSettings, NotificationSettings, StageDeadlines,
    WorkspaceSettings,
};
pub use shown::{is_unseen, one_line};
pub use text::{
    Budget, Company, ConversationName, Country, DomainSlug, ExternalId, FeatureHash, FileName,
    FullName, IdentityIssuer, IdentitySubject, Intent, InvalidText, JobTitle, Justification,
    MemberName, ModelName, NoteText, Origin, PainPoint, PromptVersion, QuestionText, ReasonText,
    Tag, TimeZone, TokenLabel, WorkspaceName,
};
