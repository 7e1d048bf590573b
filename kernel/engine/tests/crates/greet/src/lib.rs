//! A crate as a student may have one beside a notebook.

use std::cell::Cell;
use std::fmt::{self, Debug};
use std::sync::atomic::{AtomicU32, Ordering};

/// How many greetings there were.
pub static GREETINGS: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static LAST: Cell<u32> = const { Cell::new(0) };
}

/// Greets, and counts.
pub fn greet(name: &str) -> String {
    LAST.set(GREETINGS.fetch_add(1, Ordering::SeqCst) + 1);
    let end = if cfg!(feature = "loud") { "!" } else { "." };
    format!("hello {name}{end}")
}

/// Which greeting was this thread's last.
#[inline]
pub fn last() -> u32 {
    LAST.get()
}

/// Something generic, which the cell compiles.
pub fn pair<T: Clone + Debug>(value: T) -> Pair<T> {
    GREETINGS.fetch_add(10, Ordering::SeqCst);
    Pair { left: value.clone(), right: value }
}

/// Two of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair<T> {
    /// One.
    pub left: T,
    /// The other.
    pub right: T,
}

/// A type that shows itself.
pub struct Card {
    text: String,
}

impl Card {
    /// A card.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_string() }
    }

    /// Its length.
    pub fn length(&self) -> usize {
        self.text.len()
    }
}

impl Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Card<{}>", self.text)
    }
}

/// A trait to bring in by a `use`.
pub trait Shout {
    /// In capitals.
    fn shout(&self) -> String;
}

impl Shout for str {
    fn shout(&self) -> String {
        self.to_uppercase()
    }
}

/// Greets several.
#[macro_export]
macro_rules! greet_all {
    ($($name:expr),*) => { vec![$($crate::greet($name)),*] };
}

pub mod deep {
    //! A module in which a type is hidden.

    mod hidden {
        /// Exported one level above.
        #[derive(Debug, Default)]
        pub struct Nested(pub u8);
    }
    pub use hidden::Nested;
}
