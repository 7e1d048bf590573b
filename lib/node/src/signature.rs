//! Signatures that no node can forge: the authenticated channels of the byzantine protocols, without their arithmetic.
//!
//! Each node has an identity of its own, lent to it by whoever runs it, and signs with nothing else; verifying tells who signed
//! what. Behind it is a keyed hash (SipHash-2-4: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) whose key is a
//! secret of the world that no handler can read. That is the model of "signed messages" (Lamport, Shostak and Pease, "The byzantine
//! generals problem", 1982, section 4, assumption A4): a signature cannot be forged, and anybody can verify it. It is not
//! cryptography: do not use it outside a simulated world.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::node::NodeId;

/// Who a node is when it signs. Made by who runs the node, and never shown to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    node: NodeId,
    secret: [u64; 2],
}

impl Identity {
    /// The identity of `node` in a world with this secret.
    pub fn new(node: NodeId, secret: [u64; 2]) -> Identity {
        Identity { node, secret }
    }

    pub(crate) fn sign(&self, content: &impl Hash) -> Signature {
        Signature { signer: self.node, mark: self.mark(self.node, content) }
    }

    pub(crate) fn verifies(&self, content: &impl Hash, signature: &Signature) -> bool {
        self.mark(signature.signer, content) == signature.mark
    }

    /// Two keyed hashes, so that a collision does not turn up by chance.
    fn mark(&self, signer: NodeId, content: &impl Hash) -> [u64; 2] {
        [0, 1].map(|half: u64| {
            let mut hasher = SipHasher::new([self.secret[0] ^ half, self.secret[1]]);
            signer.hash(&mut hasher);
            content.hash(&mut hasher);
            hasher.finish()
        })
    }
}

impl Default for Identity {
    /// Nobody's; a place holder until a world gives a node its own.
    fn default() -> Identity {
        Identity { node: NodeId(u32::MAX), secret: [0, 0] }
    }
}

/// The secret is nobody's business.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "identity of {}", self.node)
    }
}

/// A node's signature under some content: made by [`Context::sign`](crate::Context::sign) alone, passed on like any value, checked by
/// [`Context::verify`](crate::Context::verify).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Signature {
    signer: NodeId,
    mark: [u64; 2],
}

impl Signature {
    /// Who signed, if the signature is genuine.
    pub fn signer(&self) -> NodeId {
        self.signer
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signed by {}", self.signer)
    }
}

/// SipHash-2-4, over bytes in the same order on every machine.
struct SipHasher {
    state: [u64; 4],
    /// Bytes that do not fill a word yet.
    tail: u64,
    length: u64,
}

impl SipHasher {
    fn new(key: [u64; 2]) -> SipHasher {
        let state = [
            key[0] ^ 0x736f_6d65_7073_6575,
            key[1] ^ 0x646f_7261_6e64_6f6d,
            key[0] ^ 0x6c79_6765_6e65_7261,
            key[1] ^ 0x7465_6462_7974_6573,
        ];
        SipHasher { state, tail: 0, length: 0 }
    }

    fn round(&mut self) {
        let [a, b, c, d] = &mut self.state;
        *a = a.wrapping_add(*b);
        *b = b.rotate_left(13) ^ *a;
        *a = a.rotate_left(32);
        *c = c.wrapping_add(*d);
        *d = d.rotate_left(16) ^ *c;
        *a = a.wrapping_add(*d);
        *d = d.rotate_left(21) ^ *a;
        *c = c.wrapping_add(*b);
        *b = b.rotate_left(17) ^ *c;
        *c = c.rotate_left(32);
    }

    fn absorb(&mut self, word: u64) {
        self.state[3] ^= word;
        self.round();
        self.round();
        self.state[0] ^= word;
    }
}

impl Hasher for SipHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.tail |= u64::from(byte) << (self.length % 8 * 8);
            self.length += 1;
            if self.length.is_multiple_of(8) {
                let word = std::mem::take(&mut self.tail);
                self.absorb(word);
            }
        }
    }

    // The default forms write in the machine's own order and size.
    fn write_u16(&mut self, n: u16) {
        self.write(&n.to_le_bytes());
    }
    fn write_u32(&mut self, n: u32) {
        self.write(&n.to_le_bytes());
    }
    fn write_u64(&mut self, n: u64) {
        self.write(&n.to_le_bytes());
    }
    fn write_u128(&mut self, n: u128) {
        self.write(&n.to_le_bytes());
    }
    fn write_usize(&mut self, n: usize) {
        self.write(&(n as u64).to_le_bytes());
    }

    fn finish(&self) -> u64 {
        let mut last = SipHasher { state: self.state, tail: 0, length: 0 };
        last.absorb(self.tail | self.length << 56);
        last.state[2] ^= 0xff;
        for _ in 0..4 {
            last.round();
        }
        last.state.iter().fold(0, |sum, word| sum ^ word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_siphash() {
        // The example of the paper's appendix A: key 00..0f, message 00..0e.
        let mut hasher = SipHasher::new([0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]);
        hasher.write(&(0..15).collect::<Vec<u8>>());
        assert_eq!(hasher.finish(), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn a_signature_is_of_one_node_one_content_and_one_world() {
        // Whatever is changed, it does not verify.
        let secret = [3, 4];
        let (ann, bob) = (Identity::new(NodeId(1), secret), Identity::new(NodeId(2), secret));
        let signature = ann.sign(&("transfer", 100));
        assert!(bob.verifies(&("transfer", 100), &signature), "anybody can verify");
        assert!(!bob.verifies(&("transfer", 1000), &signature), "other content");
        assert!(
            !bob.verifies(&("transfer", 100), &Signature { signer: NodeId(2), ..signature }),
            "other signer"
        );
        assert!(!Identity::new(NodeId(2), [3, 5]).verifies(&("transfer", 100), &signature), "other world");
        assert_eq!(format!("{signature:?} {ann:?}"), "signed by n1 identity of n1");
    }
}
