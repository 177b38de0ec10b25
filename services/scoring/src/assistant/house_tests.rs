//! What is answered by rules, and to whom.

use super::memory::Remembered;
use super::testing::{House, ask, ask_after};
use ael_events::command::{Command, LeadCommand};
use ael_events::query::Proposal;
use ael_events::values::Stage;
use chrono::{TimeDelta, Utc};
use std::sync::Arc;

async fn proposed(house: &Arc<House>, text: &str) -> Option<Proposal> {
    ask(house, None, text).await.proposal
}

#[tokio::test]
async fn an_agent_is_told_of_own_and_free_leads_and_a_manager_of_all() {
    let agent = ask(&Arc::new(House::of_an_agent()), None, "hot leads").await;
    assert!(agent.text.contains("Олена Петренко") && agent.text.contains("Grace Hughes"));
    assert!(!agent.text.contains("Oligarch"), "{}", agent.text);
    assert_eq!(agent.leads.len(), 2);
    let manager = ask(&Arc::new(House::of_a_manager()), None, "гарячі ліди").await;
    assert!(manager.text.contains("Secret Oligarch"), "{}", manager.text);
    assert_eq!((manager.answered_by.as_str(), manager.fell_back), ("rules", false));
}

#[tokio::test]
async fn a_lead_is_told_of_by_name_however_it_is_bent() {
    let house = Arc::new(House::of_an_agent());
    for asked in ["що з Петренком?", "розкажи про Олену Петренко", "find Петренко", "+380671234567"]
    {
        let answer = ask(&house, None, asked).await;
        assert!(answer.text.contains("+380671234567"), "{asked}: {}", answer.text);
        assert_eq!(answer.leads[0].id, house.leads[0].id);
    }
    let answer = ask(&house, None, "what about Oligarch?").await;
    assert!(answer.text.contains("nobody") && answer.leads.is_empty(), "{}", answer.text);
}

#[tokio::test]
async fn her_and_the_second_one_mean_who_was_spoken_of() {
    let house = Arc::new(House::of_an_agent());
    let (_, kept) = ask_after(&house, None, "hot leads", Remembered::default()).await;
    let (second, kept) = ask_after(&house, None, "tell me about the second one", kept).await;
    assert_eq!(second.leads[0].id, house.leads[1].id);
    let (answer, kept) = ask_after(&house, None, "analyse her", kept).await;
    assert!(answer.proposal.is_some(), "{}", answer.text);
    let late = kept.fresh(Utc::now() + TimeDelta::minutes(31));
    let (answer, _) = ask_after(&house, None, "what about her?", late).await;
    assert!(answer.leads.is_empty(), "{}", answer.text);
}

#[tokio::test]
async fn a_change_comes_back_as_a_draft_for_the_version_that_was_seen() {
    let house = Arc::new(House::of_an_agent());
    let draft = proposed(&house, "познач Петренка як контактованого").await.unwrap();
    assert_eq!(draft.expected_version, 3);
    let Command::Lead(to) = &draft.command else { panic!("{draft:?}") };
    assert_eq!(to.id, house.leads[0].id);
    assert!(matches!(to.command, LeadCommand::MarkContacted(_)));
    assert!(!draft.consequences.is_empty() && draft.sentence.contains("Олена Петренко"));
    let note = proposed(&house, "add a note to Петренко: call on Monday").await.unwrap();
    let Command::Lead(to) = &note.command else { panic!("{note:?}") };
    assert!(matches!(&to.command, LeadCommand::AddNote(note)
        if note.text.as_str() == "call on Monday"));
}

#[tokio::test]
async fn what_would_be_refused_is_said_at_once() {
    let mut house = House::of_an_agent();
    house.add("Mute Mallard", Some(house.me)).phone = None;
    house.add("Done Already", Some(house.me)).stage = Stage::Transferred;
    let house = Arc::new(house);
    for (asked, because) in [
        ("mark Mute Mallard as contacted", "no e-mail, phone or Telegram"),
        ("qualify Петренко", "from there that is not possible"),
        ("mark Done Already as lost: no budget", "from there that is not possible"),
        ("mark Grace Hughes as contacted", "not your lead"),
        ("mark Петренко as lost", "Why was"),
        ("transfer Петренко to sales", "for a manager to decide"),
        ("assign Петренко to Bob", "for a manager to decide"),
        ("assign Grace to Nemo", "no active colleague"),
    ] {
        let answer = ask(&house, None, asked).await;
        assert!(answer.proposal.is_none(), "{asked}: {}", answer.text);
        assert!(answer.text.contains(because), "{asked}: {}", answer.text);
    }
    assert!(proposed(&house, "take Grace Hughes").await.is_some(), "an Agent takes a free lead");
}

#[tokio::test]
async fn a_token_for_leads_alone_is_told_of_leads_without_their_sales() {
    let mut house = House::of_an_agent();
    house.scopes = Some(vec!["leads:read"]);
    let house = Arc::new(house);
    assert_eq!(ask(&house, None, "hot leads").await.leads.len(), 2);
    let answer = ask(&house, None, "what about Петренко?").await;
    assert_eq!(answer.leads.len(), 1, "{}", answer.text);
}

#[tokio::test]
async fn who_waits_for_too_long_needs_attention() {
    let house = Arc::new(House::of_an_agent());
    let answer = ask(&house, None, "що потребує уваги?").await;
    assert!(answer.text.contains("2 ліди потребують уваги"), "{}", answer.text);
    assert!(answer.text.contains("9 днів"), "{}", answer.text);
}
