//! A training from its examples to its record.

use super::file::{self, BadFile};
use super::lesson::{Lesson, rounded};
use ael_client::{Client, ClientError};
use ael_events::answer::Accepted;
use ael_events::command::{Command, CommandRequest, Credential, RecordTraining, To};
use ael_events::event::{Figures, Training};
use ael_events::ids::{AdvisorId, CommandId, WorkspaceId};
use ael_events::order::PositionToken;
use ael_events::query::{
    GetModel, KeptModel, ModelList, Page, Query, QueryRequest, TrainingExample, TrainingExamples,
};
use ael_events::values::ModelFile;
use ael_scoring_model::{
    Contest, EvaluationError, Measures, Model, Table, Training as Settings, contest,
};
use serde::de::DeserializeOwned;

/// Fewer outcomes than this teach nothing that would hold.
pub(super) const LEAST: u32 = 50;
/// Fewer of a kind than this say nothing about the next one.
pub(super) const LEAST_OF_EACH: u32 = 10;

/// Nothing was learnt.
#[derive(Debug, thiserror::Error)]
pub enum LearningError {
    /// There is too little to learn from.
    #[error(
        "{won} leads were won and {lost} lost so far: {LEAST} that ended are needed to learn from, \
         and {LEAST_OF_EACH} of each kind"
    )]
    TooFew {
        /// Leads won.
        won: u32,
        /// Leads lost.
        lost: u32,
    },
    /// What there is cannot be judged by.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// The model cannot be kept, or the one that scores cannot be read.
    #[error(transparent)]
    File(#[from] BadFile),
    /// The house could not be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The training was stopped half-way.
    #[error("the training was stopped")]
    Stopped(#[source] tokio::task::JoinError),
}

/// Who asks the house, in which workspace.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The way to it.
    pub client: Client,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Who asks.
    pub credential: Credential,
}

impl Asker {
    async fn ask<T: DeserializeOwned>(&self, query: Query) -> Result<T, ClientError> {
        self.ask_after(None, query).await
    }

    async fn ask_after<T: DeserializeOwned>(
        &self,
        after: Option<PositionToken>,
        query: Query,
    ) -> Result<T, ClientError> {
        let credential = self.credential.clone();
        let request = QueryRequest { credential, after, query };
        self.client.query(self.workspace, &request).await
    }

