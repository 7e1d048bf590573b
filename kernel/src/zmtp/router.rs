//! ROUTER: receives from everybody, and sends to one peer by its identity.
//!
//! Received messages begin with a frame that holds the sender's identity, sent ones with that of the receiver.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::connection::{Budget, Queue};
use super::handshake::SocketType;
use super::server::{Arrival, Peer, Server};
use super::{Fault, Limits};

/// A listening ROUTER socket.
pub struct Router {
    server: Server<Backlog>,
    peers: HashMap<Bytes, Peer<Backlog>>,
    identities: HashMap<u64, Bytes>,
    waiting_bytes: usize,
    waiting_in_all: usize,
    waiting: Arc<AtomicUsize>,
}

/// A frame costs more than its bytes: where it is, who else has it, and what the allocator needs.
const FRAME: usize = 96;
/// So does a message.
const MESSAGE: usize = 64;

/// What happens on a ROUTER socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A message, behind its sender's identity.
    Message(Vec<Bytes>),
    /// The peer with this identity has gone.
    Gone(Bytes),
}

/// Why a message did not go on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// The peer is not connected (any more).
    #[error("its client is not connected any more")]
    Gone,
    /// The peer does not read what it has asked for; it has been disconnected.
    #[error("its client does not read its replies, and has been disconnected")]
    NotReading,
}

/// What waits to be written to one peer, with the memory that it takes: the peer's own, and that of all.
#[derive(Debug)]
struct Backlog {
    messages: VecDeque<Vec<Bytes>>,
    bytes: usize,
    /// Of the message that is being written, which may be as slow as the peer likes.
    written: usize,
    in_all: Arc<AtomicUsize>,
    has_ended: bool,
}

impl Router {
    /// Listens.
    pub async fn bind(endpoint: &str, limits: Limits, budget: Budget) -> std::io::Result<Self> {
        let (waiting_bytes, waiting_in_all) = (limits.waiting_bytes, limits.waiting_in_all);
        let waiting = Arc::<AtomicUsize>::default();
        let in_all = waiting.clone();
        let make_queue = move || Backlog::new(in_all.clone());
        let server = Server::bind(endpoint, SocketType::Router, limits, budget, make_queue).await?;
        let (peers, identities) = (HashMap::new(), HashMap::new());
        Ok(Self { server, peers, identities, waiting_bytes, waiting_in_all, waiting })
    }

    /// The port that it listens on; 0 without TCP.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The memory that everything takes which waits for all peers, nearly.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The next message, behind its sender's identity. Nothing is lost if the wait for it is given up.
    pub async fn message(&mut self) -> Vec<Bytes> {
        loop {
            if let Received::Message(frames) = self.receive().await {
                return frames;
            }
        }
    }

    /// The next message or departure. Nothing is lost if the wait for it is given up.
    pub async fn receive(&mut self) -> Received {
        loop {
            match self.server.arrival().await {
                Arrival::Connected(peer) => self.admit(peer),
                Arrival::Gone(id) => {
                    if let Some(identity) = self.identities.remove(&id) {
                        self.peers.remove(&identity);
                        return Received::Gone(identity);
                    }
                }
                Arrival::Message(id, mut frames, _) => {
                    // A peer that was refused may have sent something already.
                    if let Some(identity) = self.identities.get(&id) {
                        frames.insert(0, identity.clone());
                        return Received::Message(frames);
                    }
                }
            }
        }
    }

    /// Sends at once, whether the peer reads or not. The first frame is the peer's identity.
    pub fn send(&mut self, mut frames: Vec<Bytes>) -> Result<(), Undelivered> {
        let identity = if frames.is_empty() { Bytes::new() } else { frames.remove(0) };
        let bytes = cost(&frames);
        self.make_room(bytes);
        let peer = self.peers.get(&identity).ok_or(Undelivered::Gone)?;
        let fits = peer.outbox.with(|backlog| {
            let fits =
                !backlog.has_ended && (backlog.bytes == 0 || backlog.bytes + bytes <= self.waiting_bytes);
            if fits {
                backlog.push(frames, bytes);
            }
            fits
        });
        if fits {
            return Ok(());
        }
        peer.outbox.with(Backlog::end);
        peer.outbox.end();
        let id = peer.id;
        self.peers.remove(&identity);
        self.identities.remove(&id);
        Err(Undelivered::NotReading)
    }

