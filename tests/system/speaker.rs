//! A user of the bus that keeps none of the house's rules, only the server's: it speaks the
//! protocol itself, so that nothing which it says is looked at before it is sent.

use crate::house::{House, PATIENCE};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A connection as one of the bus's users.
pub struct Speaker {
    server: BufReader<TcpStream>,
    inbox: String,
    asked: u64,
}

impl Speaker {
    /// Connects.
    pub async fn of(house: &House, user: &str) -> Self {
        let found = house.running().bus_config(user).unwrap();
        let address = found.url.strip_prefix("nats://").unwrap();
        let mut server = BufReader::new(TcpStream::connect(address).await.unwrap());
        let mut info = String::new();
        server.read_line(&mut info).await.unwrap();
        let inbox = format!("_INBOX_{user}.speaker");
        let options = serde_json::json!({
            "user": user, "pass": found.password.expose_secret(), "verbose": false,
            "pedantic": false, "headers": true, "no_responders": true
        });
        let mut speaker = Self { server, inbox, asked: 0 };
        speaker.send(format!("CONNECT {options}\r\nSUB {}.* 1\r\n", speaker.inbox)).await;
        speaker.settle().await;
        speaker
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.server.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Says something where nobody has to answer.
    pub async fn say(&mut self, subject: &str, payload: &[u8]) {
        self.publish(subject, "", payload).await;
    }

    async fn publish(&mut self, subject: &str, reply: &str, payload: &[u8]) {
        self.send(format!("PUB {subject} {reply} {}\r\n", payload.len())).await;
        self.send(payload).await;
        self.send("\r\n").await;
    }

    /// Waits until the server has taken everything that was said. A refusal of the server's breaks
    /// the test.
    pub async fn settle(&mut self) {
        self.send("PING\r\n").await;
        while self.hear().await != Heard::Pong {}
    }

    /// Asks, and gives the answer; none if nobody serves the subject.
    pub async fn ask(&mut self, subject: &str, payload: &[u8]) -> Option<Vec<u8>> {
        self.asked += 1;
        let reply = format!("{}.{}", self.inbox, self.asked);
        self.publish(subject, &reply, payload).await;
        loop {
            match self.hear().await {
                Heard::Message { subject, payload } if subject == reply => return payload,
                Heard::Message { .. } | Heard::Pong | Heard::Else => {}
            }
        }
    }

    /// The next that the server says.
    async fn hear(&mut self) -> Heard {
        let mut line = String::new();
        let read = timeout(PATIENCE, self.server.read_line(&mut line)).await;
        assert!(read.unwrap_or_else(|_| panic!("no answer to {}", self.asked)).unwrap() > 0);
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["MSG", subject, .., bytes] => {
                let payload = Some(self.payload(bytes).await);
                Heard::Message { subject: subject.to_owned(), payload }
            }
            ["HMSG", subject, .., header, bytes] => {
                let mut payload = self.payload(bytes).await;
                let header: Vec<u8> = payload.drain(..header.parse::<usize>().unwrap()).collect();
                let nobody = String::from_utf8_lossy(&header).contains(" 503");
                Heard::Message {
                    subject: subject.to_owned(),
                    payload: (!nobody).then_some(payload),
                }
            }
            ["PING"] => {
                self.send("PONG\r\n").await;
                Heard::Else
            }
            ["PONG"] => Heard::Pong,
            ["-ERR", ..] => panic!("the server refuses: {line}"),
            _ => Heard::Else,
        }
    }

    async fn payload(&mut self, bytes: &str) -> Vec<u8> {
        let mut payload = vec![0; bytes.parse::<usize>().unwrap() + 2];
        self.server.read_exact(&mut payload).await.unwrap();
        payload.truncate(payload.len() - 2);
        payload
    }
}

/// What the server says.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Message { subject: String, payload: Option<Vec<u8>> },
    Pong,
    Else,
}
