//! Workers: processes that grade one answer after the other. What a submission does to the process that reads and compiles it costs a
//! worker, and the next one goes on.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use netsplit_engine::Told;
use netsplit_engine::library::Library;
use netsplit_report::Mode;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::error::GradingError;
use crate::exercises::Exercises;
use crate::grade::{Graded, grade};
use crate::judge::Judge;
use crate::workshop::OwnSession;

/// Something to grade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Where the exercises lie.
    pub exercises: PathBuf,
    /// Where the hidden tests lie.
    pub instructor: Option<PathBuf>,
    /// The exercise.
    pub exercise: String,
    /// The cells: number and text.
    pub cells: Vec<(u32, String)>,
    /// Which tests.
    pub mode: Mode,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Done {
    /// A grade.
    Graded(Box<Graded>),
    /// It cannot be graded, for a reason that is not the submission's.
    Failed(String),
    /// Whoever graded it came to an end, each time.
    Deadly,
}

/// Cells as tasks have them, and as answers are found in them.
pub fn cells(of: &[(u32, String)]) -> Vec<Told> {
    let told = |(number, code): &(u32, String)| Told {
        id: Rc::from(format!("#{number}").as_str()),
        number: *number,
        code: code.clone(),
    };
    of.iter().map(told).collect()
}

/// Grades what comes, a task in a line, until nothing more comes; what came of it goes out as lines.
///
/// # Errors
/// If what comes cannot be read, or nobody reads what came of it.
pub fn serve(library: &Library, tasks: impl BufRead, mut out: impl Write) -> Result<(), GradingError> {
    let failed = |error: std::io::Error| {
        GradingError::Course(format!("a worker has lost its `netsplit grade`: {error}"))
    };
    for line in tasks.lines() {
        let task: Task =
            serde_json::from_str(&line.map_err(failed)?).map_err(|error| failed(error.into()))?;
        let done = match perform(&task, library) {
            Ok(graded) => Done::Graded(Box::new(graded)),
            Err(error) => Done::Failed(error.to_string()),
        };
        let mut text = serde_json::to_string(&done).map_err(|error| failed(error.into()))?;
        text.push('\n');
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(failed)?;
    }
    Ok(())
}

/// Each answer has folders and processes of its own: nothing of another's is left where it could be found.
fn perform(task: &Task, library: &Library) -> Result<Graded, GradingError> {
    let exercises = Exercises::read(&task.exercises, task.instructor.as_deref())?;
    let mut session = OwnSession::start(library, true)?;
    let mut workshop = session.workshop(library);
    let judge = Judge::prepare(&exercises, &mut workshop, &mut |_| {})?;
    let answer = Answer::of(&cells(&task.cells), &task.exercise);
    grade(&answer, &judge, &task.mode, 1, &mut workshop)
}

/// A worker, seen from whoever has work for it.
pub struct Worker {
    process: Child,
    tasks: ChildStdin,
    done: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts one by this command.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(tasks), Some(done)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(std::io::Error::other("a worker without pipes"));
        };
        Ok(Self { process, tasks, done: BufReader::new(done) })
    }

    /// Has it do a task; nothing comes back if it has ended.
    pub fn perform(&mut self, task: &Task) -> Option<Done> {
        let mut text = serde_json::to_string(task).ok()?;
        text.push('\n');
        self.tasks.write_all(text.as_bytes()).ok()?;
        let mut line = String::new();
        self.done.read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
