//! One connection: the handshake, then reading and writing side by side until either end is gone.
//!
//! What is to be written waits in an [`Outbox`], so that nobody ever waits for a peer that does not read; how much may
//! wait there, and what happens beyond that, is the business of the [`Queue`] inside. What has been read waits in a
//! channel, and holds its share of the [`Budget`] until somebody takes it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::Notify;

use super::decoder::{Decoder, Item, encode_frame_head};
use super::handshake::{
    GREETING, SocketType, check_greeting, check_ready, greeting, ping_context, pong, ready,
};
use super::{Fault, Limits};

/// How much is read at once.
const CHUNK: usize = 16 * 1024;
/// How much is collected before it is written.
const WRITTEN_AT_ONCE: usize = 64 * 1024;

/// The two directions of a connection.
pub type ReadHalf = Box<dyn AsyncRead + Send + Unpin>;
/// The two directions of a connection.
pub type WriteHalf = Box<dyn AsyncWrite + Send + Unpin>;

/// Room for what has been received and not yet looked at, shared by all connections of a kernel.
#[derive(Clone, Debug)]
pub struct Budget {
    used: Arc<AtomicUsize>,
    limit: usize,
}

/// A share of a budget, given back when it is dropped.
#[derive(Debug)]
pub struct Held {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    /// Room for this many bytes.
    pub fn new(limit: usize) -> Self {
        Self { used: Arc::default(), limit }
    }

    /// How much of it is used.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn hold(&self, bytes: usize) -> Held {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        Held { budget: self.clone(), bytes }
    }
}

