//! Work on all cores: the results are in the order of the work, whichever thread did it, and no thread outlives the call.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// More threads than this are not used: each adds less than the one before.
pub(super) const MOST_THREADS: usize = 16;

/// `work(0)`, `work(1)`, .. `work(count - 1)`, on so many threads at most, this one included.
///
/// Threads are joined before it returns, so a cell that has called it has one thread again, and can be copied. Where the system
/// refuses threads, this one does it all.
pub(super) fn on_threads<T: Send>(threads: usize, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let taken = AtomicUsize::new(0);
    let work_through = || {
        let mut done = Vec::new();
        loop {
            let number = taken.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return done;
            }
            done.push((number, work(number)));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(count))
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, work_through).ok())
            .collect();
        let mut done = work_through();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|&(number, _)| number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// As many threads as there are cores, within reason.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_work() {
        // However many threads there are, also more than there is work for, or none but this one.
        for threads in [0, 1, 2, 16, 200] {
            assert_eq!(
                on_threads(threads, 100, |number| number * 2),
                (0..200).step_by(2).collect::<Vec<_>>()
            );
        }
        assert_eq!(on_threads(4, 0, |number| number), []);
    }

    #[test]
    fn a_panic_of_the_work_is_the_callers() {
        // The specification is the user's own code: its panic must arrive with its own payload, on whichever thread it was.
        for threads in [1, 4] {
            let panicked = std::panic::catch_unwind(|| {
                on_threads(threads, 8, |number| {
                    if number == 5 {
                        resume_unwind(Box::new("five"))
                    }
                });
            });
            assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"five"));
        }
    }
}
