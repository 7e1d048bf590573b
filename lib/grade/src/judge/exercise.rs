//! What an author writes down of an exercise: its data, and its tests.

use std::sync::Arc;

use netsplit_report as report;
use netsplit_report::{Answer, Budgets, Rule};

use super::case::Case;

/// What is done with an answer, once for each seed.
pub type Run = Arc<dyn Fn(&mut Case) + Send + Sync>;

/// An exercise: what is asked, and how an answer is judged.
#[derive(Clone)]
pub struct Exercise {
    pub(super) data: report::Exercise,
    pub(super) tests: Vec<Test>,
}

/// One kind of schedule.
#[derive(Clone)]
pub struct Test {
    pub name: String,
    pub seeds: Seeds,
    pub run: Run,
}

/// With which seeds a test runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeds {
    /// Everybody sees it, with this seed.
    Visible(u64),
    /// Nobody sees it, nor its seeds, which are so many.
    Hidden(u32),
}

impl Exercise {
    /// An exercise without tests. `name` is what `:grade` calls it, `title` what people do; `points` is what a full answer gives.
    ///
    /// # Panics
    /// If the name is not made of letters, digits and hyphens, or the points are not positive.
    pub fn new(name: &str, title: &str, points: f64, rule: Rule) -> Exercise {
        let is_fit = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        assert!(
            !name.is_empty() && name.chars().all(is_fit),
            "exercise {name:?}: expected letters, digits and hyphens"
        );
        assert!(
            points.is_finite() && points > 0.0,
            "exercise {name}: expected a positive number of points, got {points}"
        );
        let data = report::Exercise {
            name: name.to_owned(),
            title: title.to_owned(),
            points,
            rule,
            answers: Vec::new(),
            without: Vec::new(),
            budgets: Budgets::default(),
            visible: Vec::new(),
            hidden: 0,
        };
        Exercise { data, tests: Vec::new() }
    }

    /// The answer defines a type of this name that is a service, with these requests and responses; it is made by its `Default`, unless
    /// [`made_by`](Exercise::made_by) says otherwise.
    pub fn service(self, name: &str, request: &str, response: &str) -> Exercise {
        self.answer(Answer::Service {
            name: name.to_owned(),
            make: format!("{name}::default()"),
            setup: "()".to_owned(),
            request: request.to_owned(),
            response: response.to_owned(),
            calls: Vec::new(),
        })
    }

    /// The answer defines a type of this name that is a node, with these messages.
    pub fn node(self, name: &str, message: &str) -> Exercise {
        self.answer(Answer::Node {
            name: name.to_owned(),
            make: format!("{name}::default()"),
            setup: "()".to_owned(),
            message: message.to_owned(),
            calls: Vec::new(),
        })
    }

    /// The answer defines a function of this name; `takes` is the type of its argument, or nothing.
    pub fn function(self, name: &str, takes: &str, gives: &str) -> Exercise {
        self.answer(Answer::Function {
            name: name.to_owned(),
            takes: takes.to_owned(),
            gives: gives.to_owned(),
        })
    }

    fn answer(mut self, answer: Answer) -> Exercise {
        self.data.answers.push(answer);
        self
    }

    /// How the node that was named last is made: an expression in which `setup` has this type.
    ///
    /// # Panics
    /// If no node was named before.
    pub fn made_by(mut self, expression: &str, setup_type: &str) -> Exercise {
        match self.data.answers.last_mut() {
            Some(Answer::Service { make, setup, .. } | Answer::Node { make, setup, .. }) => {
                (*make, *setup) = (expression.to_owned(), setup_type.to_owned());
            }
            _ => panic!("exercise {}: expected a service or a node before `made_by`", self.data.name),
        }
        self
    }

    /// The services that the node which was named last may call, by their types, in the order of
    /// [`Submission::calling`](super::Submission::calling).
    ///
    /// # Panics
    /// If no node was named before.
    pub fn calls<const N: usize>(mut self, services: [&str; N]) -> Exercise {
        match self.data.answers.last_mut() {
            Some(Answer::Service { calls, .. } | Answer::Node { calls, .. }) => {
                *calls = services.map(str::to_owned).to_vec();
            }
            _ => panic!("exercise {}: expected a service or a node before `calls`", self.data.name),
        }
        self
    }

    /// Items of the library that the answer may not use, by their paths below `netsplit`.
    pub fn without<const N: usize>(mut self, items: [&str; N]) -> Exercise {
        self.data.without.extend(items.map(str::to_owned));
        self
    }

    /// What an answer may use.
    pub fn budgets(mut self, budgets: Budgets) -> Exercise {
        self.data.budgets = budgets;
        self
    }

    /// A test that everybody sees, with its seed.
    pub fn visible(
        mut self,
        name: &str,
        seed: u64,
        run: impl Fn(&mut Case) + Send + Sync + 'static,
    ) -> Exercise {
        self.data.visible.push(name.to_owned());
        self.tests.push(Test { name: name.to_owned(), seeds: Seeds::Visible(seed), run: Arc::new(run) });
        self
    }

    /// A test of which only the name is told, with so many seeds, which come from the course's secret.
    pub fn hidden(
        mut self,
        name: &str,
        cases: u32,
        run: impl Fn(&mut Case) + Send + Sync + 'static,
    ) -> Exercise {
        self.data.hidden += cases;
        self.tests.push(Test { name: name.to_owned(), seeds: Seeds::Hidden(cases), run: Arc::new(run) });
        self
    }
}
