//! The course folder: the chapters as the user works on them, never overwriting what the user changed.
//!
//! A hidden manifest remembers the content, by its hash, of every file that was copied. A file that still has that
//! content is the user's untouched copy and follows the chapter when it gets newer; a file with any other content
//! belongs to the user, and the newer chapter is laid beside it as `NAME.new.ipynb`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::Failure;
use super::super::places::write_if_changed;

/// The hidden folder in the course folder that is ours: the manifest, and JupyterLab's open tabs.
pub const HIDDEN: &str = ".netsplit";

/// What we put into the course folder, so that the next start can tell it from what the user made.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    /// By path relative to the course folder, with `/` between the parts.
    files: BTreeMap<String, Entry>,
}

/// What we know of one file.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The hash of the content that we last copied to this very path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copied: Option<String>,
    /// The hash of the newer content that we last laid beside the user's changed file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offered: Option<String>,
}

/// One thing that happened to the course folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The file is new.
    Copied(PathBuf),
    /// The user had not touched the file, and it is now the newer version.
    Updated(PathBuf),
    /// The user had changed the file: it is as it was, and the newer version lies beside it.
    Kept {
        /// The user's file.
        yours: PathBuf,
        /// The newer version.
        newer: PathBuf,
    },
}

impl Change {
    /// The file that was written.
    pub fn written(&self) -> &Path {
        match self {
            Self::Copied(path) | Self::Updated(path) | Self::Kept { newer: path, .. } => path,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copied(path) => write!(f, "new: {}", path.display()),
            Self::Updated(path) => write!(f, "updated: {}", path.display()),
            Self::Kept { yours, newer } => {
                write!(
                    f,
                    "kept as you changed it: {}; the newer version is {}",
                    yours.display(),
                    newer.display()
                )
            }
        }
    }
}

/// Brings the folder `course` up to date with the chapters in `chapters`, and says what changed.
/// The paths in the answer are relative to `course`.
pub fn synchronise(chapters: &Path, course: &Path) -> Result<Vec<Change>, Failure> {
    let manifest_path = course.join(HIDDEN).join("manifest.json");
    let mut manifest = read_manifest(&manifest_path)?;
    let mut changes = Vec::new();
    for relative in published_files(chapters)? {
        let source = chapters.join(&relative);
        let content = std::fs::read(&source)
            .map_err(|error| Failure(format!("cannot read the chapter {}: {error}", source.display())))?;
        let entry = manifest.files.remove(&key(&relative)).unwrap_or_default();
        let (entry, change) = bring_up_to_date(course, &relative, &content, entry)?;
        manifest.files.insert(key(&relative), entry);
        if let Some(change) = change {
            // The manifest follows every copy: a start that is cut short must not mistake our copies for the user's files.
            write_manifest(&manifest_path, &manifest)?;
            changes.push(change);
        }
    }
    write_manifest(&manifest_path, &manifest)?;
    Ok(changes)
}

/// Decides on one file: the whole rule stands here.
fn bring_up_to_date(
    course: &Path,
    relative: &Path,
    content: &[u8],
    entry: Entry,
) -> Result<(Entry, Option<Change>), Failure> {
    let published = hash(content);
    let target = course.join(relative);
    let present = read_if_there(&target)?.map(|bytes| hash(&bytes));
    let ours = Entry { copied: Some(published.clone()), offered: None };
    match present {
        None => {
            write_if_changed(&target, content)?;
            Ok((ours, Some(Change::Copied(relative.to_path_buf()))))
        }
        Some(present) if present == published => Ok((ours, None)),
        Some(present) if entry.copied.as_ref() == Some(&present) => {
            write_if_changed(&target, content)?;
            Ok((ours, Some(Change::Updated(relative.to_path_buf()))))
        }
        // The user's file, made from this very version, or the user was already offered this version.
        Some(_)
            if entry.copied.as_ref() == Some(&published) || entry.offered.as_ref() == Some(&published) =>
        {
            Ok((entry, None))
        }
        Some(_) => {
            let newer = lay_beside(course, relative, content, entry.offered.as_deref())?;
            let entry = Entry { offered: Some(published), ..entry };
            Ok((entry, Some(Change::Kept { yours: relative.to_path_buf(), newer })))
        }
    }
}

/// Writes `content` as `NAME.new.ipynb`, or `NAME.new2.ipynb` and so on where the user has changed that one too.
fn lay_beside(
    course: &Path,
    relative: &Path,
    content: &[u8],
    offered: Option<&str>,
) -> Result<PathBuf, Failure> {
    let mut number = 1;
    loop {
        let newer =
            with_infix(relative, &if number == 1 { "new".to_string() } else { format!("new{number}") });
        let present = read_if_there(&course.join(&newer))?;
        if present.as_ref().is_none_or(|it| it == content || offered == Some(hash(it).as_str())) {
            write_if_changed(&course.join(&newer), content)?;
            return Ok(newer);
        }
        number += 1;
    }
}

