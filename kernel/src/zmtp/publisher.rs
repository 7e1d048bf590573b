//! XPUB: everybody who has subscribed to the beginning of a topic gets what is published under it.
//!
//! Subscribers subscribe with messages of one frame: 1 and the beginning of the topics, or 0 and the same to stop. How
//! much may wait for a subscriber, and what happens beyond that, is decided by the queue that it is given.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::Limits;
use super::connection::{Budget, Outbox, Queue};
use super::handshake::SocketType;
use super::server::{Arrival, Peer, Server};

/// The most subscriptions of one peer; a Jupyter client has one.
const SUBSCRIPTIONS: usize = 100;
/// The longest topic that a peer may subscribe to.
const LONGEST_TOPIC: usize = 1_000;

/// A listening XPUB socket, whose peers have queues of type `Q`.
pub struct Publisher<Q> {
    server: Server<Q>,
    subscribers: BTreeMap<u64, Subscriber<Q>>,
}

struct Subscriber<Q> {
    peer: Peer<Q>,
    topics: Vec<Bytes>,
}

impl<Q: Queue> Publisher<Q> {
    /// Listens, and makes a queue for every subscriber.
    pub async fn bind(
        endpoint: &str,
        limits: Limits,
        budget: Budget,
        make_queue: impl Fn() -> Q + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let server = Server::bind(endpoint, SocketType::Xpub, limits, budget, make_queue).await?;
        Ok(Self { server, subscribers: BTreeMap::new() })
    }

    /// The port that it listens on; 0 without TCP.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The topic of the next subscription, which has taken effect. Nothing is lost if the wait for it is given up.
    pub async fn subscription(&mut self) -> Bytes {
        loop {
            match self.server.arrival().await {
                Arrival::Connected(peer) => {
                    self.subscribers.insert(peer.id, Subscriber { peer, topics: Vec::new() });
                }
                Arrival::Gone(id) => drop(self.subscribers.remove(&id)),
                Arrival::Message(id, frames, _) => {
                    if let Some(topic) = self.subscribe(id, frames) {
                        return topic;
                    }
                }
            }
        }
    }

    /// The outboxes of all who have subscribed to this topic.
    pub fn subscribers(&self, topic: &[u8]) -> impl Iterator<Item = &Arc<Outbox<Q>>> {
        let hears = move |it: &&Subscriber<Q>| it.topics.iter().any(|beginning| topic.starts_with(beginning));
        self.subscribers.values().filter(hears).map(|it| &it.peer.outbox)
    }

    /// As [`super::Router::close`].
    pub async fn close(self) {
        drop(self.subscribers);
        self.server.close().await;
    }

    fn subscribe(&mut self, id: u64, frames: Vec<Bytes>) -> Option<Bytes> {
        let subscriber = self.subscribers.get_mut(&id)?;
        let command = match frames.as_slice() {
            [frame] => frame.first().map(|first| (*first, frame.slice(1..))),
            _ => None,
        };
        match command {
            Some((1, topic)) if topic.len() <= LONGEST_TOPIC && subscriber.topics.len() < SUBSCRIPTIONS => {
                subscriber.topics.push(topic.clone());
                return Some(topic);
            }
            Some((0, topic)) => {
                if let Some(place) = subscriber.topics.iter().position(|it| *it == topic) {
                    subscriber.topics.remove(place);
                }
            }
            // An upstream message, as XSUB sockets may send them, or more subscriptions than make sense.
            _ => tracing::warn!("expected a subscription on iopub, found {} frames; ignored", frames.len()),
        }
        None
    }
}
