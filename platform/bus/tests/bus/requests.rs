//! Questions and answers.

use crate::server::{Server, eventually, on_every_server};
use ael_bus::{
    Bus, BusError, Handler, LinkState, Request, RequestError, ServeOptions, Traceparent, Unhandled,
};
use ael_events::subjects::{COMMANDS, MAX_REQUEST_BYTES, QUERIES};
use bytes::Bytes;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::sync::CancellationToken;

const SUBJECT: &str = "ael.cmd.cli.w.lead";
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers with what it was asked; some words make it behave badly.
struct Parrot {
    gate: Semaphore,
    busy: AtomicUsize,
    busiest: AtomicUsize,
}

impl Parrot {
    fn new() -> Arc<Self> {
        let gate = Semaphore::new(0);
        Arc::new(Self { gate, busy: AtomicUsize::new(0), busiest: AtomicUsize::new(0) })
    }
}

impl Handler for Parrot {
    async fn handle(&self, request: Request) -> Bytes {
        let busy = self.busy.fetch_add(1, SeqCst) + 1;
        self.busiest.fetch_max(busy, SeqCst);
        let answer = match &request.payload[..] {
            b"panic" => panic!("a defect, on purpose"),
            b"huge" => Bytes::from(vec![b'x'; 2 << 20]),
            b"wait" => {
                self.gate.acquire().await.unwrap().forget();
                Bytes::from("waited")
            }
            b"trace" => Bytes::from(request.trace.trace_id()),
            b"subject" => Bytes::from(request.subject),
            _ => request.payload,
        };
        self.busy.fetch_sub(1, SeqCst);
        answer
    }

    fn unhandled(&self, subject: &str, why: Unhandled) -> Bytes {
        Bytes::from(match why {
            Unhandled::TooLarge { bytes, limit } => format!("rejected {subject}: {bytes}>{limit}"),
            Unhandled::Panicked => format!("failed {subject}"),
            Unhandled::AnswerTooLarge { .. } => "answer too large".to_owned(),
        })
    }
}

