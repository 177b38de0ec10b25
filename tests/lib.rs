//! The system tests live in `system/` and `architecture.rs`; this library is empty.
