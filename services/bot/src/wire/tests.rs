//! What the wire promises, held against a real bus and a Telegram that fails: nothing is lost,
//! nothing is done twice, the order of a chat is kept, and the limits are.

use super::intake::Intake;
use super::telegram::Telegram;
use super::testing::telegram::{Fault, Person};
use super::testing::{World, until};
use super::wiring::introduced;
use ael_events::subjects;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

fn ada() -> Person {
    Person::new(7, "Ada")
}

/// As many people as there are lanes to be in, and more.
fn people(number: i64) -> Vec<Person> {
    (1..=number).map(|id| Person::new(1_000 + id, "Somebody")).collect()
}

fn texts(world: &World, chat: i64) -> Vec<String> {
    world.telegram.shown(chat).into_iter().map(|shown| shown.text).collect()
}

#[test]
fn what_is_written_is_answered_in_the_order_of_its_chat() {
    let world = World::new();
    let copy = world.copy();
    for number in 1..=30 {
        world.telegram.write(&ada(), &format!("word {number}"));
    }
    let all: Vec<String> = (1..=30).map(|number| format!("{number}: word {number}")).collect();
    until("thirty answers", || (world.telegram.shown(7).len() == 30).then_some(()));
    assert_eq!(texts(&world, 7), all);
    copy.stop();
    assert_eq!(world.echo.asked.load(Ordering::SeqCst), 30);
}

#[test]
fn an_update_is_confirmed_to_telegram_once_the_bus_has_it() {
    let mut world = World::new();
    let _copy = world.copy();
    world.telegram.write(&ada(), "before");
    assert_eq!(world.telegram.next(7).text, "1: before");
    world.server.kill();
    let given = || {
        let polls = world.telegram.calls("getUpdates");
        polls.iter().filter(|poll| poll.fine == Some(true)).count()
    };
    let before = given();
    let number = i64::from(world.telegram.write(&ada(), "while the bus is away"));
    // It was given to the bot, which asks for nothing more as long as the bus does not have it.
    until("it is given to the bot", || (given() > before).then_some(()));
    assert_eq!(world.telegram.unconfirmed(), 1);
    let revived = Instant::now();
    world.server.revive();
    assert_eq!(world.telegram.next(7).text, "2: while the bus is away");
    until("it is confirmed", || (world.telegram.unconfirmed() == 0).then_some(()));
    let confirming = |call: &super::testing::telegram::Call| {
        call.body["offset"].as_i64().is_some_and(|offset| offset > number)
    };
    let calls = world.telegram.calls("getUpdates");
    let confirmed = calls.into_iter().find(confirming).unwrap();
    assert!(confirmed.at > revived);
}

#[test]
fn an_update_that_comes_twice_or_late_is_answered_once() {
    let world = World::new();
    let _copy = world.copy();
    let update = |number: u32, text: &str| {
        let message = world.telegram.message(&ada(), json!({ "text": text }));
        json!({ "update_id": number, "message": message }).to_string()
    };
    let (one, two) = (update(501, "one"), update(502, "two"));
    let keep = |bot: u64, updates: &[&String]| {
        let intake = Intake::new(world.server.bus("bot"), world.config.seal.clone(), bot);
        let updates: Vec<&str> = updates.iter().map(|text| text.as_str()).collect();
        world.server.wait(intake.keep(updates)).unwrap();
    };
    keep(1, &[&two]);
    assert_eq!(world.telegram.next(7).text, "1: two");
    // By another name the server does not know it again: the dialogue does.
    keep(2, &[&two, &one, &two]);
    keep(1, &[&two, &one]);
    assert_eq!(world.telegram.next(7).text, "2: one");
    keep(3, &[&two, &one]);
    world.telegram.write(&ada(), "three");
    assert_eq!(world.telegram.next(7).text, "3: three");
    assert_eq!(world.answered(), ["two", "one", "three"]);
    assert_eq!(texts(&world, 7), ["1: two", "2: one", "3: three"]);
}

