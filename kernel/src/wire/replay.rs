//! Each message once: a message that somebody recorded and sends again is refused.
//!
//! A signature proves who wrote a message, not that it was sent just now. Since every message has an identifier of its
//! own, no two have the same signature, and one that comes a second time is a copy. The newest 65,536 are remembered, as
//! Jupyter's own clients do; so an attacker who waits longer than that gets through, and the memory that is needed for
//! this (about 6 MB at most) does not grow with the time that a kernel runs.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;

use super::signature::from_hexadecimal;
use super::{DELIMITER, Key, Message, WireError};

/// How many signatures are remembered.
const REMEMBERED: usize = 65_536;

/// Decodes messages, and refuses every one that it has decoded before.
#[derive(Debug)]
pub struct Gate {
    key: Key,
    seen: Seen,
}

impl Gate {
    /// A gate that has let nothing through yet.
    pub fn new(key: Key) -> Self {
        Self { key, seen: Seen::new(REMEMBERED) }
    }

    /// As [`Message::decode`], but each message once.
    pub fn decode(&mut self, frames: &[Bytes]) -> Result<Message, WireError> {
        let decoded = Message::decode(frames, &self.key);
        let is_genuine = !matches!(
            decoded,
            Err(WireError::NoDelimiter { .. } | WireError::TooFewFrames { .. } | WireError::BadSignature)
        );
        // Only genuine signatures are remembered, or a stranger could make us forget the others.
        if is_genuine && !self.key.is_empty() && !self.seen.insert(signature_of(frames)) {
            return Err(WireError::Replayed);
        }
        decoded
    }
}

/// The signature's bytes: its digits may be written in lower or upper case, and the copy of a message is a copy in both.
fn signature_of(frames: &[Bytes]) -> Vec<u8> {
    let after_delimiter = frames.iter().skip_while(|frame| frame.as_ref() != DELIMITER).nth(1);
    after_delimiter.and_then(|frame| from_hexadecimal(frame)).expect("a genuine message has a signature")
}

/// The newest signatures. Invariant: `set` and `order` hold the same ones, `capacity` at most.
#[derive(Debug)]
struct Seen {
    set: HashSet<Vec<u8>>,
    order: VecDeque<Vec<u8>>,
    capacity: usize,
}

impl Seen {
    fn new(capacity: usize) -> Self {
        Self { set: HashSet::new(), order: VecDeque::new(), capacity }
    }

    /// Remembers the signature; false if it was known.
    fn insert(&mut self, signature: Vec<u8>) -> bool {
        if !self.set.insert(signature.clone()) {
            return false;
        }
        if self.order.len() == self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
        self.order.push_back(signature);
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::wire::{Header, KernelInfoRequest};

    fn frames(id: usize, key: &Key) -> Vec<Bytes> {
        let content = KernelInfoRequest {}.into();
        let header = Header::new(
            format!("{id}"),
            "kernel_info_request",
            "s".into(),
            "ann",
            "2026-01-02T03:04:05Z".into(),
        );
        let message = Message {
            identities: Vec::new(),
            header,
            parent: None,
            metadata: Map::new(),
            content,
            buffers: Vec::new(),
        };
        message.encode(key)
    }

    /// A message passes once; its copy does not, nor with the signature in upper case, nor from another client.
    #[test]
    fn a_copy_is_refused() {
        let key = Key::new("k");
        let mut gate = Gate::new(key.clone());
        let sent = frames(1, &key);
        assert!(gate.decode(&sent).is_ok());
        assert_eq!(gate.decode(&sent), Err(WireError::Replayed));
        let mut shouted = sent.clone();
        shouted[1] = sent[1].to_ascii_uppercase().into();
        assert_eq!(gate.decode(&shouted), Err(WireError::Replayed));
        let mut relayed = sent.clone();
        relayed.insert(0, Bytes::from_static(b"somebody else"));
        assert_eq!(gate.decode(&relayed), Err(WireError::Replayed));
        assert!(gate.decode(&frames(2, &key)).is_ok());
    }

    /// A forged message does not use up a signature: the genuine one still passes after it.
    #[test]
    fn forgeries_are_not_remembered() {
        let key = Key::new("k");
        let mut gate = Gate::new(key.clone());
        let sent = frames(1, &key);
        let mut forged = sent.clone();
        forged[5] = Bytes::from_static(b"{\"a\":1}");
        assert_eq!(gate.decode(&forged), Err(WireError::BadSignature));
        assert!(gate.decode(&sent).is_ok());
    }

    /// Without a key there are no signatures, so nothing can be told apart.
    #[test]
    fn without_a_key_nothing_is_a_copy() {
        let key = Key::new("");
        let mut gate = Gate::new(key.clone());
        assert!(gate.decode(&frames(1, &key)).is_ok() && gate.decode(&frames(1, &key)).is_ok());
    }

    /// The memory is bounded: the oldest signature is forgotten, the newest are kept.
    #[test]
    fn the_memory_is_bounded() {
        let mut seen = Seen::new(3);
        for signature in 0..10_u8 {
            assert!(seen.insert(vec![signature]));
        }
        assert_eq!((seen.set.len(), seen.order.len()), (3, 3));
        assert!(!seen.insert(vec![9]) && !seen.insert(vec![7]) && seen.insert(vec![6]));
    }
}
