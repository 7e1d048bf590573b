//! Many submissions at once: `netsplit grade`.
//!
//! What is to be graded is known before anything is: a task for each exercise of each file. Equal tasks are one, and what the log has is
//! done. The rest goes to workers; one that dies is replaced, and its task given to another.

mod log;
mod submissions;
mod table;
mod worker;

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use netsplit_engine::Told;
use netsplit_engine::library::Library;
use netsplit_report::Mode;

use crate::command::unknown;
use crate::course::Course;
use crate::error::GradingError;
use crate::exercises::{EXERCISES, Exercises};
use crate::grade::{Graded, key, nothing};
use crate::judge::Judge;
use crate::workshop::OwnSession;
use log::Log;
use submissions::{Content, Submission};
pub use table::{Row, csv, json};
pub use worker::serve;
use worker::{Done, Task, Worker};

/// A task that has cost so many workers is given up.
const TRIES: usize = 3;

/// Where exercises come from.
#[derive(Clone, Debug)]
pub enum From {
    /// A course: all tests are judged.
    Course(Course),
    /// A folder of exercises: the visible tests are judged.
    Folder(PathBuf),
}

/// What to do.
pub struct Batch<'a> {
    /// What is compiled against.
    pub library: &'a Library,
    /// Where exercises come from.
    pub from: From,
    /// What was handed in: files and folders.
    pub paths: Vec<PathBuf>,
    /// How many workers.
    pub workers: usize,
    /// Starts a worker.
    pub worker: &'a (dyn Fn() -> Command + Sync),
    /// What was graded.
    pub log: PathBuf,
}

/// Who is told how far it is.
pub trait Watcher {
    /// So many exercises of submissions are to be graded, of which so many need not be graded again.
    fn begins(&mut self, all: usize, known: usize);
    /// One more is done.
    fn advances(&mut self);
    /// Something that whoever waits should know.
    fn says(&mut self, line: &str);
}

/// An exercise of a submission.
struct Wanted {
    submission: Submission,
    remarks: Vec<String>,
    exercise: String,
    state: State,
}

enum State {
    /// It is to be graded, or has been: the key under which the log knows it; and what it comes to if nobody survives grading it.
    Task(String, Box<Graded>),
    /// There is nothing to grade: this is what it comes to.
    Nothing(Box<Graded>),
}

/// An assignment's exercises, and where they lie.
struct Assignment {
    exercises: Exercises,
    judge: Judge,
    mode: Mode,
    instructor: Option<PathBuf>,
    /// The exercises of each of its notebooks, by the notebook's name.
    notebooks: BTreeMap<String, Vec<String>>,
}

impl Assignment {
    /// What an exercise comes to that cannot be judged.
    fn without_points(&self, exercise: &str, remarks: Vec<String>) -> Result<Graded, GradingError> {
        let report = nothing(self.judge.exercise(exercise)?, remarks);
        Ok(Graded { report, drawing: String::new(), counts: matches!(self.mode, Mode::Hidden { .. }) })
    }
}

