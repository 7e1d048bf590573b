//! Listening: accepts connections, runs each in a task of its own, and reports what happens on them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, Receiver, Sender, WeakSender};
use tokio::task::JoinHandle;

use super::connection::{Budget, Held, Outbox, Queue, ReadHalf, WriteHalf, ended, shake_hands, write_out};
use super::handshake::SocketType;
use super::{Fault, Limits};

/// How many messages of all peers may wait to be looked at before reading stops.
const INBOX: usize = 64;
/// How long accepting rests when the system has no room for one more connection.
const REST: Duration = Duration::from_millis(50);

/// What happens on a server's connections.
pub enum Arrival<Q> {
    /// A peer has introduced itself.
    Connected(Peer<Q>),
    /// A peer has sent a message.
    Message(u64, Vec<Bytes>, Held),
    /// A peer has gone.
    Gone(u64),
}

/// One connected peer.
pub struct Peer<Q> {
    /// Its number among all peers that ever were.
    pub id: u64,
    /// The routing identity that it asks for; empty if it does not care.
    pub identity: Bytes,
    /// What waits to be written to it.
    pub outbox: Arc<Outbox<Q>>,
}

impl<Q> Drop for Peer<Q> {
    /// Whoever forgets a peer has nothing more to say to it.
    fn drop(&mut self) {
        self.outbox.close();
    }
}

/// A listening socket and its connections.
pub struct Server<Q> {
    arrivals: Receiver<Arrival<Q>>,
    accepting: JoinHandle<()>,
    port: u16,
    /// Says nothing, and ends when the last connection has.
    alive: Receiver<()>,
}

enum Listener {
    Tcp(TcpListener),
    Ipc(UnixListener, PathBuf),
}

struct Shared<Q> {
    ours: SocketType,
    limits: Limits,
    budget: Budget,
    make_queue: Box<dyn Fn() -> Q + Send + Sync>,
    arrivals: Sender<Arrival<Q>>,
    last_id: AtomicU64,
}

impl<Q: Queue> Server<Q> {
    /// Listens at `tcp://host:port` or `ipc://path`, and gives every peer a queue of its own.
    pub async fn bind(
        endpoint: &str,
        ours: SocketType,
        limits: Limits,
        budget: Budget,
        make_queue: impl Fn() -> Q + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let listener = Listener::bind(endpoint).await?;
        let port = listener.port();
        let (sender, arrivals) = mpsc::channel(INBOX);
        let (token, alive) = mpsc::channel(1);
        let shared = Shared {
            ours,
            limits,
            budget,
            make_queue: Box::new(make_queue),
            arrivals: sender,
            last_id: AtomicU64::new(0),
        };
        let accepting = tokio::spawn(accept(listener, Arc::new(shared), token));
        Ok(Self { arrivals, accepting, port, alive })
    }

    /// The port that it listens on, also where the system chose it; 0 without TCP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next arrival. Nothing is lost if the wait for it is given up.
    pub async fn arrival(&mut self) -> Arrival<Q> {
        match self.arrivals.recv().await {
            Some(arrival) => arrival,
            // The accepting task holds a sender for ever; without it, there is nothing to wait for.
            None => std::future::pending().await,
        }
    }

    /// Ends listening, and waits until all connections have ended. They do so once their peers have been dropped,
    /// everything in their outboxes has been handed to the system, and the other end has gone.
    pub async fn close(self) {
        let Self { arrivals, accepting, mut alive, .. } = self;
        drop(arrivals);
        accepting.abort();
        while alive.recv().await.is_some() {}
    }
}

