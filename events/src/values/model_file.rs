//! A trained model as it is kept and travels.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A model: JSON, compressed by Zstandard, in base64. It fits into a request and an event with room
/// to spare.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelFile(String);

/// A text is no model's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidModelFile {
    /// There is nothing, or too much.
    #[error("a model's file has 1 to {most} characters, not {0}", most = ModelFile::MOST)]
    Size(usize),
    /// It is not base64.
    #[error("a model's file is base64")]
    Base64,
}

impl ModelFile {
    /// So many characters at most.
    pub const MOST: usize = 240 * 1024;

    /// The file of these compressed bytes.
    ///
    /// # Errors
    /// When there are none, or too many for a request.
    pub fn of(compressed: &[u8]) -> Result<Self, InvalidModelFile> {
        Self::sized(STANDARD.encode(compressed))
    }

    fn sized(text: String) -> Result<Self, InvalidModelFile> {
        let size = text.len();
        let fits = (1..=Self::MOST).contains(&size);
        if fits { Ok(Self(text)) } else { Err(InvalidModelFile::Size(size)) }
    }

    /// The compressed bytes.
    #[must_use]
    pub fn compressed(&self) -> Vec<u8> {
        // It was proved to be base64 when it was read.
        STANDARD.decode(&self.0).unwrap_or_default()
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ModelFile {
    type Error = InvalidModelFile;

    fn try_from(text: String) -> Result<Self, InvalidModelFile> {
        let file = Self::sized(text)?;
        STANDARD.decode(&file.0).map_err(|_| InvalidModelFile::Base64)?;
        Ok(file)
    }
}

impl From<ModelFile> for String {
    fn from(file: ModelFile) -> Self {
        file.0
    }
}

impl fmt::Debug for ModelFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelFile({} characters)", self.0.len())
    }
}

impl schemars::JsonSchema for ModelFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ModelFile".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "contentEncoding": "base64",
            "contentMediaType": "application/zstd",
            "maxLength": Self::MOST,
            "description": "A trained model: JSON, compressed by Zstandard."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_file_comes_back_as_it_was_and_is_no_larger_than_a_request_carries() {
        let file = ModelFile::of(&[1, 2, 3]).unwrap();
        let read: ModelFile = serde_json::from_str(&serde_json::to_string(&file).unwrap()).unwrap();
        assert_eq!((read.compressed(), read.as_str()), (vec![1, 2, 3], "AQID"));
        const { assert!(ModelFile::MOST < crate::subjects::MAX_REQUEST_BYTES) };
        let large = vec![0; ModelFile::MOST];
        assert!(matches!(ModelFile::of(&large), Err(InvalidModelFile::Size(_))));
        assert!(matches!(ModelFile::of(&[]), Err(InvalidModelFile::Size(0))));
        let no_base64 = ModelFile::try_from("*".to_owned());
        assert_eq!(no_base64, Err(InvalidModelFile::Base64));
    }
}
