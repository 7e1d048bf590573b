//! Many numbers in few letters: bytes in base64, and texts that are said once.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use netsplit_node::json::Json;

use netsplit_figure::measure::cut;

/// The letters of all different texts together.
const MOST_LETTERS: usize = 150_000;
/// The letters of one text.
const LONGEST: usize = 80;

/// Messages, each in 13 bytes: sent, how long under way, three small numbers, its text; numbers are little-endian.
#[derive(Default)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    count: usize,
}

impl Packed {
    pub fn message(&mut self, sent: u32, under_way: u32, small: [u8; 3], text: u16) {
        self.bytes.extend_from_slice(&sent.to_le_bytes());
        self.bytes.extend_from_slice(&under_way.to_le_bytes());
        self.bytes.extend_from_slice(&small);
        self.bytes.extend_from_slice(&text.to_le_bytes());
        self.count += 1;
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn text(&self) -> String {
        STANDARD.encode(&self.bytes)
    }
}

/// Texts by number; 0 is for those that are not told.
#[derive(Default)]
pub(super) struct Texts<'a> {
    numbers: BTreeMap<&'a str, u16>,
    texts: Vec<&'a str>,
    letters: usize,
}

impl<'a> Texts<'a> {
    pub fn number(&mut self, text: &'a str) -> u16 {
        if let Some(&known) = self.numbers.get(text) {
            return known;
        }
        let length = text.len().min(LONGEST);
        if self.texts.len() + 1 >= usize::from(u16::MAX) || self.letters + length > MOST_LETTERS {
            return 0;
        }
        self.letters += length;
        self.texts.push(text);
        let number = self.texts.len() as u16;
        self.numbers.insert(text, number);
        number
    }

    pub fn json(&self) -> Json {
        self.texts.iter().map(|text| Json::from(cut(text, LONGEST))).collect()
    }
}

/// Counts as levels of one byte each: 0 is none, and 16 more are twice as many.
pub(super) fn levels(counts: &[u32]) -> String {
    let level = |&count: &u32| match count {
        0 => 0,
        count => (1.0 + f64::from(count).log2() * 16.0).min(255.0) as u8,
    };
    STANDARD.encode(counts.iter().map(level).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_tell_one_from_none_and_twice_from_once() {
        // What happened at all is seen; a slice with a million is not beyond the scale.
        let read = |text: String| STANDARD.decode(text).expect("base64");
        assert_eq!(read(levels(&[0, 1, 2, 4, 1 << 20])), [0, 1, 17, 33, 255]);
    }

    #[test]
    fn equal_texts_are_told_once_and_too_many_not_at_all() {
        // A message with a text of its own in every event must not make the page grow without end.
        let own: Vec<String> = (0..100_000).map(|number| format!("message number {number:060}")).collect();
        let mut texts = Texts::default();
        let first = texts.number(&own[0]);
        assert_eq!((first, texts.number(&own[0])), (1, 1));
        assert_eq!(
            own.iter().map(|text| texts.number(text)).filter(|number| *number == 0).count(),
            100_000 - texts.texts.len()
        );
        assert!(texts.letters <= MOST_LETTERS);
    }
}
