//! Values under small numbers, for several threads: what is put in stays, and is looked at without a lock.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

/// Values by number. Chunks double in size, so that no value ever moves.
pub(crate) struct Arena<T> {
    chunks: [OnceLock<Box<[OnceLock<T>]>>; CHUNKS],
    next: AtomicU32,
}

const CHUNKS: usize = 26;
const FIRST: u32 = 64;

impl<T> Arena<T> {
    pub(crate) fn new() -> Arena<T> {
        Arena { chunks: [const { OnceLock::new() }; CHUNKS], next: AtomicU32::new(0) }
    }

    pub(crate) fn push(&self, value: T) -> u32 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (chunk, at) = place(number);
        let chunk = self.chunks[chunk].get_or_init(|| {
            (0..FIRST << chunk).map(|_| OnceLock::new()).collect::<Vec<_>>().into_boxed_slice()
        });
        // A number is given out once.
        let _ = chunk[at].set(value);
        number
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> &T {
        let (chunk, at) = place(number);
        let value = self.chunks[chunk].get().and_then(|chunk| chunk[at].get());
        value.expect("a number is given out when its value is there")
    }
}

#[inline]
fn place(number: u32) -> (usize, usize) {
    let chunk = (number / FIRST + 1).ilog2();
    (chunk as usize, (number - FIRST * ((1 << chunk) - 1)) as usize)
}

/// Numbers by keys, in an open-addressing table.
pub(crate) struct Index {
    places: Vec<(u64, u32)>,
    used: usize,
}

const NONE: u32 = u32::MAX;

impl Index {
    pub(crate) fn new() -> Index {
        Index { places: vec![(0, NONE); 64], used: 0 }
    }

    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - self.places.len().ilog2())) as usize
    }

    #[inline]
    pub(crate) fn get(&self, key: u64) -> Option<u32> {
        let mut at = self.home(key);
        loop {
            match self.places[at] {
                (_, NONE) => return None,
                (other, number) if other == key => return Some(number),
                _ => at = (at + 1) & (self.places.len() - 1),
            }
        }
    }

    pub(crate) fn insert(&mut self, key: u64, number: u32) {
        if self.used * 2 >= self.places.len() {
            let twice = vec![(0, NONE); self.places.len() * 2];
            let old = std::mem::replace(&mut self.places, twice);
            old.into_iter().filter(|place| place.1 != NONE).for_each(|(key, number)| self.put(key, number));
        }
        self.put(key, number);
        self.used += 1;
    }

    pub(crate) fn bytes(&self) -> usize {
        self.places.len() * size_of::<(u64, u32)>()
    }

    fn put(&mut self, key: u64, number: u32) {
        let mut at = self.home(key);
        while self.places[at].1 != NONE {
            at = (at + 1) & (self.places.len() - 1);
        }
        self.places[at] = (key, number);
    }
}

/// What was found out once and need not be again: a number for each key.
pub(crate) struct Memo(RwLock<Index>);

impl Memo {
    pub(crate) fn new() -> Memo {
        Memo(RwLock::new(Index::new()))
    }

    /// The number under `key`; `find` is asked for it the first time, or, where threads meet, more than once: it must always say the same.
    pub(crate) fn get(&self, key: u64, find: impl FnOnce() -> u32) -> u32 {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(key);
        known.unwrap_or_else(|| {
            let number = find();
            let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
            index.get(key).unwrap_or_else(|| {
                index.insert(key, number);
                number
            })
        })
    }
}

/// Values by number, each value once. Values of one fingerprint are one.
pub(crate) struct Interned<T> {
    values: Arena<(u64, T)>,
    index: Mutex<Index>,
}

impl<T> Interned<T> {
    pub(crate) fn new() -> Interned<T> {
        Interned { values: Arena::new(), index: Mutex::new(Index::new()) }
    }

    /// The value's number. `see` is shown the value that is there already.
    pub(crate) fn number(&self, print: u64, value: T, see: impl FnOnce(&T, &T)) -> u32 {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = index.get(print) {
            see(&self.values.get(number).1, &value);
            return number;
        }
        let number = self.values.push((print, value));
        index.insert(print, number);
        number
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> &T {
        &self.values.get(number).1
    }

    #[inline]
    pub(crate) fn print(&self, number: u32) -> u64 {
        self.values.get(number).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_where_they_are_and_are_there_once() {
        // Four threads put in the same ten thousand values: each has one number, and every number its value.
        let interned = Interned::new();
        let numbers = |turn: u64| {
            let put = |value| interned.number(value, value.to_string(), |one, other| assert_eq!(one, other));
            (0..10_000)
                .map(|value| ((value + turn * 2500) % 10_000, put((value + turn * 2500) % 10_000)))
                .collect::<Vec<_>>()
        };
        let all: Vec<Vec<(u64, u32)>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|turn| scope.spawn(move || numbers(turn))).collect();
            threads.into_iter().map(|thread| thread.join().expect("it ends")).collect()
        });
        for (value, number) in all.concat() {
            assert_eq!((interned.get(number), interned.print(number)), (&value.to_string(), value));
        }
        assert_eq!(interned.values.next.into_inner(), 10_000);
    }

    #[test]
    fn a_memo_asks_once_and_forgets_nothing() {
        // Also after it has grown.
        let memo = Memo::new();
        (0..1000).for_each(|key| assert_eq!(memo.get(key << 40, || key as u32 * 3), key as u32 * 3));
        (0..1000).for_each(|key| assert_eq!(memo.get(key << 40, || unreachable!()), key as u32 * 3));
    }
}
