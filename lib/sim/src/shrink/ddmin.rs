//! Delta debugging: which few of many elements a failure needs (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002,
//! the algorithm ddmin).
//!
//! Halves are left out first, then quarters, and so on down to single elements. What remains is 1-minimal: it fails, and without any single one of its
//! elements it does not. It need not be the smallest of all, which would take a try of every subset.

/// What a trial of some of the elements came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    /// It fails as the whole does.
    Fails,
    /// It does not, or not so.
    Passes,
    /// There was no trial: nobody may try any more.
    NoMore,
}

/// Leaves out of `items`, which fail, as many as can be left out. The last ones go first, since what comes after a failure had no part in it.
pub(crate) fn ddmin<T: Clone>(items: Vec<T>, mut fails: impl FnMut(&[T]) -> Tried) -> Vec<T> {
    let mut kept = items;
    let mut chunk = kept.len();
    while chunk > 0 && !kept.is_empty() {
        let mut has_shrunk = false;
        let mut end = kept.len();
        while end > 0 {
            let start = end.saturating_sub(chunk);
            let rest: Vec<T> = kept[..start].iter().chain(&kept[end..]).cloned().collect();
            match fails(&rest) {
                Tried::Fails => (kept, has_shrunk) = (rest, true),
                Tried::Passes => {}
                Tried::NoMore => return kept,
            }
            end = start.min(kept.len());
        }
        // Elements that could not go may be able to once others have gone: single ones are tried until a whole round changes nothing.
        if chunk > 1 {
            chunk = chunk.min(kept.len() + 1) / 2;
        } else if !has_shrunk {
            break;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Fails if it contains one of the sets.
    fn needs(sets: &[Vec<u32>], items: &[u32]) -> bool {
        sets.iter().any(|set| set.iter().all(|it| items.contains(it)))
    }

    proptest! {
        #[test]
        fn what_remains_fails_and_no_single_element_can_go(
            length in 1_u32..60,
            sets in proptest::collection::vec(proptest::collection::btree_set(0_u32..60, 0..6), 1..4),
        ) {
            // The promise of ddmin, whatever the failure needs; and a second time gives the same.
            let sets: Vec<Vec<u32>> = sets.iter().map(|set| set.iter().map(|it| it % length).collect()).collect();
            let run = |items: &[u32]| if needs(&sets, items) { Tried::Fails } else { Tried::Passes };
            let kept = ddmin((0..length).collect(), run);
            prop_assert!(needs(&sets, &kept));
            for left_out in 0..kept.len() {
                let rest: Vec<u32> = kept.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, it)| *it).collect();
                prop_assert!(!needs(&sets, &rest), "{kept:?} without {}", kept[left_out]);
            }
            prop_assert_eq!(ddmin((0..length).collect(), run), kept);
        }
    }

    #[test]
    fn what_can_go_only_after_another_goes() {
        // A 1 is of no use, and while it is there it needs the 2 after it: that can go in a second round of single elements.
        let fails = |items: &[u32]| items.contains(&0) && (!items.contains(&1) || items.contains(&2));
        let kept = ddmin(vec![0, 1, 2], |items| if fails(items) { Tried::Fails } else { Tried::Passes });
        assert_eq!(kept, [0]);
    }

    #[test]
    fn few_of_many_are_found_in_few_trials() {
        // Three of a thousand take far less than a thousand trials, by halving.
        let mut trials = 0;
        let kept = ddmin((0..1000_u32).collect(), |items| {
            trials += 1;
            if needs(&[vec![3, 500, 997]], items) { Tried::Fails } else { Tried::Passes }
        });
        assert_eq!(kept, [3, 500, 997]);
        assert!(trials < 100, "{trials}");
    }

    #[test]
    fn it_ends_with_what_it_has_when_nobody_may_try_any_more() {
        // What it has then still fails.
        let mut left = 5;
        let kept = ddmin((0..100_u32).collect(), |items| {
            left -= 1;
            match left {
                0 => Tried::NoMore,
                _ if items.contains(&42) => Tried::Fails,
                _ => Tried::Passes,
            }
        });
        assert!(kept.contains(&42) && kept.len() > 1 && kept.len() < 100, "{kept:?}");
    }
}
