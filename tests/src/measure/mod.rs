//! `measure`: runs the project's benchmarks and prints one line per figure.
//!
//! A figure is one entry of [`FIGURES`]: its name, its unit, where its number comes from, and its goal. Sources that give
//! several figures run once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Value, json};

use crate::project::Project;

mod cells;
mod endings;
mod grading;
mod kills;
mod programs;

/// One number about the project that somebody may doubt.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Its name on the command line: subject, slash, what of it.
    pub name: &'static str,
    /// The unit of all its numbers.
    pub unit: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    source: Source,
    goal: Option<Goal>,
}

/// Where a figure's numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// A program of `benches/`, built with this profile; it prints one line of JSON with a `value`. So do the programs of
    /// `benches/peers/`, of which those that are built run, too, and the fastest is the figure's peer.
    Program { name: &'static str, profile: &'static str, peers: &'static [&'static str] },
    /// A program of `benches/` that explores a model, and its peer of the same name: its seconds, or its memory. Less is better.
    Explorer { name: &'static str, number: &'static str },
    /// One number of a part of `benches/cells.py`: the same cells in our kernel and in evcxr's, alternating.
    Cells { part: &'static str, number: &'static str },
    /// One number of tests/e2e/grading.py, with as many repetitions as it takes.
    Grading { number: &'static str },
    /// A conversation with our kernel in which cells, processes and the kernel itself come to bad ends.
    Endings(endings::Part),
}

/// What the number should be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Goal {
    /// Our number is at least this.
    AtLeast(f64),
    /// Our number is at most this.
    AtMost(f64),
    /// Our number is at most this many times the peer's.
    RatioAtMost(f64),
}

impl Goal {
    /// Whether the numbers are what they should be; none where that takes a peer, and there is none.
    fn is_met(self, numbers: Numbers) -> Option<bool> {
        match self {
            Self::AtLeast(bound) => Some(numbers.ours >= bound),
            Self::AtMost(bound) => Some(numbers.ours <= bound),
            Self::RatioAtMost(bound) => Some(numbers.ours <= bound * numbers.peer?),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, ">= {bound}"),
            Self::AtMost(bound) => write!(f, "<= {bound}"),
            Self::RatioAtMost(bound) => write!(f, "<= {bound} times the peer"),
        }
    }
}

/// Programs of `benches/peers/`.
const SIMULATORS: [&str; 3] = ["ping_pong_madsim", "ping_pong_anysystem", "ping_pong_turmoil"];

