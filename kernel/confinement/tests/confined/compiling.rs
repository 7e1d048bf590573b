//! The compiler and the linkers, confined.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use netsplit_confinement::Places;

use crate::reaching::child;
use crate::runner::Test;

pub const TESTS: &[Test] = &[
    ("a_cell_compiles", a_cell_compiles),
    ("linkers_link", linkers_link),
    ("files_outside_cannot_be_included", files_outside_cannot_be_included),
    ("macros_reach_nothing", macros_reach_nothing),
    ("cargo_builds_and_build_scripts_reach_nothing", cargo_builds_and_build_scripts_reach_nothing),
];

/// What a macro can try while a cell is compiled; it says on stderr what came of it.
const MACRO: &str = r#"
extern crate proc_macro;
#[proc_macro]
pub fn attempt(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    eprintln!("file: {:?}", std::fs::read("/etc/passwd").is_ok());
    eprintln!("socket: {:?}", std::net::TcpListener::bind("127.0.0.1:0").is_ok());
    eprintln!("program: {:?}", std::process::Command::new("true").status().is_ok());
    eprintln!("variable: {:?}", std::env::var("NETSPLIT_SECRET").is_ok());
    "1".parse().unwrap()
}
"#;
/// A cell, as far as a compiler is concerned.
const CELL: &str = r#"
#[unsafe(no_mangle)]
pub fn cell() { println!("{:?}", vec![1, 2].iter().map(|it| it * 2).collect::<std::collections::BTreeSet<i32>>()); }
"#;

/// The folders of a notebook in `folder`.
pub fn places(folder: &Path, sysroot: &Path) -> Places {
    Places {
        cells: folder.join("cells"),
        pipes: folder.join("pipes"),
        temporary: folder.join("tmp"),
        home: folder.join("home"),
        libraries: vec![folder.join("libraries")],
        sysroot: sysroot.to_path_buf(),
    }
}

/// What the compiler may start besides what is its own.
pub fn programs() -> Vec<PathBuf> {
    vec!["/usr/bin/cc".into()]
}

/// A notebook's folders, and the compiler; nothing for a user who can reach no compiler.
struct Bench {
    folder: tempfile::TempDir,
    sysroot: PathBuf,
}

