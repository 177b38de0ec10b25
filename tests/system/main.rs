//! The system as its users meet it: `ael up` with every service a process of its own, worked
//! through the command line and over the bus, and hurt on purpose.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests")]

mod advice;
mod advisor;
mod assistant;
mod audit;
mod bot;
mod chats;
mod erasure;
mod faults;
mod first_token;
mod fuzz;
mod hostile;
mod house;
mod http;
mod import;
mod journeys;
mod learning;
mod life;
mod live;
mod load;
mod lost;
mod matrix;
mod model;
mod nonsense;
mod outside;
mod recovery;
mod restored;
mod signed_in;
mod speaker;
#[expect(dead_code, reason = "the rest is for journeys through the bot")]
mod telegram;
mod tokens;
mod trouble;
mod truth;
mod verify;
mod web;
mod words;
