//! Steps of the specification, remembered: the same operation is tried in the same state again and again.

/// A specification whose states are numbers. State 0 is the initial one.
pub(crate) trait Steps {
    /// The number of the state after an operation of this class in this state; nothing if the class does not fit it.
    fn step(&mut self, state: u32, class: u32) -> Option<u32>;
    /// Bytes that the states take.
    fn bytes(&self) -> usize;
}

/// Steps behind a cache of fixed size: what falls on the place of another replaces it, and is then asked for again.
pub(crate) struct Transitions<'a> {
    steps: Box<dyn Steps + 'a>,
    /// State and class, plus one; and the next state, or [`REFUSED`].
    places: Vec<(u64, u32)>,
}

const PLACE_BITS: u32 = 16;
const REFUSED: u32 = u32::MAX;

impl<'a> Transitions<'a> {
    pub(crate) fn new(steps: Box<dyn Steps + 'a>) -> Transitions<'a> {
        Transitions { steps, places: vec![(0, 0); 1 << PLACE_BITS] }
    }

    #[inline]
    pub(super) fn step(&mut self, state: u32, class: u32) -> Option<u32> {
        let asked = (u64::from(state) << 32 | u64::from(class)) + 1;
        let place = (asked.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - PLACE_BITS)) as usize;
        if self.places[place].0 != asked {
            self.places[place] = (asked, self.steps.step(state, class).unwrap_or(REFUSED));
        }
        let next = self.places[place].1;
        (next != REFUSED).then_some(next)
    }

    pub(super) fn bytes(&self) -> usize {
        self.steps.bytes() + self.places.len() * size_of::<(u64, u32)>()
    }
}