impl Bench {
    fn set() -> Option<Self> {
        let sysroot = Command::new("rustc").args(["--print", "sysroot"]).current_dir("/").output();
        let Some(sysroot) = sysroot.ok().filter(|it| it.status.success()) else {
            assert!(!rustix::process::getuid().is_root(), "root has a compiler here");
            println!("    this user can reach no compiler");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        for name in ["cells", "pipes", "tmp", "home", "libraries"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let sysroot = PathBuf::from(String::from_utf8(sysroot.stdout).unwrap().trim());
        Some(Self { folder, sysroot })
    }

    /// Runs a program in the folder of cells, confined as is asked.
    fn start(&self, how: &str, program: &Path, arguments: &[&str]) -> Output {
        let paths = [self.folder.path(), &self.sysroot, program].map(|it| it.display().to_string());
        let arguments = arguments.iter().map(|it| it.to_string());
        child(how, "start", &paths.into_iter().chain(arguments).collect::<Vec<_>>())
    }

    fn compile(&self, how: &str, source: &str, arguments: &[&str]) -> Output {
        fs::write(self.folder.path().join("cells/cell.rs"), source).unwrap();
        let compiler = self.sysroot.join("bin/rustc");
        self.start(
            how,
            &compiler,
            &[&["cell.rs", "--edition=2024", "--crate-type=cdylib"], arguments].concat(),
        )
    }

    fn has_made(&self, name: &str) -> bool {
        fs::remove_file(self.folder.path().join("cells").join(name)).is_ok()
    }
}

fn said(output: &Output) -> String {
    format!(
        "{}: {}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The compiler makes an object, and a library by its own linker or by the system's, as if it were free.
fn a_cell_compiles() {
    let Some(bench) = Bench::set() else { return };
    for how in ["free", "compiler"] {
        let output = bench.compile(how, CELL, &["--emit=obj", "-Ccodegen-units=1", "-o", "cell.o"]);
        assert!(output.status.success() && bench.has_made("cell.o"), "{how}: {}", said(&output));
        assert!(output.stderr.is_empty(), "{how}: {}", said(&output));
        let output = bench.compile(how, CELL, &["--emit=link", "-o", "cell.so"]);
        assert!(output.status.success() && bench.has_made("cell.so"), "{how}: {}", said(&output));
        let output = bench.compile(how, CELL, &["--emit=link", "-o", "cell.so", "-Clink-arg=-fuse-ld=bfd"]);
        assert!(output.status.success() && bench.has_made("cell.so"), "{how}: {}", said(&output));
    }
}

/// Each linker that this machine has links a cell's object, called as the kernel calls it.
fn linkers_link() {
    let Some(bench) = Bench::set() else { return };
    let compiled = bench.compile("free", CELL, &["--emit=obj", "-Ccodegen-units=1", "-o", "cell.o"]);
    assert!(compiled.status.success(), "{}", said(&compiled));
    let own = fs::read_dir(bench.sysroot.join("lib/rustlib")).unwrap().flatten();
    let own: Vec<PathBuf> = own.map(|it| it.path().join("bin/rust-lld")).filter(|it| it.exists()).collect();
    let own = own.into_iter().map(|it| (it, vec!["-flavor", "gnu"]));
    let systems = ["mold", "ld.lld", "ld"].map(|it| (Path::new("/usr/bin").join(it), vec![]));
    let mut linked = 0;
    for (linker, mut arguments) in own.chain(systems).filter(|(path, _)| path.exists()) {
        arguments.extend(["-shared", "-Bsymbolic", "--eh-frame-hdr", "-o", "cell.so", "cell.o"]);
        for how in ["free", "compiler"] {
            let output = bench.start(how, &linker, &arguments);
            assert!(
                output.status.success() && bench.has_made("cell.so"),
                "{how}, {linker:?}: {}",
                said(&output)
            );
        }
        linked += 1;
    }
    assert!(linked > 0, "no linker was tried");
}

/// `include_str!` of a file outside is an error, and so is `env!` of a variable that is not passed on.
fn files_outside_cannot_be_included() {
    let Some(bench) = Bench::set() else { return };
    let include = "pub const TEXT: &str = include_str!(\"/etc/passwd\");";
    let variable = "pub const TEXT: &str = env!(\"NETSPLIT_SECRET\");";
    for (source, reason) in [(include, "Permission denied"), (variable, "not defined")] {
        let free = bench.compile("free", source, &["--emit=metadata"]);
        assert!(free.status.success(), "{}", said(&free));
        let confined = bench.compile("compiler", source, &["--emit=metadata"]);
        assert!(!confined.status.success() && said(&confined).contains(reason), "{}", said(&confined));
    }
}

/// The code of a macro runs in the compiler, and reaches no file outside, no network, no program, no variable.
fn macros_reach_nothing() {
    let Some(bench) = Bench::set() else { return };
    let made = bench.folder.path().join("libraries/libattempts.so").display().to_string();
    let arguments = ["--crate-type=proc-macro", "--crate-name=attempts", "-o", &made];
    fs::write(bench.folder.path().join("cells/macro.rs"), MACRO).unwrap();
    let output = bench.start(
        "free",
        &bench.sysroot.join("bin/rustc"),
        &[&["macro.rs"], arguments.as_slice()].concat(),
    );
    assert!(output.status.success(), "{}", said(&output));
    let cell = "pub fn f() -> i32 { attempts::attempt!() }";
    for (how, succeeds) in [("free", true), ("compiler", false)] {
        let output = bench.compile(how, cell, &["--emit=metadata", "--extern", &format!("attempts={made}")]);
        let text = said(&output);
        assert!(output.status.success(), "{text}");
        for what in ["file", "socket", "program", "variable"] {
            assert!(text.contains(&format!("{what}: {succeeds}")), "{how}: {text}");
        }
    }
}

/// Cargo builds a crate with a build script, which runs, and reaches neither a file outside nor the network; without
/// confinement it does.
fn cargo_builds_and_build_scripts_reach_nothing() {
    let Some(bench) = Bench::set() else { return };
    let cells = bench.folder.path().join("cells");
    fs::create_dir(cells.join("src")).unwrap();
    fs::write(cells.join("src/lib.rs"), "pub const SAID: &str = env!(\"SAID\");").unwrap();
    let script = r#"fn main() {
        let file = std::fs::read("/etc/passwd").is_ok();
        let socket = std::net::TcpListener::bind("127.0.0.1:0").is_ok();
        let program = std::process::Command::new("/bin/true").status().is_ok();
        println!("cargo::rustc-env=SAID=x");
        println!("cargo::warning=file: {file}, socket: {socket}, program: {program}");
    }"#;
    fs::write(cells.join("build.rs"), script).unwrap();
    let manifest = "[package]\nname = \"cell\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(cells.join("Cargo.toml"), manifest).unwrap();
    let cargo = bench.sysroot.join("bin/cargo");
    let compiler = format!("build.rustc='{}'", bench.sysroot.join("bin/rustc").display());
    for (how, succeeds) in [("free", true), ("builds", false)] {
        let output =
            bench.start(how, &cargo, &["build", "--offline", "--target-dir=target", "--config", &compiler]);
        let text = said(&output);
        let expected = format!("file: {succeeds}, socket: {succeeds}, program: {succeeds}");
        assert!(output.status.success() && text.contains(&expected), "{how}: {text}");
        fs::remove_dir_all(cells.join("target")).unwrap();
    }
}