impl Batch<'_> {
    /// Grades it all.
    ///
    /// # Errors
    /// If something cannot be graded for reasons that are not the submissions'; what was graded is in the log.
    pub fn run(&self, watcher: &mut dyn Watcher) -> Result<Vec<Row>, GradingError> {
        let submissions = submissions::find(&self.paths)?;
        if submissions.is_empty() {
            return Err(GradingError::Course(
                "expected notebooks (.ipynb) or Rust files (.rs), found none".to_string(),
            ));
        }
        let mut log = Log::open(&self.log)?;
        let mut assignments = BTreeMap::new();
        let mut wanted = Vec::new();
        let mut tasks = BTreeMap::new();
        for submission in submissions {
            self.want(submission, &mut assignments, &mut wanted, &mut tasks, watcher)?;
        }
        let all = tasks.len();
        tasks.retain(|key, _| log.get(key).is_none());
        watcher.begins(all, all - tasks.len());
        let failed = self.perform(tasks, &mut log, watcher)?;
        let rows = wanted.into_iter().map(|it| row(it, &log, &failed)).collect();
        Ok(rows)
    }

    /// What is to be graded of a submission.
    fn want(
        &self,
        submission: Submission,
        assignments: &mut BTreeMap<String, Assignment>,
        wanted: &mut Vec<Wanted>,
        tasks: &mut BTreeMap<String, Task>,
        watcher: &mut dyn Watcher,
    ) -> Result<(), GradingError> {
        let Content { cells, remarks } = submissions::read(&submission.path);
        let answered = submissions::exercises_in(&cells);
        let name = self.assignment_of(&submission, &answered)?;
        if !assignments.contains_key(&name) {
            assignments.insert(name.clone(), self.assignment(&name, watcher)?);
        }
        let assignment = &assignments[&name];
        let file = submission.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_rust = submission.path.extension().is_some_and(|it| it == "rs");
        let of_notebook = assignment.notebooks.get(&file).filter(|it| !it.is_empty());
        let exercises: Vec<String> = match of_notebook {
            Some(exercises) => exercises.clone(),
            // A Rust file is an answer to what it says.
            None if is_rust && !answered.is_empty() => answered,
            None => assignment.judge.assignment.exercises.iter().map(|it| it.name.clone()).collect(),
        };
        let known = |it: &String| assignment.exercises.named(it).is_some();
        for exercise in exercises.into_iter().filter(known) {
            let mut remarks = remarks.clone();
            remarks.extend(unknown(&cells, &assignment.exercises));
            let state = if cells.is_empty() {
                let empty = "The file has no cells of code.".to_string();
                let reasons = if remarks.is_empty() { vec![empty] } else { remarks.clone() };
                State::Nothing(Box::new(assignment.without_points(&exercise, reasons)?))
            } else {
                let key = key(&cells, &exercise, &assignment.judge, &assignment.mode);
                let task = Task {
                    exercises: assignment.exercises.folder.clone(),
                    instructor: assignment.instructor.clone(),
                    exercise: exercise.clone(),
                    cells: cells.iter().map(|it| (it.number, it.code.clone())).collect(),
                    mode: assignment.mode.clone(),
                };
                tasks.entry(key.clone()).or_insert(task);
                let deadly = format!(
                    "{TRIES} processes that graded this came to their ends over it: look at it yourself."
                );
                State::Task(key, Box::new(assignment.without_points(&exercise, vec![deadly])?))
            };
            wanted.push(Wanted { submission: submission.clone(), remarks, exercise, state });
        }
        Ok(())
    }

    /// The assignment that a submission belongs to: one of its folders is called so, or has the exercises that it answers.
    fn assignment_of(&self, submission: &Submission, answered: &[String]) -> Result<String, GradingError> {
        let From::Course(course) = &self.from else { return Ok(String::new()) };
        let all = course.assignments()?;
        let folders = submission.path.parent().into_iter().flat_map(Path::iter);
        let called: Vec<String> =
            folders.map(|it| it.to_string_lossy().into_owned()).filter(|it| all.contains(it)).collect();
        if let Some(name) = called.last() {
            return Ok(name.clone());
        }
        if let Some(name) = answered.iter().find_map(|it| course.assignment_with(it, None).ok()) {
            return Ok(name);
        }
        match all.as_slice() {
            [only] => Ok(only.clone()),
            _ => Err(GradingError::Course(format!(
                "cannot tell which assignment {} belongs to: put it into a folder that is called as one of {}",
                submission.path.display(),
                all.join(", ")
            ))),
        }
    }

    fn assignment(&self, name: &str, watcher: &mut dyn Watcher) -> Result<Assignment, GradingError> {
        let (folder, mode, exercises) = match &self.from {
            From::Course(course) => (course.source(name), course.mode()?, course.exercises(name)?),
            From::Folder(folder) => {
                let above = folder.parent().map(Path::to_path_buf).unwrap_or_default();
                (above, Mode::Visible { seed: None }, Exercises::read(folder, None)?)
            }
        };
        let instructor = match &self.from {
            From::Course(course) => Some(course.instructor(name)),
            From::Folder(_) => None,
        };
        let mut session = OwnSession::start(self.library, true)?;
        let judge =
            Judge::prepare(&exercises, &mut session.workshop(self.library), &mut |line| watcher.says(line))?;
        Ok(Assignment { exercises, judge, mode, instructor, notebooks: notebooks(&folder)? })
    }

    /// Has workers do these tasks; returns those that could not be graded, with the reason if it is not in the submission.
    fn perform(
        &self,
        tasks: BTreeMap<String, Task>,
        log: &mut Log,
        watcher: &mut dyn Watcher,
    ) -> Result<BTreeMap<String, Option<String>>, GradingError> {
        let queue: Mutex<VecDeque<(String, Task)>> = Mutex::new(tasks.into_iter().collect());
        let (sender, done) = channel();
        let mut failed = BTreeMap::new();
        thread::scope(|scope| {
            for _ in 0..self.workers.max(1) {
                let (sender, queue) = (sender.clone(), &queue);
                scope.spawn(move || self.work(queue, &sender));
            }
            drop(sender);
            for (key, done) in done {
                match done {
                    Done::Graded(graded) => {
                        if let Err(error) = log.add(&key, *graded) {
                            // Whoever is at work ends with what is at hand.
                            queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
                            return Err(error);
                        }
                    }
                    Done::Failed(reason) => drop(failed.insert(key, Some(reason))),
                    Done::Deadly => drop(failed.insert(key, None)),
                }
                watcher.advances();
            }
            Ok(())
        })?;
        Ok(failed)
    }

    /// Takes tasks until there are none, with one worker after the other.
    fn work(&self, queue: &Mutex<VecDeque<(String, Task)>>, done: &Sender<(String, Done)>) {
        let mut worker = None;
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some((key, task)) = next else { return };
            let mut result = None;
            for _ in 0..TRIES {
                let mut at_work = match worker.take().map_or_else(|| Worker::start(&mut (self.worker)()), Ok)
                {
                    Ok(worker) => worker,
                    Err(error) => {
                        result = Some(Done::Failed(format!("no worker can be started: {error}")));
                        break;
                    }
                };
                result = at_work.perform(&task);
                if result.is_some() {
                    worker = Some(at_work);
                    break;
                }
            }
            let result = result.unwrap_or(Done::Deadly);
            if done.send((key, result)).is_err() {
                return;
            }
        }
    }
}

