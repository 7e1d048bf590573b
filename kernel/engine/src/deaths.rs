//! How the process that runs cells has died, in words.

use netsplit_control::End;
use rustix::process::Signal;

use crate::failure::Failure;
use crate::limits::{Limit, Limits};

/// All that is known of a death.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// What the system says.
    pub end: End,
    /// Whether the stack has overflowed.
    pub is_overflow: bool,
    /// Whether there was no memory to be had.
    pub is_out_of_memory: bool,
    /// The functions of cells that were running, innermost first, with their places if they have a name in the notebook.
    pub functions: Vec<(String, Option<String>)>,
}

impl Death {
    /// One of which nothing but the end is known.
    pub fn plain(end: End) -> Self {
        Self { end, is_overflow: false, is_out_of_memory: false, functions: Vec::new() }
    }

    /// The limit that it has hit, if that is what it died of.
    pub fn limit(&self, limits: &Limits) -> Option<Limit> {
        let is_memory = self.is_out_of_memory && !self.is_overflow && limits.memory().is_some();
        let is_time = self.end == End::Signalled(Signal::XCPU.as_raw().unsigned_abs());
        match (is_memory, is_time) {
            (true, _) => Some(Limit::Memory),
            (_, true) => Some(Limit::ProcessorTime),
            _ => None,
        }
    }

    /// The failure of the cell that was running; `aftermath` says what has become of the variables.
    pub fn failure(&self, aftermath: &str) -> Failure {
        let (name, what) = self.tell("the cell");
        let details = self.places();
        Failure::with_details(name, &format!("{what}; {aftermath}"), details)
    }

    /// The kind of the failure, and what `who` has done, as in "the cell".
    pub fn tell(&self, who: &str) -> (&'static str, String) {
        let inside = match self.functions.first() {
            Some((function, _)) => format!(" in `{function}`"),
            None => String::new(),
        };
        let signal = match self.end {
            End::Exited(code) => {
                return ("Exited", format!("{who} ended its process, with exit code {code}"));
            }
            End::Signalled(signal) => i32::try_from(signal).ok().and_then(Signal::from_named_raw),
        };
        match signal {
            _ if self.is_overflow => ("StackOverflow", format!("the stack overflowed: {}", self.recursion())),
            _ if self.is_out_of_memory => {
                (Limit::Memory.failure(), format!("{who} wanted more memory than there is"))
            }
            Some(Signal::ABORT) => ("Aborted", format!("the process aborted itself{inside}")),
            Some(Signal::SEGV | Signal::BUS) => (
                "MemoryFault",
                format!(
                    "{who} read or wrote memory that is not its own{inside}: only unsafe code can do that"
                ),
            ),
            Some(Signal::ILL | Signal::FPE | Signal::TRAP) => {
                ("ProcessorFault", format!("the processor refused an instruction{inside}"))
            }
            Some(Signal::KILL) => (
                "Killed",
                "the process was killed from outside, as a machine without memory does".to_string(),
            ),
            _ => ("Killed", format!("the process was ended by {}", self.signal_name())),
        }
    }

    fn signal_name(&self) -> String {
        match self.end {
            End::Signalled(15) => "SIGTERM".to_string(),
            End::Signalled(signal) => format!("signal {signal}"),
            End::Exited(code) => format!("its exit, code {code}"),
        }
    }

    /// Who calls whom without end.
    fn recursion(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for (function, _) in &self.functions {
            if !names.contains(&function.as_str()) {
                names.push(function);
            }
        }
        let repeats = names.len() < self.functions.len();
        match names.as_slice() {
            [only] if repeats => format!("`{only}` calls itself without end, or too often"),
            [all @ .., last] if repeats && names.len() <= 4 => {
                let all: Vec<String> = all.iter().map(|name| format!("`{name}`")).collect();
                format!("{} and `{last}` call each other without end, or too often", all.join(", "))
            }
            [first, ..] => format!("`{first}` was called too deep, or holds too much in local variables"),
            [] => "a function calls itself without end or too often, or holds too much in local variables"
                .to_string(),
        }
    }

    /// The functions that were running, each once, with their places.
    fn places(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (function, place) in &self.functions {
            let line = match place {
                Some(place) => format!("  in {function}, \u{1b}[94m{place}\u{1b}[0m"),
                None => format!("  in {function}"),
            };
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines.truncate(8);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overflow(functions: &[&str]) -> String {
        let functions = functions.iter().map(|it| (it.to_string(), None)).collect();
        Death { is_overflow: true, functions, ..Death::plain(End::Signalled(11)) }.tell("the cell").1
    }

    /// A recursion is told by the functions that repeat.
    #[test]
    fn recursions() {
        assert_eq!(
            overflow(&["deep", "deep", "deep"]),
            "the stack overflowed: `deep` calls itself without end, or too often"
        );
        assert_eq!(
            overflow(&["even", "odd", "even"]),
            "the stack overflowed: `even` and `odd` call each other without end, or too often"
        );
        assert_eq!(
            overflow(&["big"]),
            "the stack overflowed: `big` was called too deep, or holds too much in local variables"
        );
        assert!(overflow(&[]).contains("a function calls itself"));
    }

    /// Every kind of end has a name and says what has become of the variables.
    #[test]
    fn ends_have_names() {
        let name = |end| Death::plain(end).failure("all is well");
        let kinds = [
            (End::Exited(0), "Exited"),
            (End::Signalled(6), "Aborted"),
            (End::Signalled(11), "MemoryFault"),
            (End::Signalled(4), "ProcessorFault"),
            (End::Signalled(9), "Killed"),
            (End::Signalled(15), "Killed"),
        ];
        for (end, kind) in kinds {
            let failure = name(end);
            assert_eq!(failure.name, kind);
            assert!(failure.message.ends_with("; all is well"), "{}", failure.message);
        }
        let starved = Death { is_out_of_memory: true, ..Death::plain(End::Signalled(6)) };
        assert_eq!(starved.tell("the cell").0, "OutOfMemory");
        let limits = Limits::classroom();
        assert_eq!(starved.limit(&limits), Some(Limit::Memory));
        assert_eq!(starved.limit(&limits.with(Limit::Memory, None)), None);
        assert_eq!(Death::plain(End::Signalled(24)).limit(&limits), Some(Limit::ProcessorTime));
        assert_eq!(Death::plain(End::Signalled(6)).limit(&limits), None);
    }
}
