//! A history as a picture: the operations as intervals, a lane for each caller, with what was wrong with the world meanwhile.
//!
//! A [`Timeline`] draws what callers saw, whether it was judged or not: what happened, what failed, what nobody knows; and when each
//! request reached the service's code, where that is known, since a call that timed out may have arrived all the same. A checker adds
//! what it found: an order that explains the operations, or the one that has no place in any, the window of time in which it would have
//! to have one, and the operations that leave no room for it there. Every checker draws with it, ours and yours.
//!
//! As a rule every call and every return has a column of its own, in their order: what counts is which came first, not by how much,
//! and a history whose events lie a microsecond or a minute apart is as readable as any other. [`by_time`](Timeline::by_time) draws
//! true time instead, and in a notebook a button does.
//!
//! ```
//! use netsplit_check::{Timelines, by_hand};
//! let history = by_hand("counter")
//!     .ok("ann", 0..5, "add", "added")
//!     .unknown("bob", 2..8, "add")
//!     .disturbed(1..4, "partition: bob | everyone else")
//!     .history();
//! let timeline = history.timeline();
//! assert!(timeline.svg().contains("ann&#39;s &quot;add&quot;"));
//! println!("{timeline}");                            // the same as text
//! ```
//!
//! | to learn | read |
//! |---|---|
//! | what is drawn, and what is left out | `scene.rs` |
//! | where it stands | `axis.rs`, `lanes.rs` |
//! | the picture | `svg.rs` |
//! | the picture in letters | `text.rs` |
//! | what the pointer and the keyboard find | `words.rs`, `live.rs`, `timeline.js` |

use std::fmt::{self, Debug};

use netsplit_figure::Figure;
use netsplit_node::{Disturbance, Duration, History, Time};

mod axis;
mod lanes;
mod live;
mod scene;
mod shown;
mod svg;
mod text;
mod words;

pub(crate) use shown::{Ending, Shown};
pub use shown::{Order, Step};
pub(crate) use words::briefly;

/// A history as a picture; see [`History::timeline`](Timelines::timeline).
#[derive(Clone)]
#[must_use = "a timeline is seen when it is a cell's last value or is printed"]
pub struct Timeline {
    title: String,
    operations: Vec<Shown>,
    disturbances: Vec<Disturbance>,
    accused: Option<usize>,
    because: Vec<usize>,
    orders: Vec<Order>,
    notes: Vec<String>,
    since: Option<Time>,
    until: Option<Time>,
    names: Vec<String>,
    at_most: usize,
    by_time: bool,
}

/// Operations that are drawn if nothing else is said, at most if something is, and in the text.
const DRAWN: usize = 200;
const MOST_DRAWN: usize = 1000;
const MOST_IN_TEXT: usize = 100;
/// Bytes of a page.
const MOST_BYTES: usize = 1_000_000;

/// Puts the picture where a reader looks for it: `history.timeline()`.
pub trait Timelines {
    /// The operations as intervals, whether somebody judged them or not.
    fn timeline(&self) -> Timeline;
}

impl<Q: Debug, R: Debug> Timelines for History<Q, R> {
    fn timeline(&self) -> Timeline {
        let words = |operation: &netsplit_node::Operation<Q, R>| match &operation.outcome {
            Some(netsplit_node::Outcome::Ok(response)) => format!("{:?} -> {response:?}", operation.request),
            _ => format!("{:?}", operation.request),
        };
        let operations = self.iter().enumerate();
        let operations =
            operations.map(|(number, it)| Shown::of(number, it, words(it)).with_served(&it.served)).collect();
        Timeline::new(operations, self.disturbances.clone()).title(format!("history of {}", self.service))
    }
}

