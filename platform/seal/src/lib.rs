//! Personal data is sealed from its first moment: this crate seals it, opens it, and does nothing
//! else.
//!
//! # Invariants
//!
//! - **A sealed part belongs to one event.** The event's identity (workspace, aggregate, id,
//!   sequence, type) is authenticated with it: moved to another event, or changed by one bit, it
//!   does not open.
//! - **A data key belongs to one person.** It is wrapped by the master key together with whose it
//!   is and what for, and so a wrapped key that is moved to another person does not unwrap.
//! - **Destroying the data key erases.** Without it the sealed part is dropped and the event still
//!   reads.
//! - **Keys are not shown.** They have no readable `Debug`, and their bytes are wiped when they are
//!   dropped.
//! - **Keyed hashes survive the master key.** A workspace's hash key is a data key like any other:
//!   rotation rewraps it and changes no hash.
//!
//! - **What lies on the bus belongs to its place.** Payloads with people in them outside the event
//!   log are sealed by a rotating key of the bus ([`BusSeal`]), together with their subject or key.
//!
//! The cipher is XChaCha20-Poly1305: its nonces are long enough (24 bytes) to be chosen at random
//! for ever.

mod bus;
mod cipher;
mod event;
mod hash;
mod key;
mod keyring;

pub use bus::BusSeal;
pub use event::{EventIdentity, open_data, seal_data};
pub use hash::{ContactKind, UnknownContactKind, WorkspaceHmac, same};
pub use key::{DataKey, KeyIdentity, Purpose};
pub use keyring::{KeyId, MasterKeyring, WrappedKey};

pub use cipher::{open_bytes, seal_bytes};

use std::path::PathBuf;

/// Something could not be sealed, opened, wrapped or unwrapped.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The master key is not as it should be. Says nothing of its value.
    #[error(
        "the master key cannot be read: expected base64 of 32 bytes, several separated by commas"
    )]
    MasterKey,
    /// The bus key is not as it should be. Says nothing of its value.
    #[error("the bus key cannot be read: expected base64 of 32 bytes, several separated by commas")]
    BusKey,
    /// Something on the bus was sealed by a key that we don't have.
    #[error("sealed by the bus key {id}, which is not among those given")]
    UnknownBusKey {
        /// The missing key's id.
        id: KeyId,
    },
    /// The file of the master key cannot be read.
    #[error("the master key's file {} cannot be read", .path.display())]
    KeyFile {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A data key was wrapped by a master key that we don't have.
    #[error("a data key is wrapped by the master key {id}, which is not among those given")]
    UnknownMasterKey {
        /// The missing master key's id.
        id: KeyId,
    },
    /// A wrapped key does not unwrap: it was changed, or it is another person's.
    #[error("a wrapped data key was changed or moved")]
    KeyChanged,
    /// A sealed part does not open: it was changed, or it is another event's.
    #[error("a sealed part was changed or moved")]
    Changed,
    /// What should be a sealed part isn't one.
    #[error("not of the form of a sealed part")]
    Malformed,
    /// Data could not be written as JSON or read from it.
    #[error("not JSON as it should be")]
    Json(#[from] serde_json::Error),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}
