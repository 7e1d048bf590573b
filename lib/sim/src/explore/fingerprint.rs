//! Fingerprints: 64 bits that stand for a state.
//!
//! The table of what was seen holds fingerprints, not states, so two states of one fingerprint count as one. Among n states the probability that
//! this happens at all is about n²/2⁶⁵: one in 340,000 for ten million. The hash is a fold of 64 bits by a multiplication into 128 (Wang's wyhash), without a
//! key, so that a fingerprint is the same in every run and on every machine.

use std::hash::{Hash, Hasher};

/// The fingerprint of a value, by its derived hash. Never 0.
pub(crate) fn fingerprint(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = Fingerprinter(SEED);
    value.hash(&mut hasher);
    hasher.finish()
}

/// One fingerprint of several words, in their order.
pub(crate) fn mix(words: impl IntoIterator<Item = u64>) -> u64 {
    let mut hasher = Fingerprinter(SEED);
    words.into_iter().for_each(|word| hasher.write_u64(word));
    hasher.finish()
}

/// A word whose bits all depend on all of `word`'s, for sums that must not depend on an order.
#[inline]
pub(crate) fn scatter(word: u64) -> u64 {
    fold(word ^ SEED, STEP)
}

const SEED: u64 = 0x2D35_8DCC_AA6C_78A5;
const STEP: u64 = 0x8BB8_4B93_962E_ACC9;

struct Fingerprinter(u64);

/// Both halves of the product, one over the other.
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

impl Hasher for Fingerprinter {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|&word| self.write_u64(u64::from_le_bytes(word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        // The number of bytes is told apart by what is hashed before them: slices and texts hash their lengths.
        self.write_u64(u64::from_le_bytes(last) ^ (rest.len() as u64) << 56);
    }
    #[inline]
    fn write_u8(&mut self, word: u8) {
        self.write_u64(word.into());
    }
    #[inline]
    fn write_u16(&mut self, word: u16) {
        self.write_u64(word.into());
    }
    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }
    #[inline]
    fn write_u64(&mut self, word: u64) {
        // Rotated, or a word that meets its own constant would leave nothing of what came before.
        self.0 = fold(self.0.rotate_left(23) ^ word, STEP).wrapping_add(self.0);
    }
    #[inline]
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
    #[inline]
    fn finish(&self) -> u64 {
        fold(self.0 ^ SEED, STEP).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn small_values_have_fingerprints_of_their_own() {
        // A million states of a few small fields, the case of nearly all models: no two share one, and the bits that choose a place are spread.
        let mut all = BTreeSet::new();
        let mut places = vec![0_u32; 1 << 10];
        for number in 0..1_000_000_u32 {
            let state =
                (number % 10, vec![(number / 10) as u8, (number / 2560) as u8], number / 10_000 > 50, number);
            let print = fingerprint(&state);
            assert!(all.insert(print), "{state:?}");
            places[(print >> 54) as usize] += 1;
        }
        assert!(places.iter().all(|&count| (850..1120).contains(&count)), "{places:?}");
    }

    #[test]
    fn neighbours_and_lengths_are_told_apart() {
        // What is moved from one field into the next is another state.
        let prints = [
            fingerprint(&("ab", "c")),
            fingerprint(&("a", "bc")),
            fingerprint(&vec![0_u8; 7]),
            fingerprint(&vec![0_u8; 8]),
            fingerprint(&(vec![true], vec![false, true])),
            fingerprint(&(vec![true, false], vec![true])),
        ];
        assert_eq!(prints.into_iter().collect::<BTreeSet<_>>().len(), 6);
    }
}
