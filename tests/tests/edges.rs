//! The edges between the crates: dependencies point one way, and what students read has none that they cannot read.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use netsplit_tests::project;
use serde_json::Value;

/// What each crate of the library may depend on among our own crates, in the order of the design:
/// `node <- algorithms`, `node <- figure <- check <- view <- sim <- grade <- prelude`.
const LIBRARY: [(&str, &[&str]); 9] = [
    ("netsplit-node", &[]),
    ("netsplit-algorithms", &["netsplit-node"]),
    ("netsplit-figure", &["netsplit-node"]),
    ("netsplit-check", &["netsplit-node", "netsplit-figure"]),
    ("netsplit-view", &["netsplit-node", "netsplit-figure", "netsplit-check"]),
    ("netsplit-sim", &["netsplit-node", "netsplit-figure", "netsplit-check", "netsplit-view"]),
    ("netsplit-report", &[]),
    (
        "netsplit-grade",
        &[
            "netsplit-node",
            "netsplit-figure",
            "netsplit-check",
            "netsplit-view",
            "netsplit-sim",
            "netsplit-report",
        ],
    ),
    (
        "netsplit",
        &[
            "netsplit-node",
            "netsplit-algorithms",
            "netsplit-check",
            "netsplit-view",
            "netsplit-sim",
            "netsplit-grade",
        ],
    ),
];

/// The machinery of sockets and of compiling cells: the library never sees it.
const MACHINERY: [&str; 3] = ["tokio", "zeromq", "evcxr"];

/// Each crate of the workspace with its dependencies by kind (`normal`, `dev`, `build`; `optional` where a feature asks for it).
type Edges = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn edges() -> Edges {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--no-deps", "--format-version", "1", "--locked"])
        .current_dir(project::root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    packages.iter().map(|package| (text(&package["name"]), by_kind(&package["dependencies"]))).collect()
}

fn by_kind(dependencies: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for dependency in dependencies.as_array().into_iter().flatten() {
        let kind = dependency["kind"].as_str().unwrap_or("normal");
        let kind = if dependency["optional"] == true { "optional" } else { kind }.to_string();
        kinds.entry(kind).or_default().insert(text(&dependency["name"]));
    }
    kinds
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_string()
}

fn of_kind(edges: &Edges, crate_name: &str, kind: &str) -> BTreeSet<String> {
    let crate_edges = edges.get(crate_name).unwrap_or_else(|| panic!("{crate_name} is not in the workspace"));
    crate_edges.get(kind).cloned().unwrap_or_default()
}

/// The crates of the library point one way, and no crate sees another that it has no business with.
#[test]
fn the_library_points_one_way() {
    let edges = edges();
    for (name, allowed) in LIBRARY {
        let ours = of_kind(&edges, name, "normal").into_iter().filter(|it| edges.contains_key(it));
        let surplus: Vec<String> = ours.filter(|it| !allowed.contains(&it.as_str())).collect();
        assert!(surplus.is_empty(), "{name} depends on {surplus:?}; it may depend on {allowed:?}");
    }
}

/// The seam has no dependencies at all: it is what a student reads first, in one sitting. That its values can be carried between processes is a
/// feature, for which judges ask.
#[test]
fn the_seam_has_no_dependencies() {
    let edges = edges();
    for kind in ["normal", "build"] {
        assert_eq!(of_kind(&edges, "netsplit-node", kind), BTreeSet::new(), "{kind}");
    }
    for (name, _) in LIBRARY {
        let optional = of_kind(&edges, name, "optional");
        assert!(optional.iter().all(|it| it == "serde"), "{name} has {optional:?}");
    }
}

/// Protocols never see the laboratory that runs them; their tests do.
#[test]
fn algorithms_see_the_laboratory_only_in_tests() {
    let edges = edges();
    assert!(!of_kind(&edges, "netsplit-algorithms", "normal").contains("netsplit-sim"));
    assert!(
        of_kind(&edges, "netsplit-algorithms", "dev").contains("netsplit-sim"),
        "their tests should use it"
    );
}

/// What pictures need from outside: axes and ticks of charts, many numbers in few letters. A student who reads a protocol or the simulator does not meet it.
const OF_PICTURES: [&str; 3] = ["base64", "plotters", "plotters-backend"];

/// What carrying values between the processes of a judge needs from outside.
const OF_GRADING: [&str; 5] = ["postcard", "rustix", "serde", "serde_json", "sha2"];

/// A cryptographic hash nobody should write for himself, nor read in order to understand a protocol.
const OF_ALGORITHMS: [&str; 1] = ["sha2"];

/// The library needs nothing from outside but for its pictures, its judges and SHA-256: students can read all that runs their protocols.
#[test]
fn the_library_needs_nothing_from_outside() {
    let edges = edges();
    for (name, _) in LIBRARY {
        let allowed: &[&str] = match name {
            "netsplit-view" => &OF_PICTURES,
            "netsplit-algorithms" => &OF_ALGORITHMS,
            "netsplit-grade" | "netsplit-report" => &OF_GRADING,
            _ => &[],
        };
        let outside: Vec<String> =
            of_kind(&edges, name, "normal").into_iter().filter(|it| !edges.contains_key(it)).collect();
        let surplus: Vec<&String> = outside.iter().filter(|it| !allowed.contains(&it.as_str())).collect();
        assert!(surplus.is_empty(), "{name} depends on {surplus:?}");
    }
}

/// The kernel knows nothing of the library's insides: it hands cells to a compiler.
#[test]
fn the_kernel_does_not_see_the_library() {
    let edges = edges();
    let seen: Vec<&str> = LIBRARY
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| of_kind(&edges, "netsplit-kernel", "normal").contains(*name))
        .collect();
    assert!(seen.is_empty(), "the kernel depends on {seen:?}");
}

