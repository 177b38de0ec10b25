//! Who may publish and subscribe to what: the server's own rules, generated from the topology.

use super::{Topology, TopologyError, UserSpec};
use crate::config::inbox_prefix;
use ael_events::subjects;
use secrecy::{ExposeSecret, SecretString};

/// How long after a question its answer may be sent. Answers take seconds; the longest work that
/// is answered at all (an assistant's conversation) takes minutes.
const ANSWER_WITHIN: &str = "10m";

/// What the server lets one user do. Everything else is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// Subjects it may publish to.
    pub publish: Vec<String>,
    /// Subjects (`subject`, or `subject queue` for members of a queue group only) it may hear.
    pub subscribe: Vec<String>,
    /// Whether it may answer what it was asked: once each, to the asker's inbox.
    pub answers: bool,
}

impl Topology {
    /// What the server lets a user do.
    #[must_use]
    pub fn permissions(&self, user: &UserSpec) -> Permissions {
        let name = &user.name;
        let inbox = format!("{}.>", inbox_prefix(name));
        let mut publish = vec![inbox.clone()];
        publish.extend(user.asks.iter().map(|kind| format!("ael.{kind}.{name}.>")));
        publish.extend(user.publishes.iter().cloned());
        for consumer in user.consumes.iter().filter_map(|name| self.consumer(name)) {
            let stream = &consumer.stream;
            for durable in consumer.durables().map(|durable| durable.name) {
                publish.push(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"));
                publish.push(format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"));
                publish.push(format!("$JS.ACK.{stream}.{durable}.>"));
                // The longer form, with domain and account, of newer servers.
                publish.push(format!("$JS.ACK.*.*.{stream}.{durable}.>"));
                publish.push(subjects::dead(&durable));
            }
        }
        for stream in &user.looks_into {
            publish.push(format!("$JS.API.STREAM.INFO.{stream}"));
            publish.push(format!("$JS.API.STREAM.MSG.GET.{stream}"));
        }
        for bucket in user.reads.iter().chain(&user.writes) {
            publish.push(format!("$JS.API.STREAM.INFO.KV_{bucket}"));
            publish.push(format!("$JS.API.STREAM.MSG.GET.KV_{bucket}"));
        }
        publish.extend(user.writes.iter().map(|bucket| format!("$KV.{bucket}.>")));
        if user.administers {
            publish.push("$JS.API.>".to_owned());
        }
        let mut subscribe = vec![inbox];
        subscribe.extend(user.answers.iter().cloned());
        subscribe.extend(user.hears.iter().cloned());
        Permissions { publish, subscribe, answers: !user.answers.is_empty() }
    }

    /// The `authorization { … }` block of the server's configuration. It holds the passwords: the
    /// file it goes into is for the server's eyes only.
    ///
    /// # Errors
    /// [`TopologyError::Password`] for a user without a usable password.
    pub fn server_authorization<'a>(
        &self,
        password_of: impl Fn(&str) -> Option<&'a SecretString>,
    ) -> Result<String, TopologyError> {
        let mut text = String::from("authorization {\n  users = [\n");
        for user in &self.users {
            let password = password_of(&user.name).map(ExposeSecret::expose_secret);
            let usable = |password: &&str| {
                let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
                !password.is_empty() && password.bytes().all(plain)
            };
            let Some(password) = password.filter(usable) else {
                return Err(TopologyError::Password { user: user.name.clone() });
            };
            let Permissions { publish, subscribe, answers } = self.permissions(user);
            let answers = if answers {
                format!("        allow_responses = {{ max: 1, expires: \"{ANSWER_WITHIN}\" }}\n")
            } else {
                String::new()
            };
            text.push_str(&format!(
                "    {{\n      user: \"{}\"\n      password: \"{password}\"\n      \
                 permissions = {{\n        publish = {{ allow: {} }}\n        \
                 subscribe = {{ allow: {} }}\n{answers}      }}\n    }}\n",
                user.name,
                quoted(&publish),
                quoted(&subscribe),
            ));
        }
        text.push_str("  ]\n}\n");
        Ok(text)
    }
}

fn quoted(subjects: &[String]) -> String {
    let each: Vec<String> =
        subjects.iter().map(|subject| format!("          \"{subject}\"\n")).collect();
    format!("[\n{}        ]", each.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_without_a_usable_password_is_named() {
        let topology = Topology::embedded().unwrap();
        let error = topology.server_authorization(|_| None).unwrap_err();
        assert!(error.to_string().contains("\"admin\""));
        let injected = SecretString::from("a\" permissions = { }");
        assert!(topology.server_authorization(|_| Some(&injected)).is_err());
    }

    #[test]
    fn only_the_administrator_may_change_streams() {
        let topology = Topology::embedded().unwrap();
        for user in topology.users.iter().filter(|user| !user.administers) {
            let permissions = topology.permissions(user);
            let api = permissions.publish.iter().filter(|subject| subject.starts_with("$JS.API"));
            for subject in api {
                let harmless = [".INFO.", "CONSUMER.MSG.NEXT.", "STREAM.MSG.GET."];
                assert!(harmless.iter().any(|verb| subject.contains(verb)), "{subject}");
            }
        }
    }
}
