//! Who may listen, and for how long nobody need have said so.

use super::*;
use crate::live::caller::tests::{caller, change};
use crate::live::house::Stretch;
use ael_bus::RequestError;
use ael_events::answer::{Failed, Rejected};
use ael_events::values::Role;
use async_trait::async_trait;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the house says of whoever is asked for.
#[derive(Debug, Clone)]
enum Answer {
    Is(Role),
    Refused,
    /// It cannot say now.
    Failed,
    /// Nobody is there.
    Away,
}

/// Answers as it is told.
struct Told {
    answer: Mutex<Answer>,
    /// How long it takes.
    takes: Mutex<Duration>,
    /// One token of which it can never say whose it is.
    stuck: Mutex<Option<u128>>,
    asked: AtomicUsize,
}

#[async_trait]
impl House for Told {
    async fn who(&self, _: WorkspaceId, by: &Credential) -> Result<Caller, ClientError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let (answer, takes) = (self.answer.lock().unwrap().clone(), *self.takes.lock().unwrap());
        tokio::time::sleep(takes).await;
        let is_stuck = *self.stuck.lock().unwrap() == token_of(by).map(|id| id.as_u128());
        match if is_stuck { Answer::Away } else { answer } {
            Answer::Is(role) => Ok(caller(role, None)),
            Answer::Refused => Err(ClientError::Rejected(Rejected::new("bad_token", "no"))),
            Answer::Failed => {
                let sentence = "not now".to_owned();
                Err(ClientError::Failed(Failed { sentence, retry_after_ms: 1 }))
            }
            Answer::Away => {
                let subject = "ael.qry".to_owned();
                Err(ClientError::Unavailable(RequestError::NoResponders { subject }))
            }
        }
    }

    async fn changes(
        &self,
        _: WorkspaceId,
        _: &Credential,
        _: Option<&str>,
    ) -> Result<Stretch, ClientError> {
        Ok(Stretch::default())
    }
}

struct Hall {
    house: Arc<Told>,
    callers: Arc<Callers>,
}

impl Hall {
    fn open() -> Self {
        let house = Arc::new(Told {
            answer: Mutex::new(Answer::Is(Role::Manager)),
            takes: Mutex::default(),
            stuck: Mutex::default(),
            asked: AtomicUsize::new(0),
        });
        Self { callers: Callers::new(house.clone(), 2), house }
    }

    fn say(&self, answer: Answer) {
        *self.house.answer.lock().unwrap() = answer;
    }

    fn takes(&self, time: Duration) {
        *self.house.takes.lock().unwrap() = time;
    }

    fn asked(&self) -> usize {
        self.house.asked.load(Ordering::Relaxed)
    }

    async fn admit(&self, token: u128) -> Result<Seat, NotSeated> {
        let workspace = change("lead", 1, 1).workspace;
        let token = format!("ael_{workspace}_{}_secret", Uuid::from_u128(token));
        self.callers.admit(workspace, Credential::Token { token }).await
    }

    /// Many who listen, each with a token of their own, watched over as in a process.
    async fn many(&self) -> Vec<Seat> {
        let mut seats = Vec::new();
        for token in 1..=1_000 {
            seats.push(self.admit(token).await.unwrap());
        }
        self.callers.watch(&CancellationToken::new());
        seats
    }
}

fn is_good(seat: &Seat) -> bool {
    matches!(seat.standing(), Standing::Is(_))
}

