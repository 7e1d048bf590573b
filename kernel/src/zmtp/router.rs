//! ROUTER: receives from everybody, and sends to one peer by its identity.
//!
//! Received messages begin with a frame that holds the sender's identity, sent ones with that of the receiver.

use std::collections::{HashMap, VecDeque};

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
}

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

/// What waits to be written to one peer.
#[derive(Debug, Default)]
struct Backlog {
    messages: VecDeque<Vec<Bytes>>,
    bytes: usize,
}

impl Router {
    /// Listens.
    pub async fn bind(endpoint: &str, limits: Limits, budget: Budget) -> std::io::Result<Self> {
        let waiting_bytes = limits.waiting_bytes;
        let server = Server::bind(endpoint, SocketType::Router, limits, budget, Backlog::default).await?;
        Ok(Self { server, peers: HashMap::new(), identities: HashMap::new(), waiting_bytes })
    }

    /// The port that it listens on; 0 without TCP.
    pub fn port(&self) -> u16 {
        self.server.port()
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
        let peer = self.peers.get(&identity).ok_or(Undelivered::Gone)?;
        let bytes: usize = frames.iter().map(Bytes::len).sum();
        let fits = peer.outbox.with(|backlog| {
            let fits = backlog.messages.is_empty() || backlog.bytes + bytes <= self.waiting_bytes;
            if fits {
                backlog.bytes += bytes;
                backlog.messages.push_back(frames);
            }
            fits
        });
        if fits {
            return Ok(());
        }
        peer.outbox.end();
        let id = peer.id;
        self.peers.remove(&identity);
        self.identities.remove(&id);
        Err(Undelivered::NotReading)
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

impl Queue for Backlog {
    fn pop(&mut self) -> Option<Vec<Bytes>> {
        let frames = self.messages.pop_front()?;
        self.bytes -= frames.iter().map(Bytes::len).sum::<usize>();
        Some(frames)
    }
}
