//! `netsplit run`, with scripted cells: what it prints, what it writes, and how it ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use netsplit_kernel::processes::{descendants, is_running};
use serde_json::{Value, json};

fn notebook(folder: &Path, name: &str, cells: &[(&str, &[&str])]) -> PathBuf {
    let cell = |(source, tags): &(&str, &[&str])| json!({"cell_type": "code", "id": "c", "source": source, "metadata": {"tags": tags}, "outputs": [], "execution_count": null});
    let cells: Vec<Value> = cells.iter().map(cell).collect();
    let path = folder.join(name);
    let json = json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
    std::fs::write(&path, json.to_string()).unwrap();
    path
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netsplit"));
    command.arg("run").args(arguments).env("NETSPLIT_ENGINE", "scripted").output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// An executed notebook has its outputs and numbers, and executing it again gives the same bytes.
#[test]
fn executed_notebooks_are_stable() {
    let folder = tempfile::tempdir().unwrap();
    let cells: [(&str, &[&str]); 3] = [
        ("print a\neprint b\ndisplay c\nresult d", &[]),
        ("error e", &["raises-exception"]),
        ("print f", &[]),
    ];
    let path = notebook(folder.path(), "good.ipynb", &cells);
    let written = folder.path().join("written.ipynb");
    let output = run(&[path.to_str().unwrap(), "--output", written.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = std::fs::read_to_string(&written).unwrap();
    let executed: Value = serde_json::from_str(&text).unwrap();
    let outputs = executed["cells"][0]["outputs"].as_array().unwrap();
    let types: Vec<&Value> = outputs.iter().map(|output| &output["output_type"]).collect();
    assert_eq!(types, ["stream", "stream", "display_data", "execute_result"]);
    assert_eq!(executed["cells"][1]["outputs"][0]["ename"], "ScriptedError");
    assert_eq!(executed["cells"][2]["execution_count"], 3);
    let output = run(&[written.to_str().unwrap(), "--inplace"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(&written).unwrap(), text);
}

/// The first failing cell ends the run with its error as the notebook shows it, and exit code 1; later cells and later
/// notebooks do not run, and what ran is written if that was asked for.
#[test]
fn the_first_failure_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let bad =
        notebook(folder.path(), "bad.ipynb", &[("print a", &[]), ("error no milk", &[]), ("print b", &[])]);
    let next = notebook(folder.path(), "next.ipynb", &[("print c", &[])]);
    let output = run(&["--inplace", bad.to_str().unwrap(), next.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("ScriptedError: no milk\n") && said.contains("bad.ipynb: cell 2 failed"), "{said}");
    let executed: Value = serde_json::from_str(&std::fs::read_to_string(&bad).unwrap()).unwrap();
    assert_eq!(executed["cells"][1]["outputs"][0]["evalue"], "no milk");
    assert_eq!(executed["cells"][2]["outputs"], json!([]));
    assert!(!std::fs::read_to_string(&next).unwrap().contains("stream"));
}

/// What is no notebook is one line with its path, and exit code 1.
#[test]
fn other_files_are_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.ipynb");
    let missing = run(&[path.to_str().unwrap()]);
    std::fs::write(&path, "hello").unwrap();
    for output in [missing, run(&[path.to_str().unwrap()])] {
        let said = stderr(&output);
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.starts_with("netsplit: ") && said.contains("text.ipynb"), "{said}");
    }
}

/// A kernel that dies while a cell runs is named, instead of being waited for.
#[test]
fn a_dying_kernel_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = notebook(folder.path(), "dies.ipynb", &[("print a", &[]), ("abort", &[])]);
    let output = run(&[path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the kernel died while cell 2 ran"), "{}", stderr(&output));
}

/// What is killed cannot tidy up: its kernel ends by itself, and the folder of their conversation goes with the next run.
#[test]
fn a_killed_run_leaves_nothing_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let (endless, short) = (
        notebook(folder.path(), "endless.ipynb", &[("sleep", &[])]),
        notebook(folder.path(), "short.ipynb", &[("print a", &[])]),
    );
    let cache = folder.path().join("cache");
    let clients =
        || std::fs::read_dir(cache.join("clients")).map(|it| it.flatten().count()).unwrap_or_default();
    let command = |notebook: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_netsplit"));
        command.arg("run").arg(notebook).env("NETSPLIT_CACHE", &cache).env("NETSPLIT_ENGINE", "scripted");
        command
    };
    let mut killed = command(&endless).spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(60);
    let kernels = || descendants(killed.id());
    while kernels().is_empty() {
        assert!(Instant::now() < patience, "no kernel has started");
        std::thread::sleep(Duration::from_millis(5));
    }
    let kernel = kernels()[0].pid;
    killed.kill().unwrap();
    killed.wait().unwrap();
    while is_running(kernel) {
        assert!(Instant::now() < patience, "the kernel has not ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(clients(), 1);
    assert!(command(&short).output().unwrap().status.success());
    assert_eq!(clients(), 0);
}
