//! Who asks, whether they may ask at all, and where they may go on: one implementation for commands
//! and queries alike.
//!
//! An edge forwards a credential and claims nothing else. [`Directory`] turns it into a
//! [`Principal`] by the event-sourced roles that the store keeps, remembered for half a second at
//! most: a demotion, a deactivation or a revoked token binds every copy of every service within a
//! second.

pub mod allow;
mod cursor;
mod denied;
mod directory;
mod oidc;
mod principal;
mod recent;
mod token;
mod uses;

pub use allow::{
    allowed_ask, allowed_command, allowed_query, own_is_free, scope_of_ask, scope_of_command,
    scope_of_query,
};
pub use cursor::CursorKey;
pub use denied::Denied;
pub use directory::{Directory, telegram_lookup};
pub use oidc::{FetchError, Flaw, Oidc, OidcConfig, Signing, identity_lookup};
pub use principal::{Principal, admit_ask, admit_command, admit_query};
pub use uses::TokenUses;

#[cfg(test)]
mod sign_in_tests;
