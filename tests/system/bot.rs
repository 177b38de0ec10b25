//! The bot as a process of the house: there with a token, away without one, and back when killed.

use crate::house::House;
use crate::telegram::{Person, TOKEN, Telegram};

#[test]
fn a_house_with_a_token_takes_updates_and_one_without_has_no_bot() {
    let telegram = Telegram::start();
    let mut house = House::start_with(&["--copies", "2"], &telegram.environment());
    assert_eq!(house.processes("run bot").len(), 2);
    let ada = Person::new(7, "Ada");
    let taken = |text: &str| {
        telegram.write(&ada, text);
        house.until("the update to be taken", || (telegram.unconfirmed() == 0).then_some(()));
    };
    taken("hello");
    assert_eq!(house.kill_all("run bot"), 2);
    taken("still there?");
    let log = std::fs::read_dir(house.home().join("logs")).unwrap().flatten();
    let secret = TOKEN.split_once(':').unwrap().1;
    for file in log {
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        assert!(!text.contains(secret), "the token stands in {:?}", file.path());
    }
    house.stop();
    house.start_again(&[]);
    assert_eq!(house.processes("run bot").len(), 0);
}

#[test]
fn a_token_that_telegram_does_not_know_is_said_in_the_log() {
    let telegram = Telegram::start();
    let mut environment = telegram.environment();
    environment[0].1 = "7000001:another";
    let house = House::start_with(&[], &environment);
    house.until("the reason", || {
        let logs = std::fs::read_dir(house.home().join("logs")).unwrap().flatten();
        let mut texts = logs.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default());
        texts.any(|text| text.contains("does not know TELEGRAM_BOT_TOKEN")).then_some(())
    });
}
