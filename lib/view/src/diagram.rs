//! The space-time diagram as a value: what to show is chosen by its methods, and it shows itself in a notebook.

use std::fmt;
use std::sync::Arc;

use netsplit_figure::{Figure, Live};
use netsplit_node::json::Json;
use netsplit_node::{NodeId, Time, Trace};

use crate::assemble::assemble;
use crate::compare::{Parting, joined};
use crate::options::{Moment, Options};
use crate::player::Player;
use crate::{live, overview, svg, text};

/// What makes the picture answer the pointer.
const SCRIPT: &str = concat!(include_str!("script/diagram.js"), "begin(diagram);\n");

/// The same for a run of which only the beginning is drawn.
const SCRIPT_OF_LONG_RUNS: &str = concat!(
    include_str!("script/diagram.js"),
    include_str!("script/overview.js"),
    "begin((figure) => { diagram(figure); overview(figure); });\n"
);

/// A space-time diagram: a lifeline for each participant, time running downwards, an arrow for each message.
///
/// ```
/// use netsplit_node::{Trace, TraceHash, Time, ms};
/// use netsplit_view::Diagram;
/// # let trace = Trace { seed: 42, lifelines: vec![], events: vec![], states: vec![], omitted: 0, until: Time::ZERO, hash: TraceHash(0) };
/// let diagram = Diagram::of(&trace).title("Two greeters").until(ms(500)).without_timers();
/// assert!(diagram.svg().starts_with("<svg"));
/// println!("{diagram}");                            // the same as text
/// ```
///
/// Distances in time are not to scale: every moment gets the room that its labels need, and a wait that is much longer than
/// most is cut short and marked with its length. Order is kept.
#[derive(Clone)]
#[must_use = "a diagram is seen when it is a cell's last value or is printed"]
pub struct Diagram {
    trace: Arc<Trace>,
    options: Options,
}

/// The diagram of a trace that nobody else needs.
impl From<Trace> for Diagram {
    fn from(trace: Trace) -> Diagram {
        Diagram { trace: Arc::new(trace), options: Options::default() }
    }
}

impl Diagram {
    /// The diagram of a trace, with everything that fits.
    pub fn of(trace: &Trace) -> Diagram {
        Diagram::from(trace.clone())
    }

    /// Two runs side by side on one time axis, from a little before they part; everything that is chosen counts for both.
    ///
    /// ```
    /// use netsplit_view::Diagram;
    /// # use netsplit_node::{Trace, TraceHash, Time};
    /// # let run = |seed| Trace { seed, lifelines: vec![], events: vec![], states: vec![], omitted: 0, until: Time::ZERO, hash: TraceHash(0) };
    /// let (passing, failing) = (run(1), run(2));
    /// assert!(Diagram::compare(&passing, &failing).text().contains("the runs are the same"));
    /// ```
    pub fn compare(one: &Trace, other: &Trace) -> Diagram {
        let parting = Parting::of(one, other);
        let (trace, since) = joined(one, other, &parting);
        let mut diagram = Diagram::from(trace);
        diagram.options.since = Some(since).filter(|since| *since > Time::ZERO);
        let runs = [("A", one), ("B", other)]
            .map(|(name, run)| format!("{name}: seed {}, trace {}", run.seed, run.hash));
        diagram.options.source = Some(runs.join("; "));
        let title = parting.to_string();
        diagram.title(title.lines().next().unwrap_or_default())
    }

    /// Gives the picture a title.
    pub fn title(mut self, title: impl Into<String>) -> Diagram {
        self.options.title = Some(title.into());
        self
    }

    /// The width of the picture in pixels, 800 unless said otherwise; between 320 and 2000. Many lifelines make it wider.
    pub fn width(mut self, pixels: u32) -> Diagram {
        self.options.width = pixels.clamp(320, 2000);
        self
    }

    /// Draws only these participants and what happens between them.
    pub fn only(mut self, participants: impl IntoIterator<Item = NodeId>) -> Diagram {
        self.options.only_ids.extend(participants);
        self
    }

    /// Draws only participants of these names and what happens between them; "store" means "store 0", "store 1" and so on.
    pub fn only_named<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Diagram {
        self.options.only_names.extend(names.into_iter().map(Into::into));
        self
    }

    /// Begins at this moment, a [`Time`](netsplit_node::Time) or a duration since the world began. What lasts is shown from
    /// the top: who is down, what is cut, who waits for an answer.
    pub fn since(mut self, moment: impl Moment) -> Diagram {
        self.options.since = Some(moment.instant());
        self
    }

