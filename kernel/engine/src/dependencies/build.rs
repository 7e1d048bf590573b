//! Builds a set: cargo says which crates it takes, and then makes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::content::PathCrate;
use super::project::{PIN, Project, pins};
use super::reasons;
use super::request::Request;
use super::seed;
use super::set::{Account, Built, Set};
use crate::cargo::{self, Ran, Starter};
use crate::failure::Failure;
use crate::library::{Library, OFFERED, compiler_version};

/// What cargo is doing, in the words with which its lines begin, where somebody who waits wants to know.
const PROGRESS: [&str; 4] = ["Compiling", "Downloading", "Downloaded", "Updating"];

/// What a build works with.
pub struct Builder<'a, 'b> {
    /// What it is built on.
    pub library: &'a Library,
    /// Starts cargo, and stops it.
    pub starter: Starter<'a, 'b>,
    /// Whether anything may be built at all: in a confined notebook, what is there is all there is.
    pub may_build: bool,
    /// Is told what is going on.
    pub progress: &'a mut dyn FnMut(&str),
}

/// What is to be built.
pub struct Plan<'a> {
    /// Where.
    pub folder: &'a Path,
    /// The project in it.
    pub project: Project<'a>,
    /// The crates that come from folders.
    pub paths: &'a [PathCrate],
    /// The set before.
    pub base: Option<&'a Set>,
}

/// The crates that cargo has chosen.
struct Graph {
    packages: BTreeMap<String, Value>,
    /// What each depends on: the name, and the package.
    edges: BTreeMap<String, Vec<(String, String)>>,
    root: String,
}

impl Builder<'_, '_> {
    /// Builds a set, and says what is in it.
    pub fn build(&mut self, plan: &Plan<'_>) -> Result<Account, Failure> {
        let graph = self.resolve(plan)?;
        for request in plan.project.requests {
            reasons::check_library(request, graph.asked(request))?;
        }
        let release = plan.folder.join("target/release");
        let failed = |error| reasons::unwritable(plan.folder, &error);
        let names =
            plan.project.requests.iter().filter_map(|it| graph.found(it)).map(|(name, _)| name.as_str());
        plan.project.write_root(names).map_err(failed)?;
        self.take_over(plan, &graph, &release).map_err(failed)?;
        let wrapper = plan.project.write_wrapper(&self.identities(plan, &graph)).map_err(failed)?;
        let mut command = self.command(plan, "rustc");
        let parts = &self.library.parts;
        command.args(["--release", "--lib", "--message-format", "json-render-diagnostics"]).arg("--");
        let runtime = parts.crates.iter().find(|(name, _)| name == "netsplit_runtime");
        runtime.iter().for_each(|(name, file)| {
            command.arg("--extern").arg(format!("{name}={}", file.display()));
        });
        command.arg(format!("-Ldependency={}", parts.dependencies.display()));
        let below = plan.base.map(Set::chain).unwrap_or_default();
        if let Some(base) = plan.base {
            let file = base.account.library.display();
            command.arg("--extern").arg(format!("{}={file}", base.account.name));
        }
        for set in below {
            let folder = set.dependencies();
            command.arg(format!("-Ldependency={}", folder.display()));
            command.arg(format!("-Clink-arg=-Wl,-rpath,{}", folder.display()));
        }
        if let Some(wrapper) = wrapper {
            command.env("RUSTC_WRAPPER", wrapper);
        }
        let ran = self.run(&mut command)?;
        if !ran.is_well {
            return Err(reasons::not_built(&ran.said, plan.project.requests));
        }
        self.account(plan, &graph, &ran)
            .ok_or_else(|| Failure::plain("DependencyError", "cargo does not say what it has built"))
    }

    /// Has cargo choose the crates: those that the library or the set before has, where they fit. The project is written as
    /// it can be built.
    fn resolve(&mut self, plan: &Plan<'_>) -> Result<Graph, Failure> {
        let failed = |error| reasons::unwritable(plan.folder, &error);
        let lock = match plan.base {
            Some(base) => base.folder.join("project/Cargo.lock"),
            None => self.library.sources().join("Cargo.lock"),
        };
        let project = &plan.project;
        project.write(self.library, &[], &BTreeMap::new()).map_err(failed)?;
        project.lock(Some(&lock)).map_err(failed)?;
        let mut ran = self.metadata(plan)?;
        if !ran.is_well && reasons::is_of_versions(&ran.said) {
            // The versions that others have may be the ones that cannot be had here.
            project.lock(None).map_err(failed)?;
            ran = self.metadata(plan)?;
        }
        let Some(graph) = Graph::read(&ran) else { return Err(self.unresolved(plan, &ran)) };
        let pins = pins(self.library, &graph.of_registry());
        if pins.is_empty() {
            return Ok(graph);
        }
        let version =
            |it: &Request| Some((it.name.clone(), graph.asked(it)?["version"].as_str()?.to_string()));
        let versions = project.requests.iter().filter_map(version).collect();
        let lock = fs::read(project.folder.join("Cargo.lock")).map_err(failed)?;
        project.write(self.library, &pins, &versions).map_err(failed)?;
        let pinned = self.metadata(plan)?;
        if let Some(graph) = Graph::read(&pinned) {
            return Ok(graph);
        }
        // What the library has cannot be had here, so these crates bring what they need.
        project.write(self.library, &[], &BTreeMap::new()).map_err(failed)?;
        fs::write(project.folder.join("Cargo.lock"), lock).map_err(failed)?;
        Ok(graph)
    }