#[test]
fn trouble_holds_up_its_own_chat_and_no_other() {
    let world = World::new();
    let _copy = world.copy();
    world.telegram.write(&ada(), "slow one");
    until("it is begun", || (world.echo.asked.load(Ordering::SeqCst) == 1).then_some(()));
    world.telegram.write(&ada(), "two");
    let others = people(40);
    for other in &others {
        world.telegram.write(other, "hello");
    }
    for other in &others {
        assert_eq!(world.telegram.next(other.chat).text, "1: hello");
    }
    assert_eq!(world.telegram.shown(7), []);
    world.echo.go_on.cancel();
    assert_eq!(world.telegram.next(7).text, "1: slow one");
    assert_eq!(world.telegram.next(7).text, "2: two");
    world.telegram.write(&ada(), "trouble 3 times");
    world.telegram.write(&ada(), "afterwards");
    assert_eq!(world.telegram.next(7).text, "3: trouble 3 times");
    assert_eq!(world.telegram.next(7).text, "4: afterwards");
}

#[test]
fn what_cannot_be_done_lies_in_dead_with_a_reason_and_nobody_is_held_up() {
    let world = World::new();
    let _copy = world.copy();
    world.telegram.write(&ada(), "panic about Olena");
    world.telegram.write(&ada(), "html from Olena");
    assert_eq!(world.telegram.next(7).text, "after", "the second of the two is sent");
    let dead = until("two dead letters", || {
        let dead = world.server.lying_in(subjects::DEAD);
        (dead.len() == 2).then_some(dead)
    });
    let letter = |begin: &str| dead.iter().find(|one| one.0.starts_with(begin)).unwrap();
    let (subject, sealed, reason) = letter("ael.dead.bot-updates-");
    assert_eq!(reason.as_deref(), Some("work on it broke off"));
    let opened = world.config.seal.open(subject, sealed).unwrap();
    assert!(String::from_utf8(opened).unwrap().contains("panic about Olena"));
    let (subject, sealed, reason) = letter("ael.dead.bot-sender");
    assert_eq!(reason.as_deref(), Some("Telegram refused it with 400"));
    let opened = String::from_utf8(world.config.seal.open(subject, sealed).unwrap()).unwrap();
    assert!(opened.contains("unsupported start tag"), "Telegram's words: {opened}");
}

#[test]
fn the_bus_holds_no_open_word() {
    let world = World::new();
    let _copy = world.copy();
    world.telegram.write(&Person::new(7, "Olena"), "panic +380671234567");
    world.telegram.write(&Person::new(7, "Olena"), "call +380671234567");
    world.telegram.next(7);
    until("a dead letter", || (world.server.lying_in(subjects::DEAD).len() == 1).then_some(()));
    for stream in [subjects::TELEGRAM, subjects::DEAD, "KV_bot_dialogues"] {
        let lying = world.server.lying_in(stream);
        assert!(!lying.is_empty(), "{stream}");
        for (subject, payload, reason) in lying {
            let text = format!("{subject} {} {reason:?}", String::from_utf8_lossy(&payload));
            for word in ["Olena", "380671234567", "call"] {
                assert!(!text.contains(word), "{word} in {stream}");
            }
        }
    }
}

#[test]
fn of_two_copies_one_polls_and_one_sends_and_each_update_is_answered_once() {
    let world = World::new();
    let (one, other) = (world.copy(), world.copy());
    let people = people(60);
    for person in &people {
        world.telegram.write(person, "one");
        world.telegram.write(person, "two");
    }
    for person in &people {
        until("both answers", || (world.telegram.shown(person.chat).len() == 2).then_some(()));
        assert_eq!(texts(&world, person.chat), ["1: one", "2: two"]);
    }
    let polls = world.telegram.calls("getUpdates");
    assert!(polls.iter().all(|poll| poll.fine != Some(false)), "two asked for updates at once");
    assert_eq!(world.echo.asked.load(Ordering::SeqCst), 120);
    one.stop();
    world.telegram.write(&ada(), "still there?");
    let asked = Instant::now();
    assert_eq!(world.telegram.next(7).text, "1: still there?");
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    other.stop();
}

