//! Figures of grading: what attacks gain, grades that change, and how long it takes.

use std::time::Duration;

use serde_json::Value;

use super::Numbers;
use crate::process::{self, Errors};
use crate::project::Project;

const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
/// A thousand gradings, and five hundred submissions.
const LIMIT: Duration = Duration::from_secs(3 * 60 * 60);

/// One number of the script, which is run once for all of them with the release build of the kernel.
pub(super) fn measure(project: &Project, said: &mut Option<Value>, number: &str) -> Result<Numbers, String> {
    if said.is_none() {
        *said = Some(run(project)?);
    }
    let ours = said.as_ref().and_then(|it| it[number].as_f64());
    let ours = ours.ok_or_else(|| format!("grading.py gave no number {number}"))?;
    Ok(Numbers { ours, peer: None })
}

fn run(project: &Project) -> Result<Value, String> {
    let arguments = ["build", "--release", "--locked", "--package", "netsplit-kernel", "--bin", "netsplit"];
    let built = process::run(&mut project.cargo(&arguments), Errors::Shown, BUILD_LIMIT);
    if !built.well {
        return Err(format!("the kernel's build failed ({})", built.how));
    }
    let python = project.python().ok_or("the stage has no Python environment: run `cargo verify setup`")?;
    let mut script = project.on_stage(python);
    script.arg(project.root.join("tests").join("e2e").join("grading.py"));
    script.arg(project.program("release", "netsplit")).arg(project.root.join("tests").join("attacks"));
    let ended = process::run(script.arg("--long"), Errors::Shown, LIMIT);
    let line = ended.output.lines().rev().find(|line| line.starts_with('{'));
    let said = line.and_then(|line| serde_json::from_str(line).ok());
    said.ok_or_else(|| format!("grading.py gave no numbers ({})", ended.how))
}