    /// Ends at this moment, a [`Time`](netsplit_node::Time) or a duration since the world began.
    pub fn until(mut self, moment: impl Moment) -> Diagram {
        self.options.until = Some(moment.instant());
        self
    }

    /// Draws at most this many events, 250 unless said otherwise; 1000 is the most. How many were left out stands at the foot.
    pub fn at_most(mut self, events: usize) -> Diagram {
        self.options.at_most = events.clamp(1, 1000);
        self
    }

    /// Draws the last events before the end, at most this many, instead of the first; an overview of the whole run stands above them.
    ///
    /// ```
    /// use netsplit_view::Diagram;
    /// use netsplit_node::ms;
    /// # use netsplit_node::{Trace, TraceHash, Time};
    /// # let trace = Trace { seed: 42, lifelines: vec![], events: vec![], states: vec![], omitted: 0, until: Time::ZERO, hash: TraceHash(0) };
    /// let what_led_to_it = Diagram::of(&trace).until(ms(500)).last(200);
    /// ```
    pub fn last(mut self, events: usize) -> Diagram {
        let end = self.options.until.unwrap_or(self.trace.until);
        let before = self.trace.events.partition_point(|event| event.time <= end);
        if let Some(first) = before.checked_sub(events.clamp(1, 1000)).filter(|first| *first > 0) {
            self.options.since = Some(self.trace.events[first].time);
            self.options.is_last = true;
        }
        self.at_most(1000)
    }

    /// Leaves out the timers of nodes; what a client does when its patience ends stays.
    pub fn without_timers(mut self) -> Diagram {
        self.options.timers_hidden = true;
        self
    }

    /// Leaves out writes and syncs.
    pub fn without_disks(mut self) -> Diagram {
        self.options.disks_hidden = true;
        self
    }

    /// Leaves out the remarks of nodes.
    pub fn without_notes(mut self) -> Diagram {
        self.options.notes_hidden = true;
        self
    }

    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// The same run to be played, with the cluster beside the diagram.
    pub fn player(self) -> Player {
        Player::of(self)
    }

    /// The diagram as a self-contained SVG picture. Equal traces give equal bytes.
    pub fn svg(&self) -> String {
        svg::draw(&assemble(&self.trace, &self.options), &self.trace, &self.options).svg
    }

    /// The diagram as text, at most 110 columns wide.
    pub fn text(&self) -> String {
        text::draw(&assemble(&self.trace, &self.options), &self.trace, &self.options)
    }

    /// The diagram as a part of a page: a picture that tells what it shows when it is pointed at, and plain where no script may run.
    pub fn html(&self) -> String {
        self.figure().html()
    }

    /// All forms that a notebook is given, each with its media type.
    pub fn forms(&self) -> Vec<(&'static str, String)> {
        self.figure().forms()
    }

    /// Shows the diagram in a notebook, in all three forms.
    pub fn evcxr_display(&self) {
        self.figure().show();
    }

    /// The picture, for those who show it elsewhere.
    pub fn figure(&self) -> Figure {
        let scene = assemble(&self.trace, &self.options);
        let drawing = svg::draw(&scene, &self.trace, &self.options);
        let mut data = live::data(&scene, &drawing, &self.trace);
        let mut script = SCRIPT;
        let begins = self.options.is_last.then_some(Time::ZERO);
        if let Some(since) = begins.or_else(|| scene.later.is_some().then_some(scene.start)) {
            let until = self.options.until.unwrap_or(self.trace.until);
            let overview = overview::data(&scene, &self.trace, since, until.min(self.trace.until));
            if let Json::Object(fields) = &mut data {
                let detail = if self.options.is_last { "last" } else { "first" };
                fields.push(("overview".to_owned(), overview));
                fields.push(("detail".to_owned(), Json::from(detail)));
            }
            script = SCRIPT_OF_LONG_RUNS;
        }
        let data = data.to_string();
        let text = text::draw(&scene, &self.trace, &self.options);
        Figure { svg: drawing.svg, text, live: Some(Live { script, data }) }
    }
}

/// The diagram as text.
impl fmt::Display for Diagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Short: a diagram holds a whole trace.
impl fmt::Debug for Diagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lifelines, events) = (self.trace.lifelines.len(), self.trace.events.len());
        write!(f, "Diagram of {lifelines} lifelines and {events} events, seed {}", self.trace.seed)
    }
}