    fn unresolved(&mut self, plan: &Plan<'_>, ran: &Ran) -> Failure {
        let requests = plan.project.requests;
        let Some(request) = reasons::lacks_feature(&ran.said, requests) else {
            return reasons::unresolved(&ran.said, requests);
        };
        // Cargo does not say which there are; without the features it finds the crate.
        let without: Vec<Request> =
            requests.iter().map(|it| Request { features: Vec::new(), ..it.clone() }).collect();
        let project = Project {
            folder: plan.project.folder.clone(),
            name: plan.project.name.clone(),
            requests: &without,
            base: None,
        };
        let found =
            project.write(self.library, &[], &BTreeMap::new()).ok().and_then(|()| self.metadata(plan).ok());
        let graph = found.as_ref().and_then(Graph::read);
        reasons::no_feature(request, &graph.map(|it| it.features(request)).unwrap_or_default(), &ran.said)
    }

    fn metadata(&mut self, plan: &Plan<'_>) -> Result<Ran, Failure> {
        let mut command = self.command(plan, "metadata");
        command.args(["--format-version", "1"]);
        let version = compiler_version().unwrap_or_default();
        if let Some(host) = version.lines().find_map(|line| line.strip_prefix("host: ")) {
            command.args(["--filter-platform", host]);
        }
        let ran = self.run(&mut command)?;
        if ran.is_well || !reasons::is_of_network(&ran.said) {
            return Ok(ran);
        }
        // What has been downloaded once is there without a network.
        let again = self.run(command.arg("--offline"))?;
        Ok(if again.is_well { again } else { ran })
    }

    /// Cargo, told everything that is the same in all its tasks.
    fn command(&self, plan: &Plan<'_>, task: &str) -> Command {
        let parts = &self.library.parts;
        let mut command = cargo::command(&parts.cargo, &plan.project.manifest(), task);
        command
            .env("RUSTC", &parts.rustc)
            .env("CARGO_TARGET_DIR", plan.folder.join("target"))
            .env("CARGO_ENCODED_RUSTFLAGS", &parts.flags)
            .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
            .env("CARGO_TERM_COLOR", "never");
        let places = &self.library.places;
        if let Some(vendored) = &places.vendored {
            let folder = toml::Value::from(vendored.display().to_string());
            command.args(["--config", "source.crates-io.replace-with=\"netsplit-vendored\""]);
            command.arg("--config").arg(format!("source.netsplit-vendored.directory={folder}"));
        }
        if places.is_offline || places.vendored.is_some() {
            command.arg("--offline");
        } else if std::env::var_os("CARGO_NET_RETRY").is_none() {
            // Somebody is waiting.
            command.env("CARGO_NET_RETRY", "1");
        }
        command
    }

    fn run(&mut self, command: &mut Command) -> Result<Ran, Failure> {
        let progress = &mut *self.progress;
        let ran = cargo::run(command, &mut self.starter, &mut |line| {
            let line = line.trim();
            let is_ours = line.contains("netsplit_crates_");
            if !is_ours && PROGRESS.iter().any(|word| line.starts_with(word)) {
                progress(line);
            }
        });
        match ran {
            Ok(_) if self.starter.is_interrupted() => Err(reasons::interrupted()),
            Ok(ran) => Ok(ran),
            Err(error) => Err(reasons::no_cargo(error)),
        }
    }

    /// What the set before and the library have built already.
    fn take_over(&self, plan: &Plan<'_>, graph: &Graph, release: &Path) -> std::io::Result<()> {
        let names: BTreeSet<String> =
            graph.packages.values().flat_map(reasons::names_of).map(|it| it.replace('-', "_")).collect();
        if let Some(base) = plan.base {
            let has_changed = |it: &&PathCrate| !base.account.paths.contains(it);
            let changed: Vec<&String> =
                plan.paths.iter().filter(has_changed).flat_map(|it| &it.names).collect();
            let is_wanted = |name: &str| names.contains(name) && !changed.iter().any(|it| *it == name);
            seed::take_over(&base.folder.join("target/release"), release, &is_wanted)?;
        }
        let of_library = self.library.parts.dependencies.parent().unwrap_or(release);
        let is_own = |name: &str| plan.paths.iter().any(|it| it.names.iter().any(|own| own == name));
        seed::take_over(of_library, release, &|name| names.contains(name) && !is_own(name))
    }

