//! What a diagram is asked to show.

use netsplit_node::trace::Lifeline;
use netsplit_node::{Duration, NodeId, Time, Trace};

/// The choices of a [`Diagram`](crate::Diagram)'s builder.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub title: Option<String>,
    /// What stands at the foot instead of the trace's seed and hash.
    pub source: Option<String>,
    pub width: u32,
    pub since: Option<Time>,
    pub until: Option<Time>,
    /// Whether what is drawn is the end of a longer run.
    pub is_last: bool,
    pub at_most: usize,
    pub only_ids: Vec<NodeId>,
    pub only_names: Vec<String>,
    pub timers_hidden: bool,
    pub disks_hidden: bool,
    pub notes_hidden: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            title: None,
            source: None,
            width: 800,
            since: None,
            until: None,
            is_last: false,
            at_most: 250,
            only_ids: Vec::new(),
            only_names: Vec::new(),
            timers_hidden: false,
            disks_hidden: false,
            notes_hidden: false,
        }
    }
}

impl Options {
    /// From which run the picture is.
    pub fn source(&self, trace: &Trace) -> String {
        self.source.clone().unwrap_or_else(|| format!("seed {}, trace {}", trace.seed, trace.hash))
    }

    /// Whether a lifeline is wanted: all are, unless some were named.
    pub fn shows(&self, line: &Lifeline) -> bool {
        if self.only_ids.is_empty() && self.only_names.is_empty() {
            return true;
        }
        let named = |name: &String| {
            *name == line.name
                || line.name.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(' '))
        };
        self.only_ids.contains(&line.id) || self.only_names.iter().any(named)
    }
}

/// A moment of a run: a [`Time`], or a [`Duration`] since the world began (`ms(20)`).
pub trait Moment {
    /// The instant that is meant.
    fn instant(self) -> Time;
}

impl Moment for Time {
    fn instant(self) -> Time {
        self
    }
}

impl Moment for Duration {
    fn instant(self) -> Time {
        Time::ZERO + self
    }
}
