//! What an exploration found, for programs and for people.

use std::fmt;

use netsplit_figure::markup::{escape, visible};
use netsplit_node::rich;

use super::property::Kind;

/// How an exploration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All states were seen.
    Complete,
    /// A property is violated; what is deeper was not looked at.
    Violated,
    /// All random walks were made.
    WalksDone,
    /// The memory was used up.
    OverMemory,
    /// So many states as were allowed were seen.
    OverStates,
    /// All that can be reached by so many actions as were allowed was seen.
    OverDepth,
    /// The user had seen enough.
    Interrupted,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ended::Complete => "all states were seen",
            Ended::Violated => "it ended with the first violation",
            Ended::WalksDone => "random walks see some of the states",
            Ended::OverMemory => "it ended when the memory was used up: not all states were seen",
            Ended::OverStates => "it ended at the limit of states: not all were seen",
            Ended::OverDepth => "it ended at the limit of depth: what is deeper was not seen",
            Ended::Interrupted => "it was interrupted: not all states were seen",
        })
    }
}

/// One action of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The action in words.
    pub action: String,
    /// What it changed.
    pub changes: Vec<String>,
}

/// A way through the states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// The Debug form of the state where it begins.
    pub begins: String,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// The Debug form of the state where it ends.
    pub ends: String,
    /// For a run that never ends: from this step on it repeats itself.
    pub repeats_from: Option<usize>,
    /// Whether it could be told to its end: it cannot where two states have one fingerprint.
    pub is_whole: bool,
    /// The fingerprints of the states on the way, by which it is found again.
    pub(crate) chain: Vec<u64>,
}

impl Path {
    /// The actions, in words.
    pub fn actions(&self) -> Vec<&str> {
        self.steps.iter().map(|step| step.action.as_str()).collect()
    }
}

/// A line for each action, with what it changed.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            write!(f, "at the very beginning: {}", visible(&self.begins))?;
        }
        for (number, Step { action, changes }) in self.steps.iter().enumerate() {
            let newline = if number > 0 { "\n" } else { "" };
            if self.repeats_from == Some(number) {
                write!(
                    f,
                    "{newline}from here on it repeats itself:\n{:>3}. {}",
                    number + 1,
                    visible(action)
                )?;
            } else {
                write!(f, "{newline}{:>3}. {}", number + 1, visible(action))?;
            }
            for change in changes {
                write!(f, "\n       {}", visible(change))?;
            }
        }
        if !self.is_whole {
            write!(f, "\nthe rest cannot be told: two states have one fingerprint")?;
        }
        if self.repeats_from == Some(self.steps.len()) {
            write!(f, "\nhere it stays for ever: nothing can happen")?;
        }
        Ok(())
    }
}

/// What is known of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds: of all states, of all fair runs.
    Holds,
    /// It does not, and this is how.
    Violated {
        /// What is wrong, if the property says it.
        sentence: String,
        /// How it comes to it; nothing where no state shows it (something that never happens).
        path: Option<Path>,
    },
    /// What must be possible is, and this is how.
    Shown(Path),
    /// Nobody knows: not all states were seen.
    Open,
    /// It was not looked at, and this is why.
    Refused(String),
}

/// A property and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name.
    pub name: String,
    /// What it asks for.
    pub kind: Kind,
    /// What is known of it.
    pub standing: Standing,
}

impl Finding {
    /// Whether it holds for certain.
    pub fn holds(&self) -> bool {
        matches!(self.standing, Standing::Holds | Standing::Shown(_))
    }

    fn sentence(&self) -> String {
        let Finding { name, kind, standing } = self;
        let rest = match standing {
            Standing::Holds => "holds".to_owned(),
            Standing::Shown(path) => {
                format!("is possible, by {}", counted(path.steps.len() as u64, "action"))
            }
            Standing::Violated { path: None, .. } => "never happens".to_owned(),
            Standing::Violated { sentence, path: Some(path) } => {
                let steps = counted(path.steps.len() as u64, "action");
                let colon = if sentence.is_empty() { "" } else { ": " };
                format!("violated after {steps}{colon}{sentence}")
            }
            Standing::Open => "undecided".to_owned(),
            Standing::Refused(why) => format!("refused: {why}"),
        };
        visible(&format!("{kind} {name}: {rest}"))
    }

    fn path(&self) -> Option<&Path> {
        match &self.standing {
            Standing::Violated { path, .. } => path.as_ref(),
            _ => None,
        }
    }

    fn mark(&self) -> (&'static str, &'static str) {
        match self.standing {
            Standing::Holds | Standing::Shown(_) => ("#009e73", "✓"),
            Standing::Violated { .. } => ("#d55e00", "✗"),
            Standing::Open | Standing::Refused(_) => ("#8a6d00", "?"),
        }
    }
}

/// What an exploration found.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "an exploration does nothing by itself: show it, or assert that it holds"]
pub struct Exploration {
    /// States, each once.
    pub states: u64,
    /// Actions that happened in them.
    pub transitions: u64,
    /// Actions from an initial state to the deepest.
    pub depth: u32,
    /// States in which nothing can happen.
    pub dead_ends: u64,
    /// Bytes that were used at most, for the table of what was seen and the states that waited.
    pub memory: usize,
    /// How it ended.
    pub ended: Ended,
    /// Each property with what is known of it.
    pub findings: Vec<Finding>,
    /// What else a reader must know.
    pub notes: Vec<String>,
}

