//! Cases are run, several at a time, and come out in their order.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{io, thread};

use netsplit_figure::Figure;
use netsplit_report::{Budgets, Job};

use super::case::{Case, Finding};
use super::exercise::Run;
use super::hosts::{Death, Hosts};

/// After so many cases in which a process took too long, in their order, the rest is given up: an endless loop would take the patience of the
/// whole class.
const MOST_TOO_LONG: usize = 3;

/// A case that is to be run.
#[derive(Clone)]
pub struct Due {
    /// Which test, by its place in the exercise.
    pub test: usize,
    pub seed: u64,
    pub run: Run,
}

/// A case that was run.
#[derive(Debug)]
pub struct Ran {
    pub test: usize,
    pub seed: u64,
    pub findings: Vec<Finding>,
    pub measure: Option<f64>,
    pub trouble: Option<Trouble>,
    pub picture: Option<Figure>,
}

/// Why a case came to nothing, whatever was found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A handler panicked, with these words.
    Panicked(String),
    /// A process came to its end.
    Died(Death),
    /// The world took more steps than it may, or the test waited for what never came.
    OverBudget,
    /// The test itself failed: its author's mistake, or an answer that nobody thought of.
    TestFailed(String),
    /// Too many cases before took too long.
    GivenUp,
}

impl Ran {
    /// Whether everything that was looked at is as it should be, and something was.
    pub fn has_passed(&self) -> bool {
        self.trouble.is_none() && !self.findings.is_empty() && self.findings.iter().all(|it| it.credit >= 1.0)
    }

    fn is_too_long(&self) -> bool {
        self.trouble == Some(Trouble::Died(Death::TooLong))
    }
}

/// Runs cases for a job.
pub struct Runner<'j> {
    pub job: &'j Job,
    pub budgets: Budgets,
    pub secret: [u8; 32],
    /// Whether somebody looks: then there are pictures.
    pub is_watched: bool,
}

impl Runner<'_> {
    /// Runs them all, on as many threads as the job says, each with a host of its own. What comes out depends on the cases alone.
    ///
    /// # Errors
    /// If no host can be started.
    pub fn run(&self, due: &[Due]) -> io::Result<Vec<Ran>> {
        let next = AtomicUsize::new(0);
        let done: Mutex<BTreeMap<usize, Ran>> = Mutex::default();
        let work = || -> io::Result<()> {
            let hosts = Hosts::start(&self.job.host, &self.budgets)?;
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(case) = due.get(place) else { return Ok(()) };
                if last_worth_running(&done.lock().unwrap_or_else(PoisonError::into_inner)) < place {
                    return Ok(());
                }
                let ran = self.run_one(case, &hosts);
                done.lock().unwrap_or_else(PoisonError::into_inner).insert(place, ran);
            }
        };
        let workers = self.job.workers.clamp(1, due.len().max(1));
        thread::scope(|scope| {
            let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
            let first = work();
            others.into_iter().map(|it| it.join().unwrap_or(Ok(()))).fold(first, io::Result::and)
        })?;
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        let last = last_worth_running(&done);
        Ok((0..due.len())
            .map(|place| {
                done.remove(&place).filter(|_| place <= last).unwrap_or_else(|| given_up(&due[place]))
            })
            .collect())
    }

    fn run_one(&self, due: &Due, hosts: &Hosts) -> Ran {
        let mut case = Case::new(due.seed, self.secret, hosts.clone(), self.budgets.steps, self.is_watched);
        let ended = catch_unwind(AssertUnwindSafe(|| (due.run)(&mut case)));
        let panicked = case.lab().panics().into_iter().next();
        let death = case.deaths().into_iter().next();
        let trouble = match (ended, death, panicked) {
            (_, Some(death), _) => Some(Trouble::Died(death)),
            (_, None, Some(panic)) => Some(Trouble::Panicked(panic.text)),
            (Err(_), ..) if case.is_over_budget(self.budgets.steps) => Some(Trouble::OverBudget),
            (Err(payload), ..) => Some(Trouble::TestFailed(words(payload.as_ref()))),
            (Ok(()), None, None) => None,
        };
        let mut ran = Ran {
            test: due.test,
            seed: due.seed,
            findings: std::mem::take(&mut case.findings),
            measure: case.measure,
            trouble,
            picture: None,
        };
        if self.is_watched && !ran.has_passed() {
            ran.picture = case.picture.take().or_else(|| case.diagram());
        }
        ran
    }
}

fn words(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|it| (*it).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// The place of the last case that counts: the one that is one too many of those that took too long.
fn last_worth_running(done: &BTreeMap<usize, Ran>) -> usize {
    let mut too_long = done.iter().filter(|(_, ran)| ran.is_too_long()).map(|(place, _)| *place);
    too_long.nth(MOST_TOO_LONG - 1).unwrap_or(usize::MAX)
}

fn given_up(due: &Due) -> Ran {
    let trouble = Some(Trouble::GivenUp);
    Ran { test: due.test, seed: due.seed, findings: Vec::new(), measure: None, trouble, picture: None }
}
