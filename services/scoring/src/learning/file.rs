//! A model as it is kept: JSON, compressed, no larger than a request carries.

use ael_events::values::{InvalidModelFile, ModelFile};
use ael_scoring_model::Model;
use std::io::Read as _;

/// Worth its time: a model is written once and kept for ever.
const LEVEL: i32 = 19;
/// No model that fits into a file is larger when it is unpacked.
const MOST_BYTES: u64 = 64 << 20;

/// A model's file cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BadFile {
    /// It is too large for one request.
    #[error("the model is too large to be kept")]
    TooLarge(#[source] InvalidModelFile),
    /// It cannot be compressed or uncompressed.
    #[error("the model's file is damaged")]
    Compressed(#[from] std::io::Error),
    /// It holds no model that this release knows.
    #[error("the model's file cannot be read by this release")]
    Json(#[from] serde_json::Error),
}

/// The file of a model.
///
/// # Errors
/// [`BadFile::TooLarge`] where it does not fit into a request.
pub fn pack(model: &Model) -> Result<ModelFile, BadFile> {
    let compressed = zstd::encode_all(serde_json::to_vec(model)?.as_slice(), LEVEL)?;
    ModelFile::of(&compressed).map_err(BadFile::TooLarge)
}

/// The model in a file.
///
/// # Errors
/// [`BadFile`] where there is none.
pub fn unpack(file: &ModelFile) -> Result<Model, BadFile> {
    let compressed = file.compressed();
    let mut json = Vec::new();
    zstd::Decoder::new(compressed.as_slice())?.take(MOST_BYTES).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::lesson::tests::lesson;
    use ael_scoring_model::Training;

    #[test]
    fn a_model_gives_the_same_scores_after_it_was_kept() {
        let table = lesson(200).table();
        let model = Model::train(&table, &Training::default()).unwrap();
        let file = pack(&model).unwrap();
        assert_eq!(unpack(&file).unwrap().scores(&table), model.scores(&table));
    }

    #[test]
    fn what_is_no_model_is_not_read_as_one() {
        let damaged = ModelFile::of(b"no zstd at all").unwrap();
        assert!(matches!(unpack(&damaged), Err(BadFile::Compressed(_))));
        let other = zstd::encode_all(&b"{}"[..], LEVEL).unwrap();
        assert!(matches!(unpack(&ModelFile::of(&other).unwrap()), Err(BadFile::Json(_))));
    }
}
