//! Leads that ended, as a table to learn from.

use ael_events::event::OutsideFit;
use ael_events::query::{InsideFeatures, TrainingExample};
use ael_events::{event::ScoreFeatures, values::ModelName};
use ael_scoring_model::{
    Features, LeadFacts, OutsideCalibration, Row, Table, TableBuilder, cold_start,
};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// What a lead that came with its end says nothing about: work on it filled that in.
const UNKNOWN: [&str; 6] =
    ["stage", "message_count", "business_domain", "age_days", "budget", "idle_days"];
/// Calibrations that are kept at most, of the models with the most outcomes.
const MOST_OUTSIDE: usize = 20;

/// Examples as they come, put together.
#[derive(Debug, Default)]
pub struct Lesson {
    builder: TableBuilder,
    won: u32,
    lost: u32,
    newest: Option<DateTime<Utc>>,
    outside: BTreeMap<String, Vec<(f64, bool)>>,
}

impl Lesson {
    /// Takes an example. Rows are ordered by when their leads ended: what came later could not
    /// have been learnt from before.
    pub fn add(&mut self, example: TrainingExample) {
        let TrainingExample { ended_at, won, from_file, anonymous, inside, scored, .. } = example;
        let features = features_of(&anonymous, &inside);
        let points = cold_start(&features.facts).score;
        let mut row = features.row();
        if from_file {
            row.0.retain(|(column, _)| !UNKNOWN.contains(&column.as_ref()));
        }
        let seconds = ended_at.timestamp_micros() as f64 / 1e6;
        self.builder.push(row, won, Some(seconds), Some(points));
        *(if won { &mut self.won } else { &mut self.lost }) += 1;
        self.newest = self.newest.max(Some(ended_at));
        for (model, score) in scored {
            self.outside.entry(model).or_default().push((score.value(), won));
        }
    }

    /// How many were won.
    #[must_use]
    pub const fn won(&self) -> u32 {
        self.won
    }

    /// How many were lost.
    #[must_use]
    pub const fn lost(&self) -> u32 {
        self.lost
    }

    /// When the newest of them ended.
    #[must_use]
    pub const fn newest(&self) -> Option<DateTime<Utc>> {
        self.newest
    }

    /// How other models' scores have to be calibrated, where enough outcomes tell.
    #[must_use]
    pub fn outside(&self) -> Vec<OutsideFit> {
        let fit = |(model, pairs): (&String, &Vec<(f64, bool)>)| {
            let fitted = OutsideCalibration::fit(pairs);
            let calibration = fitted.calibration();
            let model = ModelName::parse(model).ok().filter(|_| fitted.outcomes > 0)?;
            Some(OutsideFit {
                model,
                outcomes: u32::try_from(fitted.outcomes).unwrap_or(u32::MAX),
                slope: rounded(calibration.slope),
                shift: rounded(calibration.shift),
            })
        };
        let mut fits: Vec<OutsideFit> = self.outside.iter().filter_map(fit).collect();
        fits.sort_by_key(|fit| std::cmp::Reverse(fit.outcomes));
        fits.truncate(MOST_OUTSIDE);
        fits
    }

    /// The table.
    #[must_use]
    pub fn table(self) -> Table {
        self.builder.finish()
    }
}

/// To six places: as exact as figures are, and the same wherever they are written and read.
pub(super) fn rounded(figure: f64) -> f64 {
    (figure * 1e6).round() / 1e6
}

/// A lead's features in the model's terms.
pub(super) fn features_of(anonymous: &ScoreFeatures, inside: &InsideFeatures) -> Features {
    Features {
        facts: LeadFacts {
            source: anonymous.source,
            stage: anonymous.stage,
            message_count: anonymous.message_count,
            business_domain: anonymous.has_domain,
            email: inside.has_email,
            phone: inside.has_phone,
            company: inside.has_company,
            position: inside.has_position,
        },
        age_days: f64::from(anonymous.age_days),
        budget: inside.has_budget,
        idle_days: f64::from(inside.idle_days),
        tags: inside.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
        attributes: inside.attributes.clone(),
    }
}

/// The row that a model is asked about.
pub(super) fn row_of(anonymous: &ScoreFeatures, inside: &InsideFeatures) -> Row {
    features_of(anonymous, inside).row()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ael_events::values::{AttributeValue, Score, Source, Stage};
    use ael_scoring_model::Value;
    use std::collections::BTreeSet;

    /// The nth lead: partners with an e-mail address are won, most others are not.
    pub(crate) fn example(nth: u32) -> TrainingExample {
        let good = nth.is_multiple_of(2);
        let ended_at = DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(nth.into());
        let city = if good { "Kyiv" } else { "Lviv" };
        TrainingExample {
            at: ended_at,
            ended_at,
            won: if nth.is_multiple_of(7) { !good } else { good },
            from_file: false,
            anonymous: ScoreFeatures {
                source: if good { Source::Partner } else { Source::Manual },
                stage: Stage::Contacted,
                message_count: nth % 5,
                has_domain: nth.is_multiple_of(3),
                age_days: nth % 11,
            },
            inside: InsideFeatures {
                has_email: good,
                has_phone: nth.is_multiple_of(3),
                has_company: nth.is_multiple_of(5),
                has_position: false,
                has_budget: false,
                tags: BTreeSet::new(),
                idle_days: 0,
                attributes: [("City".to_owned(), AttributeValue::Category(city.to_owned()))].into(),
            },
            scored: BTreeMap::new(),
        }
    }

    pub(crate) fn lesson(leads: u32) -> Lesson {
        let mut lesson = Lesson::default();
        (0..leads).for_each(|nth| lesson.add(example(nth)));
        lesson
    }

    #[test]
    fn what_a_file_cannot_know_of_the_beginning_is_missing_from_its_row() {
        let mut lesson = Lesson::default();
        lesson.add(TrainingExample { from_file: true, ..example(0) });
        lesson.add(example(1));
        let table = lesson.table();
        for name in UNKNOWN {
            let column = table.columns().iter().find(|column| column.name == name).unwrap();
            assert_eq!(column.cells.value(0), Value::Missing, "{name}");
            assert_ne!(column.cells.value(1), Value::Missing, "{name}");
        }
        let city = table.columns().iter().find(|column| column.name == "attribute:City").unwrap();
        assert_eq!(city.cells.value(0), Value::word("Kyiv"));
    }

    #[test]
    fn another_models_scores_are_calibrated_once_fifty_of_its_leads_have_ended() {
        let of = |leads: u32| {
            let mut lesson = Lesson::default();
            for nth in 0..leads {
                // It says 0.9 of everybody, and half of them are won.
                let scored = [("gpt".to_owned(), Score::new(0.9).unwrap())].into();
                let won = nth.is_multiple_of(2);
                lesson.add(TrainingExample { won, scored, ..example(nth) });
            }
            lesson.outside()
        };
        assert_eq!(of(49), []);
        let fits = of(80);
        assert_eq!((fits[0].model.as_str(), fits[0].outcomes), ("gpt", 80));
    }
}
