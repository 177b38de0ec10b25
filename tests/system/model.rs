//! A stand-in for a language model's provider: it speaks OpenAI's protocol over real HTTP, does
//! what it is told, well or badly, and remembers all that was sent to it.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What it does with a request.
#[derive(Debug, Clone)]
pub enum Deed {
    /// Answers with these words of the model.
    Say(String),
    /// Answers with this status, and when to come again.
    Status(u16, Option<&'static str>),
    /// Answers with this body and a good status.
    Body(String),
    /// Does one after the other, and the last one ever after.
    Each(Vec<Deed>),
    /// Says nothing until it is told to do something else.
    Hang,
    /// Answers a byte at a time, for ever.
    Drip,
    /// Promises more than it sends.
    CutOff,
}

#[derive(Default)]
struct State {
    deed: Option<Deed>,
    sent: Vec<String>,
    askers: Vec<u16>,
    held: bool,
}

/// The stand-in.
#[derive(Clone)]
pub struct Provider {
    pub url: String,
    shared: Arc<(Mutex<State>, Condvar)>,
}

/// The words of a good answer.
pub fn score(score: f64, recommendation: &str, reason: &str) -> String {
    json!({ "ai_score": score, "ai_recommendation": recommendation, "ai_reason": reason })
        .to_string()
}

impl Provider {
    /// Starts one that does this.
    pub fn start(deed: Deed) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let state = State { deed: Some(deed), ..State::default() };
        let provider = Self { url, shared: Arc::new((Mutex::new(state), Condvar::new())) };
        let serving = provider.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let provider = serving.clone();
                // Whoever asked may have gone: that is theirs to know.
                std::thread::spawn(move || provider.serve(stream).ok());
            }
        });
        provider
    }

    /// From now on it does this.
    pub fn will(&self, deed: Deed) {
        self.shared.0.lock().unwrap().deed = Some(deed);
        self.shared.1.notify_all();
    }

    /// Holds all answers back until it is let go on.
    pub fn hold(&self, held: bool) {
        self.shared.0.lock().unwrap().held = held;
        self.shared.1.notify_all();
    }

    /// All that was sent to it, head and body.
    pub fn sent(&self) -> Vec<String> {
        self.shared.0.lock().unwrap().sent.clone()
    }

    /// From which ports it was asked, one for each time.
    pub fn askers(&self) -> Vec<u16> {
        self.shared.0.lock().unwrap().askers.clone()
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.sent().len()
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line == "\r\n" {
                break;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            head += &line;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let asker = stream.peer_addr()?.port();
        let mut state = self.shared.0.lock().unwrap();
        state.askers.push(asker);
        state.sent.push(head + "\r\n" + &String::from_utf8_lossy(&body));
        while state.held || matches!(state.deed, Some(Deed::Hang)) {
            state = self.shared.1.wait(state).unwrap();
        }
        let mut deed = state.deed.clone().unwrap();
        if let Deed::Each(deeds) = &mut deed {
            let next = deeds[0].clone();
            if deeds.len() > 1 {
                state.deed = Some(Deed::Each(deeds.split_off(1)));
            }
            deed = next;
        }
        drop(state);
        answer(stream, deed)
    }
}

fn answer(mut stream: TcpStream, deed: Deed) -> std::io::Result<()> {
    let json = "content-type: application/json\r\nconnection: close";
    match deed {
        Deed::Say(words) => {
            let body = completion(&words).to_string();
            let length = body.len();
            write!(stream, "HTTP/1.1 200 OK\r\n{json}\r\ncontent-length: {length}\r\n\r\n{body}")
        }
        Deed::Body(body) => {
            let length = body.len();
            write!(stream, "HTTP/1.1 200 OK\r\n{json}\r\ncontent-length: {length}\r\n\r\n{body}")
        }
        Deed::Status(status, again) => {
            let again = again.map_or(String::new(), |after| format!("retry-after: {after}\r\n"));
            let body = r#"{"error":{"message":"no","type":"x","param":null,"code":null}}"#;
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} No\r\n{json}\r\n{again}content-length: {length}\r\n\r\n{body}"
            )
        }
        Deed::Hang | Deed::Each(_) => Ok(()),
        Deed::Drip => {
            write!(stream, "HTTP/1.1 200 OK\r\n{json}\r\ncontent-length: 1000000\r\n\r\n")?;
            loop {
                stream.write_all(b" ")?;
                stream.flush()?;
                std::thread::park_timeout(Duration::from_millis(50));
            }
        }
        Deed::CutOff => {
            write!(stream, "HTTP/1.1 200 OK\r\n{json}\r\ncontent-length: 500\r\n\r\n{{\"choices\"")
        }
    }
}

/// An answer that wants to use a tool first.
pub fn tool_call(name: &str, arguments: &Value) -> Deed {
    let call = json!({ "id": "call_1", "type": "function",
        "function": { "name": name, "arguments": arguments.to_string() } });
    let message = json!({ "role": "assistant", "content": null, "tool_calls": [call] });
    let body = json!({
        "choices": [{ "index": 0, "finish_reason": "tool_calls", "message": message }],
        "usage": { "prompt_tokens": 400, "completion_tokens": 50, "total_tokens": 450 },
    });
    Deed::Body(body.to_string())
}

fn completion(words: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "stand-in",
        "choices": [{ "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": words } }],
        "usage": { "prompt_tokens": 400, "completion_tokens": 50, "total_tokens": 450 },
    })
}