/// All figures, in the order in which they are printed.
pub const FIGURES: [Figure; 35] = [
    Figure {
        name: "sim/ping_pong",
        unit: "million events/s",
        about: "500 pairs, latency 1-2 ms, a loss rule, no trace, 200-byte messages; peer: the fastest of \
                MadSim, AnySystem and Turmoil that is built",
        source: Source::Program { name: "ping_pong", profile: "release", peers: &SIMULATORS },
        goal: Some(Goal::AtLeast(15.0)),
    },
    Figure {
        name: "sim/cell_node",
        unit: "million events/s",
        about: "the same, with the node compiled as a cell is: without optimisation",
        source: Source::Program { name: "ping_pong", profile: "cell", peers: &[] },
        goal: Some(Goal::AtLeast(8.0)),
    },
    Figure {
        name: "sim/ping_pong_traced",
        unit: "million events/s",
        about: "the same with the trace on, 100 million events in at most 200 MB",
        source: Source::Program { name: "ping_pong_traced", profile: "release", peers: &[] },
        goal: Some(Goal::AtLeast(8.0)),
    },
    Figure {
        name: "sim/faults_on",
        unit: "million events/s",
        about: "five nodes of Raft with disks, clocks and clients under a swarm nemesis",
        source: Source::Program { name: "faults_on", profile: "release", peers: &[] },
        goal: Some(Goal::AtLeast(1.0)),
    },
    Figure {
        name: "sim/idle",
        unit: "times",
        about: "the cost of an event of ten nodes among 100,000 idle ones, in times of the ten alone",
        source: Source::Program { name: "idle", profile: "release", peers: &[] },
        goal: Some(Goal::AtMost(2.0)),
    },
    Figure {
        name: "sim/bare_queue",
        unit: "million events/s",
        about: "sim/ping_pong again; peer: SimCore's event queue alone, which has no network",
        source: Source::Program { name: "ping_pong", profile: "release", peers: &["ping_pong_simcore"] },
        goal: None,
    },
    Figure {
        name: "check/etcd_logs",
        unit: "ms",
        about: "20 logs of etcd under Jepsen judged and explained on one thread; Porcupine took about 340 ms on the \
                machine that set the goal",
        source: Source::Program { name: "check_etcd_logs", profile: "release", peers: &[] },
        goal: Some(Goal::AtMost(85.0)),
    },
    Figure {
        name: "check/kv_c10",
        unit: "ms",
        about: "ten clients at ten keys judged as one undivided history; Porcupine took 2,730 ms on the machine that \
                set the goal",
        source: Source::Program { name: "check_kv_c10", profile: "release", peers: &[] },
        goal: Some(Goal::AtMost(700.0)),
    },
    Figure {
        name: "explore/two_phase_commit_9",
        unit: "s",
        about: "a model written by hand, 10,340,352 states, on all cores; peer: Stateright's example of it",
        source: Source::Explorer { name: "explore_two_phase_commit_9", number: "value" },
        goal: Some(Goal::RatioAtMost(0.5)),
    },
    Figure {
        name: "explore/paxos_3",
        unit: "s",
        about: "three nodes and three clients, linearizability judged in each of 1,194,428 states; peer: Stateright's \
                example of it",
        source: Source::Explorer { name: "explore_paxos_3", number: "value" },
        goal: Some(Goal::RatioAtMost(0.4)),
    },
    Figure {
        name: "explore/paxos_3_memory",
        unit: "MB",
        about: "the most memory that the program had at once in explore/paxos_3",
        source: Source::Explorer { name: "explore_paxos_3", number: "megabytes" },
        goal: Some(Goal::RatioAtMost(0.3)),
    },
    Figure {
        name: "explore/single_copy_4",
        unit: "s",
        about: "one node and four clients, linearizability judged in each of 400,233 states; peer: Stateright's example of it",
        source: Source::Explorer { name: "explore_single_copy_4", number: "value" },
        goal: Some(Goal::RatioAtMost(0.15)),
    },
    Figure {
        name: "shrink/raft",
        unit: "s",
        about: "a failing run of a wrong Raft, 11,150 events, cut down to what its failure needs",
        source: Source::Program { name: "shrink_raft", profile: "release", peers: &[] },
        goal: Some(Goal::AtMost(10.0)),
    },
    Figure {
        name: "raft/throughput",
        unit: "operations/s",
        about: "simulated reads and writes of 50 clients at five servers of Raft without faults, by real time",
        source: Source::Program { name: "raft_throughput", profile: "release", peers: &[] },
        goal: None,
    },
    Figure {
        name: "grade/attacks",
        unit: "attacks",
        about: "attacks of tests/attacks that get more than the wrong answer that they dress up",
        source: Source::Grading { number: "attacks" },
        goal: Some(Goal::AtMost(0.0)),
    },
    Figure {
        name: "grade/stability",
        unit: "grades",
        about: "1,000 times two answers, of which one panics: grades that differ from the first",
        source: Source::Grading { number: "stability" },
        goal: Some(Goal::AtMost(0.0)),
    },
    Figure {
        name: "grade/submission",
        unit: "s",
        about: "one submission of three exercises with 200 hidden cases each, `netsplit grade` from start to end, the \
                judge built before",
        source: Source::Grading { number: "submission" },
        goal: Some(Goal::AtMost(1.5)),
    },
    Figure {
        name: "grade/batch",
        unit: "s",
        about: "500 submissions on 2 workers, all killed in the middle and begun again",
        source: Source::Grading { number: "batch" },
        goal: Some(Goal::AtMost(480.0)),
    },
    Figure {
        name: "view/diagram_200",
        unit: "ms",
        about: "the diagram of 200 events of Raft, from the trace to page, picture and text; a page of at most 80 kB",
        source: Source::Program { name: "view_diagram_200", profile: "release", peers: &[] },
        goal: Some(Goal::AtMost(5.0)),
    },
    Figure {
        name: "view/diagram_1m",
        unit: "ms",
        about: "the same of 1,000,000 events, at most 2 MB in all",
        source: Source::Program { name: "view_diagram_1m", profile: "release", peers: &[] },
        goal: Some(Goal::AtMost(1000.0)),
    },
    Figure {
        name: "start/first_result",
        unit: "ms",
        about: "from the start of a kernel, the prelude loaded, to the result of its first cell; peer: evcxr_jupyter, \
                without a prelude",
        source: Source::Cells { part: "start", number: "first_ms" },
        goal: Some(Goal::AtMost(400.0)),
    },
    Figure {
        name: "memory/idle",
        unit: "MB",
        about: "the kernel and all its children after the first cell, as proportional set size; peer: evcxr_jupyter",
        source: Source::Cells { part: "start", number: "idle_mb" },
        goal: Some(Goal::AtMost(25.0)),
    },
    Figure {
        name: "cells/median",
        unit: "ms",
        about: "the median of 48 mixed cells, from request to idle; peer: evcxr_jupyter",
        source: Source::Cells { part: "mixed", number: "median_ms" },
        goal: Some(Goal::RatioAtMost(0.25)),
    },
    Figure {
        name: "cells/p95",
        unit: "ms",
        about: "the 95th percentile of the first twelve cells of a notebook, the first `let` among them; peer: evcxr_jupyter",
        source: Source::Cells { part: "short", number: "p95_ms" },
        goal: Some(Goal::RatioAtMost(0.1)),
    },
    Figure {
        name: "cells/p95_mixed",
        unit: "ms",
        about: "the 95th percentile of the 48 cells of cells/median; peer: evcxr_jupyter",
        source: Source::Cells { part: "mixed", number: "p95_mixed_ms" },
        goal: None,
    },
    Figure {
        name: "cells/floor",
        unit: "ms",
        about: "the median of whole programs as cells; peer: plain rustc on the same text, with the flags of cells \
                and the linker that it links fastest with",
        source: Source::Cells { part: "floor", number: "floor_ms" },
        goal: Some(Goal::RatioAtMost(1.3)),
    },
    Figure {
        name: "cells/growth",
        unit: "times `1 + 1` at first",
        about: "`1 + 1` after 2,000 lines of items in earlier cells; peer: evcxr_jupyter",
        source: Source::Cells { part: "growth", number: "growth" },
        goal: Some(Goal::AtMost(1.3)),
    },
    Figure {
        name: "cells/node_defined",
        unit: "times `1 + 1`",
        about: "a cell that defines a node of 60 lines",
        source: Source::Cells { part: "node", number: "node_defined" },
        goal: Some(Goal::AtMost(1.6)),
    },
    Figure {
        name: "cells/node_run",
        unit: "times `1 + 1`",
        about: "the cell that first runs it",
        source: Source::Cells { part: "node", number: "node_run" },
        goal: Some(Goal::AtMost(2.5)),
    },
    Figure {
        name: "output/late",
        unit: "cells of 200",
        about: "cells that print and panic, of which something came after their end, elsewhere, or not at all; \
                peer: evcxr_jupyter",
        source: Source::Cells { part: "late", number: "late" },
        goal: Some(Goal::AtMost(0.0)),
    },
    Figure {
        name: "checkpoint/fork_10",
        unit: "ms",
        about: "what a checkpoint adds to a cell with 10 MB of live data: medians of 40 cells with and 40 without, alternating",
        source: Source::Endings(endings::Part::Fork(10)),
        goal: Some(Goal::AtMost(1.0)),
    },
    Figure {
        name: "checkpoint/fork_500",
        unit: "ms",
        about: "the same with 500 MB",
        source: Source::Endings(endings::Part::Fork(500)),
        goal: Some(Goal::AtMost(40.0)),
    },
    Figure {
        name: "checkpoint/recover",
        unit: "ms",
        about: "from a death (abort, exit, segfault, stack overflow) to when the next cell can start: the worst of their medians",
        source: Source::Endings(endings::Part::Recover),
        goal: Some(Goal::AtMost(20.0)),
    },
    Figure {
        name: "interrupt/latency",
        unit: "ms",
        about: "from an interrupt to the error of the cell (endless loop, output flood, running rustc, thread::sleep): the \
                worst of their medians",
        source: Source::Endings(endings::Part::Interrupt),
        goal: Some(Goal::AtMost(100.0)),
    },
    Figure {
        name: "kernel/kills",
        unit: "left of 200 kills",
        about: "processes and folders that are left, and kernels that do not answer, after the kernel or a process below it \
                is killed at a random moment",
        source: Source::Endings(endings::Part::Kills),
        goal: Some(Goal::AtMost(0.0)),
    },
];

