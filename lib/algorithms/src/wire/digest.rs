//! A message digest is a short name of data that nobody can make other data for: SHA-256, in 32 bytes.
//!
//! - **Concept:** Message digest (SHA-256)
//! - **Guarantees:** equal data has equal digests. Collision resistance and second-preimage resistance (safety, as far as anybody knows): nobody finds two data with one digest, or other data with
//!   the digest of given data, with less than about 2^128 and 2^256 trials.
//! - **Does not guarantee:** who made the data: whoever changes it can compute its digest as well. That takes a key (a message authentication code) or a signature. Nor that the data is secret:
//!   what is guessed can be compared.
//! - **Assumes:** the digest comes by a way that the data's changers do not have, or is part of what is signed.
//! - **Source:** NIST, FIPS 180-4, "Secure Hash Standard", 2015, sections 5.1.1 (padding), 5.3.3 and 6.2 (SHA-256); the examples are NIST's
//! - **Differs:** the crate `sha2` computes it.
//! - **Chapter:** 02
//!
//! | | bytes | notices accidents | notices intent |
//! |---|---|---|---|
//! | [`crc32c`](super::crc32c()) | 4 | all bursts of 32 bits, others but for 2^-32 | no: four bytes that are chosen make any checksum |
//! | SHA-256 | 32 | all, but for 2^-256 | yes, if the digest itself is out of reach |
//!
//! ```text
//! file ─┬──── link ── memory that flips a bit ── link ────▶ file'
//!       └▶ ba7816bf..  ── with the first piece ──────────▶ digest of file' = ba7816bf.. ?
//! ```
//!
//! ```
//! use netsplit_algorithms::wire::Digest;
//! let digest = Digest::of(b"abc");
//! assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
//! assert_eq!(format!("{digest:?}"), "ba7816bf..");
//! assert_ne!(digest, Digest::of(b"abd"));
//! ```

use std::fmt;

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest. Its Debug form is the beginning, for diagrams; its Display form is all of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `data`.
    pub fn of(data: &[u8]) -> Digest {
        Digest(Sha256::digest(data).into())
    }

    /// Its 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, "..")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::crc32c;

    #[test]
    fn the_examples_of_the_standard() {
        // NIST's: one block, two blocks, a million times `a`; and nothing at all.
        let million = vec![b'a'; 1_000_000];
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        for (data, digest) in [
            (&b"abc"[..], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (two_blocks, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
            (&million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
            (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ] {
            assert_eq!(Digest::of(data).to_string(), digest);
        }
    }

    #[test]
    fn a_checksum_can_be_made_for_other_data_and_a_digest_not_like_that() {
        // CRC-32C is linear: what two changes together do to it is what each does, xor-ed. So a change that is hidden from it is found by adding up others; SHA-256 tells the
        // two files apart all the same.
        let file = [0u8; 64];
        let changed = |bits: u64| {
            let mut other = file;
            (0..33).filter(|bit| bits >> bit & 1 == 1).for_each(|bit| other[bit + 1] ^= 1);
            other
        };
        // 33 changes of one bit, of 32 bits of checksum each: some of them add up to nothing. Gaussian elimination finds them.
        let mut basis: Vec<(u32, u64)> = Vec::new();
        let hidden = (0..33).find_map(|bit| {
            let mut sum = (crc32c(&file) ^ crc32c(&changed(1 << bit)), 1u64 << bit);
            for &(vector, bits) in &basis {
                if sum.0 ^ vector < sum.0 {
                    sum = (sum.0 ^ vector, sum.1 ^ bits);
                }
            }
            if sum.0 == 0 {
                return Some(sum.1);
            }
            basis.push(sum);
            basis.sort_unstable_by_key(|it| std::cmp::Reverse(it.0));
            None
        });
        let forged = changed(hidden.expect("33 vectors of 32 bits depend on each other"));
        assert!(forged != file && crc32c(&forged) == crc32c(&file));
        assert_ne!(Digest::of(&forged), Digest::of(&file));
    }
}