    /// What is in crates whose content cargo does not count as theirs: those of folders, and of repositories.
    fn identities(&self, plan: &Plan<'_>, graph: &Graph) -> Vec<PathCrate> {
        let of_git = graph.packages.values().filter_map(|package| {
            let revision = package["source"].as_str()?.strip_prefix("git+")?.rsplit_once('#')?.1;
            let folder = Path::new(package["manifest_path"].as_str()?).parent()?.to_path_buf();
            Some(PathCrate { folder, names: reasons::names_of(package), identity: revision.to_string() })
        });
        plan.paths.iter().cloned().chain(of_git).collect()
    }

    fn account(&self, plan: &Plan<'_>, graph: &Graph, ran: &Ran) -> Option<Account> {
        let made: Vec<Artifact> = ran.messages.iter().filter_map(Artifact::read).collect();
        let own = made.iter().find(|it| it.name == plan.project.name)?;
        let dependencies = plan.folder.join("target/release/deps");
        let place = |file: &str| dependencies.join(file);
        // What the compiler runs is built apart.
        let is_common = |it: &&Artifact| it.optimisation == own.optimisation || it.is_macro;
        let identities = self.identities(plan, graph);
        let mut crates = BTreeMap::new();
        for request in plan.project.requests {
            let (name, id) = graph.found(request)?;
            let artifact = made.iter().filter(is_common).find(|it| it.package == *id)?;
            let package = &graph.packages[id];
            let built = Built {
                name: name.clone(),
                file: place(&artifact.file),
                version: package["version"].as_str()?.to_string(),
                instance: graph.instance(id, &artifact.file, &identities),
            };
            crates.insert(request.name.clone(), built);
        }
        let mut others: BTreeMap<String, Option<PathBuf>> = BTreeMap::new();
        let mut instances: BTreeMap<String, String> = BTreeMap::new();
        for artifact in made.iter().filter(|it| is_common(it) && !it.is_macro && it.name != own.name) {
            // Two versions of one crate cannot be told apart by their name.
            let known = others.contains_key(&artifact.name);
            others.insert(artifact.name.clone(), (!known).then(|| place(&artifact.file)));
            let instance = graph.instance(&artifact.package, &artifact.file, &identities);
            *instances.entry(artifact.name.clone()).or_default() += &instance;
        }
        Some(Account {
            name: own.name.clone(),
            id: String::new(),
            home: self.library.folder().to_path_buf(),
            requests: plan.project.requests.to_vec(),
            paths: plan.paths.to_vec(),
            base: plan.base.map(|it| it.folder.clone()),
            library: place(&own.file),
            crates,
            others,
            instances,
            notes: self.notes(plan, graph, &made, own),
        })
    }

    /// Which crates of the library are not shared, and who is the reason.
    fn notes(&self, plan: &Plan<'_>, graph: &Graph, made: &[Artifact], own: &Artifact) -> Vec<String> {
        let mut notes = Vec::new();
        for offered in OFFERED {
            let known =
                self.library.parts.packages.iter().find(|it| it.name == offered && !it.is_of_compiler);
            let Some(known) = known else { continue };
            let others = made.iter().filter(|it| {
                it.name == offered && it.optimisation == own.optimisation && it.file != known.file
            });
            for other in others {
                let asks = |request: &&Request| {
                    graph.id_of(request).is_some_and(|id| graph.reaches(id, &other.package))
                };
                let users = plan.project.requests.iter().filter(asks);
                let users: Vec<String> = users.map(|it| format!("`{}`", it.name)).collect();
                let version = graph.packages.get(&other.package).and_then(|it| it["version"].as_str());
                notes.push(format!(
                    "{} {} another `{offered}` ({}) than the notebook's ({}), with other features or versions: {}",
                    users.join(", "),
                    if users.len() == 1 { "uses" } else { "use" },
                    version.unwrap_or("another build"),
                    known.version,
                    consequence(offered),
                ));
            }
        }
        notes
    }
}

fn consequence(offered: &str) -> &'static str {
    match offered {
        "tokio" => "futures that need its timers or sockets do not find those of the notebook",
        _ => "their types do not implement the notebook's `Serialize` and `Deserialize`",
    }
}