    /// Disconnects those that have read least, until there is room for so many bytes more.
    fn make_room(&self, bytes: usize) {
        while self.waiting.load(Ordering::Relaxed) + bytes > self.waiting_in_all {
            let waiting = |peer: &&Peer<Backlog>| peer.outbox.look(|backlog| backlog.bytes);
            let Some(greediest) = self.peers.values().max_by_key(waiting).filter(|it| waiting(it) > 0) else {
                return;
            };
            tracing::warn!("a client does not read its replies, and is disconnected to make room for others");
            greediest.outbox.with(Backlog::end);
            greediest.outbox.end();
        }
    }

    /// Stops listening, and returns when everything that was sent has been handed to the system and read by its peer,
    /// or the peer is gone. That may take for ever, so it should be given a limit.
    pub async fn close(self) {
        drop(self.peers);
        self.server.close().await;
    }

    fn admit(&mut self, peer: Peer<Backlog>) {
        let identity = match peer.identity.is_empty() {
            true => [&[0], (peer.id as u32).to_be_bytes().as_slice()].concat().into(),
            false => peer.identity.clone(),
        };
        // Whoever came first keeps its identity: replies must not go to somebody who took the name of their receiver.
        if self.peers.contains_key(&identity) {
            tracing::warn!("a client is disconnected: {}", Fault::Identity(super::beginning(&identity)));
            return peer.outbox.end();
        }
        self.identities.insert(peer.id, identity.clone());
        self.peers.insert(identity, peer);
    }
}

impl Backlog {
    fn new(in_all: Arc<AtomicUsize>) -> Self {
        Self { messages: VecDeque::new(), bytes: 0, written: 0, in_all, has_ended: false }
    }

    fn push(&mut self, frames: Vec<Bytes>, bytes: usize) {
        self.bytes += bytes;
        self.in_all.fetch_add(bytes, Ordering::Relaxed);
        self.messages.push_back(frames);
    }

    fn give_back(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.in_all.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The peer is being disconnected: nothing waits for it any more, and nothing will.
    fn end(&mut self) {
        self.messages = VecDeque::new();
        self.give_back(self.bytes);
        self.written = 0;
        self.has_ended = true;
    }
}

impl Queue for Backlog {
    fn pop(&mut self) -> Option<Vec<Bytes>> {
        // The one before has been written.
        let written = std::mem::take(&mut self.written);
        self.give_back(written);
        let frames = self.messages.pop_front()?;
        self.written = cost(&frames);
        Some(frames)
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

/// The memory that a message takes while it waits, nearly.
fn cost(frames: &[Bytes]) -> usize {
    MESSAGE + frames.iter().map(|frame| frame.len() + FRAME).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> Vec<Bytes> {
        vec![vec![0; bytes].into()]
    }

    /// What waits is counted with its overhead until it has been written, which it has when the next one is asked for.
    #[test]
    fn what_waits_is_counted_until_it_is_written() {
        let in_all = Arc::<AtomicUsize>::default();
        let counted = || in_all.load(Ordering::Relaxed);
        let mut backlog = Backlog::new(in_all.clone());
        for _ in 0..3 {
            backlog.push(message(10), cost(&message(10)));
        }
        let one = 10 + FRAME + MESSAGE;
        assert_eq!((backlog.bytes, counted()), (3 * one, 3 * one));
        assert!(backlog.pop().is_some());
        assert_eq!(counted(), 3 * one, "it is being written");
        assert!(backlog.pop().is_some());
        assert_eq!(counted(), 2 * one);
        let mut other = Backlog::new(in_all.clone());
        other.push(message(1_000), cost(&message(1_000)));
        drop(backlog);
        assert_eq!(counted(), other.bytes, "what a peer leaves unread is given back");
        other.end();
        assert_eq!((counted(), other.bytes), (0, 0));
        assert!(other.pop().is_none());
    }
}
