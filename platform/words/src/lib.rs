//! What the house says to people, in their language: a file each, in Fluent's form, which knows how
//! a language counts.

pub mod check;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

/// The texts of one language, by their keys.
pub struct Texts {
    bundle: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Texts").field("languages", &self.bundle.locales).finish_non_exhaustive()
    }
}

impl Texts {
    /// Reads the texts of a language (`uk`, `en`). A file that a test found whole is taken as far
    /// as it can be read.
    #[must_use]
    pub fn read(language: &str, file: &str) -> Self {
        let language: LanguageIdentifier = language.parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Marks around what is put in would be seen by programs that compare plain text.
        bundle.set_use_isolating(false);
        let resource = match FluentResource::try_new(file.to_owned()) {
            Ok(whole) => whole,
            Err((partly, errors)) => {
                tracing::error!(?errors, "some texts cannot be read");
                partly
            }
        };
        bundle.add_resource_overriding(resource);
        Self { bundle }
    }

    /// Whether there are words for this key.
    #[must_use]
    pub fn knows(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    /// The words for a key, with these put in; the key itself, where there are none.
    #[must_use]
    pub fn say(&self, key: &str, put_in: &FluentArgs<'_>) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::error!(key, "there are no words for this");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let said = self.bundle.format_pattern(pattern, Some(put_in), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(key, ?errors, "some words are missing");
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_without_words_is_said_as_it_is_and_the_rest_of_a_torn_file_is_read() {
        let texts = Texts::read("en", "hello = Hello, { $name }\n= torn\nbye = Bye\n");
        let mut put_in = FluentArgs::new();
        put_in.set("name", "Ada");
        assert_eq!(texts.say("hello", &put_in), "Hello, Ada");
        assert_eq!(texts.say("bye", &FluentArgs::new()), "Bye");
        assert_eq!(texts.say("nothing", &FluentArgs::new()), "nothing");
        assert!(texts.knows("bye") && !texts.knows("nothing"));
    }
}