#[test]
fn what_a_killed_copy_did_goes_on_within_seconds_in_its_order() {
    let world = World::new();
    let first = world.copy();
    world.telegram.write(&ada(), "hello");
    world.telegram.next(7);
    let people = people(32);
    for person in &people {
        world.telegram.write(person, "slow one");
        world.telegram.write(person, "two");
    }
    until("all are begun", || (world.echo.asked.load(Ordering::SeqCst) == 33).then_some(()));
    let second = world.copy();
    first.kill();
    let killed = Instant::now();
    world.echo.go_on.cancel();
    for person in &people {
        until("both answers", || (world.telegram.shown(person.chat).len() == 2).then_some(()));
        assert_eq!(texts(&world, person.chat), ["1: slow one", "2: two"]);
    }
    assert!(killed.elapsed() < Duration::from_secs(40), "{:?}", killed.elapsed());
    second.stop();
}

#[test]
fn a_message_is_not_lost_when_the_sender_is_killed_before_telegram_answered() {
    let world = World::new();
    let first = world.copy();
    world.telegram.fail("sendMessage", Some(7), Fault::Hang, 1);
    world.telegram.fail("sendMessage", Some(8), Fault::Away(502), 1_000);
    world.telegram.write(&ada(), "taken, and nothing said");
    world.telegram.write(&Person::new(8, "Bob"), "not taken");
    until("both were tried", || {
        let tried = world.telegram.calls("sendMessage");
        [7, 8].iter().all(|chat| tried.iter().any(|call| call.chat() == Some(*chat))).then_some(())
    });
    first.kill();
    world.telegram.recover();
    let _second = world.copy();
    until("both are there", || {
        let all = [texts(&world, 7), texts(&world, 8)];
        (all == [vec!["1: taken, and nothing said"; 2], vec!["1: not taken"]]).then_some(())
    });
    assert_eq!(world.echo.asked.load(Ordering::SeqCst), 2, "nothing is answered twice");
}

#[test]
fn telegram_away_cut_off_or_refusing_loses_no_message_and_costs_no_order() {
    let world = World::new();
    let _copy = world.copy();
    world.telegram.fail("getUpdates", None, Fault::Away(502), 2);
    world.telegram.fail("getUpdates", None, Fault::TooMuch(1), 1);
    world.telegram.fail("getUpdates", None, Fault::Refuse(409, "Conflict"), 1);
    world.telegram.fail("sendMessage", None, Fault::Away(500), 1);
    for number in 1..=5 {
        world.telegram.write(&ada(), &number.to_string());
    }
    until("five answers", || (world.telegram.shown(7).len() == 5).then_some(()));
    assert_eq!(texts(&world, 7), ["1: 1", "2: 2", "3: 3", "4: 4", "5: 5"]);
    world.telegram.fail("sendMessage", None, Fault::CutOff, 1);
    world.telegram.write(&ada(), "6");
    world.telegram.write(&ada(), "7");
    until("seven answers", || (texts(&world, 7).last()? == "7: 7").then_some(()));
    assert_eq!(texts(&world, 7)[5..], ["6: 6", "6: 6", "7: 7"], "it may appear twice");
}

#[test]
fn a_chat_that_telegram_wants_left_alone_is_left_alone_and_no_other_waits() {
    let world = World::new();
    let _copy = world.copy();
    world.telegram.fail("sendMessage", Some(7), Fault::TooMuch(3), 1);
    world.telegram.write(&ada(), "one");
    until("it was refused", || (!world.telegram.calls("sendMessage").is_empty()).then_some(()));
    world.telegram.write(&Person::new(8, "Bob"), "at once");
    world.telegram.next(8);
    world.telegram.next(7);
    let sent = world.telegram.calls("sendMessage");
    let of = |chat| sent.iter().filter(|call| call.chat() == Some(chat)).collect::<Vec<_>>();
    let waited = of(7)[1].at - of(7)[0].at;
    assert!(waited >= Duration::from_secs(3) && waited < Duration::from_secs(6), "{waited:?}");
    assert!(of(8)[0].at < of(7)[1].at);
}

