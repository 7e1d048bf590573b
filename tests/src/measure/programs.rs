//! Figures that a program of `benches/` measures, and the same game on the peers that `cargo peers` has built.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::Numbers;
use crate::process::{self, Errors};
use crate::project::Project;

const BUILD_LIMIT: Duration = Duration::from_secs(20 * 60);
const RUN_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Builds the program with a profile, runs it and the peers, and reads the lines that they print.
pub(super) fn measure(
    project: &Project,
    name: &str,
    profile: &str,
    peers: &[&str],
) -> Result<Numbers, String> {
    build(project, name, profile)?;
    let ours = run(&project.program(profile, name), "value")?;
    let folder = project.root.join(PEERS);
    let built = peers.iter().map(|peer| folder.join(peer)).filter(|program| program.is_file());
    let peer = fastest(built.map(|program| run(&program, "value")));
    Ok(Numbers { peer: peer.or(ours.peer), ..ours })
}

/// Where `cargo peers` leaves its programs.
const PEERS: &str = "benches/peers/target/release";

/// Builds a program that explores a model, runs it and its peer, and reads one number of what they print.
pub(super) fn measure_explorer(project: &Project, name: &str, number: &str) -> Result<Numbers, String> {
    build(project, name, "release")?;
    let ours = run(&project.program("release", name), number)?;
    let peer = project.root.join(PEERS).join(format!("{name}_stateright"));
    let peer = peer.is_file().then(|| run(&peer, number)).transpose()?;
    Ok(Numbers { peer: peer.map(|peer| peer.ours), ..ours })
}

fn build(project: &Project, name: &str, profile: &str) -> Result<(), String> {
    let arguments =
        ["build", "--locked", "--package", "netsplit-benches", "--bin", name, "--profile", profile];
    let built = process::run(&mut project.cargo(&arguments), Errors::Shown, BUILD_LIMIT);
    if built.well { Ok(()) } else { Err(format!("{name} does not build ({})", built.how)) }
}

/// The highest of the peers' values. A peer that fails is told of and left out: it says nothing about our number.
fn fastest(peers: impl Iterator<Item = Result<Numbers, String>>) -> Option<f64> {
    let told = peers.filter_map(|peer| peer.inspect_err(|reason| eprintln!("{reason}")).ok());
    told.map(|peer| peer.ours).max_by(f64::total_cmp)
}

fn run(program: &Path, number: &str) -> Result<Numbers, String> {
    let ended = process::run(&mut Command::new(program), Errors::Shown, RUN_LIMIT);
    if !ended.well {
        return Err(format!("{} failed ({})", program.display(), ended.how));
    }
    // Each number is worth seeing, though the line of a figure has room for the fastest peer only.
    eprintln!("{}: {}", program.display(), ended.output.trim_end());
    read(&ended.output, number)
        .ok_or_else(|| format!("{} should print {{\"{number}\": ..}} as its last line", program.display()))
}

/// The last line is `{"value": 12.3}`, with `"peer"` beside it where the program measured one too.
fn read(output: &str, number: &str) -> Option<Numbers> {
    let line: Value = serde_json::from_str(output.lines().next_back()?).ok()?;
    Some(Numbers { ours: line[number].as_f64()?, peer: line["peer"].as_f64() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last line counts, a peer is optional, and anything else is no number.
    #[test]
    fn the_last_line_is_the_number() {
        let numbers =
            read("warming up\n{\"value\": 12.5, \"unit\": \"million events/s\"}\n", "value").unwrap();
        assert_eq!(numbers, Numbers { ours: 12.5, peer: None });
        assert_eq!(read("{\"value\": 1, \"peer\": 2}", "value").unwrap().peer, Some(2.0));
        assert_eq!(read("{\"ours\": 1}", "value"), None);
        assert_eq!(read("", "value"), None);
        let explored = "{\"value\": 2.5, \"unit\": \"s\", \"megabytes\": 91}";
        assert_eq!(read(explored, "megabytes").unwrap().ours, 91.0);
    }

    /// Of several peers the fastest counts, as a number; one that fails is left out, and without any there is no peer.
    #[test]
    fn the_fastest_peer_counts() {
        let ran = |line: &str| read(line, "value").ok_or("failed".to_string());
        let peers = [
            ran("{\"value\": 9.5}"),
            ran("thread panicked"),
            ran("{\"value\": 10.5}"),
            ran("{\"value\": 0.1}"),
        ];
        assert_eq!(fastest(peers.into_iter()), Some(10.5));
        assert_eq!(fastest([ran("thread panicked")].into_iter()), None);
    }
}