/// The parts of the kernel, and what each may see of the others and of the library: cells' runtime stands between the two.
const KERNEL: [(&str, &[&str]); 9] = [
    ("netsplit-confinement", &[]),
    ("netsplit-control", &[]),
    ("netsplit-runtime", &["netsplit", "netsplit-confinement", "netsplit-control"]),
    ("netsplit-cell-host", &["netsplit-runtime"]),
    ("netsplit-engine", &["netsplit-confinement", "netsplit-control"]),
    ("netsplit-grading", &["netsplit-control", "netsplit-engine", "netsplit-report"]),
    ("netsplit-assistant", &[]),
    ("netsplit-assistant-server", &["netsplit-assistant"]),
    (
        "netsplit-kernel",
        &["netsplit-assistant", "netsplit-confinement", "netsplit-engine", "netsplit-grading"],
    ),
];

/// Of the kernel's parts, none sees more than it should: the engine knows no Jupyter, the host nothing but the runtime.
#[test]
fn the_kernels_parts_see_what_they_should() {
    let edges = edges();
    for (name, allowed) in KERNEL {
        let seen = of_kind(&edges, name, "normal");
        let ours: Vec<&String> = seen.iter().filter(|it| edges.contains_key(*it)).collect();
        assert!(ours.iter().all(|it| allowed.contains(&it.as_str())), "{name} depends on {ours:?}");
    }
}

/// Sockets, event loops and the cell compiler belong to the kernel and to the tests that talk to it; its assistant has a
/// compiler's knowledge and no sockets, and the runtime the event loop on which cells wait.
#[test]
fn only_the_kernel_has_sockets_and_compilers() {
    let edges = edges();
    assert!(of_kind(&edges, "netsplit-kernel", "normal").contains("zeromq"), "the rule looks at real names");
    assert!(of_kind(&edges, "netsplit-assistant-server", "normal").contains("evcxr"), "and here");
    for (name, kinds) in &edges {
        let allowed: &[&str] = match name.as_str() {
            "netsplit-kernel" | "netsplit-tests" => &MACHINERY,
            "netsplit-assistant-server" => &["evcxr"],
            "netsplit-runtime" => &["tokio"],
            // Its tests see that an event loop works in a confined process.
            "netsplit-confinement" => &["tokio"],
            _ => &[],
        };
        for (kind, dependencies) in kinds {
            let machinery: Vec<&str> = MACHINERY
                .into_iter()
                .filter(|it| dependencies.contains(*it) && !allowed.contains(it))
                .collect();
            assert!(machinery.is_empty(), "{name} has {machinery:?} ({kind})");
        }
    }
}