/// Our number and, where the peer is installed, the peer's from the same run.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Numbers {
    ours: f64,
    peer: Option<f64>,
}

/// A figure with its numbers, or with the reason why there are none.
#[derive(Debug, Clone)]
pub struct Measured {
    figure: Figure,
    numbers: Result<Numbers, String>,
}

impl Measured {
    /// Whether there is a number.
    pub fn is_known(&self) -> bool {
        self.numbers.is_ok()
    }

    fn met(&self) -> Option<bool> {
        let goal = self.figure.goal?;
        self.numbers.as_ref().map_or(Some(false), |numbers| goal.is_met(*numbers))
    }

    /// The object of `--json`; what is not known is null.
    pub fn json(&self) -> Value {
        let numbers = self.numbers.as_ref().ok();
        let peer = numbers.and_then(|it| it.peer);
        json!({
            "name": self.figure.name,
            "unit": self.figure.unit,
            "ours": numbers.map(|it| it.ours),
            "peer": peer,
            "ratio": numbers.and_then(|it| Some(it.ours / it.peer?)),
            "goal": self.figure.goal.map(|goal| goal.to_string()),
            "met": self.met(),
        })
    }
}

/// Name, ours, peer, ratio, goal.
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = match &self.numbers {
            Ok(numbers) => numbers,
            Err(reason) => return write!(f, "{:<20} not measured: {reason}", self.figure.name),
        };
        let peer = numbers.peer.map_or("-".to_string(), short);
        let ratio = numbers.peer.map_or("-".to_string(), |peer| short(numbers.ours / peer));
        let goal = self.figure.goal.map_or("no goal".to_string(), |goal| format!("goal {goal}"));
        let verdict = match self.met() {
            Some(true) => ", met",
            Some(false) => ", MISSED",
            None => "",
        };
        let (name, unit) = (self.figure.name, self.figure.unit);
        write!(
            f,
            "{name:<20} ours {:>8}  peer {peer:>8}  ratio {ratio:>6}  {goal}{verdict} ({unit})",
            short(numbers.ours)
        )
    }
}

