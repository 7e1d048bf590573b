//! Names for what is made once and found again: a hash of everything that it depends on.

use sha2::{Digest, Sha256};

/// What something depends on, part by part.
#[derive(Clone, Debug, Default)]
pub struct Key(Sha256);

impl Key {
    /// One more part. Parts are told apart: "a", "b" is another key than "ab", "".
    #[must_use]
    pub fn and(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// As the name of a file.
    pub fn name(self) -> String {
        self.0.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts are told apart, and the same parts give the same name.
    #[test]
    fn parts_matter() {
        let name = |parts: &[&str]| parts.iter().fold(Key::default(), |key, part| key.and(part)).name();
        assert_eq!(name(&["a", "b"]), name(&["a", "b"]));
        assert_ne!(name(&["a", "b"]), name(&["ab", ""]));
        assert_ne!(name(&["a", "b"]), name(&["b", "a"]));
    }
}
