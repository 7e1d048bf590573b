//! Sweeps: one experiment under many seeds and parameters, on all cores.
//!
//! One run shows what can happen; many show how often. The unit of a sweep is a pure function of its code, a seed and a parameter, so it may run
//! anywhere and in any order: the report is the same, run for run, however many cores there were.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use netsplit_check::Verdict;
use netsplit_figure::markup::{escape, visible};
use netsplit_node::interrupt::{self, Interrupted};
use netsplit_node::progress::Progress as Told;
use netsplit_node::{Duration, Time, TraceHash, rich};

use crate::handler_panic;
use crate::lab::Lab;
use crate::liveness::Progress;
use crate::replay::Replay;

/// What one run of a sweep gives back: a value, and whether it is a failure. A value of a type of your own goes into `Ok::<_, String>(value)`.
#[diagnostic::on_unimplemented(
    message = "a run of a sweep cannot give back a `{Self}`",
    note = "give back `()`, `bool` (false is a failure), a number, a `Verdict`, or any value in a `Result`: `Ok::<_, String>(value)`"
)]
pub trait Finding: Send {
    /// What is wrong, if something is.
    fn failure(&self) -> Option<String>;
}

/// Values that are never failures.
macro_rules! plain_findings {
    ($($kind:ty),*) => {
        $(impl Finding for $kind {
            fn failure(&self) -> Option<String> {
                None
            }
        })*
    };
}
plain_findings!((), u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64, char);
plain_findings!(String, &'static str, Duration, Time, TraceHash);

impl Finding for bool {
    fn failure(&self) -> Option<String> {
        (!self).then(|| "false".to_owned())
    }
}

impl<T: Send, E: fmt::Display + Send> Finding for Result<T, E> {
    fn failure(&self) -> Option<String> {
        self.as_ref().err().map(E::to_string)
    }
}

impl Finding for Verdict {
    fn failure(&self) -> Option<String> {
        (!self.holds()).then(|| self.to_string())
    }
}

impl Finding for Progress {
    fn failure(&self) -> Option<String> {
        (!self.holds()).then(|| self.to_string())
    }
}

impl Finding for Replay {
    fn failure(&self) -> Option<String> {
        (!self.holds()).then(|| self.to_string())
    }
}

impl<T: Send> Finding for Option<T> {
    fn failure(&self) -> Option<String> {
        None
    }
}

impl<T: Finding> Finding for Vec<T> {
    fn failure(&self) -> Option<String> {
        self.iter().find_map(T::failure)
    }
}

impl<A: Finding, B: Finding> Finding for (A, B) {
    fn failure(&self) -> Option<String> {
        self.0.failure().or_else(|| self.1.failure())
    }
}

impl<A: Finding, B: Finding, C: Finding> Finding for (A, B, C) {
    fn failure(&self) -> Option<String> {
        self.0.failure().or_else(|| self.1.failure()).or_else(|| self.2.failure())
    }
}

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepRun<P, T> {
    /// Its seed: `Lab::new(seed)` with the same actions is this run again.
    pub seed: u64,
    /// Its parameter.
    pub parameter: P,
    /// What it gave back; nothing if it panicked.
    pub value: Option<T>,
    /// What is wrong with it, if something is: the message of a panic (an assertion, a violated property), or what its value says.
    pub failure: Option<String>,
}

impl<P, T> SweepRun<P, T> {
    /// Runs it again, with a trace, and hands back the laboratory as it was when the run ended or failed: to be looked at, and to be
    /// [cut down](Lab::shrink).
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::ms;
    /// use netsplit_sim::{Lab, Traffic};
    /// let unit = |lab: &Lab, _: &()| {
    ///     let store = lab.cluster("store", 3, |_id| EagerStore::default());
    ///     lab.lose(0.2, Traffic::all());
    ///     let put = store.client_of(0).put("x", 1);
    ///     lab.run_for(ms(10));
    ///     !put.is_pending()
    /// };
    /// let report = Lab::sweep(0..50, [()]).run(unit);
    /// let lab = report.failures().next().expect("some lose it").again(unit);
    /// let small = lab.shrink(|lab| lab.find::<EagerStore>("store").history().operations.iter().all(|it| it.outcome.is_some()));
    /// assert_eq!((small.after.operations, small.after.messages), (1, 0));
    /// ```
    pub fn again<R>(&self, unit: impl FnOnce(&Lab, &P) -> R) -> Lab {
        let lab = Lab::new(self.seed);
        let mut unit = Some(unit);
        // How it ends is known.
        let _ = caught(&mut || {
            if let Some(unit) = unit.take() {
                unit(&lab, &self.parameter);
            }
        });
        lab
    }
}

/// What is to be run: every parameter with every seed.
///
/// ```
/// use netsplit_algorithms::replication::EagerStore;
/// use netsplit_node::secs;
/// use netsplit_sim::{Lab, Traffic};
///
/// let report = Lab::sweep(0..50, [0.0, 0.2]).run(|lab, &loss| {
///     let store = lab.cluster("store", 3, |_id| EagerStore::default());
///     lab.lose(loss, Traffic::all());
///     store.client_of(0).put("x", 1);
///     lab.run_for(secs(1));
///     store.node(1) == store.node(2)
/// });
/// assert_eq!(report.failures_of(&0.0), 0);
/// assert!(report.failures_of(&0.2) > 0);
/// let (loss, seed) = report.failing_seeds()[0]; // to look at: Lab::new(seed), with this loss
/// ```
#[derive(Clone, Debug)]
#[must_use = "a sweep runs when it is given what to run: `.run(|lab, parameter| ..)`"]
pub struct Sweep<P> {
    seeds: Vec<u64>,
    parameters: Vec<P>,
    workers: usize,
    stops: bool,
}

impl Lab {
    /// Every parameter with every seed, each in a laboratory of its own, on all cores: [`Sweep::run`] says what is done there. Without
    /// parameters, write `[()]`.
    pub fn sweep<P>(
        seeds: impl IntoIterator<Item = u64>,
        parameters: impl IntoIterator<Item = P>,
    ) -> Sweep<P> {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let (seeds, parameters) = (seeds.into_iter().collect(), parameters.into_iter().collect());
        Sweep { seeds, parameters, workers, stops: false }
    }
}

impl<P: Clone + Send + Sync> Sweep<P> {
    /// Runs no more after the first failure, in the order of the report: what comes after it is left out, even if it has been run.
    pub fn stop_at_first_failure(self) -> Sweep<P> {
        Sweep { stops: true, ..self }
    }

    /// On so many threads, at least one, instead of one for each core. The report is the same.
    pub fn on_threads(self, threads: usize) -> Sweep<P> {
        Sweep { workers: threads.max(1), ..self }
    }

    /// Runs it all. The laboratory that `unit` gets has the run's seed, and keeps no trace until it is told to
    /// ([`Lab::keep_events`]), since nobody will look at it. A panic, such as that of a violated property, is a failure of that run.
    pub fn run<T: Finding + Sync>(&self, unit: impl Fn(&Lab, &P) -> T + Sync) -> SweepReport<P, T> {
        self.run_each(unit, |_| {})
    }

    /// The same, and gives each run to `each` as soon as all before it have been there: in the order of the report, while others are still
    /// running.
    ///
    /// ```
    /// # use netsplit_sim::Lab;
    /// let mut seen = Vec::new();
    /// Lab::sweep(0..4, ["a", "b"]).run_each(|lab, _| lab.seed(), |run| seen.push((run.parameter, run.seed)));
    /// assert_eq!(seen[..3], [("a", 0), ("a", 1), ("a", 2)]);
    /// ```
    pub fn run_each<T: Finding + Sync>(
        &self,
        unit: impl Fn(&Lab, &P) -> T + Sync,
        mut each: impl FnMut(&SweepRun<P, T>),
    ) -> SweepReport<P, T> {
        let count = self.parameters.len() * self.seeds.len();
        let done: Vec<OnceLock<SweepRun<P, T>>> = (0..count).map(|_| OnceLock::new()).collect();
        let run_one = |number: usize| {
            let parameter = &self.parameters[number / self.seeds.len()];
            let seed = self.seeds[number % self.seeds.len()];
            let mut value = None;
            let caught = caught(&mut || {
                let lab = Lab::new(seed);
                lab.keep_events(0);
                value = Some(unit(&lab, parameter));
            });
            let failure = caught.or_else(|| value.as_ref().and_then(T::failure));
            let failed = failure.is_some();
            // Each number is handed out once.
            let _ = done[number].set(SweepRun { seed, parameter: parameter.clone(), value, failure });
            failed
        };
        let ended = run_units(count, self.workers, self.stops, &run_one, &mut |number| {
            done[number].get().into_iter().for_each(&mut each);
        });
        let runs = done.into_iter().take(ended).filter_map(OnceLock::into_inner).collect();
        SweepReport { runs, planned: count }
    }
}

/// Runs one unit. A failure is the message of its panic.
fn caught(unit: &mut dyn FnMut()) -> Option<String> {
    let _quiet = handler_panic::Quiet::begin();
    catch_unwind(AssertUnwindSafe(unit)).err().map(|_| handler_panic::message())
}

/// Runs units on threads that have ended when it returns; tells each in the order of the numbers. `unit` says whether it has
/// failed. Returns how many count: up to the first failure, where that is the end.
fn run_units(
    count: usize,
    workers: usize,
    stops: bool,
    unit: &(dyn Fn(usize) -> bool + Sync),
    told: &mut dyn FnMut(usize),
) -> usize {
    /// What a cell's own thread has.
    const STACK: usize = 8 << 20;
    let (next, end) = (AtomicUsize::new(0), AtomicUsize::new(count));
    let work = |done: mpsc::Sender<(usize, bool)>| {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= end.load(Ordering::Relaxed) {
                return;
            }
            let failed = unit(number);
            // Its run ended early, as all others do now: that is no failure of anybody.
            if interrupt::is_asked() {
                return;
            }
            if failed && stops {
                end.fetch_min(number + 1, Ordering::Relaxed);
            }
            if done.send((number, failed)).is_err() {
                return;
            }
        }
    };
    let mut ended = 0;
    thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        let mut here = None;
        for number in 0..workers.min(count) {
            let (work, sender) = (&work, sender.clone());
            let spawned = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || work(sender));
            // A machine, or a limit, that allows no thread more: what there is does it, if need be this thread.
            if spawned.is_err() {
                here = (number == 0).then_some(());
                break;
            }
        }
        if here.is_some() {
            work(sender.clone());
        }
        drop(sender);
        ended = tell_in_order(count, stops, &results, told);
        // Where telling stops early, nobody need go on.
        end.store(0, Ordering::Relaxed);
    });
    if interrupt::is_asked() {
        Interrupted { at: format!("run {ended} of {count} of a sweep"), goes_on: false }.unwind();
    }
    ended
}

