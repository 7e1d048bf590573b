//! A FIFO link delivers what was sent over a network that loses, doubles and reorders: each message once, in the order of sending.
//!
//! - **Concept:** Reliable FIFO link
//! - **Guarantees:** no creation, no duplication (safety): what is delivered was sent, and is delivered once. FIFO (safety): in the order of
//!   sending. Reliable delivery (liveness): if neither end crashes and what is sent again and again arrives at some time, every message does.
//! - **Does not guarantee:** anything over a crash: numbers are in memory, and an end that begins again is not understood. Any order between
//!   the messages of different senders. A bound on what is kept: an end that is cut off is sent everything, later.
//! - **Assumes:** the network loses, doubles, delays and reorders as it likes, but forges nothing; its owner sends
//!   [`unacknowledged`](FifoLinks::unacknowledged) frames again from time to time.
//! - **Source:** Cachin, Guerraoui and Rodrigues, "Introduction to Reliable and Secure Distributed Programming", 2011, sections 2.4.3
//!   (stubborn links), 2.4.4 (perfect links) and 3.9.2 (FIFO order); cumulative acknowledgement: RFC 793, 1981, section 3.3
//! - **Differs:** one layer instead of three. Acknowledged frames are forgotten, where the book keeps all it ever sent. No window: whoever owns the
//!   link decides how much is under way.
//! - **Chapter:** 02
//!
//! ```text
//! sender    ─0:a──1:b──2:c────────────────── again: 0:a ──────────────▶ nothing is kept any more
//!             ╳     ╲    ╲      ▲ ack 0                ╲        ▲ ack 3
//! receiver  ─────────▼────▼─────┴───────────────────────▼───────┴──────▶
//!                   keeps 1 and 2, which are early      delivers a, b, c
//! ```
//!
//! ```
//! use netsplit_algorithms::links::{FifoLinks, Frame};
//! use netsplit_node::NodeId;
//!
//! let (ann, bob) = (NodeId(0), NodeId(1));
//! let (mut at_ann, mut at_bob) = (FifoLinks::default(), FifoLinks::default());
//! let lost = at_ann.send(bob, "a");
//! let early = at_ann.send(bob, "b");
//!
//! let arrival = at_bob.receive(ann, early);
//! assert!(arrival.delivered.is_empty());                       // "a" comes first, whatever it takes
//! assert_eq!(at_ann.unacknowledged().len(), 2);
//! assert_eq!(at_ann.unacknowledged()[0], (bob, lost.clone()));
//!
//! let arrival = at_bob.receive(ann, lost);
//! assert_eq!(arrival.delivered, ["a", "b"]);
//! at_ann.receive(bob, arrival.answer.expect("an acknowledgement"));
//! assert!(at_ann.unacknowledged().is_empty());
//! ```

use std::collections::BTreeMap;
use std::fmt;

use netsplit_node::NodeId;

/// What travels.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Frame<M> {
    /// A message with its number on this link, from 0.
    Data {
        /// The number.
        number: u64,
        /// The message.
        message: M,
    },
    /// To the sender: every number below this one has arrived.
    Ack {
        /// The number that is waited for.
        next: u64,
    },
}

impl<M: fmt::Debug> fmt::Debug for Frame<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Frame::Data { number, message } => write!(f, "{message:?} #{number}"),
            Frame::Ack { next } => write!(f, "ack {next}"),
        }
    }
}

/// What comes of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival<M> {
    /// The messages that are delivered now, in the order of their sending.
    pub delivered: Vec<M>,
    /// What is to be sent back.
    pub answer: Option<Frame<M>>,
}

/// One node's ends of its links to all others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FifoLinks<M> {
    ends: BTreeMap<NodeId, End<M>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct End<M> {
    /// The number of the next message to be sent.
    to_send: u64,
    /// What was sent and not acknowledged. Invariant: without gaps, up to `to_send`.
    unacknowledged: BTreeMap<u64, M>,
    /// The number of the next message to be delivered.
    to_deliver: u64,
    /// What came before its turn. Invariant: all numbers are above `to_deliver`.
    early: BTreeMap<u64, M>,
}

impl<M> Default for End<M> {
    fn default() -> End<M> {
        End { to_send: 0, unacknowledged: BTreeMap::new(), to_deliver: 0, early: BTreeMap::new() }
    }
}

impl<M> Default for FifoLinks<M> {
    fn default() -> FifoLinks<M> {
        FifoLinks { ends: BTreeMap::new() }
    }
}