impl Exploration {
    /// Whether every property holds for certain.
    pub fn holds(&self) -> bool {
        self.findings.iter().all(Finding::holds)
    }

    /// Whether all states were seen.
    pub fn is_complete(&self) -> bool {
        self.ended == Ended::Complete
    }

    /// What is known of the property of this name.
    pub fn finding(&self, name: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.name == name)
    }

    /// The way to the first violation that has one.
    pub fn counterexample(&self) -> Option<&Path> {
        self.findings.iter().find_map(Finding::path)
    }

    /// "8,832 states, 38,000 transitions, depth 16; all states were seen".
    fn summary(&self) -> String {
        let Exploration { states, transitions, depth, ended, .. } = self;
        let (states, transitions) = (counted(*states, "state"), counted(*transitions, "transition"));
        format!("{states}, {transitions}, depth {depth}; {ended}")
    }

    /// Shows the exploration in a notebook, as a card and as text.
    pub fn evcxr_display(&self) {
        rich::show("text/html", &self.html());
        rich::show("text/plain", &self.to_string());
    }

    /// The exploration as a card: each property with a mark and a word besides the colour, and the way to each violation.
    pub fn html(&self) -> String {
        let worst = self
            .findings
            .iter()
            .map(Finding::mark)
            .max_by_key(|(_, mark)| ["✓", "?", "✗"].iter().position(|it| it == mark));
        let edge = worst.map_or("#57606a", |(edge, _)| edge);
        let lines: String = self
            .findings
            .iter()
            .map(|finding| {
                let (colour, mark) = finding.mark();
                let path = finding.path().map_or(String::new(), path_html);
                let mark = format!("<span style=\"color:{colour};font-weight:700\">{mark}</span>");
                format!("<div style=\"margin:4px 0\">{mark} {}{path}</div>", escape(&finding.sentence()))
            })
            .collect();
        let notes: String = self
            .notes
            .iter()
            .map(|note| format!("<div style=\"color:#57606a\">{}</div>", escape(note)))
            .collect();
        format!(
            "<div style=\"border:1px solid {edge};border-left:6px solid {edge};border-radius:6px;background:#f8f9fa;\
             color:#1f2328;padding:8px 12px;margin:4px 0;max-width:860px;\
             font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:14px;line-height:1.45\">\
             <div><b>Exploration</b>: {}</div>{lines}{notes}</div>",
            escape(&self.summary())
        )
    }
}

/// A path as a numbered list.
fn path_html(path: &Path) -> String {
    let items = path.steps.iter().enumerate().map(|(number, Step { action, changes })| {
        let repeats = match path.repeats_from {
            Some(from) if from == number => {
                "<div style=\"color:#57606a\">from here on it repeats itself:</div>"
            }
            _ => "",
        };
        let changes =
            changes.iter().map(|change| format!("<div style=\"color:#57606a\">{}</div>", escape(change)));
        let changes: String = changes.collect();
        format!(
            "<li>{repeats}<code style=\"color:inherit;background:none\">{}</code>{changes}</li>",
            escape(action)
        )
    });
    let items: String = items.collect();
    format!("<ol style=\"margin:4px 0 0;padding-left:30px;font-size:13px\">{items}</ol>")
}

/// A line for the whole, a line for each property, and the way to each violation.
impl fmt::Display for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exploration: {}", self.summary())?;
        for finding in &self.findings {
            write!(f, "\n- {}", finding.sentence())?;
            if let Some(path) = finding.path() {
                for line in path.to_string().lines() {
                    write!(f, "\n  {line}")?;
                }
            }
        }
        self.notes.iter().try_for_each(|note| write!(f, "\n{}", visible(note)))
    }
}

/// The same: what a test prints.
impl fmt::Debug for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// "1,234 states", "1 state".
fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// "1,234,567".
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_holds_no_markup_of_its_texts_and_marks_besides_colours() {
        // A state's Debug form may say anything.
        let step = Step { action: "<b>".to_owned(), changes: vec!["x: <i>".to_owned()] };
        let path = Path { steps: vec![step], is_whole: true, ..Path::default() };
        let standing = Standing::Violated { sentence: "1 < 2".to_owned(), path: Some(path) };
        let exploration = Exploration {
            states: 1234,
            transitions: 1,
            depth: 1,
            dead_ends: 0,
            memory: 0,
            ended: Ended::Violated,
            findings: vec![Finding { name: "P".to_owned(), kind: Kind::Always, standing }],
            notes: vec![],
        };
        let html = exploration.html();
        assert!(
            html.contains("&lt;b&gt;")
                && html.contains("&lt;i&gt;")
                && html.contains("1 &lt; 2")
                && html.contains('✗')
        );
        assert!(!html.contains("<b>1") && !html.contains("<i>"));
        assert_eq!(
            exploration.to_string(),
            "exploration: 1,234 states, 1 transition, depth 1; it ended with the first violation\n\
             - always P: violated after 1 action: 1 < 2\n    1. <b>\n         x: <i>"
        );
    }
}