/// Tells results in the order of their numbers. Returns how many there were up to the end.
fn tell_in_order(
    count: usize,
    stops: bool,
    results: &mpsc::Receiver<(usize, bool)>,
    told: &mut dyn FnMut(usize),
) -> usize {
    let mut progress = Told::begin();
    let mut arrived = vec![None; count];
    let (mut ended, mut ran, mut failures) = (0, 0_usize, 0_usize);
    for (number, failed) in results {
        arrived[number] = Some(failed);
        ran += 1;
        failures += usize::from(failed);
        while let Some(Some(failed)) = arrived.get(ended) {
            told(ended);
            ended += 1;
            if *failed && stops {
                return ended;
            }
        }
        progress.tell(|| format!("running: {ran} of {count} runs, {failures} failed"));
    }
    ended
}

/// What a sweep found: all runs, parameter by parameter and seed by seed.
#[derive(Clone, PartialEq)]
#[must_use = "a report does nothing by itself: show it, or assert that it holds"]
pub struct SweepReport<P, T> {
    /// The runs, in this order however many cores there were.
    pub runs: Vec<SweepRun<P, T>>,
    /// How many runs were asked for; with [`stop_at_first_failure`](Sweep::stop_at_first_failure) there may be fewer.
    pub planned: usize,
}

