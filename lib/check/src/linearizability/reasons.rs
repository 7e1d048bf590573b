//! Why an operation cannot be placed: the fewest others that already rule it out.
//!
//! That an operation is not linearizable says little when a thousand others surround it. So each of the others is tried: suppose that nobody
//! knew how it ended, so that it may have had its effect at any time after its call, or never. If the history is still not linearizable, that
//! operation's end is no part of the reason, and it is left open from then on. What remains are the operations whose ends matter, each of them:
//! leave any one of them open too, and there is a linearization.
//!
//! Why not simply leave operations out? Because that is no weaker history: without ann's put, bob's get of her value would be
//! wrong, which it is not. Leaving open only ever allows more.

use super::budget::{Meter, Watch};
use super::search::{Found, Item, search};
use super::subject::Class;
use super::transitions::Transitions;

/// Steps for one attempt, and for all of them: an explanation should not take longer than the verdict. Steps are counted, not timed,
/// so the explanation is the same on every machine.
const STEPS_OF_ONE: u64 = 25_000;
const STEPS_OF_ALL: u64 = 750_000;

/// The operations that, by when they ended or by what they were told, leave no room for `stuck`; in the order of their calls.
///
/// `end` is the place of the last return in the instant of its own return. `open` is the class of each item as if nobody knew its response. If the steps do not suffice, some operations too many are named.
pub(super) fn reasons(
    items: &[Item],
    open: &[Class],
    (stuck, end): (u32, u32),
    steps: &mut Transitions<'_>,
    (memory, watch): (usize, &Watch),
) -> Vec<u32> {
    let Some(stuck) = items.iter().position(|item| item.operation == stuck) else { return Vec::new() };
    // What was called after that return cannot matter, nor can the returns after it.
    let known: Vec<Item> = items
        .iter()
        .filter(|item| item.call < end)
        .map(|item| Item { returned: item.returned.filter(|&it| it <= end), ..item.clone() })
        .collect();
    let mut relaxing =
        Relaxing { known, open, stuck, relaxed: Vec::new(), steps, memory, watch, left: STEPS_OF_ALL };
    relaxing.relaxed = vec![false; relaxing.known.len()];
    relaxing.relax(0, relaxing.known.len());
    let matters =
        |&index: &usize| index != stuck && !relaxing.relaxed[index] && relaxing.says_something(index);
    (0..relaxing.known.len()).filter(matters).map(|index| relaxing.known[index].operation).collect()
}

struct Relaxing<'a, 's> {
    known: Vec<Item>,
    open: &'a [Class],
    stuck: usize,
    relaxed: Vec<bool>,
    steps: &'a mut Transitions<'s>,
    memory: usize,
    watch: &'a Watch,
    left: u64,
}

impl Relaxing<'_, '_> {
    /// Leaves open as many of these operations as can be: all at once if possible, else half by half, the older half first.
    fn relax(&mut self, from: usize, to: usize) {
        if from == to || to - from == 1 && (from == self.stuck || !self.says_something(from)) {
            return;
        }
        let before = self.relaxed[from..to].to_vec();
        (from..to).for_each(|index| self.relaxed[index] = index != self.stuck);
        if self.is_still_impossible() {
            return;
        }
        self.relaxed[from..to].copy_from_slice(&before);
        if to - from > 1 {
            let middle = from + (to - from) / 2;
            self.relax(from, middle);
            self.relax(middle, to);
        }
    }

    /// Whether something is known of how the operation ended.
    fn says_something(&self, index: usize) -> bool {
        let item = &self.known[index];
        item.returned.is_some() || item.class != self.open[index].number
    }

    fn is_still_impossible(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        let items: Vec<Item> =
            self.known.iter().enumerate().map(|(index, item)| self.item(index, item)).collect();
        let mut meter = Meter::new(self.memory, self.watch, STEPS_OF_ONE.min(self.left));
        let found = search(&items, self.steps, &mut meter);
        self.left = self.left.saturating_sub(meter.steps().max(1));
        matches!(found, Found::Nothing(_))
    }

    fn item(&self, index: usize, item: &Item) -> Item {
        if !self.relaxed[index] {
            return item.clone();
        }
        let Class { number, reads } = self.open[index];
        Item { class: number, reads, returned: None, ..item.clone() }
    }
}
