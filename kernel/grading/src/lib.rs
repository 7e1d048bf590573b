//! From an answer in a notebook to its points: finds the cells, compiles them, has a judge judge them, and shows what came of it.

mod answer;
pub mod batch;
pub mod check;
mod command;
mod compile;
mod course;
mod error;
mod exercises;
mod facade;
mod frame;
mod grade;
mod judge;
mod key;
mod shown;
pub mod template;
mod workshop;

pub use answer::{Answer, exercises_of};
pub use command::{COMMANDS, Grading};
pub use course::{CASES, COURSE, Course, is_autograding};
pub use error::GradingError;
pub use exercises::{EXERCISES, Exercises, Files, INSTRUCTOR, SourceFile};
pub use grade::{Graded, grade};
pub use judge::Judge;
pub use workshop::{OwnSession, Workshop};