impl Timeline {
    pub(crate) fn new(operations: Vec<Shown>, disturbances: Vec<Disturbance>) -> Timeline {
        Timeline {
            title: String::new(),
            operations,
            disturbances,
            accused: None,
            because: Vec::new(),
            orders: Vec::new(),
            notes: Vec::new(),
            since: None,
            until: None,
            names: Vec::new(),
            at_most: DRAWN,
            by_time: false,
        }
    }

    /// Gives the picture this title.
    pub fn title(mut self, title: impl Into<String>) -> Timeline {
        self.title = title.into();
        self
    }

    /// Draws only operations that were under way at this time after the world began, or later.
    pub fn since(mut self, since: Duration) -> Timeline {
        self.since = Some(Time::ZERO + since);
        self
    }

    /// Draws only operations that were called until this time after the world began.
    pub fn until(mut self, until: Duration) -> Timeline {
        self.until = Some(Time::ZERO + until);
        self
    }

    /// Draws only operations of these callers; "shop" means "shop 0", "shop 1" and so on.
    pub fn only_named<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Timeline {
        self.names.extend(names.into_iter().map(Into::into));
        self
    }

    /// Draws at most this many operations, 200 unless said otherwise; 1000 is the most. How many were left out stands at the foot.
    pub fn at_most(mut self, operations: usize) -> Timeline {
        self.at_most = operations.clamp(1, MOST_DRAWN);
        self
    }

    /// Draws true time: lengths are to scale, and what lies close together is small.
    pub fn by_time(mut self) -> Timeline {
        self.by_time = true;
        self
    }

    /// Says that `operation` has no place in any order, and which others leave no room for it; operations are told by their places
    /// in the history.
    ///
    /// ```
    /// use netsplit_check::{Timelines, by_hand};
    /// let history = by_hand("s").ok("ann", 0..5, "put", 1).ok("bob", 6..9, "get", 0).history();
    /// let text = history.timeline().accusing(1, &[0]).text();
    /// assert!(text.contains("X: \"get\" -> 0"), "{text}");
    /// ```
    pub fn accusing(mut self, operation: usize, because: &[usize]) -> Timeline {
        self.accused = Some(operation);
        self.because = because.to_vec();
        self
    }

    /// Adds an order in which operations may have taken effect.
    pub fn ordered(mut self, order: Order) -> Timeline {
        self.orders.push(order);
        self
    }

    /// Adds a remark below the picture.
    pub(crate) fn noting(mut self, note: String) -> Timeline {
        self.notes.push(note);
        self
    }

    /// The picture in its three forms. A page of it has a million bytes at most: where operations take more words than that, fewer are
    /// drawn, and the others are counted with those that were left out.
    pub fn figure(&self) -> Figure {
        let mut at_most = self.at_most;
        loop {
            let figure = self.figure_of(at_most);
            if at_most == 1 || figure.html().len() <= MOST_BYTES {
                return figure;
            }
            at_most /= 2;
        }
    }

    fn figure_of(&self, at_most: usize) -> Figure {
        let scene = scene::assemble(self, at_most);
        let (order, time) = (svg::draw(&scene, false), svg::draw(&scene, true));
        let (svg, other) = if self.by_time { (time, order) } else { (order, time) };
        let live = (!scene.bars.is_empty()).then(|| live::live(&scene, &other, self.by_time));
        Figure { svg, text: self.text(), live }
    }

    /// The picture as self-contained SVG. Equal histories give equal bytes.
    pub fn svg(&self) -> String {
        self.figure().svg
    }

    /// The picture as text, at most 110 columns wide; always in the order of calls and returns.
    pub fn text(&self) -> String {
        text::draw(&scene::assemble(self, self.at_most.min(MOST_IN_TEXT)))
    }

    /// The picture as a part of a page.
    pub fn html(&self) -> String {
        self.figure().html()
    }

    /// Shows the picture in a notebook.
    pub fn evcxr_display(&self) {
        self.figure().show();
    }
}

/// The picture as text.
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Short: a timeline holds a whole history.
impl Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timeline of {} operations", self.operations.len())
    }
}
