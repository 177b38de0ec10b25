//! Small shared values that several copies of a service may change, none overwriting another.

use crate::Bus;
use async_nats::jetstream::kv::{
    self, CreateErrorKind, EntryErrorKind, Operation, PutErrorKind, UpdateErrorKind,
};
use bytes::Bytes;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A value could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// There is no such bucket, or this user may not use it.
    #[error("bucket {bucket} is not there for user {user:?}; `ael topology apply` makes it")]
    Missing {
        /// The bucket's name.
        bucket: String,
        /// Who we are.
        user: String,
    },
    /// The value is not the one that we knew: somebody else changed it first. Nothing changed.
    #[error("{key} in bucket {bucket} was changed by somebody else")]
    Conflict {
        /// The bucket's name.
        bucket: String,
        /// The key.
        key: String,
    },
    /// A key is made of letters, digits and `-` `_` `=` `.` `/`.
    #[error("{key:?} is no key of a bucket")]
    InvalidKey {
        /// What was to be a key.
        key: String,
    },
    /// The server did not answer in time: a change may have happened or not.
    #[error("bucket {bucket} did not answer: {reason}")]
    Unavailable {
        /// The bucket's name.
        bucket: String,
        /// What is known of the reason.
        reason: String,
    },
}

/// A value and its revision, by which it can be changed if nobody else did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Bytes,
    /// Its revision.
    pub revision: u64,
}

/// A bucket of the topology.
#[derive(Clone)]
pub struct Bucket {
    store: kv::Store,
    name: String,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Bus {
    /// Opens a bucket of the topology.
    ///
    /// # Errors
    /// [`BucketError::Missing`].
    pub async fn bucket(&self, name: &str) -> Result<Bucket, BucketError> {
        let missing =
            |_| BucketError::Missing { bucket: name.to_owned(), user: self.user().to_owned() };
        let store = self.jetstream.get_key_value(name).await.map_err(missing)?;
        Ok(Bucket { store, name: name.to_owned() })
    }
}

impl Bucket {
    /// The value of a key, if it has one.
    ///
    /// # Errors
    /// See [`BucketError`].
    pub async fn get(&self, key: &str) -> Result<Option<Entry>, BucketError> {
        match self.store.entry(key).await {
            Ok(Some(entry)) => match entry.operation {
                Operation::Put => Ok(Some(Entry { value: entry.value, revision: entry.revision })),
                Operation::Delete | Operation::Purge => Ok(None),
            },
            Ok(None) => Ok(None),
            Err(error) => Err(match error.kind() {
                EntryErrorKind::InvalidKey => invalid(key),
                EntryErrorKind::TimedOut | EntryErrorKind::Other => self.unavailable(&error),
            }),
        }
    }

    /// Sets a value, whatever it was. Gives its revision.
    ///
    /// # Errors
    /// See [`BucketError`]; never a conflict.
    pub async fn put(&self, key: &str, value: impl Into<Bytes>) -> Result<u64, BucketError> {
        self.store.put(key, value.into()).await.map_err(|error| match error.kind() {
            PutErrorKind::InvalidKey => invalid(key),
            PutErrorKind::Publish | PutErrorKind::Ack => self.unavailable(&error),
        })
    }

    /// Sets a value if there is none. Gives its revision.
    ///
    /// # Errors
    /// [`BucketError::Conflict`] if there is one.
    pub async fn create(&self, key: &str, value: impl Into<Bytes>) -> Result<u64, BucketError> {
        self.store.create(key, value.into()).await.map_err(|error| match error.kind() {
            CreateErrorKind::AlreadyExists => self.conflict(key),
            CreateErrorKind::InvalidKey => invalid(key),
            CreateErrorKind::Publish | CreateErrorKind::Ack | CreateErrorKind::Other => {
                self.unavailable(&error)
            }
        })
    }

    /// Changes a value if its revision is still the one that we know. Gives its new revision.
    ///
    /// # Errors
    /// [`BucketError::Conflict`] if it is not.
    pub async fn update(
        &self,
        key: &str,
        value: impl Into<Bytes>,
        revision: u64,
    ) -> Result<u64, BucketError> {
        self.store.update(key, value.into(), revision).await.map_err(|error| match error.kind() {
            UpdateErrorKind::WrongLastRevision => self.conflict(key),
            UpdateErrorKind::InvalidKey => invalid(key),
            UpdateErrorKind::TimedOut | UpdateErrorKind::Other => self.unavailable(&error),
        })
    }

    /// Removes a value; if `revision` is given, only if it is still that one.
    ///
    /// # Errors
    /// [`BucketError::Conflict`] if it is not.
    pub async fn delete(&self, key: &str, revision: Option<u64>) -> Result<(), BucketError> {
        let deleted = self.store.delete_expect_revision(key, revision).await;
        deleted.map_err(|error| match error.kind() {
            UpdateErrorKind::WrongLastRevision => self.conflict(key),
            UpdateErrorKind::InvalidKey => invalid(key),
            UpdateErrorKind::TimedOut | UpdateErrorKind::Other => self.unavailable(&error),
        })
    }

    fn conflict(&self, key: &str) -> BucketError {
        BucketError::Conflict { bucket: self.name.clone(), key: key.to_owned() }
    }

    fn unavailable(&self, error: &(dyn std::error::Error + 'static)) -> BucketError {
        let source = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        BucketError::Unavailable { bucket: self.name.clone(), reason: source }
    }
}

/// A bucket that is opened when it is needed, and anew after it failed: it may be another by then.
#[derive(Debug, Clone)]
pub struct LazyBucket {
    bus: Bus,
    name: &'static str,
    open: Arc<Mutex<Option<Bucket>>>,
}

impl LazyBucket {
    /// The bucket of this name, whether it is there yet or not.
    #[must_use]
    pub fn new(bus: Bus, name: &'static str) -> Self {
        Self { bus, name, open: Arc::default() }
    }

    /// The bucket.
    ///
    /// # Errors
    /// [`BucketError::Missing`].
    pub async fn open(&self) -> Result<Bucket, BucketError> {
        if let Some(bucket) = self.known().clone() {
            return Ok(bucket);
        }
        let bucket = self.bus.bucket(self.name).await?;
        *self.known() = Some(bucket.clone());
        Ok(bucket)
    }

    /// Takes note of how it went: after a failure (a conflict is none) it is opened anew.
    ///
    /// # Errors
    /// The same.
    pub fn noted<T>(&self, result: Result<T, BucketError>) -> Result<T, BucketError> {
        if let Err(BucketError::Missing { .. } | BucketError::Unavailable { .. }) = &result {
            *self.known() = None;
        }
        result
    }

    fn known(&self) -> MutexGuard<'_, Option<Bucket>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn invalid(key: &str) -> BucketError {
    BucketError::InvalidKey { key: key.to_owned() }
}
