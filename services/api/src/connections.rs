//! The connections on which requests arrive: so many at once, none that is only begun, and none
//! that is refused without a word.

use crate::guard::instead_of;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// How long something may have been received without anything having been answered: longer than a
/// body may take to arrive and a request to be answered.
const SILENCE: Duration = Duration::from_secs(45);

/// Accepts connections while there is room for them; more wait to be accepted.
#[derive(Debug)]
pub(crate) struct Connections<A> {
    inner: A,
    room: Arc<Semaphore>,
    silence: Duration,
}

impl<A> Connections<A> {
    pub(crate) fn new(inner: A, most: usize) -> Self {
        Self { inner, room: Arc::new(Semaphore::new(most)), silence: SILENCE }
    }
}

impl<A: Acceptor> Acceptor for Connections<A> {
    type Io = Connection<A::Io>;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.inner.local_addr()
    }

    async fn accept(
        &mut self,
    ) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, poem::http::uri::Scheme)> {
        let place = Arc::clone(&self.room).acquire_owned().await.map_err(io::Error::other)?;
        let (io, local, remote, scheme) = self.inner.accept().await?;
        Ok((Connection::new(io, self.silence, Some(place)), local, remote, scheme))
    }
}

/// A connection that is closed when it was sent something and nothing came of it: headers that
/// never end keep nothing open.
#[derive(Debug)]
pub(crate) struct Connection<Io> {
    io: Io,
    silence: Duration,
    /// Until when something has to be answered; nothing, when nothing was received since.
    due: Option<Pin<Box<Sleep>>>,
    /// What is still to be written of an answer that went out instead of another.
    owed: Vec<u8>,
    _place: Option<OwnedSemaphorePermit>,
}

impl<Io> Connection<Io> {
    const fn new(io: Io, silence: Duration, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { io, silence, due: None, owed: Vec::new(), _place: place }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Connection<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(due) = &mut self.due
            && (due.deadline() <= Instant::now() || due.as_mut().poll(cx).is_ready())
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        if buffer.filled().len() > before && self.due.is_none() {
            let silence = self.silence;
            self.due = Some(Box::pin(sleep(silence)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncWrite + Unpin> Connection<Io> {
    fn poll_owed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.owed.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, &self.owed))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => drop(self.owed.drain(..written)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Has a problem go out instead of a bare refusal; whether it was one.
    fn is_exchanged(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> io::Result<bool> {
        let Some(answer) = instead_of(bytes) else { return Ok(false) };
        self.owed = answer;
        match self.poll_owed(cx) {
            Poll::Ready(Err(error)) => Err(error),
            // What does not go out now does with the flush that follows.
            Poll::Ready(Ok(())) | Poll::Pending => Ok(true),
        }
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Connection<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.due = None;
        ready!(self.poll_owed(cx))?;
        if self.is_exchanged(cx, bytes)? {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_owed(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_owed(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.due = None;
        ready!(self.poll_owed(cx))?;
        if let [only] = pieces
            && self.is_exchanged(cx, only)?
        {
            return Poll::Ready(Ok(only.len()));
        }
        Pin::new(&mut self.io).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    const SHORT: Duration = Duration::from_secs(45);

    #[tokio::test(start_paused = true)]
    async fn a_request_that_never_ends_is_given_up_however_slowly_it_goes_on() {
        let (mut client, server) = duplex(1_000);
        let mut server = Connection::new(server, SHORT, None);
        let trickling = tokio::spawn(async move {
            while client.write_all(b"X-A: b\r\n").await.is_ok() {
                sleep(Duration::from_secs(3)).await;
            }
        });
        let began = Instant::now();
        let mut all = Vec::new();
        let error = server.read_to_end(&mut all).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() <= SHORT + Duration::from_secs(3) && !all.is_empty());
        drop(server);
        trickling.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_answered_may_be_silent_as_long_as_they_like() {
        let (mut client, server) = duplex(1_000);
        let mut server = Connection::new(server, SHORT, None);
        client.write_all(b"ask").await.unwrap();
        let mut asked = [0; 3];
        server.read_exact(&mut asked).await.unwrap();
        server.write_all(b"answer").await.unwrap();
        let late = tokio::spawn(async move {
            sleep(Duration::from_secs(600)).await;
            client.write_all(b"ask").await.unwrap();
            client
        });
        server.read_exact(&mut asked).await.unwrap();
        drop(late.await.unwrap());
    }

    #[tokio::test]
    async fn a_bare_refusal_goes_out_as_a_problem_and_is_whole_however_narrow_the_way() {
        let (mut client, server) = duplex(16);
        let mut server = Connection::new(server, SHORT, None);
        let refusing = tokio::spawn(async move {
            let bare = b"HTTP/1.1 431 Too Large\r\ncontent-length: 0\r\n\r\n";
            server.write_all(bare).await.unwrap();
            server.shutdown().await.unwrap();
        });
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        refusing.await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{answer}");
        assert!(body.contains("headers_too_large") && body.ends_with('}'), "{answer}");
    }
}
