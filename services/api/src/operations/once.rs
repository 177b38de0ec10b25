//! Secrets that are made here and shown once.
//!
//! A repeated request would have to be answered with a secret that nobody has any more: only its
//! hash was kept. So it is told that the secret was shown.

use crate::wire::{Described, Problem, one};
use ael_client::NoRandomness;
use ael_events::answer::Accepted;
use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaResponses, Registry};
use schemars::JsonSchema;
use serde::Serialize;
use std::marker::PhantomData;

/// Something with its secret, which is not kept by anybody on the way.
#[derive(Debug)]
pub(crate) struct Shown<T> {
    body: Vec<u8>,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize> Shown<T> {
    /// Shows it.
    pub(crate) fn of(value: &T) -> Result<Self, Problem> {
        let body = serde_json::to_vec(value).map_err(|_| {
            Problem::unavailable("unavailable", "The answer could not be written.", 1)
        })?;
        Ok(Self { body, of: PhantomData })
    }
}

impl<T> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        let response = Response::builder().status(StatusCode::CREATED);
        response.content_type("application/json").body(self.body)
    }
}

impl<T: JsonSchema> ApiResponse for Shown<T> {
    fn meta() -> MetaResponses {
        let about = "It was made; the secret is shown this once.";
        let response = one(201, about, T::reference(), &[]);
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        T::announce(registry);
    }
}

/// Lets an answer through the first time. A refusal is one however often it is asked for.
pub(super) fn once(answer: Result<Accepted, Problem>) -> Result<(), Problem> {
    if !answer?.repeated {
        return Ok(());
    }
    let sentence = "This was made before, and its secret was shown then: revoke it and make \
                    another, with another Idempotency-Key.";
    Err(Problem::new(StatusCode::CONFLICT, "secret_already_shown", sentence))
}

pub(super) fn no_randomness(error: NoRandomness) -> Problem {
    tracing::error!(%error, "no secret can be made");
    Problem::unavailable("unavailable", "No secret could be made: try again in a moment.", 1)
}
