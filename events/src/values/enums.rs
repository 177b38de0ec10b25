//! Values that are one of a few words. The words are wire names: explicit and append-only.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A word was not one of the few.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a known {what}: expected one of {expected}")]
pub struct UnknownWord {
    /// The value's name.
    pub what: &'static str,
    /// The words that are known.
    pub expected: &'static str,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, {
        $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
            schemars::JsonSchema,
        )]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every one of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let text = text.trim();
                let known = |known: &Self| known.as_str().eq_ignore_ascii_case(text);
                Self::ALL.iter().copied().find(known).ok_or(UnknownWord {
                    what: $what,
                    expected: concat!($($word, " "),+).trim_ascii_end(),
                })
            }
        }
    };
}

words!(/// What an event happened to.
AggregateKind, "aggregate", {
    /// A tenant.
    Workspace = "workspace",
    /// A person of a workspace.
    Member = "member",
    /// An offer to become a member.
    Invitation = "invitation",
    /// A personal API token.
    Token = "token",
    /// A possible customer.
    Lead = "lead",
    /// The sale of a transferred lead.
    Sale = "sale",
});

words!(/// Where a lead came from.
Source, "source", {
    /// Found by a scanner (ads, search, chat, events).
    Scanner = "scanner",
    /// Sent by a partner or a reference.
    Partner = "partner",
    /// Entered by hand.
    Manual = "manual",
});

words!(/// How far a lead has come.
Stage, "stage", {
    /// Nobody has spoken with them.
    New = "new",
    /// Somebody has.
    Contacted = "contacted",
    /// Worth a sale.
    Qualified = "qualified",
    /// Handed to sales.
    Transferred = "transferred",
    /// Not going to buy.
    Lost = "lost",
});

words!(/// How far a sale has come.
SaleStage, "sale stage", {
    /// Just opened.
    New = "new",
    /// The customer is being checked.
    Kyc = "kyc",
    /// The agreement is being made.
    Agreement = "agreement",
    /// Money has come.
    Paid = "paid",
    /// It came to nothing.
    Lost = "lost",
});

words!(/// Why a lead or a sale was lost.
LostReason, "lost reason", {
    /// They can't pay.
    NoBudget = "no_budget",
    /// They don't answer.
    NoResponse = "no_response",
    /// They bought elsewhere.
    Competitor = "competitor",
    /// They don't want it.
    NotInterested = "not_interested",
    /// Nobody can be reached there.
    InvalidContact = "invalid_contact",
    /// Something else, said in words.
    Other = "other",
});

words!(/// What the advisor recommends.
Recommendation, "recommendation", {
    /// Hand it to sales.
    Transfer = "transfer",
    /// Keep in touch.
    Nurture = "nurture",
    /// Not worth the time.
    Discard = "discard",
});

words!(/// How promising a lead is, from its score.
Tier, "tier", {
    /// 0.8 and above.
    Hot = "hot",
    /// 0.6 and above.
    Warm = "warm",
    /// 0.3 and above.
    Cold = "cold",
    /// Below 0.3.
    Dead = "dead",
});

words!(/// What a member may do; each role may do all that the one before may.
Role, "role", {
    /// Works leads.
    Agent = "agent",
    /// Leads agents.
    Manager = "manager",
    /// Runs the workspace.
    Admin = "admin",
});

words!(/// The language of words on a screen.
Language, "language", {
    /// Ukrainian.
    Uk = "uk",
    /// English.
    En = "en",
});

words!(/// By which way a message was exchanged.
Channel, "channel", {
    /// By phone.
    Phone = "phone",
    /// By e-mail.
    Email = "email",
    /// By Telegram.
    Telegram = "telegram",
    /// Face to face.
    Meeting = "meeting",
    /// Some other way, or not said.
    Other = "other",
});

words!(/// Who spoke.
MessageDirection, "direction", {
    /// We did.
    Outgoing = "outgoing",
    /// The lead did.
    Incoming = "incoming",
});

words!(/// What an Admin may allow to leave the house.
Consent, "consent", {
    /// Sending voice to a cloud transcriber.
    CloudVoice = "cloud_voice",
    /// Sending free text to a cloud model.
    CloudText = "cloud_text",
});

words!(/// Why an analysis says nothing any more about the lead of today.
StaleReason, "reason why an analysis is stale", {
    /// The lead has another stage.
    StageChanged = "stage_changed",
    /// The lead is for another line of business.
    DomainChanged = "domain_changed",
    /// Significantly more messages were exchanged.
    Messages = "messages",
    /// It is older than the workspace's `stale_days`.
    Age = "age",
});

words!(/// What became of an invitation.
InvitationState, "state of an invitation", {
    /// They may still come, until its day.
    Open = "open",
    /// They came.
    Accepted = "accepted",
    /// It was taken back.
    Revoked = "revoked",
});

words!(
/// A way to reach a person that no two leads of a workspace share unless a Manager lets them.
ContactKind, "contact kind", {
    /// By e-mail.
    Email = "email",
    /// By phone.
    Phone = "phone",
    /// By Telegram.
    Telegram = "telegram",
});

words!(/// What a token is good for.
Scope, "scope", {
    /// Read leads.
    LeadsRead = "leads:read",
    /// Change leads.
    LeadsWrite = "leads:write",
    /// Read sales.
    SalesRead = "sales:read",
    /// Change sales.
    SalesWrite = "sales:write",
    /// Read statistics.
    StatsRead = "stats:read",
    /// Handle files.
    Files = "files",
    /// Export.
    Export = "export",
    /// Everything an Admin may.
    Admin = "admin",
});

impl LostReason {
    /// Whether the reason has to be said in words as well.
    #[must_use]
    pub const fn needs_words(self) -> bool {
        matches!(self, Self::Other)
    }
}

/// An anonymous attribute of an imported lead, for the advisor: categorical or numeric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum AttributeValue {
    /// A quantity.
    Number(f64),
    /// A category.
    Category(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let error = "boss".parse::<Role>().unwrap_err();
        assert_eq!(error.to_string(), "not a known role: expected one of agent manager admin");
    }

    #[test]
    fn roles_are_ordered() {
        assert!(Role::Agent < Role::Manager && Role::Manager < Role::Admin);
    }

    #[test]
    fn the_word_on_the_wire_is_the_word_we_print() {
        for kind in AggregateKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
