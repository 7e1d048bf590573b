//! Values kept under small numbers: messages and timers, while the rest of the world passes only their numbers around.

/// The number of a value in a [`Slab`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// A store of values by number; a number is used again after its value was taken.
///
/// ```
/// use netsplit_node::Slab;
/// let mut slab = Slab::new();
/// let slot = slab.insert("hello");
/// assert_eq!(slab.take(slot), "hello");
/// ```
#[derive(Debug)]
pub struct Slab<T> {
    values: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T: Clone> Clone for Slab<T> {
    fn clone(&self) -> Self {
        Slab { values: copy_of(&self.values), free: self.free.clone() }
    }
}

/// A copy of `values`, as `values.clone()` makes it, in few instantiations: a notebook cell compiles this for its own types.
pub fn copy_of<T: Clone>(values: &[Option<T>]) -> Vec<Option<T>> {
    let mut copies = Vec::new();
    for value in values {
        copies.push(value.clone());
    }
    copies
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab::new()
    }
}

impl<T> Slab<T> {
    /// An empty slab; nothing is allocated before the first value comes.
    pub const fn new() -> Slab<T> {
        Slab { values: Vec::new(), free: Vec::new() }
    }

    /// Keeps `value`; its number is free for others again once it is taken.
    // Written with few calls: a notebook cell compiles this for its own types without optimisation.
    pub fn insert(&mut self, value: T) -> Slot {
        if let Some(index) = self.free.pop() {
            self.values[index as usize] = Some(value);
            return Slot(index);
        }
        self.values.push(Some(value));
        Slot(self.values.len() as u32 - 1)
    }

    /// Takes the value out.
    ///
    /// # Panics
    /// If nothing is kept under `slot`: whoever held the number had given it back.
    pub fn take(&mut self, slot: Slot) -> T {
        match self.values[slot.0 as usize].take() {
            Some(value) => {
                self.free.push(slot.0);
                value
            }
            None => vacant(slot),
        }
    }

    /// Drops the value where it is, without moving it out.
    ///
    /// # Panics
    /// If nothing is kept under `slot`.
    pub fn remove(&mut self, slot: Slot) {
        let place = &mut self.values[slot.0 as usize];
        if place.is_none() {
            vacant(slot);
        }
        *place = None;
        self.free.push(slot.0);
    }

    /// A look at the value.
    ///
    /// # Panics
    /// If nothing is kept under `slot`.
    pub fn get(&self, slot: Slot) -> &T {
        match &self.values[slot.0 as usize] {
            Some(value) => value,
            None => vacant(slot),
        }
    }

    /// The value, to be changed.
    ///
    /// # Panics
    /// If nothing is kept under `slot`.
    pub fn get_mut(&mut self, slot: Slot) -> &mut T {
        match &mut self.values[slot.0 as usize] {
            Some(value) => value,
            None => vacant(slot),
        }
    }

    /// How many values are kept.
    pub fn len(&self) -> usize {
        self.values.len() - self.free.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Values that are forgotten in the order in which they came: they lie one after the other in memory, in a ring.
#[derive(Debug)]
pub struct Fifo<T> {
    places: Vec<Option<T>>,
    /// The place of the oldest value.
    head: usize,
    len: usize,
    /// The number of the oldest value.
    oldest: u32,
}

impl<T: Clone> Clone for Fifo<T> {
    fn clone(&self) -> Self {
        Fifo { places: copy_of(&self.places), ..*self }
    }
}

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Fifo::new()
    }
}

impl<T> Fifo<T> {
    /// None yet.
    pub const fn new() -> Fifo<T> {
        Fifo { places: Vec::new(), head: 0, len: 0, oldest: 0 }
    }

    /// Keeps `value` as the newest.
    pub fn push(&mut self, value: T) -> Slot {
        let number = self.oldest.wrapping_add(self.len as u32);
        if self.len < self.places.len() {
            let place = self.place(self.len);
            self.places[place] = Some(value);
        } else {
            // The ring is opened where it begins, so that the new value comes last.
            self.places.rotate_left(self.head);
            self.head = 0;
            self.places.push(Some(value));
        }
        self.len += 1;
        Slot(number)
    }

    /// Forgets the oldest value, if there is one.
    pub fn forget_oldest(&mut self) {
        if self.len > 0 {
            self.places[self.head] = None;
            self.head = self.place(1);
            self.len -= 1;
            self.oldest = self.oldest.wrapping_add(1);
        }
    }

    /// A look at the value.
    ///
    /// # Panics
    /// If it was forgotten.
    pub fn get(&self, slot: Slot) -> &T {
        let place = self.place(slot.0.wrapping_sub(self.oldest) as usize);
        match &self.places[place] {
            Some(value) => value,
            None => vacant(slot),
        }
    }

    /// The place of the value that is so many behind the oldest.
    fn place(&self, behind: usize) -> usize {
        let place = self.head + behind;
        if place < self.places.len() { place } else { place - self.places.len() }
    }
}

#[cold]
fn vacant(slot: Slot) -> ! {
    panic!("slot {} is vacant: its value was taken before", slot.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_reused_and_values_kept_apart() {
        // A slab that grows with every message would fill memory in a long run.
        let mut slab = Slab::new();
        let (a, b) = (slab.insert('a'), slab.insert('b'));
        assert_eq!(slab.take(a), 'a');
        let c = slab.insert('c');
        assert_eq!(c, a);
        assert_eq!((*slab.get(b), *slab.get(c), slab.len()), ('b', 'c', 2));
    }

    #[test]
    fn a_fifo_agrees_with_a_queue() {
        // Whatever comes and goes: every number finds its value, and no place is taken beyond what is needed.
        let mut random = crate::random::Random::new(1);
        let (mut fifo, mut model) = (Fifo::new(), std::collections::VecDeque::new());
        for value in 0..10_000u64 {
            if random.chance(0.5) || model.is_empty() {
                model.push_back((fifo.push(value), value));
            } else {
                fifo.forget_oldest();
                model.pop_front();
            }
            assert!(model.iter().all(|(slot, value)| fifo.get(*slot) == value));
        }
        assert!(fifo.places.len() < 400, "{}", fifo.places.len());
    }

    #[test]
    #[should_panic(expected = "slot 0 is vacant")]
    fn a_value_is_taken_once() {
        // Delivering one message twice must be asked for, by copying it.
        let mut slab = Slab::new();
        let slot = slab.insert(1);
        slab.take(slot);
        slab.take(slot);
    }
}