impl Graph {
    fn read(ran: &Ran) -> Option<Self> {
        let metadata = ran.messages.first().filter(|_| ran.is_well)?;
        let text = |value: &Value| value.as_str().map(str::to_string);
        let packages = metadata["packages"].as_array()?.iter();
        let packages = packages.filter_map(|it| Some((text(&it["id"])?, it.clone()))).collect();
        let mut edges = BTreeMap::new();
        for node in metadata["resolve"]["nodes"].as_array()? {
            let needs = node["deps"].as_array()?.iter();
            let needs = needs.filter_map(|it| Some((text(&it["name"])?, text(&it["pkg"])?)));
            edges.insert(text(&node["id"])?, needs.collect());
        }
        Some(Self { packages, edges, root: text(&metadata["resolve"]["root"])? })
    }

    /// What a request has led to: what cells call the crate, which is its own name unless the request gives another, and
    /// the package.
    fn found(&self, request: &Request) -> Option<(&String, &String)> {
        let package = request.package.as_str();
        let mut edges = self.edges.get(&self.root)?.iter();
        let found = edges.find(|(name, id)| {
            let is_asked = if request.is_renamed() { *name == request.name } else { !name.starts_with(PIN) };
            is_asked && self.packages.get(id).is_some_and(|it| it["name"] == package)
        });
        found.map(|(name, id)| (name, id))
    }

    fn id_of(&self, request: &Request) -> Option<&String> {
        self.found(request).map(|(_, id)| id)
    }

    fn asked(&self, request: &Request) -> Option<&Value> {
        self.id_of(request).map(|id| &self.packages[id])
    }

    /// The features that a crate has.
    fn features(&self, request: &Request) -> Vec<String> {
        let known = |it: &&Value| it["name"] == request.package.as_str();
        let package = self.asked(request).or_else(|| self.packages.values().find(known));
        let features = package.and_then(|it| it["features"].as_object());
        features.map(|it| it.keys().cloned().collect()).unwrap_or_default()
    }

    /// All packages of the registry, by name and version.
    fn of_registry(&self) -> BTreeSet<(String, String)> {
        let reached = self.edges.keys().filter_map(|id| self.packages.get(id));
        let of_registry =
            reached.filter(|it| it["source"].as_str().is_some_and(|it| it.starts_with("registry+")));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        of_registry.map(|it| (text(&it["name"]), text(&it["version"]))).collect()
    }

    fn reaches(&self, from: &str, to: &str) -> bool {
        self.all_from(from).contains(to)
    }

    fn all_from(&self, from: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::from([from.to_string()]);
        let mut waiting = vec![from.to_string()];
        while let Some(id) = waiting.pop() {
            for (_, next) in self.edges.get(&id).into_iter().flatten() {
                if reached.insert(next.clone()) {
                    waiting.push(next.clone());
                }
            }
        }
        reached
    }

    /// What tells this build of a crate from others: the name that cargo gives its file, and what is in it and below it that
    /// cargo does not count.
    fn instance(&self, id: &str, file: &str, identities: &[PathCrate]) -> String {
        let mut instance = file.to_string();
        for id in self.all_from(id) {
            let manifest = self.packages.get(&id).and_then(|it| it["manifest_path"].as_str()).map(Path::new);
            let own = |it: &&PathCrate| manifest.and_then(Path::parent) == Some(it.folder.as_path());
            identities.iter().find(own).iter().for_each(|it| instance += &format!(" {}", it.identity));
        }
        instance
    }
}

/// A library that cargo has made.
struct Artifact {
    package: String,
    name: String,
    file: String,
    optimisation: String,
    is_macro: bool,
}

impl Artifact {
    fn read(message: &Value) -> Option<Self> {
        let message = Some(message).filter(|it| it["reason"] == "compiler-artifact")?;
        let kinds = message["target"]["kind"].as_array()?;
        let is_of = |kinds: &[&str], kind: &Value| kinds.iter().any(|it| kind == it);
        if !kinds.iter().any(|kind| is_of(&["lib", "rlib", "dylib", "proc-macro"], kind)) {
            return None;
        }
        let files: Vec<&Path> =
            message["filenames"].as_array()?.iter().filter_map(Value::as_str).map(Path::new).collect();
        let of_kind = |kind: &str| files.iter().find(|it| it.extension().is_some_and(|found| found == kind));
        let file = ["rlib", "so", "dylib"].iter().find_map(|kind| of_kind(kind))?;
        Some(Self {
            package: message["package_id"].as_str()?.to_string(),
            name: message["target"]["name"].as_str()?.replace('-', "_"),
            file: file.file_name()?.to_string_lossy().into_owned(),
            optimisation: message["profile"]["opt_level"].as_str()?.to_string(),
            is_macro: kinds.iter().any(|kind| kind == "proc-macro"),
        })
    }
}
