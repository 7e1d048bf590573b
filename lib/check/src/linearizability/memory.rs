//! The memory of the search: every configuration that it has been in, so that none is searched twice (Lowe 2017, section 4).
//!
//! A configuration takes a row of a few words in a chunk that never moves, and eight bytes of an open-addressing table. Rows that differ
//! only in their open operations form a chain, none of them a superset of another when it was added.

use super::budget::Exhausted;

/// The placed operations and the state that they lead to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Configuration<'a> {
    /// Of the placed answered operations.
    pub(super) hash: u64,
    /// The state's number.
    pub(super) state: u32,
    /// All answered operations of the words below this one are placed.
    pub(super) first: u32,
    /// The placed answered operations, from that word on, up to the last word that could hold one.
    pub(super) answered: &'a [u64],
    /// The placed open operations.
    pub(super) open: &'a [u64],
}

/// Words of a chunk: 64 kB, so that a short search takes little.
const CHUNK: usize = 1 << 13;
/// Words of a row before its sets: hash; state and next row of the chain; first word and number of words.
const HEADER: usize = 3;
const NO_ROW: u32 = u32::MAX;

/// A set of configurations.
pub(super) struct Memory {
    chunks: Vec<Box<[u64]>>,
    /// Words used of the last chunk.
    used: usize,
    /// Entries: 0 if free, else the upper half of the hash and the row's place plus one.
    table: Vec<u64>,
    entries: usize,
}

impl Memory {
    pub(super) fn new() -> Memory {
        Memory { chunks: Vec::new(), used: CHUNK, table: vec![0; 1 << 10], entries: 0 }
    }

    /// Whether the configuration, or one with fewer open operations that is otherwise the same, is known; otherwise it is added, if
    /// all of this memory stays within `limit` bytes.
    pub(super) fn insert(&mut self, it: Configuration<'_>, limit: usize) -> Result<bool, Exhausted> {
        let hash = mix(it.hash ^ u64::from(it.state).wrapping_mul(0xD6E8_FEB8_6659_FD93));
        let mask = self.table.len() - 1;
        let mut slot = hash as usize & mask;
        while self.table[slot] != 0 {
            if self.table[slot] >> 32 == hash >> 32 {
                let row = self.table[slot] as u32 - 1;
                if self.is_alike(row, hash, &it) {
                    return self.insert_into_chain(row, hash, &it, limit);
                }
            }
            slot = (slot + 1) & mask;
        }
        let row = self.add_row(hash, &it, limit)?;
        self.table[slot] = (hash >> 32) << 32 | u64::from(row + 1);
        self.entries += 1;
        if self.entries * 2 > self.table.len() {
            self.grow(limit)?;
        }
        Ok(false)
    }

    /// Bytes that this takes.
    pub(super) fn bytes(&self) -> usize {
        8 * (self.chunks.len() * CHUNK + self.table.len())
    }

    fn insert_into_chain(
        &mut self,
        first: u32,
        hash: u64,
        it: &Configuration<'_>,
        limit: usize,
    ) -> Result<bool, Exhausted> {
        let mut row = first;
        loop {
            let known = self.open_of(row, it);
            if is_subset(known, it.open) {
                return Ok(true);
            }
            if is_subset(it.open, known) {
                // The new one is better in every way: it takes the place of the old.
                self.open_of_mut(row, it).copy_from_slice(it.open);
                return Ok(false);
            }
            match self.next_of(row) {
                NO_ROW => break,
                next => row = next,
            }
        }
        let added = self.add_row(hash, it, limit)?;
        let word = &mut self.row_mut(row)[1];
        *word = *word & u64::from(u32::MAX) | u64::from(added) << 32;
        Ok(false)
    }

    fn is_alike(&self, row: u32, hash: u64, it: &Configuration<'_>) -> bool {
        let words = self.row(row);
        words[0] == hash
            && words[1] as u32 == it.state
            && words[2] == u64::from(it.first) | (it.answered.len() as u64) << 32
            && words[HEADER..HEADER + it.answered.len()] == *it.answered
    }

    fn add_row(&mut self, hash: u64, it: &Configuration<'_>, limit: usize) -> Result<u32, Exhausted> {
        let length = HEADER + it.answered.len() + it.open.len();
        if length > CHUNK {
            return Err(Exhausted::Memory);
        }
        if self.used + length > CHUNK {
            let rows_end = (self.chunks.len() + 1) * CHUNK;
            if self.bytes() + 8 * CHUNK > limit || rows_end >= NO_ROW as usize {
                return Err(Exhausted::Memory);
            }
            self.chunks.push(zeroes(CHUNK)?.into_boxed_slice());
            self.used = 0;
        }
        let row = ((self.chunks.len() - 1) * CHUNK + self.used) as u32;
        self.used += length;
        let words = self.row_mut(row);
        words[0] = hash;
        words[1] = u64::from(it.state) | u64::from(NO_ROW) << 32;
        words[2] = u64::from(it.first) | (it.answered.len() as u64) << 32;
        words[HEADER..HEADER + it.answered.len()].copy_from_slice(it.answered);
        words[HEADER + it.answered.len()..length].copy_from_slice(it.open);
        Ok(row)
    }

