//! The bus for people: who talks to whom, as a page of Markdown (`docs/bus.md`).

use super::{ConsumerSpec, Keeps, Topology, UserSpec};
use std::time::Duration;

impl Topology {
    /// The page: users, what each says and hears, streams, consumers, buckets.
    #[must_use]
    pub fn show(&self) -> String {
        let mut page = String::from(
            "# The bus: who talks to whom\n\n\
             Printed by `ael topology show` from `nats/topology.toml`; the server enforces it.\n\n\
             ## Who may say and hear what\n\n\
             | user | asks | answers (queue) | publishes | hears | consumes |\n\
             |---|---|---|---|---|---|\n",
        );
        for user in &self.users {
            let asks = user.asks.iter().map(|kind| format!("ael.{kind}.{}.>", user.name));
            let answers = user.answers.iter().map(|pair| pair.replace(' ', " · "));
            row(
                &mut page,
                &[
                    user.name.clone(),
                    code(asks),
                    code(answers),
                    code(user.publishes.iter().cloned()),
                    code(user.hears.iter().cloned()),
                    code(user.consumes.iter().map(|name| self.family(name))),
                ],
            );
        }
        page.push_str(
            "\nEverybody hears its own inbox `_INBOX_<user>.>` and nobody else's. Whoever answers \
             may reply once to each request. A consumer's user may publish its dead letters \
             (`ael.dead.<consumer>`).\n\n## Users\n\n| user | what it does | looks into | reads | \
             writes |\n|---|---|---|---|---|\n",
        );
        for user in &self.users {
            let UserSpec { looks_into, reads, writes, administers, .. } = user;
            let everything = administers.then(|| "everything".to_owned());
            let looks_into = code(looks_into.iter().cloned().chain(everything));
            let (reads, writes) = (code(reads.iter().cloned()), code(writes.iter().cloned()));
            row(&mut page, &[user.name.clone(), user.about.clone(), looks_into, reads, writes]);
        }
        page.push_str(
            "\n## Streams\n\n| stream | subjects | keeps a message | what for |\n\
             |---|---|---|---|\n",
        );
        for stream in &self.streams {
            let done = match stream.keeps {
                Keeps::UntilDone => "until done, ",
                Keeps::UntilDeleted => "",
            };
            let once = stream.remembers_ids.map_or_else(String::new, |window| {
                format!("; each id once in {}", humantime::format_duration(window))
            });
            let keeps = format!("{done}{}{once}", age(stream.max_age));
            let subjects = code(stream.subjects.iter().cloned());
            row(&mut page, &[stream.name.clone(), subjects, keeps, stream.about.clone()]);
        }
        page.push_str(
            "\n## Consumers\n\nDurable, pulled, acknowledged one by one.\n\n\
             | consumer | stream | reads | given again after | what for |\n|---|---|---|---|---|\n",
        );
        for consumer in &self.consumers {
            let wait = humantime::format_duration(consumer.ack_wait).to_string();
            let ConsumerSpec { name, stream, filter, about, .. } = consumer;
            let filter = code([filter.replace("{n}", "<lane>")]);
            row(&mut page, &[self.family(name), stream.clone(), filter, wait, about.clone()]);
        }
        page.push_str("\n## Buckets\n\n| bucket | keeps a value | what for |\n|---|---|---|\n");
        for bucket in &self.buckets {
            let keeps = age(bucket.max_age);
            row(&mut page, &[bucket.name.clone(), keeps, bucket.about.clone()]);
        }
        page
    }

    /// `projector-00 … projector-15` for a family, the name for a single consumer.
    fn family(&self, name: &str) -> String {
        let names: Vec<String> = self
            .consumer(name)
            .map(|consumer| consumer.durables().map(|durable| durable.name).collect())
            .unwrap_or_default();
        match &names[..] {
            [first, .., last] => format!("{first} … {last}"),
            [_] | [] => name.to_owned(),
        }
    }
}

fn row(page: &mut String, cells: &[String]) {
    page.extend(["| ", &cells.join(" | "), " |\n"]);
}

fn code(names: impl IntoIterator<Item = String>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "–".to_owned() } else { names.join(" ") }
}

fn age(max_age: Option<Duration>) -> String {
    max_age.map_or_else(
        || "for ever".to_owned(),
        |age| format!("at most {}", humantime::format_duration(age)),
    )
}
