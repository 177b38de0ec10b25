//! What a language model hears, and what becomes of what it says.

use super::memory::Remembered;
use super::testing::{Away, House, Scripted, ask, ask_after, calls, says};
use std::sync::Arc;

/// What must never leave the house.
fn assert_nobody_is_known(heard: &str, house: &House) {
    let parts = [
        "Олен",
        "Петрен",
        "Grace",
        "Hughes",
        "Oligarch",
        "Byron",
        "Kahn",
        "380",
        "secret",
        "the_askers_own",
    ];
    for part in parts {
        assert!(!heard.contains(part), "{part} left the house: {heard}");
    }
    for lead in &house.leads {
        assert!(!heard.contains(&lead.id.to_string()), "an id left the house");
    }
    assert!(!heard.contains(&house.me.to_string()));
}

#[tokio::test]
async fn names_go_out_as_pseudonyms_and_come_back_as_names() {
    let house = Arc::new(House::of_a_manager());
    let model = Scripted::saying(vec![
        calls("get_lead", r#"{"lead":"Lead A"}"#),
        says("Lead A is new; ask Colleague 2."),
    ]);
    let answer = ask(&house, Some(model.clone()), "Як там справи в Петренка і Bob?").await;
    assert_eq!(answer.text, "Олена Петренко is new; ask Bob Kahn.");
    assert_eq!((answer.answered_by.as_str(), answer.fell_back), ("gpt-test", false));
    assert_eq!(answer.leads[0].id, house.leads[0].id);
    let heard = model.all_heard();
    assert!(heard.contains("Lead A") && heard.contains("Colleague 2"), "{heard}");
    assert_nobody_is_known(&heard, &house);
}

#[tokio::test]
async fn nothing_personal_leaves_whatever_is_asked_and_whichever_tool_is_called() {
    let mut house = House::of_a_manager();
    house.leads[0].note = Some("a secret note about Grace".to_owned());
    let house = Arc::new(house);
    let script = || {
        Scripted::saying(vec![
            calls("list_leads", "{}"),
            calls("needs_attention", "{}"),
            calls("statistics", "{}"),
            calls("get_lead", r#"{"lead":"Lead A"}"#),
            says("All is well."),
        ])
    };
    for question in [
        "what about олена петренко and grace hughes",
        "Compare Петренко with Grace Hughes",
        "хто дзвонив з +380 67 123 45 67 учора, чи це Олена?",
        "is (067) 123-45-67 or 0671234567 Петренка?",
        "OLENA ПЕТРЕНКО vs GRACE",
        "порівняй Олену, Петренка та Hughes",
        "does Ada Byron or Kahn do better with Secret Oligarch?",
        "Петренко",
    ] {
        let model = script();
        ask(&house, Some(model.clone()), question).await;
        assert!(!model.heard.lock().unwrap().is_empty(), "{question}");
        let heard = model.all_heard();
        assert_nobody_is_known(&heard.replace("OLENA", "Олен"), &house);
    }
}

#[tokio::test]
async fn strangers_and_contacts_in_a_question_stay_in_the_house() {
    let house = Arc::new(House::of_a_manager());
    let model = Scripted::saying(vec![says("I do not know Person 1 or [contact 1].")]);
    let asked = "Did Zaphod write from zaphod@example.com, t.me/zaphod or @zaphod_b?";
    let answer = ask(&house, Some(model.clone()), asked).await;
    let heard = model.all_heard().to_lowercase();
    assert!(!heard.contains("zaphod") && !heard.contains("example.com"), "{heard}");
    assert_eq!(answer.text, "I do not know Zaphod or zaphod@example.com.");
}

#[tokio::test]
async fn without_an_admins_consent_nothing_leaves() {
    let mut house = House::of_a_manager();
    house.consents.clear();
    let model = Scripted::saying(vec![says("hello")]);
    let answer = ask(&Arc::new(house), Some(model.clone()), "hot leads").await;
    assert_eq!(answer.answered_by, "rules");
    assert!(model.heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_to_be_done_and_notes_never_leave() {
    let house = Arc::new(House::of_a_manager());
    for question in [
        "add a note to Петренко: her son is ill",
        "додай нотатку до Петренка: хворіє син",
        "mark Петренко as lost: she moved abroad",
        "mark Петренко as contacted",
    ] {
        let model = Scripted::saying(vec![says("hello")]);
        let answer = ask(&house, Some(model.clone()), question).await;
        assert!(answer.proposal.is_some(), "{}", answer.text);
        assert!(model.heard.lock().unwrap().is_empty(), "{question}");
    }
}

#[tokio::test]
async fn when_the_model_is_away_the_rules_answer_and_say_so() {
    let house = Arc::new(House::of_a_manager());
    let answer = ask(&house, Some(Arc::new(Away)), "hot leads").await;
    assert_eq!((answer.answered_by.as_str(), answer.fell_back), ("rules", true));
    assert_eq!(answer.leads.len(), 3);
    assert!(answer.text.contains("language model is away"), "{}", answer.text);
    let silent = Scripted::saying(vec![says("  ")]);
    assert!(ask(&house, Some(silent), "hot leads").await.fell_back);
}

#[tokio::test]
async fn pseudonyms_stay_the_same_in_a_conversation() {
    let house = Arc::new(House::of_a_manager());
    let first = Scripted::saying(vec![calls("list_leads", "{}"), says("Lead A, Lead B, Lead C.")]);
    let (_, kept) = ask_after(&house, Some(first), "hot leads", Remembered::default()).await;
    let next = Scripted::saying(vec![says("Lead B it is.")]);
    let (answer, kept) =
        ask_after(&house, Some(next.clone()), "and what about Hughes?", kept).await;
    assert_eq!(answer.text, "Grace Hughes it is.");
    assert!(next.last_heard().contains("Lead A, Lead B, Lead C."), "{}", next.last_heard());
    assert_nobody_is_known(&next.all_heard(), &house);
    assert_eq!(kept.said.len(), 2);
    let written = serde_json::to_string(&kept).unwrap();
    assert!(!written.contains("Grace") && !written.contains("Петренко"), "{written}");
}

#[tokio::test]
async fn a_model_may_draft_a_change_and_the_house_says_it_in_its_own_words() {
    let house = Arc::new(House::of_a_manager());
    let model = Scripted::saying(vec![
        calls("list_leads", "{}"),
        calls("propose", r#"{"lead":"Lead A","action":"mark_contacted"}"#),
        says("I prepared it."),
    ]);
    let answer =
        ask(&house, Some(model.clone()), "please prepare the next step with the hottest one").await;
    let proposal = answer.proposal.unwrap();
    assert_eq!(proposal.command.name(), "lead.mark_contacted");
    assert!(
        answer.text.contains(&proposal.sentence) && answer.text.contains("Nothing has changed")
    );
    assert_nobody_is_known(&model.all_heard(), &house);
}