    /// Twice the table. While the entries move, both are there, and both count.
    fn grow(&mut self, limit: usize) -> Result<(), Exhausted> {
        let size = self.table.len() * 2;
        if self.bytes() + 8 * size > limit {
            return Err(Exhausted::Memory);
        }
        let old = std::mem::replace(&mut self.table, zeroes(size)?);
        for entry in old.into_iter().filter(|&entry| entry != 0) {
            let mut slot = self.row(entry as u32 - 1)[0] as usize & (size - 1);
            while self.table[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.table[slot] = entry;
        }
        Ok(())
    }

    fn next_of(&self, row: u32) -> u32 {
        (self.row(row)[1] >> 32) as u32
    }

    fn open_of(&self, row: u32, it: &Configuration<'_>) -> &[u64] {
        let begin = HEADER + it.answered.len();
        &self.row(row)[begin..begin + it.open.len()]
    }

    fn open_of_mut(&mut self, row: u32, it: &Configuration<'_>) -> &mut [u64] {
        let begin = HEADER + it.answered.len();
        &mut self.row_mut(row)[begin..begin + it.open.len()]
    }

    /// The row and what follows it in its chunk.
    fn row(&self, row: u32) -> &[u64] {
        &self.chunks[row as usize / CHUNK][row as usize % CHUNK..]
    }

    fn row_mut(&mut self, row: u32) -> &mut [u64] {
        &mut self.chunks[row as usize / CHUNK][row as usize % CHUNK..]
    }
}

fn is_subset(small: &[u64], large: &[u64]) -> bool {
    small.iter().zip(large).all(|(small, large)| small & !large == 0)
}

/// Memory that the system may refuse: then the search ends with what it has, and the process lives on.
fn zeroes(words: usize) -> Result<Vec<u64>, Exhausted> {
    let mut vector = Vec::new();
    vector.try_reserve_exact(words).map_err(|_| Exhausted::Memory)?;
    vector.resize(words, 0);
    Ok(vector)
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 32)).wrapping_mul(0xE703_7ED1_A0B4_28DB);
    bits ^ (bits >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLENTY: usize = 64 << 20;

    fn with<'a>(hash: u64, answered: &'a [u64], open: &'a [u64]) -> Configuration<'a> {
        Configuration { hash, state: 1, first: 0, answered, open }
    }

    #[test]
    fn a_configuration_is_known_once_it_was_inserted() {
        // 20,000 of them, so that the table grows several times and rows fill several chunks.
        let mut memory = Memory::new();
        for known in [false, true] {
            for number in 0..20_000_u64 {
                let words = [number, !number];
                let it = with(number.wrapping_mul(0x9E37_79B9_7F4A_7C15), &words, &[]);
                assert_eq!(memory.insert(it, PLENTY), Ok(known), "{number}");
            }
        }
    }

    #[test]
    fn a_hash_decides_nothing() {
        // All have the same hash, and differ in one thing each: the state, the first word, the number of words, a later word.
        let mut memory = Memory::new();
        let it = with(7, &[1, 2], &[]);
        let others = [
            it,
            Configuration { first: 1, ..it },
            Configuration { answered: &[1], ..it },
            Configuration { answered: &[1, 2, 0], ..it },
            Configuration { answered: &[1, 3], ..it },
        ];
        for known in [false, true] {
            for other in others {
                assert_eq!(memory.insert(other, PLENTY), Ok(known), "{other:?}");
            }
        }
        assert_eq!(memory.insert(Configuration { state: 2, ..it }, PLENTY), Ok(false));
    }

    #[test]
    fn more_open_operations_are_known_and_fewer_are_not() {
        // {0} and {1} are beside each other; {0, 1} is known by either; {} is better than all, and makes all known.
        let mut memory = Memory::new();
        let mut insert = |open: u64| memory.insert(with(7, &[1], &[open]), PLENTY);
        assert_eq!(insert(0b01), Ok(false));
        assert_eq!(insert(0b10), Ok(false));
        assert_eq!(insert(0b11), Ok(true));
        assert_eq!(insert(0b10), Ok(true));
        assert_eq!(insert(0b1100), Ok(false));
        assert_eq!(insert(0b1110), Ok(true));
        assert_eq!(insert(0), Ok(false));
        assert!((0..16).all(|open| insert(open) == Ok(true)));
    }

    #[test]
    fn it_never_takes_more_than_its_limit() {
        // Whatever the limit, the memory ends below it, and before it ends it has used a fair part of it.
        for limit in [0, 10_000, 80_000, 1 << 20, 5 << 20] {
            let mut memory = Memory::new();
            let least = memory.bytes();
            let refused = (0..1_000_000_u64).find(|&number| {
                let refused = memory
                    .insert(with(number.wrapping_mul(0x9E37_79B9_7F4A_7C15), &[number], &[]), limit)
                    .is_err();
                assert!(memory.bytes() <= limit.max(least), "{} of {limit}", memory.bytes());
                refused
            });
            assert!(refused.is_some(), "{limit}");
            assert!(limit < 1 << 20 || memory.bytes() > limit / 3, "{} of {limit}", memory.bytes());
        }
    }
}