    /// Looks at every example, the newest first; `told` hears each.
    ///
    /// # Errors
    /// When the house cannot be asked.
    pub async fn examples(&self, mut told: impl FnMut(TrainingExample)) -> Result<(), ClientError> {
        let mut cursor = None;
        loop {
            let query = Query::TrainingExamples(TrainingExamples { cursor });
            let page: Page<TrainingExample> = self.ask(query).await?;
            page.items.into_iter().for_each(&mut told);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Who scores, and what was learnt so far.
    ///
    /// # Errors
    /// When the house cannot be asked.
    pub async fn models(&self) -> Result<ModelList, ClientError> {
        self.ask(Query::ListModels {}).await
    }

    /// A kept model; the one that scores, when no version is said.
    ///
    /// # Errors
    /// When there is none of that version, or the house cannot be asked.
    pub async fn model(&self, model_version: Option<u32>) -> Result<KeptModel, ClientError> {
        self.ask(Query::GetModel(GetModel { model_version })).await
    }

    async fn record(&self, record: RecordTraining) -> Result<Accepted, ClientError> {
        let Training { won, lost, trained_until, against, .. } = &record.training;
        // Whoever saw the same outcomes, and the same champion, asks for the same thing.
        let seen = format!("{}/{against:?}/{won}/{lost}/{trained_until}", self.workspace);
        let request = CommandRequest {
            command_id: CommandId::derived("training", &seen),
            credential: self.credential.clone(),
            // Whether the champion is still the one that it was judged against is checked; what
            // questions cost changes the version, too.
            expected_version: None,
            occurred_at: None,
            correlation_id: None,
            causation_id: None,
            command: Command::Advisor(To {
                id: AdvisorId::of(self.workspace),
                command: record.into(),
            }),
        };
        self.client.command(self.workspace, &request).await
    }
}

/// What came of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct Learnt {
    /// What was learnt from and how it was judged.
    pub training: Training,
    /// The version of the model that scores from now on; none, when the new one did worse.
    pub model_version: Option<u32>,
    /// How many trees it had to do with, when with more it would have been too large to keep.
    pub fewer_trees: Option<usize>,
}

/// Every example of a workspace.
///
/// # Errors
/// When the house cannot be asked.
pub async fn lesson_of(asker: &Asker, mut told: impl FnMut(u64)) -> Result<Lesson, ClientError> {
    let (mut lesson, mut seen) = (Lesson::default(), 0);
    asker
        .examples(|example| {
            lesson.add(example);
            seen += 1;
            told(seen);
        })
        .await?;
    Ok(lesson)
}

/// Learns from what ended in a workspace, and records what came of it. `told` hears how many
/// examples were looked at.
///
/// # Errors
/// [`LearningError`] where nothing was learnt; nothing was changed then.
pub async fn learn(asker: &Asker, told: impl FnMut(u64)) -> Result<Learnt, LearningError> {
    // Asked first: what changes meanwhile makes the record a conflict, never a wrong one.
    learn_after(asker.models().await?, asker, told).await
}

/// The same, by whoever knows who scores.
pub(super) async fn learn_after(
    before: ModelList,
    asker: &Asker,
    told: impl FnMut(u64),
) -> Result<Learnt, LearningError> {
    let lesson = lesson_of(asker, told).await?;
    let champion = match before.champion {
        Some(version) => asker.model(Some(version)).await?.model,
        None => None,
    };
    let against = before.champion;
    let work = move || train(lesson, against, champion.as_ref());
    let trained = tokio::task::spawn_blocking(work).await.map_err(LearningError::Stopped)?;
    let (record, fewer_trees) = trained?;
    let (training, is_kept) = (record.training.clone(), record.model.is_some());
    let accepted = asker.record(record).await?;
    // Whoever asks next is to be told of it.
    let now: ModelList = asker.ask_after(accepted.position, Query::ListModels {}).await?;
    let model_version = now.champion.filter(|_| is_kept);
    Ok(Learnt { training, model_version, fewer_trees })
}

/// Trains, and judges against whoever scores now: the rules where there is no champion.
///
/// # Errors
/// [`LearningError`] where there is too little to learn from or to judge by.
pub fn train(
    lesson: Lesson,
    against: Option<u32>,
    champion: Option<&ModelFile>,
) -> Result<(RecordTraining, Option<usize>), LearningError> {
    let (won, lost) = (lesson.won(), lesson.lost());
    let too_few = won + lost < LEAST || won.min(lost) < LEAST_OF_EACH;
    let trained_until = lesson.newest().filter(|_| !too_few);
    let trained_until = trained_until.ok_or(LearningError::TooFew { won, lost })?;
    let outside = lesson.outside();
    let champion = champion.map(file::unpack).transpose()?;
    let table = lesson.table();
    let (judged, model, fewer_trees) = judge(&table, champion.as_ref())?;
    let training = Training {
        trained_until,
        won,
        lost,
        judged: u32::try_from(judged.judged).unwrap_or(u32::MAX),
        against,
        champion: figures(&judged.champion),
        challenger: figures(&judged.challenger),
        outside,
    };
    // To six places the two may be even where they were not.
    let model = model.filter(|_| training.is_won());
    Ok((RecordTraining { training, model }, fewer_trees))
}

fn judge(
    table: &Table,
    champion: Option<&Model>,
) -> Result<(Contest, Option<ModelFile>, Option<usize>), LearningError> {
    let says = |table: &Table| match champion {
        Some(model) => model.scores(table),
        None => table.points().unwrap_or_default().to_vec(),
    };
    let mut settings = Settings::default();
    let usual = settings.max_rounds;
    loop {
        let judged = contest(says, table, &settings)?;
        let Some(winner) = &judged.winner else { return Ok((judged, None, None)) };
        match file::pack(winner) {
            Ok(file) => {
                let fewer = (settings.max_rounds < usual).then_some(settings.max_rounds);
                return Ok((judged, Some(file), fewer));
            }
            Err(BadFile::TooLarge(_)) if settings.max_rounds > 25 => settings.max_rounds /= 2,
            Err(error) => return Err(error.into()),
        }
    }
}

fn figures(measures: &Measures) -> Figures {
    Figures {
        auc: rounded(measures.auc),
        brier: rounded(measures.brier),
        log_loss: rounded(measures.log_loss),
        ece: rounded(measures.ece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::lesson::tests::{example, lesson};

    #[test]
    fn a_first_model_competes_with_the_rules_and_the_next_one_with_it() {
        let (first, _) = train(lesson(400), None, None).unwrap();
        let model = first.model.unwrap();
        assert_eq!((first.training.won + first.training.lost, first.training.judged), (400, 80));
        assert!(first.training.is_won() && first.training.challenger.auc > 0.8);
        let (second, _) = train(lesson(400), Some(1), Some(&model)).unwrap();
        assert_eq!(second.training.against, Some(1));
        let rules = first.training.champion.log_loss;
        assert!(second.training.champion.log_loss < rules, "it competes with the model");
    }

    #[test]
    fn a_challenger_that_does_worse_is_not_sent_along() {
        // What it learns from is the contrary of what the champion knows and what comes.
        let (first, _) = train(lesson(400), None, None).unwrap();
        let mut wrong = Lesson::default();
        for nth in 0..400 {
            let mut example = example(nth);
            example.won ^= nth < 320;
            wrong.add(example);
        }
        let (second, _) = train(wrong, Some(1), first.model.as_ref()).unwrap();
        assert!(second.model.is_none() && !second.training.is_won());
    }

    #[test]
    fn too_few_outcomes_are_counted_for_whoever_asks() {
        let Err(error) = train(lesson(49), None, None) else { panic!("49 are too few") };
        assert!(error.to_string().contains("50 that ended are needed"), "{error}");
        let mut lost = Lesson::default();
        for nth in 0..100 {
            let won = nth < 9;
            lost.add(ael_events::query::TrainingExample { won, ..example(nth) });
        }
        let Err(error) = train(lost, None, None) else { panic!("9 won are too few") };
        assert!(matches!(error, LearningError::TooFew { won: 9, lost: 91 }));
    }
}