#[tokio::test(start_paused = true)]
async fn one_credential_has_so_many_sockets_and_a_closed_one_gives_its_place_free() {
    let hall = Hall::open();
    let first = hall.admit(5).await.unwrap();
    let _second = hall.admit(5).await.unwrap();
    assert!(matches!(hall.admit(5).await, Err(NotSeated::TooMany { limit: 2 })));
    hall.admit(6).await.unwrap();
    drop(first);
    hall.admit(5).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nobody_is_remembered_who_has_no_socket() {
    let hall = Hall::open();
    drop(hall.admit(5).await.unwrap());
    hall.say(Answer::Refused);
    assert!(matches!(hall.admit(5).await, Err(NotSeated::Asked(_))));
    assert_eq!(hall.callers.known().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_and_a_demotion_are_seen_within_a_second() {
    let hall = Hall::open();
    let mut seat = hall.admit(5).await.unwrap();
    let began = Instant::now();
    hall.say(Answer::Is(Role::Agent));
    hall.callers.noticed(&change("member", 1, 2));
    seat.changed().await;
    let Standing::Is(now) = seat.standing() else { panic!("gone") };
    assert_eq!(now.role, Role::Agent);
    // The answer that follows at once may be half a second old.
    let callers = hall.callers.clone();
    callers.noticed(&change("token", 5, 2));
    tokio::time::sleep(Duration::from_millis(300)).await;
    hall.say(Answer::Refused);
    seat.changed().await;
    assert_eq!(seat.standing(), Standing::Gone);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn whom_a_change_does_not_concern_is_not_looked_up() {
    let hall = Hall::open();
    let seat = hall.admit(5).await.unwrap();
    hall.say(Answer::Refused);
    hall.callers.noticed(&change("member", 2, 2));
    hall.callers.noticed(&change("token", 6, 1));
    hall.callers.noticed(&change("lead", 1, 2));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(matches!(seat.standing(), Standing::Is(_)));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_told_of_is_found_by_looking_now_and_then() {
    let hall = Hall::open();
    let seat = hall.admit(5).await.unwrap();
    hall.say(Answer::Refused);
    hall.callers.sweep().await;
    assert!(matches!(seat.standing(), Standing::Is(_)), "looked up a moment ago");
    tokio::time::sleep(RECHECK).await;
    hall.callers.sweep().await;
    assert_eq!(seat.standing(), Standing::Gone);
}

#[tokio::test(start_paused = true)]
async fn while_nobody_can_say_who_they_are_they_listen_on_but_not_for_long() {
    let hall = Hall::open();
    let seat = hall.admit(5).await.unwrap();
    hall.callers.watch(&CancellationToken::new());
    hall.say(Answer::Failed);
    tokio::time::sleep(RECHECK).await;
    assert!(is_good(&seat));
    tokio::time::sleep(LONGEST_DOUBT - RECHECK).await;
    assert_eq!(seat.standing(), Standing::Doubtful);
    hall.say(Answer::Is(Role::Manager));
    tokio::time::sleep(RETRY + SWEEP * 2).await;
    assert!(is_good(&seat), "who is found good again may listen again");
}

#[tokio::test(start_paused = true)]
async fn nobody_listens_on_for_longer_because_many_do_and_every_look_takes_its_time() {
    let hall = Hall::open();
    let seats = hall.many().await;
    hall.say(Answer::Away);
    hall.takes(Duration::from_secs(3));
    let asked = hall.asked();
    tokio::time::sleep(LONGEST_DOUBT - RECHECK).await;
    assert!(seats.iter().all(is_good), "a while they may");
    tokio::time::sleep(RECHECK).await;
    let doubtful = seats.iter().filter(|seat| seat.standing() == Standing::Doubtful).count();
    assert_eq!(doubtful, seats.len());
    let asked = hall.asked() - asked;
    let rounds = usize::try_from(LONGEST_DOUBT.as_secs() / 4).unwrap() + 1;
    assert!(asked <= rounds * AT_ONCE, "{asked} times it was asked in vain: who is away is spared");
}

#[tokio::test(start_paused = true)]
async fn a_house_that_answers_slowly_keeps_nobody_listening_whom_it_has_not_found_good() {
    let hall = Hall::open();
    let seats = hall.many().await;
    hall.takes(Duration::from_millis(2_900));
    for _ in 0..LONGEST_DOUBT.as_secs() * 3 {
        tokio::time::sleep(SWEEP).await;
        let now = Instant::now();
        for seat in &seats {
            let doubt = now - seat.known.moments().answered;
            assert!(doubt < LONGEST_DOUBT || !is_good(seat), "{doubt:?}");
        }
    }
    assert!(seats.iter().any(is_good), "those whom it has found good listen on");
}

#[tokio::test(start_paused = true)]
async fn one_whom_nobody_can_look_up_keeps_nobody_from_being_looked_up() {
    let hall = Hall::open();
    let seats = hall.many().await;
    *hall.house.stuck.lock().unwrap() = Some(1);
    tokio::time::sleep(LONGEST_DOUBT * 2).await;
    assert_eq!(seats[0].standing(), Standing::Doubtful);
    let others = &seats[1..];
    assert!(others.iter().all(is_good));
    let now = Instant::now();
    let oldest = others.iter().map(|seat| now - seat.known.moments().answered).max().unwrap();
    assert!(oldest < RECHECK + SWEEP * 3, "{oldest:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_revoked_while_nobody_is_there_to_ask_is_found_when_somebody_is() {
    let hall = Hall::open();
    let seat = hall.admit(5).await.unwrap();
    hall.callers.watch(&CancellationToken::new());
    hall.say(Answer::Away);
    hall.callers.noticed(&change("token", 5, 2));
    tokio::time::sleep(SWEEP * 2).await;
    assert!(is_good(&seat));
    hall.say(Answer::Refused);
    tokio::time::sleep(RETRY + SWEEP).await;
    assert_eq!(seat.standing(), Standing::Gone);
}

#[tokio::test(start_paused = true)]
async fn who_is_revoked_before_their_notices_are_heard_is_gone_within_a_second_of_that() {
    let hall = Hall::open();
    let mut seat = hall.admit(5).await.unwrap();
    hall.say(Answer::Refused);
    // Nobody heard the notice: the room opens only now.
    let opened = Instant::now();
    seat.is_heard(opened);
    let gone = tokio::time::timeout(Duration::from_secs(1), seat.changed()).await;
    assert!(gone.is_ok() && seat.standing() == Standing::Gone);
}

#[tokio::test(start_paused = true)]
async fn a_second_socket_in_the_same_room_costs_no_second_look_and_another_room_does() {
    let hall = Hall::open();
    let (first, second) = (hall.admit(5).await.unwrap(), hall.admit(5).await.unwrap());
    let opened = Instant::now();
    for (seat, since, looks) in
        [(&first, opened, 3), (&second, opened, 3), (&second, opened + Duration::from_secs(9), 4)]
    {
        seat.is_heard(since);
        tokio::time::sleep(SECOND_LOOK * 2).await;
        assert_eq!(hall.asked(), looks);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_gone_before_they_sit_down_is_told_so() {
    let hall = Hall::open();
    let _first = hall.admit(5).await.unwrap();
    hall.takes(Duration::from_secs(1));
    let second = async {
        let mut seat = hall.admit(5).await.unwrap();
        seat.changed().await;
        assert_eq!(seat.standing(), Standing::Gone);
    };
    let revoked = async {
        hall.takes(Duration::ZERO);
        hall.say(Answer::Refused);
        tokio::time::sleep(SECOND_LOOK / 2).await;
        hall.callers.noticed(&change("token", 5, 2));
    };
    let both = async { tokio::join!(second, revoked) };
    tokio::time::timeout(Duration::from_secs(5), both).await.expect("they hear of it");
}

#[tokio::test]
async fn a_change_that_concerns_nobodys_rights_waits_for_nobody() {
    let hall = Hall::open();
    let busy = hall.callers.known();
    let callers = hall.callers.clone();
    let (done, is_done) = std::sync::mpsc::channel();
    let notices = std::thread::spawn(move || {
        for topic in ["lead", "sale", "workspace", "invitation", "unheard_of"] {
            callers.noticed(&change(topic, 1, 2));
        }
        done.send(()).unwrap();
    });
    let waited = is_done.recv_timeout(Duration::from_secs(5));
    drop(busy);
    notices.join().unwrap();
    assert_eq!(waited, Ok(()), "it waited for those who come and go");
}
