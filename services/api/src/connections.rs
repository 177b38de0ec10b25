//! The connections on which requests arrive: so many at once, and none that is only begun.

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
    _place: Option<OwnedSemaphorePermit>,
}

impl<Io> Connection<Io> {
    const fn new(io: Io, silence: Duration, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { io, silence, due: None, _place: place }
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

impl<Io: AsyncWrite + Unpin> AsyncWrite for Connection<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.due = None;
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.due = None;
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
}