impl Held {
    /// Now this many bytes; refused where the budget does not allow more.
    fn resize(&mut self, bytes: usize) -> Result<(), Fault> {
        let grown = bytes.saturating_sub(self.bytes);
        let before = self.budget.used.fetch_add(grown, Ordering::Relaxed);
        self.budget.used.fetch_sub(self.bytes.saturating_sub(bytes), Ordering::Relaxed);
        self.bytes = bytes;
        let limit = self.budget.limit;
        if grown > 0 && before + grown > limit { Err(Fault::NoRoom { limit }) } else { Ok(()) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What waits to be written, in the order in which it is to be written.
pub trait Queue: Send + 'static {
    /// Takes the next message's frames.
    fn pop(&mut self) -> Option<Vec<Bytes>>;
}

/// What waits to be written to one peer; shared by whoever sends and the connection that writes.
pub struct Outbox<Q> {
    state: Mutex<State<Q>>,
    /// There is something to write, or an end to make.
    changed: Notify,
    /// The connection is to end at once.
    ended: Notify,
}

struct State<Q> {
    queue: Q,
    /// The answer to a ping, as it is sent.
    pong: Option<Vec<u8>>,
    is_closed: bool,
    /// The connection was told to end at once.
    has_ended: bool,
    /// The connection has written everything and waits for more.
    is_empty: bool,
    /// When the peer last took something, or when there was something to take after there had been nothing.
    last_progress: Instant,
}

enum Packet {
    Message(Vec<Bytes>),
    Command(Vec<u8>),
}

impl<Q: Queue> Outbox<Q> {
    /// An outbox around this queue.
    pub fn new(queue: Q) -> Self {
        let state = State {
            queue,
            pong: None,
            is_closed: false,
            has_ended: false,
            is_empty: true,
            last_progress: Instant::now(),
        };
        Self { state: Mutex::new(state), changed: Notify::new(), ended: Notify::new() }
    }

    /// Changes the queue, and wakes the connection to write what is in it.
    pub fn with<R>(&self, change: impl FnOnce(&mut Q) -> R) -> R {
        let mut state = self.lock();
        if state.is_empty {
            (state.is_empty, state.last_progress) = (false, Instant::now());
        }
        let result = change(&mut state.queue);
        self.changed.notify_one();
        result
    }

    /// Looks into the queue.
    pub fn look<R>(&self, look: impl FnOnce(&Q) -> R) -> R {
        look(&self.lock().queue)
    }

    /// For how long the peer has taken nothing of what waits for it.
    pub fn stalled_for(&self) -> Duration {
        let state = self.lock();
        if state.is_empty { Duration::ZERO } else { state.last_progress.elapsed() }
    }

    /// The next thing to write; `Ok(None)` for nothing yet, `Err(())` for nothing ever again.
    fn take(&self) -> Result<Option<Packet>, ()> {
        let mut state = self.lock();
        if let Some(pong) = state.pong.take() {
            return Ok(Some(Packet::Command(pong)));
        }
        match state.queue.pop() {
            Some(frames) => Ok(Some(Packet::Message(frames))),
            None if state.is_closed => Err(()),
            None => Ok(None),
        }
    }
}

impl<Q> Outbox<Q> {
    /// Nothing more will be put in: the connection writes what is there and ends.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// Ends the connection, whatever waits.
    pub fn end(&self) {
        self.lock().has_ended = true;
        self.ended.notify_one();
    }

    /// Whether the connection was told to end at once.
    pub fn has_ended(&self) -> bool {
        self.lock().has_ended
    }

    fn lock(&self) -> MutexGuard<'_, State<Q>> {
        // A queue is whole between any two of its statements, so one that was left by a panic can be used on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reading direction of a connection after its handshake.
pub struct Incoming {
    read: ReadHalf,
    decoder: Decoder,
    held: Held,
}

/// Introduces ourselves and waits for the peer to do so. Returns its routing identity, and the connection.
pub async fn shake_hands(
    ours: SocketType,
    mut read: ReadHalf,
    write: &mut WriteHalf,
    limits: &Limits,
    budget: &Budget,
) -> Result<(Bytes, Incoming), Fault> {
    let handshake = async {
        write.write_all(&greeting()).await?;
        let mut theirs = [0; GREETING];
        // A peer that speaks something else is told apart by its first byte; the rest might never come.
        read.read_exact(&mut theirs[..1]).await?;
        if theirs[0] != 0xff {
            return Err(Fault::Greeting(theirs[..1].to_vec()));
        }
        read.read_exact(&mut theirs[1..]).await?;
        check_greeting(&theirs)?;
        write.write_all(&ready(ours)).await?;
        let mut incoming = Incoming { read, decoder: Decoder::new(limits.clone()), held: budget.hold(0) };
        match incoming.item().await? {
            Some((Item::Command(body), _)) => Ok((check_ready(ours, &body)?, incoming)),
            Some((Item::Message(frames), _)) => Err(Fault::Command {
                expected: "READY before any message",
                found: super::beginning(&frames[0]),
            }),
            None => Err(Fault::Broken(std::io::ErrorKind::UnexpectedEof.into())),
        }
    };
    match tokio::time::timeout(limits.handshake, handshake).await {
        Ok(result) => result,
        Err(_) => Err(Fault::TooSlow(limits.handshake)),
    }
}

impl Incoming {
    /// The next message and its share of the budget; nothing when the peer has gone. Commands are dealt with here.
    pub async fn message<Q: Queue>(
        &mut self,
        outbox: &Outbox<Q>,
    ) -> Result<Option<(Vec<Bytes>, Held)>, Fault> {
        loop {
            match self.item().await? {
                Some((Item::Message(frames), held)) => return Ok(Some((frames, held))),
                Some((Item::Command(body), _)) => match ping_context(&body) {
                    Some(context) => {
                        outbox.lock().pong = Some(pong(&context));
                        outbox.changed.notify_one();
                    }
                    None => tracing::debug!("a command that is not needed: {:02x?}", super::beginning(&body)),
                },
                None => return Ok(None),
            }
        }
    }

    /// Reads and forgets until the peer has gone: a socket that is closed with something unread in it may take back
    /// what it has just sent (TCP answers with a reset).
    pub async fn discard(mut self) {
        let mut nothing = vec![0; CHUNK];
        while self.read.read(&mut nothing).await.is_ok_and(|read| read > 0) {}
    }

    async fn item(&mut self) -> Result<Option<(Item, Held)>, Fault> {
        loop {
            if let Some(item) = self.decoder.take()? {
                let all = self.held.bytes;
                self.held.resize(self.decoder.held())?;
                return Ok(Some((item, self.held.budget.hold(all - self.held.bytes))));
            }
            let buffer = self.decoder.buffer();
            buffer.reserve(CHUNK);
            if self.read.read_buf(buffer).await? == 0 {
                return Ok(None);
            }
            self.held.resize(self.decoder.held())?;
        }
    }
}

/// Writes what is in the outbox until it is closed and empty, and says so to the peer.
pub async fn write_out<Q: Queue>(write: WriteHalf, outbox: &Outbox<Q>) -> Result<(), Fault> {
    let mut write = BufWriter::with_capacity(WRITTEN_AT_ONCE, write);
    loop {
        match outbox.take() {
            Ok(Some(Packet::Command(bytes))) => write.write_all(&bytes).await?,
            Ok(Some(Packet::Message(frames))) => {
                for (place, frame) in frames.iter().enumerate() {
                    write.write_all(&encode_frame_head(frame.len(), place + 1 == frames.len())).await?;
                    write.write_all(frame).await?;
                }
            }
            Ok(None) => {
                write.flush().await?;
                outbox.lock().is_empty = true;
                outbox.changed.notified().await;
                continue;
            }
            Err(()) => return Ok(write.shutdown().await?),
        }
        outbox.lock().last_progress = Instant::now();
    }
}

/// Waits until somebody ends the connection.
pub async fn ended<Q>(outbox: &Outbox<Q>) {
    outbox.ended.notified().await;
}
