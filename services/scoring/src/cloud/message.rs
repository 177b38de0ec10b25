//! What of an answer counts, read with forgiveness: servers that speak OpenAI's protocol leave out
//! now this, now that.

use super::config::Price;
use serde::Deserialize;
use serde_json::Value;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    /// What was said.
    pub(crate) message: Message,
    /// What it cost.
    pub(crate) spent: Spent,
}

/// What was said.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Message {
    /// In words.
    pub(crate) content: Option<String>,
    /// Why nothing was said.
    pub(crate) refusal: Option<String>,
    /// What it wants to know first, in OpenAI's form.
    pub(crate) tool_calls: Option<Vec<Value>>,
    /// Whether it was cut off: more was to come than it may say.
    #[serde(skip)]
    pub(crate) cut_off: bool,
}

/// What an answer cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) input_tokens: u32,
    pub(crate) output_tokens: u32,
    pub(crate) micro_usd: u64,
}

impl Spent {
    /// Both together.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            micro_usd: self.micro_usd.saturating_add(other.micro_usd),
        }
    }
}

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    message: Message,
    finish_reason: Option<String>,
}

struct Usage {
    prompt_tokens: u32,
    completion_tokens: u32,
}

/// What is said of the cost, however it is written; nothing, where that makes no sense.
fn counted(said: &Value, name: &str) -> Option<u32> {
    let count = &said["usage"][name];
    let number = count.as_f64().or_else(|| count.as_str()?.trim().parse().ok())?;
    let makes_sense = (1.0..=10_000_000.0).contains(&number);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
    makes_sense.then_some(number as u32)
}

/// Reads an answer to a request; what is missing of its cost is estimated from the sizes. An answer
/// that says nothing cost as much as one that does.
pub(super) fn read(said: Value, asked: &Value, price: Price) -> Result<Reply, &'static str> {
    let (prompt, answer) = (counted(&said, "prompt_tokens"), counted(&said, "completion_tokens"));
    let completion: Completion =
        serde_json::from_value(said).map_err(|_| "its answer has another form")?;
    let first = completion.choices.into_iter().next();
    let words = first.as_ref().and_then(|choice| choice.message.content.as_ref());
    let usage = Usage {
        prompt_tokens: prompt.unwrap_or_else(|| estimated(asked.to_string().len())),
        completion_tokens: answer.unwrap_or_else(|| estimated(words.map_or(0, String::len))),
    };
    let message = first.map_or_else(Message::default, |choice| {
        let cut_off = choice.finish_reason.as_deref() == Some("length");
        Message { cut_off, ..choice.message }
    });
    let (input_tokens, output_tokens) = (usage.prompt_tokens, usage.completion_tokens);
    let spent = Spent { input_tokens, output_tokens, micro_usd: cost(&usage, price) };
    metrics::counter!("ael_ai_tokens_total", "direction" => "input")
        .increment(u64::from(input_tokens));
    metrics::counter!("ael_ai_tokens_total", "direction" => "output")
        .increment(u64::from(output_tokens));
    metrics::counter!("ael_ai_cost_micro_usd_total").increment(spent.micro_usd);
    Ok(Reply { message, spent })
}

/// What a request may cost at most, roughly, in millionths of a US dollar.
pub(super) fn estimate(asked: &Value, price: Price) -> u64 {
    let most = asked["max_completion_tokens"].as_u64().unwrap_or(0);
    let usage = Usage {
        prompt_tokens: estimated(asked.to_string().len()),
        completion_tokens: u32::try_from(most).unwrap_or(u32::MAX),
    };
    cost(&usage, price)
}

/// Rather too many than too few.
fn estimated(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(3)).unwrap_or(u32::MAX)
}

fn cost(usage: &Usage, price: Price) -> u64 {
    let micro = f64::from(usage.prompt_tokens) * price.input
        + f64::from(usage.completion_tokens) * price.output;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let micro = micro.ceil() as u64;
    micro
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PRICE: Price = Price { input: 0.15, output: 0.6 };

    #[test]
    fn an_answer_is_read_with_its_cost() {
        let said = json!({ "choices": [{ "message": { "content": "yes" } }],
            "usage": { "prompt_tokens": 1_000, "completion_tokens": 100 } });
        let reply = read(said, &json!({}), PRICE).unwrap();
        assert_eq!(reply.message.content.as_deref(), Some("yes"));
        assert_eq!(reply.spent, Spent { input_tokens: 1_000, output_tokens: 100, micro_usd: 210 });
        for (told, tokens) in [(json!(12.0), 12), (json!("12"), 12)] {
            let said = json!({ "choices": [], "usage": {
                "prompt_tokens": told, "completion_tokens": told } });
            assert_eq!(read(said, &json!({}), PRICE).unwrap().spent.input_tokens, tokens);
        }
        for nonsense in [json!(null), json!(-1), json!(1e12), json!(0), json!("many"), json!([])] {
            let said = json!({ "choices": [], "usage": { "prompt_tokens": nonsense } });
            let asked = json!({ "messages": ["thirty characters are ten tokens"] });
            let spent = read(said, &asked, PRICE).unwrap().spent;
            assert!((10..30).contains(&spent.input_tokens), "{nonsense}: {spent:?}");
        }
        let silent = json!({ "choices": [{ "message": { "content": "yes" } }] });
        assert!(
            read(silent, &json!({ "messages": ["a long one"] }), PRICE).unwrap().spent.micro_usd
                > 0
        );
    }

    #[test]
    fn an_answer_that_says_nothing_or_not_all_costs_as_much() {
        let usage = json!({ "prompt_tokens": 1_000, "completion_tokens": 100 });
        for said in [json!({ "usage": usage }), json!({ "choices": [], "usage": usage })] {
            let reply = read(said, &json!({}), PRICE).unwrap();
            assert_eq!((reply.message, reply.spent.micro_usd), (Message::default(), 210));
        }
        let cut = json!({ "choices": [{ "finish_reason": "length",
            "message": { "content": "{\"ai_sc" } }], "usage": usage });
        let reply = read(cut, &json!({}), PRICE).unwrap();
        assert!(reply.message.cut_off && reply.spent.micro_usd == 210);
    }

    #[test]
    fn an_answer_that_is_none_is_named() {
        for (said, what) in [
            (json!("words"), "its answer has another form"),
            (json!({ "choices": 7 }), "its answer has another form"),
        ] {
            assert_eq!(read(said, &json!({}), PRICE).unwrap_err(), what);
        }
    }
}