/// The exercises that the notebooks in a folder have answer cells for.
fn notebooks(folder: &Path) -> Result<BTreeMap<String, Vec<String>>, GradingError> {
    let entries = std::fs::read_dir(folder).map_err(|error| GradingError::file("read", folder, error))?;
    let paths = entries.flatten().map(|it| it.path());
    let notebooks = paths.filter(|it| it.extension().is_some_and(|it| it == "ipynb"));
    let named = notebooks.map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, submissions::exercises_in(&submissions::read(&path).cells))
    });
    Ok(named.collect())
}

fn row(wanted: Wanted, log: &Log, failed: &BTreeMap<String, Option<String>>) -> Row {
    let Wanted { submission, remarks, exercise, state } = wanted;
    let mut row = Row::of(&submission, &exercise);
    let graded = match state {
        State::Nothing(graded) => Ok(*graded),
        State::Task(key, if_deadly) => match (log.get(&key), failed.get(&key)) {
            (Some(graded), _) => Ok(graded.clone()),
            (None, Some(None)) => Ok(*if_deadly),
            (None, Some(Some(reason))) => Err(reason.clone()),
            (None, None) => Err("it was not graded".to_string()),
        },
    };
    match graded {
        Ok(mut graded) => {
            let known = |remark: &String| graded.report.remarks.contains(remark);
            let more: Vec<String> = remarks.into_iter().filter(|it| !known(it)).collect();
            graded.report.remarks.extend(more);
            row.graded = Some(graded);
        }
        Err(reason) => row.failure = Some(reason),
    }
    row
}

/// The cells of code of a notebook, whatever is wrong with it.
pub fn cells_of_notebook(path: &Path) -> Vec<Told> {
    submissions::read(path).cells
}

/// The folder with the exercises that a path means: itself, or what lies in it. Absolute, since notebooks are looked for beside it.
pub fn exercises_folder(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let inside = path.join(EXERCISES);
    if inside.is_dir() { inside } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bare name lies somewhere, too.
    #[test]
    fn exercises_lie_in_a_folder() {
        let folder = exercises_folder(Path::new("some-exercises"));
        assert!(folder.is_absolute() && folder.parent().is_some_and(Path::is_dir), "{}", folder.display());
    }
}