impl<P: PartialEq + Clone, T> SweepReport<P, T> {
    /// Whether no run failed.
    pub fn holds(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The runs that failed.
    pub fn failures(&self) -> impl Iterator<Item = &SweepRun<P, T>> {
        self.runs.iter().filter(|run| run.failure.is_some())
    }

    /// The parameter and the seed of every run that failed: with them it fails again.
    pub fn failing_seeds(&self) -> Vec<(P, u64)> {
        self.failures().map(|run| (run.parameter.clone(), run.seed)).collect()
    }

    /// How many runs with this parameter failed.
    pub fn failures_of(&self, parameter: &P) -> usize {
        self.failures().filter(|run| run.parameter == *parameter).count()
    }

    /// What the runs with this parameter gave back, in the order of their seeds.
    pub fn values_of(&self, parameter: &P) -> impl Iterator<Item = &T> {
        self.runs.iter().filter(move |run| run.parameter == *parameter).filter_map(|run| run.value.as_ref())
    }

    /// The parameters, each once, in their order.
    pub(crate) fn parameters(&self) -> Vec<&P> {
        let mut parameters: Vec<&P> = Vec::new();
        for run in &self.runs {
            if parameters.last() != Some(&&run.parameter) && !parameters.contains(&&run.parameter) {
                parameters.push(&run.parameter);
            }
        }
        parameters
    }
}

/// A line of a report.
struct Row {
    parameter: String,
    runs: usize,
    failures: usize,
    seeds: String,
    first: String,
}

impl<P: PartialEq + Clone + fmt::Debug, T> SweepReport<P, T> {
    fn rows(&self) -> Vec<Row> {
        /// So many seeds of failing runs are shown; the report has them all.
        const SEEDS: usize = 5;
        let row = |parameter: &P| {
            let of_it = |run: &&SweepRun<P, T>| run.parameter == *parameter;
            let failures: Vec<_> = self.failures().filter(of_it).collect();
            let seeds: Vec<String> = failures.iter().take(SEEDS).map(|run| run.seed.to_string()).collect();
            let more = failures.len().saturating_sub(SEEDS);
            let first = failures.first().and_then(|run| run.failure.clone()).unwrap_or_default();
            Row {
                parameter: format!("{parameter:?}"),
                runs: self.runs.iter().filter(of_it).count(),
                failures: failures.len(),
                seeds: seeds.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() },
                first: visible(first.lines().next().unwrap_or_default()),
            }
        };
        self.parameters().into_iter().map(row).collect()
    }

