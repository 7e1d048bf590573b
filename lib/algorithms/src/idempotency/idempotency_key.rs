//! An idempotency key names one intended operation, so that whoever receives it twice can tell a repetition from a second wish.
//!
//! - **Concept:** Idempotency key
//! - **Guarantees:** nothing by itself; it makes "the same operation" decidable: two requests with equal keys are one operation.
//! - **Does not guarantee:** at most one effect; for that the receiver must remember the keys that it has seen (`dedup_table.rs`).
//! - **Assumes:** the caller chooses a key per operation, before the first attempt, and repeats it in every retry; keys of different
//!   callers cannot collide or be guessed.
//! - **Source:** draft-ietf-httpapi-idempotency-key-header-07, "The Idempotency-Key HTTP Header Field", 2025, sections 2.1 and 2.2;
//!   Helland, "Idempotence Is Not a Medical Condition", ACM Queue 10(4), 2012
//! - **Differs:** any text that is not empty is a key; the draft has a quoted string of printable ASCII.
//! - **Chapter:** 01
//!
//! A good key belongs to the *wish*, not to the attempt and not to the content:
//!
//! | key | what goes wrong |
//! |---|---|
//! | a new random number for every attempt | a retry looks like a second wish: charged twice |
//! | a hash of the request's content | two equal coffees are one charge: paid once |
//! | the time of the attempt | both: retries differ, and simultaneous wishes collide |
//! | the order's number | nothing, as long as an order is paid once |
//! | a random number drawn when "Pay" is pressed, and stored before it is sent | nothing, even if the caller crashes and retries |
//!
//! ```
//! use netsplit_algorithms::idempotency::IdempotencyKey;
//! use netsplit_node::Random;
//!
//! let key = IdempotencyKey::new("order-17");              // derived from the wish: the retry derives the same
//! assert_eq!(key, IdempotencyKey::new("order-17"));
//!
//! let mut random = Random::new(42);                       // in a node: ctx.random()
//! let drawn = IdempotencyKey::random(&mut random);        // drawn once per wish, kept for its retries
//! assert_ne!(drawn, IdempotencyKey::random(&mut random));
//! ```

use std::fmt;

use netsplit_node::Random;

/// The name of one operation, chosen by whoever wants it done. Ordered, so that tables of keys are walked in the same order everywhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct IdempotencyKey(String);

#[cfg(feature = "serde")]
impl TryFrom<String> for IdempotencyKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<IdempotencyKey, &'static str> {
        if text.is_empty() {
            Err("an idempotency key is empty: expected a text")
        } else {
            Ok(IdempotencyKey(text))
        }
    }
}

#[cfg(feature = "serde")]
impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> String {
        key.0
    }
}

impl IdempotencyKey {
    /// The key with this text.
    ///
    /// # Panics
    /// If `text` is empty: requests that forgot their key would all be one operation.
    pub fn new(text: impl Into<String>) -> IdempotencyKey {
        let text = text.into();
        assert!(!text.is_empty(), "an idempotency key is empty: expected a text that names one operation");
        IdempotencyKey(text)
    }

    /// A key of 128 random bits, like a UUID: no two operations draw the same, and nobody guesses another's.
    pub fn random(random: &mut Random) -> IdempotencyKey {
        IdempotencyKey(format!("{:016x}{:016x}", random.next_u64(), random.next_u64()))
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

// Bare, without the type's name and quotes: a key is read inside requests, on diagrams.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "an idempotency key is empty")]
    fn a_forgotten_key_is_not_a_key() {
        // Otherwise every request without a key would be taken for a retry of the first.
        IdempotencyKey::new("");
    }

    #[test]
    fn random_keys_have_128_bits_and_follow_the_seed() {
        // Of fixed length, so that a small number is no shorter; equal for equal seeds, so that a run replays.
        let keys: Vec<IdempotencyKey> =
            (0..100).map(|seed| IdempotencyKey::random(&mut Random::new(seed))).collect();
        assert!(keys.iter().all(|key| key.as_str().len() == 32));
        assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), 100);
        assert_eq!(keys[7], IdempotencyKey::random(&mut Random::new(7)));
    }
}
