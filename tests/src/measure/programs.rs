//! Figures that a program of `benches/` measures.

use std::time::Duration;

use serde_json::Value;

use super::Numbers;
use crate::process::{self, Errors};
use crate::project::Project;

const BUILD_LIMIT: Duration = Duration::from_secs(20 * 60);
const RUN_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Builds the program with a profile, runs it, and reads the line that it prints.
pub(super) fn measure(project: &Project, name: &str, profile: &str) -> Result<Numbers, String> {
    let arguments =
        ["build", "--locked", "--package", "netsplit-benches", "--bin", name, "--profile", profile];
    let built = process::run(&mut project.cargo(&arguments), Errors::Shown, BUILD_LIMIT);
    if !built.well {
        return Err(format!("{name} does not build ({})", built.how));
    }
    let program = project.program(profile, name);
    let ended = process::run(&mut std::process::Command::new(program), Errors::Shown, RUN_LIMIT);
    if !ended.well {
        return Err(format!("{name} failed ({})", ended.how));
    }
    read(&ended.output).ok_or_else(|| format!("{name} should print {{\"value\": ..}} as its last line"))
}

/// The last line is `{"value": 12.3}`, with `"peer"` beside it where the program measured one too.
fn read(output: &str) -> Option<Numbers> {
    let line: Value = serde_json::from_str(output.lines().next_back()?).ok()?;
    Some(Numbers { ours: line["value"].as_f64()?, peer: line["peer"].as_f64() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last line counts, a peer is optional, and anything else is no number.
    #[test]
    fn the_last_line_is_the_number() {
        let numbers = read("warming up\n{\"value\": 12.5, \"unit\": \"million events/s\"}\n").unwrap();
        assert_eq!(numbers, Numbers { ours: 12.5, peer: None });
        assert_eq!(read("{\"value\": 1, \"peer\": 2}").unwrap().peer, Some(2.0));
        assert_eq!(read("{\"ours\": 1}"), None);
        assert_eq!(read(""), None);
    }
}