impl Listener {
    async fn bind(endpoint: &str) -> std::io::Result<Self> {
        match endpoint.split_once("://") {
            Some(("tcp", address)) => Ok(Self::Tcp(TcpListener::bind(address).await?)),
            Some(("ipc", path)) => {
                let path = PathBuf::from(path);
                remove_left_over(&path).await;
                Ok(Self::Ipc(UnixListener::bind(&path)?, path))
            }
            _ => {
                let what = format!("expected tcp://host:port or ipc://path, found {endpoint}");
                Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, what))
            }
        }
    }

    fn port(&self) -> u16 {
        match self {
            Self::Tcp(listener) => listener.local_addr().map_or(0, |address| address.port()),
            Self::Ipc(..) => 0,
        }
    }

    async fn accept(&self) -> std::io::Result<(ReadHalf, WriteHalf, String)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Replies are small and awaited: they must not wait for more to send along.
                TcpStream::set_nodelay(&stream, true)?;
                let (read, write) = stream.into_split();
                Ok((Box::new(read), Box::new(write), address.to_string()))
            }
            Self::Ipc(listener, path) => {
                let (read, write) = listener.accept().await?.0.into_split();
                Ok((Box::new(read), Box::new(write), path.display().to_string()))
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Ipc(_, path) = self {
            // It may have been removed along with its folder.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A kernel that was killed leaves its socket's file behind, which nobody answers and nobody else could bind to.
async fn remove_left_over(path: &Path) {
    let refused = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionRefused;
    if UnixStream::connect(path).await.is_err_and(|error| refused(&error)) {
        let _ = std::fs::remove_file(path);
    }
}

async fn accept<Q: Queue>(listener: Listener, shared: Arc<Shared<Q>>, token: Sender<()>) {
    let room = Arc::new(Semaphore::new(shared.limits.peers));
    loop {
        let (read, write, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let Ok(seat) = room.clone().try_acquire_owned() else {
            tracing::warn!("expected at most {} connections, refused one from {from}", shared.limits.peers);
            continue;
        };
        let (shared, token) = (shared.clone(), token.downgrade());
        tokio::spawn(async move {
            if let Err(fault) = converse(&shared, read, write, token).await {
                complain(&from, &fault);
            }
            drop(seat);
        });
    }
}

/// A peer that goes away is no fault worth a warning: whoever looks whether a port is open does just that.
fn complain(from: &str, fault: &Fault) {
    match fault {
        Fault::Broken(error) => tracing::debug!("a client at {from} is gone: {error}"),
        fault => tracing::warn!("a client at {from} is disconnected: {fault}"),
    }
}

async fn converse<Q: Queue>(
    shared: &Shared<Q>,
    read: ReadHalf,
    mut write: WriteHalf,
    token: WeakSender<()>,
) -> Result<(), Fault> {
    let shaken = shake_hands(shared.ours, read, &mut write, &shared.limits, &shared.budget).await;
    let (identity, mut incoming) = shaken?;
    // A closing server does not wait for peers that have not introduced themselves.
    let Some(_token) = token.upgrade() else { return Ok(()) };
    let id = shared.last_id.fetch_add(1, Ordering::Relaxed) + 1;
    let outbox = Arc::new(Outbox::new((shared.make_queue)()));
    let peer = Peer { id, identity, outbox: outbox.clone() };
    if shared.arrivals.send(Arrival::Connected(peer)).await.is_err() {
        return Ok(());
    }
    let read = async {
        while let Some((frames, held)) = incoming.message(&outbox).await? {
            if shared.arrivals.send(Arrival::Message(id, frames, held)).await.is_err() {
                // The server is closing, and what is in the outbox still has to leave.
                std::future::pending().await
            }
        }
        Ok(())
    };
    let (result, is_closed) = tokio::select! {
        result = read => (result, false),
        result = write_out(write, &outbox) => { let is_closed = result.is_ok(); (result, is_closed) },
        () = ended(&outbox) => (Ok(()), false),
    };
    // One that was told to end has nobody to wait for, even if it had just written its last message: its peer may go on for ever.
    if is_closed && !outbox.has_ended() {
        incoming.discard().await;
    }
    // Nobody listens any more when the server is closing.
    let _ = shared.arrivals.send(Arrival::Gone(id)).await;
    result
}
