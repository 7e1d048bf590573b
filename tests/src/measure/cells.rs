//! Figures of the kernels: the same cells in ours and, where it is installed, in evcxr's, driven by `benches/cells.py`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::Numbers;
use crate::process::{self, Errors};
use crate::project::Project;

const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
const RUN_LIMIT: Duration = Duration::from_secs(20 * 60);

/// Runs these parts of the script with the release build of our kernel and returns its numbers by name.
pub(super) fn measure(
    project: &Project,
    parts: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Numbers>, String> {
    let arguments = ["build", "--release", "--locked", "--package", "netsplit-kernel", "--bin", "netsplit"];
    must_end_well(
        process::run(&mut project.cargo(&arguments), Errors::Shown, BUILD_LIMIT),
        "the kernel's build",
    )?;
    let netsplit = project.program("release", "netsplit");
    let mut lab = project.on_stage(&netsplit);
    lab.args(["lab", "--prepare-only", "--dir"]).arg(project.course());
    must_end_well(process::run(&mut lab, Errors::Shown, BUILD_LIMIT), "netsplit lab --prepare-only")?;
    let python =
        project.python().ok_or("there is no Python environment after netsplit lab --prepare-only")?;
    let mut script = project.on_stage(python);
    script.arg(project.root.join("benches").join("cells.py")).arg("--ours").arg(netsplit);
    if let Some(peer) = peer() {
        script.arg("--peer").arg(peer);
    }
    script.arg("--only").args(parts);
    let output = must_end_well(process::run(&mut script, Errors::Shown, RUN_LIMIT), "cells.py")?;
    read(&output).ok_or_else(|| "cells.py should print one object as its last line".to_string())
}

fn must_end_well(ended: process::Ended, what: &str) -> Result<String, String> {
    if ended.well { Ok(ended.output) } else { Err(format!("{what} failed ({})", ended.how)) }
}

/// The program of evcxr's kernel: on the search path, where cargo installs it, or what the kernelspec `rust` starts.
fn peer() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let folders = std::env::split_paths(&path).chain([home.join(".cargo").join("bin")]);
    let installed = folders.map(|folder| folder.join("evcxr_jupyter")).find(|program| program.is_file());
    installed.or_else(|| {
        let spec = std::fs::read(home.join(".local/share/jupyter/kernels/rust/kernel.json")).ok()?;
        let spec: Value = serde_json::from_slice(&spec).ok()?;
        let program = PathBuf::from(spec["argv"][0].as_str()?);
        (program.is_file() && program.ends_with("evcxr_jupyter")).then_some(program)
    })
}

/// `{"ours": {"first_ms": 1, ..}, "peer": {..}}`, turned to numbers by name.
fn read(output: &str) -> Option<BTreeMap<String, Numbers>> {
    let sides: Value = serde_json::from_str(output.lines().next_back()?).ok()?;
    let ours = sides["ours"].as_object()?.iter().filter_map(|(name, value)| {
        Some((name.clone(), Numbers { ours: value.as_f64()?, peer: sides["peer"][name].as_f64() }))
    });
    Some(ours.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both sides are paired by name; what the peer does not have is ours alone.
    #[test]
    fn numbers_are_paired_by_name() {
        let both = read("{\"ours\": {\"first_ms\": 100}, \"peer\": {\"first_ms\": 5000, \"x\": 1}}").unwrap();
        assert_eq!(both["first_ms"], Numbers { ours: 100.0, peer: Some(5000.0) });
        assert_eq!(both.len(), 1);
        let alone = read("noise\n{\"ours\": {\"first_ms\": 100}, \"peer\": {}}\n").unwrap();
        assert_eq!(alone["first_ms"].peer, None);
        assert!(read("Traceback").is_none());
    }
}
