//! Updates that Telegram sends to us: from nobody but who knows the secret, and confirmed once the
//! bus has them.

use super::intake::{Intake, WANTED, until_done};
use super::telegram::Telegram;
use poem::http::StatusCode;
use poem::listener::{Listener as _, TcpAcceptor, TcpListener};
use poem::{Endpoint, Request, Response, Server};
use secrecy::{ExposeSecret as _, SecretString};
use std::net::SocketAddr;
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use teloxide::payloads::{SetWebhook, SetWebhookSetters as _};
use tokio_util::sync::CancellationToken;

const HEADER: &str = "x-telegram-bot-api-secret-token";
/// The largest body that is read.
const LARGEST: usize = 1024 * 1024;
/// How long a body may take, and everything that is under way at the end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A place that listens already.
pub(crate) async fn listen(address: SocketAddr) -> std::io::Result<TcpAcceptor> {
    TcpListener::bind(address).into_acceptor().await
}

/// Takes what Telegram sends, until told to stop; finishes what is under way.
pub(crate) async fn serve(
    acceptor: TcpAcceptor,
    intake: Intake,
    secret: SecretString,
    stop: CancellationToken,
) {
    let endpoint = Hook { intake, secret };
    let server = Server::new_with_acceptor(acceptor);
    let stopped = stop.clone().cancelled_owned();
    if let Err(error) = server.run_with_graceful_shutdown(endpoint, stopped, Some(PATIENCE)).await {
        tracing::error!(%error, "updates cannot be listened for any more");
    }
}

/// Tells Telegram where to send updates to.
pub(crate) async fn announce(
    telegram: &Telegram,
    url: &str,
    secret: &SecretString,
    stop: &CancellationToken,
) {
    let Ok(url) = url.parse() else {
        tracing::error!("TELEGRAM_WEBHOOK_URL is no address: Telegram is not told of it");
        return;
    };
    let hook = SetWebhook::new(url)
        .allowed_updates(WANTED)
        .secret_token(secret.expose_secret())
        .max_connections(40);
    if until_done("the webhook cannot be set", stop, || telegram.call(&hook)).await {
        tracing::info!("Telegram sends updates to TELEGRAM_WEBHOOK_URL");
    }
}

struct Hook {
    intake: Intake,
    secret: SecretString,
}

impl Endpoint for Hook {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let said = |status: StatusCode| Ok(Response::builder().status(status).finish());
        let brought = request.headers().get(HEADER).map(|value| value.as_bytes());
        let ours = self.secret.expose_secret().as_bytes();
        // Who knows it not is told nothing of what else is wrong.
        if !brought.is_some_and(|brought| brought.ct_eq(ours).into()) {
            metrics::counter!("ael_bot_webhook_refused_total").increment(1);
            return said(StatusCode::UNAUTHORIZED);
        }
        if request.method() != poem::http::Method::POST {
            return said(StatusCode::METHOD_NOT_ALLOWED);
        }
        let body = request.take_body().into_bytes_limit(LARGEST);
        let body = match tokio::time::timeout(PATIENCE, body).await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return said(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return said(StatusCode::REQUEST_TIMEOUT),
        };
        // What is no text is nothing that we know, and Telegram need not send it again.
        let text = String::from_utf8_lossy(&body);
        match self.intake.keep([&*text]).await {
            Ok(()) => said(StatusCode::OK),
            Err(trouble) => {
                tracing::warn!(%trouble, "an update waits at Telegram");
                said(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::telegram::Person;
    use super::super::testing::{World, until};
    use super::*;
    use serde_json::json;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    /// Sends a body as Telegram does, and gives the status of the answer; none when nobody listens.
    fn post(address: SocketAddr, secret: Option<&str>, body: &str) -> Option<u16> {
        let mut stream = TcpStream::connect(address).ok()?;
        let secret = secret.map_or(String::new(), |one| format!("{HEADER}: {one}\r\n"));
        let length = body.len();
        let head = format!(
            "POST /tg HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{secret}\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        // Who is refused need not be listened to until the end.
        stream.write_all(head.as_bytes()).ok()?;
        let written = stream.write_all(body.as_bytes());
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        assert!(!answer.is_empty(), "no answer: {written:?} {read:?}");
        answer.split(' ').nth(1)?.parse().ok()
    }

    fn written(world: &World, number: u32, text: &str) -> String {
        let message = world.telegram.message(&Person::new(7, "Ada"), json!({ "text": text }));
        json!({ "update_id": number, "message": message }).to_string()
    }

    #[test]
    fn an_update_is_taken_from_nobody_but_who_knows_the_secret() {
        let (world, address) = World::with_webhook("s3cret-_");
        let _copy = world.copy();
        let hook = until("the webhook is set", || world.telegram.webhook());
        assert_eq!(hook["secret_token"], "s3cret-_");
        assert_eq!(hook["url"], "https://crm.example.com/tg");
        let forged = written(&world, 1, "forged");
        for secret in [None, Some(""), Some("s3cret-"), Some("s3cret-_x"), Some("S3cret-_")] {
            assert_eq!(post(address, secret, &forged), Some(401), "{secret:?}");
        }
        assert_eq!(post(address, Some("s3cret-_"), &written(&world, 2, "hello")), Some(200));
        assert_eq!(world.telegram.next(7).text, "1: hello");
        assert_eq!(post(address, Some("s3cret-_"), &written(&world, 2, "hello")), Some(200));
        let large = format!("{{\"x\":\"{}\"}}", "x".repeat(LARGEST));
        assert_eq!(post(address, Some("s3cret-_"), &large), Some(413));
        for nonsense in ["", "{", "[]", r#"{"update_id":3,"unheard_of":{}}"#, "\u{0}"] {
            assert_eq!(post(address, Some("s3cret-_"), nonsense), Some(200), "{nonsense}");
        }
        assert_eq!(post(address, Some("s3cret-_"), &written(&world, 4, "bye")), Some(200));
        assert_eq!(world.telegram.next(7).text, "2: bye");
        assert_eq!(world.answered(), ["hello", "bye"]);
        assert!(world.telegram.calls("getUpdates").is_empty());
    }

    #[test]
    fn an_update_is_confirmed_once_the_bus_has_it_and_else_telegram_keeps_it() {
        let (mut world, address) = World::with_webhook("secret");
        let _copy = world.copy();
        until("the webhook is set", || world.telegram.webhook());
        world.server.kill();
        assert_eq!(post(address, Some("secret"), &written(&world, 1, "hello")), Some(503));
        world.server.revive();
        let again = written(&world, 1, "hello");
        until("it is taken", || (post(address, Some("secret"), &again) == Some(200)).then_some(()));
        assert_eq!(world.telegram.next(7).text, "1: hello");
        assert_eq!(world.answered(), ["hello"]);
    }
}
