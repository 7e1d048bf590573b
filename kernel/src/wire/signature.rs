//! Signatures of messages: HMAC-SHA256 over the JSON frames (four of a message), as hexadecimal digits.
//!
//! The key comes from the connection file, which only the user can read. An empty key switches signatures off.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The secret that the two ends of a connection share.
#[derive(Clone, Default)]
pub struct Key(Vec<u8>);

impl fmt::Debug for Key {
    /// A key never shows itself in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "Key(none)" } else { "Key(secret)" })
    }
}

impl Key {
    /// The key as the connection file gives it; empty means that messages are not signed.
    pub fn new(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }

    /// Whether messages are not signed at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The signature of the frames in their order, or nothing if there is no key.
    pub fn sign<B: AsRef<[u8]>>(&self, frames: &[B]) -> String {
        let Some(mac) = self.digest(frames) else { return String::new() };
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether the signature is that of the frames. The comparison takes the same time wherever the first
    /// difference is, so that nobody can guess a signature digit by digit.
    pub fn verifies<B: AsRef<[u8]>>(&self, frames: &[B], signature: &[u8]) -> bool {
        let Some(mac) = self.digest(frames) else { return true };
        from_hexadecimal(signature).is_some_and(|bytes| mac.verify_slice(&bytes).is_ok())
    }

    fn digest<B: AsRef<[u8]>>(&self, frames: &[B]) -> Option<Hmac<Sha256>> {
        if self.0.is_empty() {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for frame in frames {
            mac.update(frame.as_ref());
        }
        Some(mac)
    }
}

pub(super) fn from_hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|value| value as u8);
    let (pairs, rest) = text.as_chunks::<2>();
    let bytes =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect::<Option<_>>()?;
    rest.is_empty().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The signature is the standard's: test case 2 of RFC 4231 ("Jefe"), its text cut into four frames.
    #[test]
    fn signature_is_hmac_sha256_over_the_four_frames_in_order() {
        let frames = ["what do ya ", "want ", "for ", "nothing?"];
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(Key::new("Jefe").sign(&frames), expected);
        assert!(Key::new("Jefe").verifies(&frames, expected.as_bytes()));
        assert!(Key::new("Jefe").verifies(&frames, expected.to_uppercase().as_bytes()));
    }

    /// A changed frame, another key, a shortened signature and text that is no number are all refused.
    #[test]
    fn wrong_signatures_are_refused() {
        let key = Key::new("secret");
        let frames = ["{}", "{}", "{}", "{}"];
        let signature = key.sign(&frames);
        assert!(!key.verifies(&["{}", "{}", "{}", "{ }"], signature.as_bytes()));
        assert!(!Key::new("other").verifies(&frames, signature.as_bytes()));
        assert!(!key.verifies(&frames, &signature.as_bytes()[..62]));
        assert!(!key.verifies(&frames, &signature.as_bytes()[..63]));
        assert!(!key.verifies(&frames, b""));
        assert!(!key.verifies(&frames, "zz".repeat(32).as_bytes()));
    }

    /// Without a key nothing is signed and nothing is verified, as the protocol says.
    #[test]
    fn an_empty_key_switches_signatures_off() {
        let frames = ["{}", "{}", "{}", "{}"];
        assert_eq!(Key::new("").sign(&frames), "");
        assert!(Key::new("").verifies(&frames, b"anything"));
    }
}
