//! Ctrl-C, for commands that end well: the first asks for that, the second ends at once.

use super::terminal::warn;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What a shell takes for the end by SIGINT.
const STATUS: i32 = 130;

/// Listens from now on. What is given back becomes true with the first Ctrl-C, and `text` is said then.
pub(super) fn listen(text: &'static str) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        if !text.is_empty() {
            warn(text);
        }
        sender.send_replace(true);
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(STATUS);
        }
    });
    receiver
}

/// The same of a server, which is also asked to end by SIGTERM.
pub(super) fn listen_as_server(text: &'static str) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        asked_to_end().await;
        warn(text);
        sender.send_replace(true);
        asked_to_end().await;
        std::process::exit(STATUS);
    });
    receiver
}

async fn asked_to_end() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            () = interrupted => {}
            _ = terminated.recv() => {}
        },
        Err(_) => interrupted.await,
    }
}

/// Waits for the first Ctrl-C.
pub(super) async fn first(interrupted: &mut watch::Receiver<bool>) {
    if interrupted.wait_for(|is| *is).await.is_err() {
        // nobody listens any more
        std::future::pending::<()>().await;
    }
}