#[test]
fn telegrams_limits_are_kept_and_presses_do_not_wait_for_messages() {
    let world = World::with_limits();
    let _copy = world.copy();
    let people = people(70);
    for _ in 0..3 {
        world.telegram.write(&ada(), "again");
    }
    for person in &people {
        world.telegram.write(person, "hello");
    }
    until("all are answered", || (world.answered().len() == 73).then_some(()));
    world.telegram.next(7);
    let pressed = Instant::now();
    let press = world.telegram.press_data(&ada(), &world.telegram.shown(7)[0], "x");
    until("the press is heard", || world.telegram.is_answered(&press).then_some(()));
    assert!(pressed.elapsed() < Duration::from_millis(1_500), "{:?}", pressed.elapsed());
    until("all is sent", || {
        let sent = world.telegram.calls("sendMessage");
        (sent.iter().filter(|call| call.fine == Some(true)).count() == 73).then_some(())
    });
    // The way to Telegram may shorten what lies between two requests a little.
    let second = Duration::from_millis(950);
    let all: Vec<Instant> = world.telegram.calls("sendMessage").iter().map(|c| c.at).collect();
    let within =
        |from: &Instant| all.iter().filter(|one| **one >= *from && **one - *from < second).count();
    let most = all.iter().map(within).max().unwrap();
    assert!(most <= 30, "{most} within a second");
    let sent = world.telegram.calls("sendMessage");
    let own: Vec<_> = sent.iter().filter(|call| call.chat() == Some(7)).collect();
    assert!(own.windows(2).all(|two| two[1].at - two[0].at >= second));
}

#[test]
fn who_blocked_the_bot_is_noted_and_left_in_peace() {
    let world = World::new();
    let _copy = world.copy();
    let words = "Forbidden: bot was blocked by the user";
    world.telegram.fail("sendMessage", Some(7), Fault::Refuse(403, words), 1_000);
    for text in ["one", "two", "three"] {
        world.telegram.write(&ada(), text);
    }
    until("it is noted", || (!world.echo.blocked.lock().unwrap().is_empty()).then_some(()));
    world.telegram.write(&Person::new(8, "Bob"), "at once");
    world.telegram.next(8);
    until("all are answered", || (world.answered().len() == 4).then_some(()));
    let tried = world.telegram.calls("sendMessage");
    assert_eq!(tried.iter().filter(|call| call.chat() == Some(7)).count(), 1);
    assert_eq!(*world.echo.blocked.lock().unwrap(), [7]);
    assert_eq!(world.server.lying_in(subjects::DEAD), []);
}

#[test]
fn a_message_that_is_gone_is_sent_anew_and_one_that_is_so_already_is_fine() {
    let world = World::new();
    let _copy = world.copy();
    world.telegram.write(&ada(), "hello");
    let id = world.telegram.next(7).id;
    world.telegram.write(&ada(), &format!("edit {id} new"));
    let edited = world.telegram.next(7);
    assert_eq!((edited.id, edited.text.as_str(), edited.edits), (id, "new", 1));
    world.telegram.write(&ada(), &format!("edit {id} new"));
    world.telegram.write(&ada(), "edit 999 elsewhere");
    let sent = world.telegram.next(7);
    assert_eq!((sent.id == id, sent.text.as_str()), (false, "elsewhere"));
    assert_eq!(world.server.lying_in(subjects::DEAD), []);
    let press = world.telegram.press_data(&ada(), &sent, "x");
    until("the press is heard", || world.telegram.is_answered(&press).then_some(()));
}

#[test]
fn a_token_that_telegram_does_not_know_is_said() {
    let world = World::new();
    let wrong = Telegram::new(&"7000001:wrong".into(), &world.config.api_url);
    let stop = CancellationToken::new();
    let refusal = world.server.wait(introduced(&wrong, &stop)).unwrap_err();
    assert!(refusal.is_of_the_token(), "{refusal}");
    let right = Telegram::new(&world.config.token, &world.config.api_url);
    world.telegram.fail("getMe", None, Fault::Away(502), 1);
    let me = world.server.wait(introduced(&right, &stop)).unwrap().unwrap();
    assert_eq!(me.user.username.as_deref(), Some("ael_bot"));
}