/// `a/b.ipynb` with the infix `new` is `a/b.new.ipynb`.
fn with_infix(path: &Path, infix: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    match path.extension() {
        Some(extension) => path.with_file_name(format!("{stem}.{infix}.{}", extension.to_string_lossy())),
        None => path.with_file_name(format!("{stem}.{infix}")),
    }
}

/// What a chapter is judged by; it would tell the reader what comes out, so it is not published.
const FOR_TESTS: &str = "chapter.toml";
/// Hidden tests and answers of exercises: they are for whoever teaches.
const FOR_INSTRUCTORS: &str = "instructor";

/// Whether a published file is a chapter's notebook; the contents lie beside the chapters' folders.
pub fn is_chapter(file: &Path) -> bool {
    file.extension().is_some_and(|it| it == "ipynb") && file.iter().count() > 1
}

/// The contents and all files of all chapters, relative and in order; hidden files and folders are editors' and Jupyter's leftovers.
pub fn published_files(chapters: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let refuse = |error: std::io::Error| {
            let path = chapters.join(&folder);
            Failure(format!(
                "the chapters should be at {}, but {error}: run this in the project's clone",
                path.display()
            ))
        };
        for entry in std::fs::read_dir(chapters.join(&folder)).map_err(refuse)? {
            let entry = entry.map_err(refuse)?;
            let name = entry.file_name();
            let path = folder.join(&name);
            let is_folder = entry.file_type().map_err(refuse)?.is_dir();
            let is_private =
                name.to_string_lossy().starts_with('.') || name == FOR_TESTS || name == FOR_INSTRUCTORS;
            let is_data = folder.as_os_str().is_empty() && !is_for_readers(&path, is_folder);
            if is_private || is_data {
                continue;
            } else if is_folder {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Of what lies beside the chapters: the chapters themselves, by their numbers, and notebooks; the rest is data for tests and tools.
fn is_for_readers(path: &Path, is_folder: bool) -> bool {
    let is_numbered = path.to_string_lossy().starts_with(|first: char| first.is_ascii_digit());
    if is_folder { is_numbered } else { path.extension().is_some_and(|it| it == "ipynb") }
}

fn key(relative: &Path) -> String {
    relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The SHA-256 of some content, in hexadecimal digits.
pub fn hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match std::fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure(format!(
            "cannot read {}: {error}: choose another folder with --dir DIR",
            path.display()
        ))),
    }
}

/// Without a manifest every file counts as the user's: that is the safe side.
fn read_manifest(path: &Path) -> Result<Manifest, Failure> {
    let Some(content) = read_if_there(path)? else { return Ok(Manifest::default()) };
    serde_json::from_slice(&content).map_err(|error| {
        Failure(format!("{} should hold what was copied, but {error}: remove this file", path.display()))
    })
}

fn write_manifest(path: &Path, manifest: &Manifest) -> Result<bool, Failure> {
    let text = serde_json::to_string_pretty(manifest).expect("a map of strings can be printed") + "\n";
    write_if_changed(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A published chapter and a user's course folder, both empty at first.
    struct Scene {
        scratch: tempfile::TempDir,
    }

    const CHAPTER: &str = "01-first/01-first.ipynb";
    const NEWER: &str = "01-first/01-first.new.ipynb";

    impl Scene {
        fn new() -> Self {
            let scene = Self { scratch: tempfile::tempdir().unwrap() };
            scene.publish("version 1");
            scene
        }

        fn course(&self) -> PathBuf {
            self.scratch.path().join("course")
        }

        fn publish(&self, content: &str) {
            write_if_changed(&self.scratch.path().join("notebooks").join(CHAPTER), content.as_bytes())
                .unwrap();
        }

        fn edit(&self, file: &str, content: &str) {
            std::fs::write(self.course().join(file), content).unwrap();
        }

        fn read(&self, file: &str) -> String {
            std::fs::read_to_string(self.course().join(file)).unwrap()
        }

        fn start(&self) -> Vec<Change> {
            synchronise(&self.scratch.path().join("notebooks"), &self.course()).unwrap()
        }
    }

    fn kept() -> Vec<Change> {
        vec![Change::Kept { yours: CHAPTER.into(), newer: NEWER.into() }]
    }

    /// The first start copies everything, the second has nothing to do.
    #[test]
    fn first_start_copies_and_second_is_idle() {
        let scene = Scene::new();
        assert_eq!(scene.start(), [Change::Copied(CHAPTER.into())]);
        assert_eq!(scene.read(CHAPTER), "version 1");
        assert_eq!(scene.start(), []);
    }

    /// An untouched copy follows the chapter.
    #[test]
    fn untouched_file_is_updated() {
        let scene = Scene::new();
        scene.start();
        scene.publish("version 2");
        assert_eq!(scene.start(), [Change::Updated(CHAPTER.into())]);
        assert_eq!(scene.read(CHAPTER), "version 2");
        assert!(!scene.course().join(NEWER).exists());
    }

    /// A changed file is never touched while the chapter stays as it is, and nothing is laid beside it.
    #[test]
    fn changed_file_of_an_unchanged_chapter_is_left_alone() {
        let scene = Scene::new();
        scene.start();
        scene.edit(CHAPTER, "my work");
        assert_eq!(scene.start(), []);
        assert_eq!(scene.read(CHAPTER), "my work");
        assert!(!scene.course().join(NEWER).exists());
    }

    /// A changed file is kept when the chapter gets newer; the newer one lies beside it, once per version.
    #[test]
    fn changed_file_is_kept_and_newer_lies_beside_it() {
        let scene = Scene::new();
        scene.start();
        scene.edit(CHAPTER, "my work");
        scene.publish("version 2");
        assert_eq!(scene.start(), kept());
        assert_eq!((scene.read(CHAPTER).as_str(), scene.read(NEWER).as_str()), ("my work", "version 2"));
        std::fs::remove_file(scene.course().join(NEWER)).unwrap();
        assert_eq!(scene.start(), [], "a version that the user threw away does not come back");
        scene.publish("version 3");
        assert_eq!(scene.start(), kept());
        assert_eq!((scene.read(CHAPTER).as_str(), scene.read(NEWER).as_str()), ("my work", "version 3"));
    }

    /// A newer version that the user worked on is the user's too: the next one gets a number.
    #[test]
    fn changed_newer_version_is_kept_as_well() {
        let scene = Scene::new();
        scene.start();
        scene.edit(CHAPTER, "my work");
        scene.publish("version 2");
        scene.start();
        scene.edit(NEWER, "my other work");
        scene.publish("version 3");
        let numbered = "01-first/01-first.new2.ipynb";
        assert_eq!(scene.start(), [Change::Kept { yours: CHAPTER.into(), newer: numbered.into() }]);
        assert_eq!(
            (scene.read(NEWER).as_str(), scene.read(numbered).as_str()),
            ("my other work", "version 3")
        );
    }

    /// A folder with the user's own file of that name, and no manifest, is the user's: nothing is overwritten.
    #[test]
    fn files_that_were_there_before_us_are_kept() {
        let scene = Scene::new();
        std::fs::create_dir_all(scene.course().join("01-first")).unwrap();
        scene.edit(CHAPTER, "mine from the start");
        assert_eq!(scene.start(), kept());
        assert_eq!(scene.read(CHAPTER), "mine from the start");
    }

    /// Deleting a file is how a user asks for a fresh one.
    #[test]
    fn deleted_file_comes_back_fresh() {
        let scene = Scene::new();
        scene.start();
        scene.edit(CHAPTER, "spoilt");
        std::fs::remove_file(scene.course().join(CHAPTER)).unwrap();
        assert_eq!(scene.start(), [Change::Copied(CHAPTER.into())]);
        assert_eq!(scene.read(CHAPTER), "version 1");
    }

    /// Only chapters and the contents are published: no hidden files, no checkpoints, nothing of the tests, no data of the course.
    #[test]
    fn leftovers_of_editors_are_not_published() {
        let scene = Scene::new();
        let notebooks = scene.scratch.path().join("notebooks");
        for extra in [
            "README.md",
            "glossary.toml",
            "00-contents.ipynb",
            "incidents/thursday.toml",
            "01-first/.ipynb_checkpoints/x.ipynb",
            "01-first/.hidden",
            "01-first/chapter.toml",
            "01-first/instructor/dedup/hidden.rs",
            "01-first/data/log.txt",
        ] {
            write_if_changed(&notebooks.join(extra), b"x").unwrap();
        }
        let expected = ["00-contents.ipynb", CHAPTER, "01-first/data/log.txt"].map(PathBuf::from);
        let published = published_files(&notebooks).unwrap();
        assert_eq!(published, expected);
        assert_eq!(published.into_iter().filter(|it| is_chapter(it)).collect::<Vec<_>>(), expected[1..2]);
    }

    /// A manifest that is not ours to read is one line with its path, and nothing is copied over the user's files.
    #[test]
    fn broken_manifest_is_one_line() {
        let scene = Scene::new();
        scene.start();
        scene.edit(".netsplit/manifest.json", "{");
        let failure =
            synchronise(&scene.scratch.path().join("notebooks"), &scene.course()).unwrap_err().to_string();
        assert!(failure.contains("manifest.json") && !failure.contains('\n'), "{failure}");
    }
}