    /// "98 of 100 runs, 2 failed".
    fn summary(&self) -> String {
        let (ran, failed) = (self.runs.len(), self.failures().count());
        let ran = if ran == self.planned { format!("{ran}") } else { format!("{ran} of {}", self.planned) };
        format!("{ran} {}, {failed} failed", if self.planned == 1 { "run" } else { "runs" })
    }

    /// Shows the report in a notebook, as a table and as text.
    pub fn evcxr_display(&self) {
        rich::show("text/html", &self.html());
        rich::show("text/plain", &self.to_string());
    }

    /// The report as a table.
    pub fn html(&self) -> String {
        let cell =
            |text: &str| format!("<td style=\"text-align:left;vertical-align:top\">{}</td>", escape(text));
        let rows: String = self
            .rows()
            .iter()
            .map(|row| {
                let cells = [
                    &row.parameter,
                    &row.runs.to_string(),
                    &row.failures.to_string(),
                    &row.seeds,
                    &row.first,
                ];
                format!("<tr>{}</tr>", cells.map(|text| cell(text)).concat())
            })
            .collect();
        let heads = ["parameter", "runs", "failed", "failing seeds", "the first failure"];
        let heads = heads.map(|head| format!("<th style=\"text-align:left\">{head}</th>")).concat();
        format!(
            "<div><b>Sweep</b>: {}<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>",
            escape(&self.summary())
        )
    }
}

/// A line for each parameter.
impl<P: PartialEq + Clone + fmt::Debug, T> fmt::Display for SweepReport<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sweep: {}", self.summary())?;
        for Row { parameter, runs, failures, seeds, first } in self.rows() {
            write!(f, "\n  {parameter}: {failures} of {runs} failed")?;
            if failures > 0 {
                write!(f, ", seeds {seeds}\n    {first}")?;
            }
        }
        Ok(())
    }
}

/// The same: what a test prints.
impl<P: PartialEq + Clone + fmt::Debug, T> fmt::Debug for SweepReport<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
