//! The service as it runs: over a real bus, in two copies, one of which goes in the middle of it.

use crate::house::House;
use ael_bus::{Bus, BusConfig};
use ael_client::{Client, ClientError};
use ael_events::command::Credential;
use ael_events::query::{MemberView, Query, QueryRequest};
use ael_events::subjects::Edge;
use ael_queries::QueriesConfig;
use ael_service::Env;
use secrecy::SecretString;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A nats-server that lives as long as its test.
struct Nats {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl Nats {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let text = format!(
            "listen: \"127.0.0.1:-1\"\nports_file_dir: \"{path}\"\nauthorization {{ users: [\
             {{ user: queries, password: secret }}, {{ user: cli, password: secret }}] }}\n"
        );
        let config = folder.path().join("nats.conf");
        std::fs::write(&config, text).unwrap();
        let program = std::env::var_os("AEL_TEST_NATS_SERVER").unwrap_or("nats-server".into());
        let mut command = Command::new(program);
        command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let ports = folder.path().join(format!("nats-server_{}.ports", process.id()));
        let deadline = Instant::now() + Duration::from_secs(10);
        let url = loop {
            assert!(Instant::now() < deadline, "nats-server never said where it listens");
            let text = std::fs::read_to_string(&ports).unwrap_or_default();
            let ports: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            if let Some(url) = ports["nats"][0].as_str() {
                break url.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        Self { process, url, _folder: folder }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[tokio::test]
async fn every_question_is_answered_while_one_of_two_copies_goes() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let nats = Nats::start().await;
    let database = house.url();
    let env = Env::of([
        ("DATABASE_URL", database.as_str()),
        ("NATS_URL", &nats.url),
        ("NATS_USER", "queries"),
        ("NATS_PASSWORD", "secret"),
    ]);
    let copies = [CancellationToken::new(), CancellationToken::new()];
    let running = copies.clone().map(|stop| {
        let config = QueriesConfig::read(&env).unwrap();
        tokio::spawn(ael_queries::run(config, stop))
    });
    let bus = BusConfig::new(nats.url.clone(), "cli", SecretString::from("secret"));
    let client = Client::new(Bus::connect(&bus).await.unwrap(), Edge::Cli);
    let ask = async |query| {
        let credential = Credential::Operator { as_member: Some(tenant.of("alice")) };
        let request = QueryRequest { credential, after: None, query };
        client.query::<MemberView>(tenant.id, &request).await
    };
    assert_eq!(ask(Query::Me {}).await.unwrap().id, tenant.of("alice"));
    let refusal = ask(Query::ListDead {}).await.unwrap_err();
    assert!(matches!(refusal, ClientError::Rejected(refusal) if refusal.code == "forbidden"));
    let questions = (0..300).map(|nth| {
        let (ask, copies) = (&ask, &copies);
        async move {
            if nth == 100 {
                copies[0].cancel();
            }
            ask(Query::Me {}).await
        }
    });
    let answers = futures::future::join_all(questions).await;
    assert!(answers.iter().all(Result::is_ok), "{:?}", answers.iter().find(|one| one.is_err()));
    copies[1].cancel();
    for copy in running {
        copy.await.unwrap().unwrap();
    }
    house.close().await;
}