struct Service {
    bus: Bus,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

async fn serve(server: &Server, parrot: &Arc<Parrot>, concurrency: usize) -> Service {
    let bus = server.bus("commands").await;
    let stop = CancellationToken::new();
    let options = ServeOptions::new(COMMANDS).concurrency(concurrency);
    let task = bus.serve(options, parrot.clone(), stop.clone()).await.unwrap();
    Service { bus, stop, task }
}

async fn say(bus: &Bus, what: impl Into<Bytes>) -> String {
    let answer = bus.request(SUBJECT, what, PATIENCE).await.unwrap();
    String::from_utf8(answer.to_vec()).unwrap()
}

#[tokio::test]
async fn a_question_is_answered_in_the_story_it_belongs_to() {
    on_every_server(async |server| {
        let _service = serve(server, &Parrot::new(), 8).await;
        let cli = server.bus("cli").await;
        assert_eq!(say(&cli, "hello").await, "hello");
        assert_eq!(say(&cli, "subject").await, SUBJECT);
        let story = Traceparent::fresh();
        assert_eq!(story.scope(say(&cli, "trace")).await, story.trace_id());
        let numbers: Vec<u8> = cli.ask(SUBJECT, &[1, 2, 3], PATIENCE).await.unwrap();
        assert_eq!(numbers, [1, 2, 3]);
    })
    .await;
}

#[tokio::test]
async fn why_there_is_no_answer_is_told_apart() {
    on_every_server(async |server| {
        let cli = server.bus("cli").await;
        let short = Duration::from_millis(300);
        let nobody = cli.request(SUBJECT, "x", PATIENCE).await;
        assert!(matches!(nobody, Err(RequestError::NoResponders { .. })), "{nobody:?}");
        let parrot = Parrot::new();
        let _service = serve(server, &parrot, 8).await;
        let slow = cli.request(SUBJECT, "wait", short).await;
        assert!(matches!(slow, Err(RequestError::Timeout { .. })), "{slow:?}");
        let large = cli.request(SUBJECT, vec![0; MAX_REQUEST_BYTES + 1], PATIENCE).await;
        assert!(matches!(large, Err(RequestError::TooLarge { .. })), "{large:?}");
        let foreign = cli.request("ael.cmd.api.w.lead", "x", short).await;
        assert!(matches!(foreign, Err(RequestError::Refused { .. })), "{foreign:?}");
        let text: Result<u8, _> = cli.ask(SUBJECT, "text", PATIENCE).await;
        assert!(matches!(text, Err(RequestError::Unreadable { .. })), "{text:?}");
        let wrong = ael_bus::BusConfig { password: "wrong".into(), ..server.config("cli") };
        assert!(matches!(Bus::connect(&wrong).await, Err(BusError::Credentials { .. })));
    })
    .await;
}

#[tokio::test]
async fn what_is_too_large_is_rejected_unread() {
    on_every_server(async |server| {
        let _service = serve(server, &Parrot::new(), 8).await;
        let raw = server.raw("cli").await;
        let largest = Bytes::from(vec![b'a'; MAX_REQUEST_BYTES]);
        let answer = raw.request(SUBJECT, largest.clone()).await.unwrap();
        assert_eq!(answer.payload, largest);
        let more = Bytes::from(vec![b'a'; MAX_REQUEST_BYTES + 1]);
        let answer = raw.request(SUBJECT, more).await.unwrap();
        assert_eq!(answer.payload, format!("rejected {SUBJECT}: 262145>262144"));
        let answer = raw.request(SUBJECT, "huge".into()).await.unwrap();
        assert_eq!(answer.payload, "answer too large");
    })
    .await;
}

#[tokio::test]
async fn a_defect_costs_one_answer_and_not_the_service() {
    on_every_server(async |server| {
        let _service = serve(server, &Parrot::new(), 1).await;
        let cli = server.bus("cli").await;
        for _ in 0..3 {
            assert_eq!(say(&cli, "panic").await, format!("failed {SUBJECT}"));
            assert_eq!(say(&cli, "still here").await, "still here");
        }
    })
    .await;
}

#[tokio::test]
async fn no_more_questions_are_worked_on_at_once_than_allowed() {
    on_every_server(async |server| {
        let parrot = Parrot::new();
        let _service = serve(server, &parrot, 3).await;
        let cli = server.bus("cli").await;
        let questions = futures::future::join_all((0..20).map(|_| say(&cli, "wait")));
        let release = async {
            eventually("three are busy", async || parrot.busy.load(SeqCst) == 3).await;
            parrot.gate.add_permits(20);
        };
        let (answers, ()) = tokio::join!(questions, release);
        assert_eq!(answers.len(), 20);
        assert_eq!(parrot.busiest.load(SeqCst), 3);
    })
    .await;
}

#[tokio::test]
async fn a_service_that_stops_finishes_what_is_under_way() {
    on_every_server(async |server| {
        let parrot = Parrot::new();
        let service = serve(server, &parrot, 4).await;
        let cli = server.bus("cli").await;
        // Six questions, four of them under way, two waiting.
        let questions = futures::future::join_all((0..6).map(|_| say(&cli, "wait")));
        let stop = async {
            eventually("four are busy", async || parrot.busy.load(SeqCst) == 4).await;
            service.stop.cancel();
            parrot.gate.add_permits(6);
            service.task.await.unwrap();
            service.bus.drain().await.unwrap();
            assert_eq!(service.bus.link().state, LinkState::Closed);
        };
        let (answers, ()) = tokio::join!(questions, stop);
        assert_eq!(answers, ["waited"; 6]);
        let nobody = cli.request(SUBJECT, "x", PATIENCE).await;
        assert!(matches!(nobody, Err(RequestError::NoResponders { .. })), "{nobody:?}");
    })
    .await;
}

/// Copies come and go under load: every question is answered, none by a copy that had left.
#[tokio::test]
async fn copies_may_stop_at_any_time_without_losing_a_question() {
    on_every_server(async |server| {
        let parrot = Parrot::new();
        let _stays = serve(server, &parrot, 16).await;
        let cli = server.bus("cli").await;
        let load = CancellationToken::new();
        let asked = AtomicUsize::new(0);
        let ask = async || {
            while !load.is_cancelled() {
                let n = asked.fetch_add(1, SeqCst).to_string();
                assert_eq!(say(&cli, n.clone()).await, n);
            }
        };
        let askers = futures::future::join_all((0..16).map(|_| ask()));
        let coming_and_going = async {
            for _ in 0..5 {
                let before = asked.load(SeqCst);
                let service = serve(server, &parrot, 16).await;
                eventually("there is load", async || asked.load(SeqCst) > before + 500).await;
                service.stop.cancel();
                service.task.await.unwrap();
                service.bus.drain().await.unwrap();
            }
            load.cancel();
        };
        tokio::join!(askers, coming_and_going);
        assert!(asked.load(SeqCst) > 2_500);
    })
    .await;
}

#[tokio::test]
async fn whoever_waits_for_an_answer_hears_at_once_that_the_server_is_gone() {
    on_every_server(async |server| {
        let parrot = Parrot::new();
        let _service = serve(server, &parrot, 8).await;
        let cli = server.bus("cli").await;
        let very_long = 10 * PATIENCE;
        let question = cli.request(SUBJECT, "wait", very_long);
        let kill = async {
            eventually("it is being worked on", async || parrot.busy.load(SeqCst) == 1).await;
            server.kill();
        };
        let both = tokio::time::timeout(PATIENCE, async { tokio::join!(question, kill) });
        let (answer, ()) = both.await.expect("it waits although the server is gone");
        assert!(matches!(answer, Err(RequestError::Lost { .. })), "{answer:?}");
        let answer = cli.request(SUBJECT, "x", very_long).await;
        assert!(matches!(answer, Err(RequestError::Lost { .. })), "{answer:?}");
    })
    .await;
}

#[tokio::test]
async fn services_and_askers_come_back_after_the_server_does() {
    on_every_server(async |server| {
        let service = serve(server, &Parrot::new(), 8).await;
        let cli = server.bus("cli").await;
        assert_eq!(say(&cli, "before").await, "before");
        server.kill();
        eventually("the loss is seen", async || cli.link().state == LinkState::Down).await;
        server.revive();
        let back = |bus: &Bus| bus.link().connects == 2 && bus.link().state == LinkState::Up;
        eventually("both are back", async || back(&cli) && back(&service.bus)).await;
        eventually("the service listens again", async || {
            cli.request(SUBJECT, "after", PATIENCE).await.is_ok_and(|answer| answer == "after")
        })
        .await;
    })
    .await;
}

/// The server remembers each question until it is answered: thousands of answered ones must not
/// slow it down, and more questions may be open at once than it looks through (4,096).
#[tokio::test]
async fn many_questions_may_be_open_at_once() {
    on_every_server(async |server| {
        let parrot = Parrot::new();
        let _service = serve(server, &parrot, 6_000).await;
        let cli = server.bus("cli").await;
        let open = futures::future::join_all((0..5_000).map(|_| say(&cli, "wait")));
        let others = async {
            eventually("they are open", async || parrot.busy.load(SeqCst) == 5_000).await;
            for _ in 0..200 {
                say(&cli, "quick").await;
            }
            parrot.gate.add_permits(5_000);
        };
        let (answers, ()) = tokio::join!(open, others);
        assert_eq!(answers.len(), 5_000);
    })
    .await;
}

#[tokio::test]
async fn wake_ups_reach_whoever_listens() {
    on_every_server(async |server| {
        let relay = server.bus("relay").await;
        let commands = server.bus("commands").await;
        let mut wakes = relay.subscribe("ael.wake.relay").await.unwrap();
        relay.flush().await.unwrap();
        eventually("a wake-up arrives", async || {
            commands.publish("ael.wake.relay", "").await.unwrap();
            let next = tokio::time::timeout(Duration::from_millis(100), wakes.next()).await;
            next.is_ok_and(|message| message.unwrap().subject == "ael.wake.relay")
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_question_for_one_service_is_not_heard_by_another() {
    on_every_server(async |server| {
        let parrot = Parrot::new();
        let _commands = serve(server, &parrot, 8).await;
        let queries = server.bus("queries").await;
        let stop = CancellationToken::new();
        let options = ServeOptions::new(QUERIES);
        let _task = queries.serve(options, parrot, stop).await.unwrap();
        let cli = server.bus("cli").await;
        let asked = "ael.qry.cli.w.leads";
        let answer = cli.request(asked, "subject", PATIENCE).await.unwrap();
        assert_eq!(answer, asked);
        assert_eq!(say(&cli, "subject").await, SUBJECT);
    })
    .await;
}
