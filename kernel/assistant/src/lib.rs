//! Completion and inspection for notebooks.
//!
//! rust-analyzer, which evcxr asks, needs seconds and hundreds of megabytes to know a notebook: too much for a kernel that
//! starts in a tenth of a second, and too slow for the first Tab. So it lives in a process of its own, the program
//! `netsplit-assistant` ([`protocol`] is what it understands), which the [`Assistant`] here starts with the first question
//! and ends when nobody asks any more. Until it is ready, the kernel answers with what it knows by itself
//! ([`own_answers`]). None of this waits for a cell that runs, or makes one wait.
//!
//! ```
//! use netsplit_assistant::protocol::{Answer, Notebook, Question, Variable};
//! use netsplit_assistant::{Assistant, Reply, Settings, own_answers};
//!
//! let arguments = vec!["--library".to_string(), "sources".to_string()];
//! let settings = Settings::new("netsplit-assistant".into(), arguments, std::env::temp_dir());
//! let assistant = Assistant::new(settings);
//!
//! let p = Variable { name: "p".into(), type_name: "Point".into(), mutable: false };
//! let notebook = Notebook { items: "struct Point { x: f64 }".into(), variables: vec![p], externs: vec![] };
//! let (code, cursor) = ("let q = Poi".to_string(), 11);
//! let question = Question::Complete { notebook: notebook.clone(), code: code.clone(), cursor };
//! let completions = match assistant.ask(question) {
//!     // Nobody wants to know any more; the front end gets an empty reply.
//!     Reply::Superseded => Default::default(),
//!     Reply::Answered(Answer::Completions(completions)) => completions,
//!     // The process is starting, or there is none.
//!     _ => own_answers::complete(&notebook, &[], &[], &code, cursor),
//! };
//! assert_eq!(completions.replaced, 8..11);
//! assert_eq!(completions.matches[0].text, "Point");
//! ```

mod client;
pub mod own_answers;
pub mod protocol;

pub use client::{Assistant, Reply, Settings};
