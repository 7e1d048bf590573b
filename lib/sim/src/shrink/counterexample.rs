//! What came out: a run that fails and has nothing in it that the failure does not need.

use std::fmt;

use netsplit_figure::markup::{escape, visible};
use netsplit_node::{Duration, Time, Trace, rich};
use netsplit_view::{Diagram, Player};

use super::rust::Sources;
use super::schedule::Schedule;
use super::search::first_line;
use crate::action::Action;
use crate::explore::grouped;
use crate::lab::Lab;
use crate::world::World;

/// How large a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Members of clusters.
    pub nodes: usize,
    /// Faults that were injected, those of plans included.
    pub faults: usize,
    /// Calls, those of workloads and of nodes included.
    pub operations: usize,
    /// Messages, requests and answers that arrived.
    pub messages: u64,
    /// Events that the laboratory handled.
    pub events: u64,
    /// How long it took, by the world's clock.
    pub time: Duration,
}

impl Size {
    pub(crate) fn of(world: &World) -> Size {
        let faults = world.log.iter().map(|logged| match &logged.action {
            Action::Inject(_) | Action::LoseNext { .. } => 1,
            Action::Play(plan) => plan.entries.len(),
            _ => 0,
        });
        Size {
            nodes: world.clusters.iter().map(|cluster| cluster.members.len()).sum(),
            faults: faults.sum(),
            operations: world.clusters.iter().map(|cluster| cluster.operations.len()).sum(),
            messages: world.counts.received,
            events: world.handled(),
            time: world.now - Time::ZERO,
        }
    }
}

/// "1 node, 2 faults, 3 operations, 4 messages, 5 events, 6ms".
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size { nodes, faults, operations, messages, events, time } = *self;
        let counts = [
            (nodes as u64, "node"),
            (faults as u64, "fault"),
            (operations as u64, "operation"),
            (messages, "message"),
            (events, "event"),
        ];
        for (count, what) in counts {
            write!(f, "{} {what}{}, ", grouped(count), if count == 1 { "" } else { "s" })?;
        }
        write!(f, "{time}")
    }
}

/// A failing run, cut down: [`Lab::shrink`] makes it.
///
/// It is a laboratory of its own ([`lab`](Counterexample::lab)), a picture, and a test that can be pasted into a crate. As the value of a cell it
/// shows itself as text and diagram.
#[derive(Clone)]
pub struct Counterexample {
    lab: Lab,
    /// How large the run was.
    pub before: Size,
    /// How large it is now.
    pub after: Size,
    /// What is wrong with it.
    pub failure: String,
    /// How many runs it took to find it.
    pub runs: u64,
    /// Whether no single fault, call, message or node can be left out. If not, the runs that were allowed were used up, or the user had seen enough.
    pub is_minimal: bool,
    is_calm: bool,
    pub(super) sources: Sources,
}

impl Counterexample {
    pub(crate) fn new(
        world: World,
        before: Size,
        failure: String,
        runs: u64,
        is_minimal: bool,
        is_calm: bool,
    ) -> Counterexample {
        let after = Size::of(&world);
        let lab = Lab::of_world(world);
        Counterexample { lab, before, after, failure, runs, is_minimal, is_calm, sources: Sources::default() }
    }

    /// A laboratory in which it has just happened. Handles of the laboratory that was cut down are found in it by [`Lab::of`], clusters also by
    /// [`Lab::find`].
    pub fn lab(&self) -> Lab {
        self.lab.fork()
    }

    /// Which messages arrive when.
    pub fn schedule(&self) -> Schedule {
        let world = self.lab.world();
        let followed = world.following.as_ref().map(|following| following.schedule.clone());
        followed.unwrap_or_default()
    }

    /// What is done from outside, one line for each, with its time.
    pub fn actions(&self) -> Vec<(Time, String)> {
        let world = self.lab.world();
        let is_told = |action: &Action| match action {
            Action::Follow(_) => false,
            Action::Change { change, .. } => !change.is_relied_on,
            _ => true,
        };
        let actions = world.log.iter().filter(|logged| is_told(&logged.action));
        actions.map(|logged| (logged.now, logged.action.to_string())).collect()
    }

    /// What happens, event by event.
    pub fn trace(&self) -> Trace {
        self.lab.trace()
    }

    /// What happens as a space-time diagram.
    pub fn diagram(&self) -> Diagram {
        self.lab.diagram()
    }

    /// What happens, to be played event by event.
    pub fn player(&self) -> Player {
        self.lab.player()
    }

    pub(super) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.lab.world()
    }

    /// Shows it in a notebook: what is wrong, how small it is, and the diagram.
    pub fn evcxr_display(&self) {
        rich::show("text/html", &self.html());
        rich::show("text/plain", &self.to_string());
    }

    /// What is wrong, how small it is, what was done, and the diagram.
    pub fn html(&self) -> String {
        let lines: String = self
            .actions()
            .iter()
            .map(|(time, action)| {
                format!(
                    "<li>{time}: <code style=\"color:inherit;background:none\">{}</code></li>",
                    escape(&visible(action))
                )
            })
            .collect();
        format!(
            "<div style=\"border:1px solid #d55e00;border-left:6px solid #d55e00;border-radius:6px;background:#f8f9fa;\
             color:#1f2328;padding:8px 12px;margin:4px 0;max-width:860px;\
             font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:14px;line-height:1.45\">\
             <div><b>Counterexample</b>: <span style=\"color:#d55e00;font-weight:700\">✗</span> {}</div>\
             <div>{}</div><div style=\"color:#57606a\">cut down from {}; {}</div>\
             <ul style=\"margin:4px 0 0;padding-left:30px;font-size:13px\">{lines}</ul></div>{}",
            escape(&visible(&first_line(&self.failure))),
            escape(&self.after.to_string()),
            escape(&self.before.to_string()),
            escape(&self.how_small()),
            self.diagram().html(),
        )
    }

    fn how_small(&self) -> String {
        let runs = format!("{} run{}", grouped(self.runs), if self.runs == 1 { "" } else { "s" });
        let calm = if self.is_calm { ", in a calm network" } else { "" };
        match self.is_minimal {
            true => format!("nothing of it can be left out{calm} ({runs})"),
            false => format!("more of it may be left out{calm}: it ended after {runs}"),
        }
    }
}

/// What is wrong, how small it is, what was done, and which messages arrive.
impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seed = self.lab.seed();
        write!(f, "counterexample (seed {seed}): {}", visible(&first_line(&self.failure)))?;
        write!(f, "\n{}\ncut down from {}", self.after, self.before)?;
        write!(f, "\n{}", self.how_small())?;
        for (time, action) in self.actions() {
            write!(f, "\n  {time}: {}", visible(&action))?;
        }
        for line in self.schedule().to_string().lines() {
            write!(f, "\n  {}", visible(line))?;
        }
        Ok(())
    }
}

/// The same: what a test prints.
impl fmt::Debug for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