/// A number with about three digits that matter.
fn short(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        size if size >= 1.0 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

/// What is asked for on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Print how to use it, measure nothing.
    pub help: bool,
    /// Print the figures, measure none.
    pub list: bool,
    /// Print JSON instead of lines.
    pub json: bool,
    /// Only these figures.
    pub only: Vec<String>,
}

/// How to use it, for `--help`.
pub const HELP: &str = "measure [--list] [--json] [FIGURE]...
Runs the project's benchmarks, peers in the same run where they are installed, and prints one line per figure.
  --list  print the figures
  --json  print an array of objects: name, unit, ours, peer, ratio, goal, met
";

impl Options {
    /// Reads the command line, without the program's name.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        for argument in arguments.filter(|it| it != "--") {
            match argument.as_str() {
                "--list" => options.list = true,
                "--json" => options.json = true,
                "--help" | "-h" => options.help = true,
                name if FIGURES.iter().any(|figure| figure.name == name) => options.only.push(argument),
                other => {
                    return Err(format!(
                        "{other:?} is neither a figure nor an option: --list shows the figures"
                    ));
                }
            }
        }
        Ok(options)
    }

    fn wants(&self, figure: &Figure) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == figure.name)
    }
}

/// The figures as a table, for `--list`.
pub fn list() -> String {
    FIGURES.iter().map(|figure| format!("{:<20} {} ({})\n", figure.name, figure.about, figure.unit)).collect()
}

/// The parts of `benches/cells.py` that the figures that are asked for need.
fn parts_of_cells(options: &Options) -> BTreeSet<&'static str> {
    let wanted = FIGURES.iter().filter(|figure| options.wants(figure));
    let part = |figure: &Figure| match figure.source {
        Source::Cells { part, .. } => Some(part),
        Source::Program { .. } | Source::Explorer { .. } | Source::Grading { .. } | Source::Endings(_) => {
            None
        }
    };
    wanted.filter_map(part).collect()
}

