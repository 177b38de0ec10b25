//! What is answered by rules, from what the asker may see.

mod attention;
mod card;
mod deeds;
mod leads;
mod numbers;
mod sales;

use super::turn::{Draft, Turn};
use super::understanding::Meaning;
use ael_client::ClientError;

pub(super) use attention::waiting;
pub(super) use deeds::propose;

impl Turn<'_> {
    /// Answers what was understood.
    pub(super) async fn answer(&self, meaning: &Meaning) -> Result<Draft, ClientError> {
        let voice = self.voice;
        match meaning {
            Meaning::Help => Ok(self.usual(Draft::saying(voice.say("help")))),
            Meaning::Hello => Ok(self.usual(Draft::saying(voice.say("hello")))),
            Meaning::Thanks => Ok(Draft::saying(voice.say("thanks"))),
            Meaning::Unclear => Ok(self.usual(Draft::saying(voice.say("unclear")))),
            Meaning::Leads(wanted) => self.leads(wanted).await,
            Meaning::HowMany(wanted) => self.how_many(wanted).await,
            Meaning::Attention => self.attention().await,
            Meaning::Numbers(numbers) => self.numbers(*numbers).await,
            Meaning::Find(words) => self.find(words).await,
            Meaning::Card(whom) => self.card(whom).await,
            Meaning::Sales(stage) => self.sales(*stage).await,
            Meaning::HowManySales(stage) => self.how_many_sales(*stage).await,
            Meaning::Do(deed, whom) => propose(self, deed, whom).await,
        }
    }

    /// With what people usually ask.
    fn usual(&self, draft: Draft) -> Draft {
        let usual = ["suggest-hot", "suggest-attention", "suggest-statistics"];
        draft.suggesting(usual.map(|key| self.voice.say(key)))
    }
}
