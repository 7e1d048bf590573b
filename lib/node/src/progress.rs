//! Progress: what a user sees of something that takes long, while it takes long.
//!
//! Whoever runs long begins a [`Progress`] and tells it now and then how far it is. Nothing is shown before half a second has passed, then
//! not more than a few times a second, and when it ends what was shown is taken away. The kernel gives the outlet; without one, as in
//! a program of your own, nothing is shown.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Where progress goes: a text replaces the one before, and nothing takes it away.
pub type Outlet = fn(Option<&str>);

static OUTLET: Mutex<Option<Outlet>> = Mutex::new(None);
/// Whether somebody tells progress: what runs within it is silent.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// What is over before this shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// A person does not read faster.
const PERIOD: Duration = Duration::from_millis(250);

/// Gives progress a place to be shown.
pub fn set_outlet(outlet: Outlet) {
    *OUTLET.lock().unwrap_or_else(PoisonError::into_inner) = Some(outlet);
}

fn show(text: Option<&str>) {
    let outlet = *OUTLET.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(outlet) = outlet {
        outlet(text);
    }
}

/// Something that may take long. Only the outermost of several shows itself.
///
/// ```
/// use netsplit_node::progress::Progress;
/// let mut progress = Progress::begin();
/// for seed in 0..1000 {
///     progress.tell(|| format!("{seed} of 1000 seeds"));
/// }
/// ```
#[derive(Debug)]
pub struct Progress {
    began: Instant,
    due: Instant,
    speaks: bool,
    is_shown: bool,
}

impl Progress {
    /// Begins now.
    pub fn begin() -> Progress {
        let began = Instant::now();
        let speaks = !TAKEN.swap(true, Ordering::Relaxed);
        Progress { began, due: began + PATIENCE, speaks, is_shown: false }
    }

    /// How long it has taken so far, by the machine's clock.
    pub fn taken(&self) -> Duration {
        self.began.elapsed()
    }

    /// How far it is, if it is time to say so. Costs a look at the machine's clock.
    pub fn tell(&mut self, text: impl FnOnce() -> String) {
        if !self.speaks {
            return;
        }
        let now = Instant::now();
        if now >= self.due {
            self.due = now + PERIOD;
            self.is_shown = true;
            show(Some(&text()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.speaks {
            TAKEN.store(false, Ordering::Relaxed);
        }
        if self.is_shown {
            show(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SHOWN: Mutex<Vec<Option<String>>> = Mutex::new(Vec::new());

    #[test]
    fn shows_itself_late_seldom_and_not_for_ever() {
        // Nothing at first, one text per period from then on, nothing of what runs within it, and in the end it is gone.
        set_outlet(|text| SHOWN.lock().unwrap().push(text.map(str::to_owned)));
        let mut outer = Progress::begin();
        outer.tell(|| "too early".to_owned());
        assert!(SHOWN.lock().unwrap().is_empty());
        outer.due = Instant::now();
        let mut inner = Progress::begin();
        inner.due = Instant::now();
        inner.tell(|| "within".to_owned());
        drop(inner);
        outer.tell(|| "half".to_owned());
        outer.tell(|| "too soon again".to_owned());
        drop(outer);
        assert_eq!(*SHOWN.lock().unwrap(), [Some("half".to_owned()), None]);

        SHOWN.lock().unwrap().clear();
        drop(Progress::begin());
        assert!(SHOWN.lock().unwrap().is_empty(), "what was never shown need not be taken away");
    }
}