impl<M: Clone> FifoLinks<M> {
    /// The frame that brings `message` to `to`. It is kept until it is acknowledged.
    pub fn send(&mut self, to: NodeId, message: M) -> Frame<M> {
        let end = self.ends.entry(to).or_default();
        let number = end.to_send;
        end.to_send += 1;
        end.unacknowledged.insert(number, message.clone());
        Frame::Data { number, message }
    }

    /// A frame from `from` has arrived.
    pub fn receive(&mut self, from: NodeId, frame: Frame<M>) -> Arrival<M> {
        match frame {
            Frame::Data { number, message } => self.deliver_in_order(from, number, message),
            Frame::Ack { next } => {
                let end = self.ends.entry(from).or_default();
                end.unacknowledged = end.unacknowledged.split_off(&next);
                Arrival { delivered: Vec::new(), answer: None }
            }
        }
    }

    /// The frames that nobody has acknowledged, the oldest first of each receiver: to be sent again.
    pub fn unacknowledged(&self) -> Vec<(NodeId, Frame<M>)> {
        let of = |(&to, end): (&NodeId, &End<M>)| {
            let frames = end
                .unacknowledged
                .iter()
                .map(|(&number, message)| (to, Frame::Data { number, message: message.clone() }));
            frames.collect::<Vec<_>>()
        };
        self.ends.iter().flat_map(of).collect()
    }

    /// Keeps what is early, delivers what it has waited for, and acknowledges even what it has had before: the first answer may be lost.
    fn deliver_in_order(&mut self, from: NodeId, number: u64, message: M) -> Arrival<M> {
        let end = self.ends.entry(from).or_default();
        if number >= end.to_deliver {
            end.early.insert(number, message);
        }
        let mut delivered = Vec::new();
        while let Some(message) = end.early.remove(&end.to_deliver) {
            delivered.push(message);
            end.to_deliver += 1;
        }
        Arrival { delivered, answer: Some(Frame::Ack { next: end.to_deliver }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::Random;

    const A: NodeId = NodeId(0);
    const B: NodeId = NodeId(1);

    #[test]
    fn all_messages_arrive_once_and_in_order_whatever_the_network_does() {
        // Random loss, doubling and reordering of frames and acknowledgements; what is not acknowledged is sent again until all is.
        for seed in 0..300 {
            let mut random = Random::new(seed);
            let (mut sender, mut receiver) = (FifoLinks::default(), FifoLinks::default());
            let mut under_way: Vec<(bool, Frame<u64>)> =
                (0..20).map(|number| (true, sender.send(B, number))).collect();
            let (mut delivered, mut steps) = (Vec::new(), 0);
            while !sender.unacknowledged().is_empty() {
                steps += 1;
                assert!(steps < 10_000, "seed {seed}: no progress");
                if under_way.is_empty() {
                    under_way.extend(sender.unacknowledged().into_iter().map(|(_, frame)| (true, frame)));
                }
                let index = random.below(under_way.len() as u64) as usize;
                let (forwards, frame) = under_way[index].clone();
                if !random.chance(0.2) {
                    under_way.swap_remove(index);
                }
                match (forwards, random.chance(0.3)) {
                    (_, true) => {}
                    (true, _) => {
                        let arrival = receiver.receive(A, frame);
                        delivered.extend(arrival.delivered);
                        under_way.extend(arrival.answer.map(|answer| (false, answer)));
                    }
                    (false, _) => assert!(sender.receive(B, frame).delivered.is_empty()),
                }
            }
            assert_eq!(delivered, (0..20).collect::<Vec<_>>(), "seed {seed}");
        }
    }

    #[test]
    fn a_repetition_is_acknowledged_and_not_delivered() {
        // The acknowledgement was lost; without another one it would be sent for ever.
        let (mut sender, mut receiver) = (FifoLinks::default(), FifoLinks::default());
        let frame = sender.send(B, 'x');
        assert_eq!(receiver.receive(A, frame.clone()).delivered, ['x']);
        let again = receiver.receive(A, frame);
        assert_eq!((again.delivered, again.answer), (vec![], Some(Frame::Ack { next: 1 })));
    }

    #[test]
    fn an_old_acknowledgement_forgets_nothing() {
        // Acknowledgements overtake each other: each names all below its number, so a late one says nothing new.
        let mut sender = FifoLinks::default();
        for number in 0..3 {
            sender.send(B, number);
        }
        sender.receive(B, Frame::Ack { next: 2 });
        sender.receive(B, Frame::Ack { next: 1 });
        assert_eq!(sender.unacknowledged(), [(B, Frame::Data { number: 2, message: 2 })]);
    }
}
