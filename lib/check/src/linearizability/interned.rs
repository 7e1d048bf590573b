//! Values by number: equal ones have the same, in the order of their first appearance.

use std::hash::{Hash, Hasher};

/// Numbered values. What of it depends on their type is little: a cell compiles it again.
pub(crate) struct Interned<T> {
    all: Vec<T>,
    index: Index,
}

impl<T: Eq + Hash> Interned<T> {
    pub(crate) fn new() -> Interned<T> {
        Interned { all: Vec::new(), index: Index { places: vec![(0, NO_VALUE); 64], used: 0 } }
    }

    /// The value's number, and whether it is new.
    pub(crate) fn number(&mut self, value: T) -> (u32, bool) {
        let mut hasher = Fold(0);
        value.hash(&mut hasher);
        let hash = hasher.finish();
        let mut place = self.index.first(hash);
        while let Some(known) = self.index.next(hash, &mut place) {
            if self.all[known as usize] == value {
                return (known, false);
            }
        }
        let number = self.all.len() as u32;
        self.index.insert(hash, number);
        self.all.push(value);
        (number, true)
    }

    pub(super) fn get(&self, number: u32) -> &T {
        &self.all[number as usize]
    }

    /// Bytes of the index; what the values take is not in it.
    pub(super) fn bytes(&self) -> usize {
        self.index.places.len() * size_of::<(u64, u32)>()
    }
}

const NO_VALUE: u32 = u32::MAX;

/// Numbers by hash, in an open-addressing table.
struct Index {
    places: Vec<(u64, u32)>,
    used: usize,
}

impl Index {
    fn first(&self, hash: u64) -> usize {
        hash as usize & (self.places.len() - 1)
    }

    /// The next number with this hash, from `place` on.
    fn next(&self, hash: u64, place: &mut usize) -> Option<u32> {
        loop {
            let (other, number) = self.places[*place];
            if number == NO_VALUE {
                return None;
            }
            *place = (*place + 1) & (self.places.len() - 1);
            if other == hash {
                return Some(number);
            }
        }
    }

    fn insert(&mut self, hash: u64, number: u32) {
        if (self.used + 1) * 2 > self.places.len() {
            let twice = vec![(0, NO_VALUE); self.places.len() * 2];
            for (hash, number) in std::mem::replace(&mut self.places, twice) {
                if number != NO_VALUE {
                    self.put(hash, number);
                }
            }
        }
        self.put(hash, number);
        self.used += 1;
    }

    fn put(&mut self, hash: u64, number: u32) {
        let mut place = self.first(hash);
        while self.places[place].1 != NO_VALUE {
            place = (place + 1) & (self.places.len() - 1);
        }
        self.places[place] = (hash, number);
    }
}

/// A fast hash: every eight bytes are folded in by a rotation, an exclusive or and a multiplication. The standard one withstands who
/// chooses values so that they collide; here that would slow down the chooser's own checker, and states are hashed a million times.
struct Fold(u64);

impl Fold {
    fn fold(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95);
    }
}

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|&word| self.fold(u64::from_le_bytes(word)));
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.fold(u64::from_le_bytes(last));
        }
    }

    fn finish(&self) -> u64 {
        // The table takes the low bits, which a multiplication leaves poor.
        let bits = (self.0 ^ (self.0 >> 32)).wrapping_mul(0xE703_7ED1_A0B4_28DB);
        bits ^ (bits >> 29)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_number() {
        // Ten thousand values twice: each has the number of its first appearance, and is found by it.
        let mut interned = Interned::new();
        for round in 0..2 {
            for value in 0..10_000_u32 {
                let text = format!("value {value}");
                assert_eq!(interned.number(text.clone()), (value, round == 0));
                assert_eq!(*interned.get(value), text);
            }
        }
    }

    #[test]
    fn values_of_one_hash_are_kept_apart() {
        // A hash decides nothing: here all values have the same.
        #[derive(Clone, PartialEq, Eq, Debug)]
        struct Alike(u32);
        impl Hash for Alike {
            fn hash<H: Hasher>(&self, state: &mut H) {
                state.write_u8(0);
            }
        }
        let mut interned = Interned::new();
        for value in (0..200).chain(0..200) {
            assert_eq!(interned.number(Alike(value)).0, value);
        }
    }

    #[test]
    fn the_rest_of_a_text_counts() {
        // Texts that differ only in their last byte, or in their length.
        let hash = |text: &str| {
            let mut hasher = Fold(0);
            text.hash(&mut hasher);
            hasher.finish()
        };
        let texts = ["", "a", "b", "aaaaaaaa", "aaaaaaab", "aaaaaaaaa", "aaaaaaaab"];
        let mut hashes: Vec<u64> = texts.map(hash).to_vec();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), texts.len());
    }
}
