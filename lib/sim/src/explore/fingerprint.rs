//! Fingerprints: 64 bits that stand for a state.
//!
//! The table of what was seen holds fingerprints, not states, so two states of one fingerprint count as one. Among n states the probability that
//! this happens at all is about n²/2⁶⁵: one in 340,000 for ten million. The hash is a fold of 64 bits by a multiplication into 128 (Wang's wyhash), without a
//! key, so that a fingerprint is the same in every run and on every machine.

use std::hash::{Hash, Hasher};

/// The fingerprint of a value, by its derived hash. Never 0.
pub(crate) fn fingerprint(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = Fingerprinter::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// One fingerprint of several words, in their order.
pub(crate) fn mix(words: impl IntoIterator<Item = u64>) -> u64 {
    let mut hasher = Fingerprinter::new();
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
const STEP_OF_BYTES: u64 = 0x4B33_A62E_D433_D4A3;

/// Most words of a state are small: a tag, a flag, a length. Eight of them are folded in at once.
struct Fingerprinter {
    state: u64,
    /// Small words that were not folded in yet.
    bytes: u64,
    count: u32,
}

/// Both halves of the product, one over the other.
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

impl Fingerprinter {
    fn new() -> Fingerprinter {
        Fingerprinter { state: SEED, bytes: 0, count: 0 }
    }

    #[inline]
    fn fold_in(&mut self, word: u64, step: u64) {
        // Rotated and added to, or a word that meets its own constant would leave nothing of what came before.
        self.state = fold(self.state.rotate_left(23) ^ word, step).wrapping_add(self.state);
    }

    /// Folds in what waits. How many they are counts, too.
    #[inline]
    fn flush(&mut self) {
        if self.count > 0 {
            self.fold_in(self.bytes ^ u64::from(self.count) << 60, STEP_OF_BYTES);
            (self.bytes, self.count) = (0, 0);
        }
    }
}

impl Hasher for Fingerprinter {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|&word| self.write_u64(u64::from_le_bytes(word)));
        rest.iter().for_each(|&byte| self.write_u8(byte));
    }
    #[inline]
    fn write_u8(&mut self, byte: u8) {
        self.bytes = self.bytes << 8 | u64::from(byte);
        self.count += 1;
        if self.count == 8 {
            self.flush();
        }
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
        if word < 256 {
            self.write_u8(word as u8);
        } else {
            self.flush();
            self.fold_in(word, STEP);
        }
    }
    #[inline]
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
    #[inline]
    fn finish(&self) -> u64 {
        let mut last = Fingerprinter { ..*self };
        last.flush();
        fold(last.state ^ SEED, STEP).max(1)
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
