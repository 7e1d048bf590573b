//! What of confinement this machine enforces: tried out by a process that confines itself and then attempts what it must not be
//! able to do. `netsplit doctor` starts it as `netsplit try-confinement` and tells what came of it.

use clap::Args;

use super::Outcome;

/// The arguments of `netsplit try-confinement`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What the attempts are made against
    surroundings: Vec<String>,
}

/// What was found out about one group of attempts, in words for whoever uses notebooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub subject: &'static str,
    /// Whether all attempts were denied.
    pub is_enforced: bool,
    /// What that means.
    pub text: String,
}

/// Runs the command: confines this process as one that runs cells, makes all attempts, and prints a line of JSON for each.
#[cfg(target_os = "linux")]
pub fn run(arguments: Arguments) -> Outcome {
    on_linux::attempt_all(&arguments.surroundings)
}

/// Runs the command where there is nothing to try.
#[cfg(not(target_os = "linux"))]
pub fn run(_arguments: Arguments) -> Outcome {
    Err(super::Failure(netsplit_confinement::ConfinementError::OtherSystem.to_string()))
}

/// Tries what this machine enforces: a finding for each group of attempts.
#[cfg(target_os = "linux")]
pub fn findings() -> Vec<Finding> {
    match on_linux::try_in_a_child() {
        Ok(report) => on_linux::judge(&report),
        Err(reason) => vec![Finding {
            subject: "confinement",
            is_enforced: false,
            text: format!("could not be tried: {reason}"),
        }],
    }
}

/// There is nothing to try.
#[cfg(not(target_os = "linux"))]
pub fn findings() -> Vec<Finding> {
    let text = netsplit_confinement::ConfinementError::OtherSystem.to_string();
    vec![Finding { subject: "confinement", is_enforced: false, text }]
}

#[cfg(target_os = "linux")]
mod on_linux {
    use std::process::Command;

    use netsplit_confinement::attempts::{Group, Stage, Surroundings, attempts};
    use netsplit_confinement::{Policy, Strictness};
    use serde::{Deserialize, Serialize};

    use super::super::{Failure, Outcome};
    use super::Finding;

    /// One line of what the child prints.
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Line {
        /// The first: what is in force, as far as the kernel's answers go.
        Enforced {
            /// What is not, and why.
            gaps: Vec<String>,
        },
        /// What came of one attempt.
        Attempt {
            /// Its group.
            group: String,
            /// What was attempted.
            what: String,
            /// How the system has denied it; nothing if it has succeeded.
            denied: Option<String>,
        },
    }

    pub fn attempt_all(surroundings: &[String]) -> Outcome {
        let surroundings = Surroundings::from_arguments(surroundings).ok_or_else(|| {
            Failure(
                "this command is for `netsplit doctor`, which says what the machine enforces: run that"
                    .into(),
            )
        })?;
        let enforced = Policy::for_cells(&surroundings.places())
            .apply(Strictness::AsFarAsPossible)
            .map_err(|error| Failure(error.to_string()))?;
        print(&Line::Enforced { gaps: enforced.gaps });
        for attempt in attempts() {
            let denied = attempt.make(&surroundings).err().map(|error| error.to_string());
            print(&Line::Attempt {
                group: attempt.group.to_string(),
                what: attempt.what.to_string(),
                denied,
            });
        }
        Ok(())
    }

    fn print(line: &Line) {
        // A line is made of texts alone, which JSON can hold.
        println!("{}", serde_json::to_string(line).unwrap_or_default());
    }

    pub fn try_in_a_child() -> Result<Vec<Line>, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let stage = Stage::set(folder.path()).map_err(|error| error.to_string())?;
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let output = Command::new(program)
            .arg("try-confinement")
            .args(stage.surroundings().to_arguments())
            .output()
            .map_err(|error| error.to_string())?;
        let lines: Result<Vec<Line>, _> =
            String::from_utf8_lossy(&output.stdout).lines().map(serde_json::from_str).collect();
        match lines {
            Ok(lines) if output.status.success() && lines.len() == attempts().len() + 1 => Ok(lines),
            _ => Err(format!(
                "{}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim().replace('\n', " ")
            )),
        }
    }

    /// What the attempts of a group mean when they are denied.
    fn meaning(group: Group) -> (&'static str, &'static str) {
        match group {
            Group::Files => ("confined: files", "cells reach no files but those of their notebook"),
            Group::Programs => ("confined: programs", "cells start no other programs"),
            Group::Network => {
                ("confined: network", "cells talk to nobody, neither on this machine nor elsewhere")
            }
            Group::Processes => {
                ("confined: processes", "cells cannot look into other processes, or end them")
            }
            Group::Machine => {
                ("confined: machine", "cells cannot change the machine's clock, disks or kernel")
            }
        }
    }

    pub fn judge(report: &[Line]) -> Vec<Finding> {
        let gaps: Vec<&str> = report
            .iter()
            .flat_map(|line| if let Line::Enforced { gaps } = line { gaps.as_slice() } else { &[] })
            .map(String::as_str)
            .collect();
        Group::ALL.into_iter().map(|group| judge_group(group, report, &gaps)).collect()
    }

    fn judge_group(group: Group, report: &[Line], gaps: &[&str]) -> Finding {
        let name = group.to_string();
        let of_group = report.iter().filter_map(|line| match line {
            Line::Attempt { group, what, denied } if *group == name => Some((what, denied.is_some())),
            _ => None,
        });
        let (denied, succeeded): (Vec<_>, Vec<_>) = of_group.partition(|(_, denied)| *denied);
        let (subject, meaning) = meaning(group);
        let text = match succeeded.as_slice() {
            [] => format!("{meaning}: {} attempts were denied, as they should be", denied.len()),
            [(first, _), rest @ ..] => {
                let more =
                    if rest.is_empty() { String::new() } else { format!(" and {} things more", rest.len()) };
                let reason = if gaps.is_empty() { String::new() } else { format!("; {}", gaps.join("; ")) };
                format!(
                    "not enforced here: a cell of a confined notebook could still {first}{more}{reason}; \
                     notebooks work all the same, but grade work of others on another machine"
                )
            }
        };
        Finding { subject, is_enforced: succeeded.is_empty(), text }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// One attempt that succeeds makes its group unenforced, with its name and the kernel's reason; the other groups stay well.
        #[test]
        fn what_succeeds_is_told() {
            let attempt = |group: &str, what: &str, denied: Option<&str>| Line::Attempt {
                group: group.into(),
                what: what.into(),
                denied: denied.map(str::to_string),
            };
            let report = [
                Line::Enforced { gaps: vec!["no Landlock".into()] },
                attempt("files", "read a file outside", None),
                attempt("files", "cut a file outside short", Some("no")),
                attempt("network", "connect by TCP", Some("no")),
            ];
            let findings = judge(&report);
            let of = |subject| findings.iter().find(|it| it.subject == subject).unwrap();
            assert!(of("confined: network").is_enforced);
            let files = of("confined: files");
            assert!(!files.is_enforced);
            assert!(files.text.contains("read a file outside; no Landlock"), "{}", files.text);
        }
    }
}