/// Measures the figures that are asked for, handing each to `see` as soon as it is known.
pub fn run(project: &Project, options: &Options, mut see: impl FnMut(&Measured)) -> Vec<Measured> {
    let mut cells: Option<Result<BTreeMap<String, Numbers>, String>> = None;
    let mut graded = None;
    let wanted = FIGURES.iter().filter(|figure| options.wants(figure));
    let measured = wanted.map(|&figure| {
        let numbers = match figure.source {
            Source::Program { name, profile, peers } => programs::measure(project, name, profile, peers),
            Source::Explorer { name, number } => programs::measure_explorer(project, name, number),
            Source::Endings(part) => endings::measure(project, part),
            Source::Grading { number } => grading::measure(project, &mut graded, number),
            Source::Cells { number, .. } => {
                let all = cells.get_or_insert_with(|| cells::measure(project, &parts_of_cells(options)));
                all.clone().and_then(|all| {
                    all.get(number).copied().ok_or_else(|| format!("cells.py gave no {number}"))
                })
            }
        };
        let measured = Measured { figure, numbers };
        see(&measured);
        measured
    });
    measured.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(figure: usize, ours: f64, peer: Option<f64>) -> Measured {
        Measured { figure: FIGURES[figure], numbers: Ok(Numbers { ours, peer }) }
    }

    /// Each object has exactly the seven fields that readers of the JSON rely on, with null for what is not known.
    #[test]
    fn json_has_the_seven_fields() {
        let object = measured(0, 15.5, None).json();
        let fields: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["name", "unit", "ours", "peer", "ratio", "goal", "met"]);
        assert_eq!(
            (&object["peer"], &object["met"], &object["goal"]),
            (&Value::Null, &json!(true), &json!(">= 15"))
        );
        let broken = Measured { figure: FIGURES[0], numbers: Err("why".to_string()) };
        assert_eq!((&broken.json()["ours"], &broken.json()["met"]), (&Value::Null, &json!(false)));
    }

    /// The line has the name, both numbers, the ratio and the goal, and a missed goal is seen.
    #[test]
    fn lines_show_what_was_measured() {
        let line = measured(0, 9.9, None).to_string();
        assert!(line.starts_with("sim/ping_pong") && line.contains("goal >= 15, MISSED"), "{line}");
        let start = FIGURES.iter().position(|figure| figure.name == "start/first_result").unwrap();
        let line = measured(start, 250.0, Some(5000.0)).to_string();
        assert!(line.contains("250") && line.contains("5000") && line.contains("0.050"), "{line}");
        assert!(line.contains("goal <= 400, met"), "{line}");
    }

    /// A goal in times of the peer is met or missed by the ratio, and neither without a peer.
    #[test]
    fn ratios_need_a_peer() {
        let median = FIGURES.iter().position(|figure| figure.name == "cells/median").unwrap();
        let met = |ours, peer| measured(median, ours, peer).met();
        assert_eq!(
            (met(100.0, Some(400.0)), met(101.0, Some(400.0)), met(1.0, None)),
            (Some(true), Some(false), None)
        );
    }

    /// Of the script only those parts run that a figure needs.
    #[test]
    fn parts_are_those_of_the_figures() {
        let only = |names: &[&str]| Options {
            only: names.iter().map(|name| name.to_string()).collect(),
            ..Options::default()
        };
        let parts = |names: &[&str]| parts_of_cells(&only(names)).into_iter().collect::<Vec<_>>();
        assert_eq!(parts(&["cells/median", "cells/p95_mixed", "memory/idle"]), ["mixed", "start"]);
        assert_eq!(parts(&["sim/ping_pong"]), Vec::<&str>::new());
    }

    /// Unknown names are refused, known ones choose.
    #[test]
    fn figures_are_chosen_by_name() {
        let parse = |line: &str| Options::parse(line.split_whitespace().map(str::to_string));
        let options = parse("--json cells/median").unwrap();
        let chosen: Vec<_> =
            FIGURES.iter().filter(|figure| options.wants(figure)).map(|it| it.name).collect();
        assert_eq!((options.json, chosen), (true, vec!["cells/median"]));
        assert!(parse("cells/medain").unwrap_err().contains("--list"));
    }
}
