//! What the tables should hold of an advisor: for audits.

use super::row::{AdvisorRow, TrainingRow, apply};
use super::rows::to_i32;
use crate::audit::row::{Audited, Row};
use crate::model::{Expected, Incoming, Unfit};
use ael_events::event::Event;
use ael_events::query::AggregateDigest;
use ael_events::values::AggregateKind;
use std::collections::BTreeMap;
use uuid::Uuid;

pub(super) const TABLES: &[Audited] = &[
    Audited { table: "advisors", kind: AggregateKind::Advisor, id: "id", key: &[], of: &[] },
    Audited {
        table: "trainings",
        kind: AggregateKind::Advisor,
        id: "id",
        key: &["sequence"],
        of: &[],
    },
];

pub(super) struct ExpectedAdvisor {
    id: Uuid,
    advisor: Option<AdvisorRow>,
    trainings: Vec<TrainingRow>,
}

impl ExpectedAdvisor {
    pub(super) const fn of(id: Uuid) -> Self {
        Self { id, advisor: None, trainings: Vec::new() }
    }
}

impl Expected for ExpectedAdvisor {
    fn take(&mut self, incoming: &Incoming<'_>) -> Result<(), Unfit> {
        let Event::Advisor(event) = incoming.event else { return Ok(()) };
        if !incoming.only_purge {
            let known = self.advisor.clone();
            let (advisor, training) = apply(known, &incoming.opened.facts, event)?;
            self.advisor = Some(advisor);
            self.trainings.extend(training);
        }
        Ok(())
    }

    fn rows(&self) -> Vec<Row> {
        let advisor = self.advisor.iter().map(|row| {
            Row::of("advisors")
                .open("id", self.id)
                .open("version", row.version)
                .open("changed", row.changed)
                .open("champion", row.champion)
                .time("trained_at", row.trained_at)
                .open("outcomes", row.outcomes)
                .open("outside", &row.outside)
                .open("questions", &row.questions)
        });
        let training = self.trainings.iter().map(|row| {
            Row::of("trainings")
                .open("id", self.id)
                .open("sequence", row.sequence)
                .open("model_version", row.model.as_ref().map(|(version, _)| to_i32(*version)))
                // Of a text of this length it is told that it differs, not by what.
                .personal("model", row.model.as_ref().map(|(_, file)| file))
                .time("recorded_at", row.recorded_at)
                .open("training", &row.training)
        });
        advisor.chain(training).collect()
    }

    fn digest(&self, kind: AggregateKind) -> Option<AggregateDigest> {
        let advisor = self.advisor.as_ref().filter(|_| kind == AggregateKind::Advisor)?;
        let champion = advisor.champion.map(|version| version.to_string());
        Some(AggregateDigest {
            aggregate: format!("{kind}/{}", self.id),
            version: advisor.version,
            fields: BTreeMap::from_iter(champion.map(|version| ("champion".to_owned(), version))),
        })
    }
}
