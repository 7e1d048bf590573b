//! A varint is a whole number in as few bytes as it needs, seven bits in each: the smallest piece of Protocol Buffers and of many other formats.
//!
//! - **Concept:** Varint (base 128) and zigzag
//! - **Guarantees:** every number of 64 bits has a form of 1 to 10 bytes, from which it is read back (safety). No input makes reading panic, or
//!   go past its end.
//! - **Does not guarantee:** one form for a number: `80 00` reads as 0 as well, as Protocol Buffers have it. That a number is signed or not: `-1` in
//!   zigzag and 1 are the same byte.
//! - **Assumes:** nothing of what is read: every byte may be wrong.
//! - **Source:** Protocol Buffers, "Encoding", sections "Base 128 Varints" and "Signed Integers"; LEB128: DWARF Debugging Information Format 5, 2017, section 7.6
//! - **Differs:** bits beyond the 64th are an error here; the reference implementation drops them in silence.
//! - **Chapter:** 02
//!
//! ```text
//! 150  =  1001 0110 binary  =  0000001 0010110        groups of seven, the lowest first
//!                              └ 01 ┘  └ 96 ┘         each with a bit in front: 1 "more follows", 0 "the last"
//! bytes:  96 01
//!
//! zigzag:   0 -1  1 -2  2 ...     small numbers of either sign become small numbers
//!           0  1  2  3  4 ...
//! ```
//!
//! ```
//! use netsplit_algorithms::wire::varint::{read_varint, unzigzag, write_varint, zigzag};
//!
//! let mut bytes = Vec::new();
//! write_varint(150, &mut bytes);
//! assert_eq!(bytes, [0x96, 0x01]);
//! let mut rest = &bytes[..];
//! assert_eq!(read_varint(&mut rest), Ok(150));
//! assert!(rest.is_empty());
//! assert_eq!([0, -1, 1, -2].map(zigzag), [0, 1, 2, 3]);
//! assert_eq!(unzigzag(3), -2);
//! ```

use std::fmt;

/// The most bytes that a number of 64 bits takes.
const LONGEST: usize = 10;

/// Why bytes are no varint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VarintError {
    /// They end before the number does.
    Truncated,
    /// The number has more than 64 bits.
    TooLarge,
}

/// Adds `number` at the end of `bytes`.
pub fn write_varint(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number from the beginning of `bytes`. Where there is none, nothing is taken.
pub fn read_varint(bytes: &mut &[u8]) -> Result<u64, VarintError> {
    let mut number = 0;
    for (place, &byte) in bytes.iter().take(LONGEST).enumerate() {
        let group = u64::from(byte & 0x7f);
        // The tenth group has room for one bit.
        if place == LONGEST - 1 && byte > 1 {
            return Err(VarintError::TooLarge);
        }
        number |= group << (7 * place);
        if byte < 0x80 {
            *bytes = &bytes[place + 1..];
            return Ok(number);
        }
    }
    Err(VarintError::Truncated)
}

/// A signed number as an unsigned one that is small if it is.
pub fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// The signed number again.
pub fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

impl fmt::Display for VarintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VarintError::Truncated => {
                write!(f, "a varint ends in the middle: expected a last byte below 128")
            }
            VarintError::TooLarge => write!(f, "a varint of more than 64 bits: expected at most 10 bytes"),
        }
    }
}

impl std::error::Error for VarintError {}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::Random;

    fn bytes_of(number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_varint(number, &mut bytes);
        bytes
    }

    #[test]
    fn the_examples_of_the_specification() {
        // "1 is 01", "150 is 96 01", and -2 as int64, which takes all ten bytes.
        assert_eq!(bytes_of(1), [0x01]);
        assert_eq!(bytes_of(150), [0x96, 0x01]);
        assert_eq!(
            bytes_of((-2i64).cast_unsigned()),
            [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]
        );
        let pairs =
            [(0, 0), (-1, 1), (1, 2), (-2, 3), (0x7fff_ffff, 0xffff_fffe), (-0x8000_0000, 0xffff_ffff)];
        for (signed, unsigned) in pairs {
            assert_eq!((zigzag(signed), unzigzag(unsigned)), (unsigned, signed));
        }
    }

    #[test]
    fn every_number_reads_back_from_as_few_bytes_as_it_needs() {
        // At each bit, one below and one above, and random ones of every length; with something behind them, which is left.
        let mut random = Random::new(1);
        let at_bits = (0..64).flat_map(|bit| [(1u64 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        let random = (0..10_000).map(|_| random.next_u64() >> random.below(64)).collect::<Vec<_>>();
        for number in at_bits.chain(random).chain([u64::MAX]) {
            let mut bytes = bytes_of(number);
            let bits = 64 - number.leading_zeros() as usize;
            assert_eq!(bytes.len(), bits.div_ceil(7).max(1), "{number}");
            bytes.push(0xff);
            let mut rest = &bytes[..];
            assert_eq!(read_varint(&mut rest), Ok(number));
            assert_eq!(rest, [0xff]);
            assert_eq!(unzigzag(zigzag(number.cast_signed())), number.cast_signed());
        }
    }

    #[test]
    fn hostile_bytes_are_errors_and_nothing_is_taken() {
        // Cut off at any place, too long, with bits beyond the 64th.
        let whole = bytes_of(u64::MAX);
        for length in 0..whole.len() {
            let mut rest = &whole[..length];
            assert_eq!((read_varint(&mut rest), rest.len()), (Err(VarintError::Truncated), length));
        }
        for last in [0x02, 0x7f, 0x80, 0xff] {
            let bytes = [&[0xff; 9][..], &[last, 0]].concat();
            assert_eq!(read_varint(&mut &bytes[..]), Err(VarintError::TooLarge), "{last:#x}");
        }
        assert_eq!(read_varint(&mut &[0x80, 0x00][..]), Ok(0), "longer than it needs, as the format allows");
    }
}
