//! Connections that stay open, and as little of HTTP as a request and an answer need: what asks
//! must not be what is measured.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Stands in a request between its head and its body.
const BODY: char = '\u{1f}';

/// Open connections to a server, each used by one at a time.
#[derive(Debug, Clone)]
pub(super) struct Hands {
    address: SocketAddr,
    caller: Arc<str>,
    free: Arc<Mutex<Vec<TcpStream>>>,
}

impl Hands {
    /// Asks this server with these header lines; keeps at most so many connections.
    pub(super) fn new(address: SocketAddr, caller: String, at_once: usize) -> Self {
        let free = Arc::new(Mutex::new(Vec::with_capacity(at_once)));
        Self { address, caller: format!("host: bench\r\n{caller}").into(), free }
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request and takes the whole answer, which has to be a good one.
    pub(super) async fn ask(&self, request: &str) -> anyhow::Result<()> {
        let kept = self.free().pop();
        let mut stream = match kept {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        let (head, body) = request.split_once(BODY).unwrap_or((request, ""));
        let whole = format!("{head}{}\r\n{body}", self.caller);
        stream.write_all(whole.as_bytes()).await?;
        answer(&mut stream).await?;
        self.free().push(stream);
        Ok(())
    }
}

async fn answer(stream: &mut TcpStream) -> anyhow::Result<()> {
    let mut taken = Vec::with_capacity(4096);
    let end = loop {
        anyhow::ensure!(stream.read_buf(&mut taken).await? > 0, "the connection was closed");
        if let Some(at) = taken.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&taken[..end]).into_owned();
    anyhow::ensure!(head.starts_with("HTTP/1.1 2"), "refused: {head}");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = length.ok_or_else(|| anyhow::anyhow!("an answer without a length: {head}"))?;
    let mut missing = (end + length).saturating_sub(taken.len());
    let mut rest = vec![0; missing.min(64 * 1024)];
    while missing > 0 {
        let most = missing.min(rest.len());
        let read = stream.read(&mut rest[..most]).await?;
        anyhow::ensure!(read > 0, "the answer broke off");
        missing -= read;
    }
    Ok(())
}
