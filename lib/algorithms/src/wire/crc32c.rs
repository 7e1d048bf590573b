//! CRC-32C is a checksum of four bytes that notices what networks and memories do to data by accident.
//!
//! - **Concept:** CRC-32C (Castagnoli) checksum
//! - **Guarantees:** any change of up to 32 neighbouring bits is noticed (safety), and any change of one, two or three bits in data of up to 655,330 bits
//!   (80 kB); others are missed with a probability of about 2^-32.
//! - **Does not guarantee:** anything against somebody who changes data on purpose: who can change the data can change the checksum too. For that a
//!   cryptographic digest, and a signature.
//! - **Assumes:** data and checksum are compared at the ends that care, and not only on each link between them (`end_to_end/file_transfer.rs`).
//! - **Source:** RFC 3720, 2004, section 12.1 and appendix B.4 (polynomial and examples); Koopman, "32-Bit Cyclic Redundancy Codes for Internet
//!   Applications", DSN 2002, section 4 (which changes are noticed in what lengths)
//! - **Differs:** one byte at a time by a table; processors have an instruction for it (SSE 4.2, ARMv8), which libraries use.
//! - **Chapter:** 02
//!
//! ```text
//! data   ─┬────────────── link, router's memory, link ──────────────▶ data'
//!         └▶ crc32c = e3069283                                        crc32c of what came = e3069283?
//! ```
//!
//! ```
//! use netsplit_algorithms::wire::crc32c;
//! assert_eq!(crc32c(b"123456789"), 0xe306_9283);
//! assert_ne!(crc32c(b"123456788"), 0xe306_9283);
//! ```

/// The polynomial x^32 + x^28 + x^27 + ... + 1 (1EDC6F41), with its bits in the order in which they are sent.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// What a byte at the front of the register comes to, once it has left.
const TABLE: [u32; 256] = table();

/// The checksum of `data`.
pub fn crc32c(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |register, &byte| (register >> 8) ^ TABLE[usize::from(register as u8 ^ byte)])
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut register, mut bit) = (byte as u32, 0);
        while bit < 8 {
            register = if register & 1 == 1 { (register >> 1) ^ POLYNOMIAL } else { register >> 1 };
            bit += 1;
        }
        table[byte] = register;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::Random;

    #[test]
    fn the_examples_of_the_rfc() {
        // RFC 3720, B.4: 32 bytes of zeros, of ones, ascending, descending; and the check value that every catalogue of CRCs gives.
        let ascending: Vec<u8> = (0..32).collect();
        let descending: Vec<u8> = (0..32).rev().collect();
        let sums = [&[0; 32], &[0xff; 32], &ascending[..], &descending[..], b"123456789", b""].map(crc32c);
        assert_eq!(sums, [0x8a91_36aa, 0x62a8_ab43, 0x46dd_794e, 0x113f_db5c, 0xe306_9283, 0]);
    }

    #[test]
    fn one_two_and_three_bits_and_every_burst_of_32_are_noticed() {
        // Random places in a kilobyte, and changes of up to 32 neighbouring bits anywhere in it.
        let mut random = Random::new(1);
        let data: Vec<u8> = (0..1_000).map(|_| random.next_u64() as u8).collect();
        let right = crc32c(&data);
        let flip = |bits: &[u64]| {
            let mut changed = data.clone();
            bits.iter().for_each(|&bit| changed[bit as usize / 8] ^= 1 << (bit % 8));
            (changed != data).then(|| crc32c(&changed))
        };
        for round in 0..3_000 {
            let places: Vec<u64> = (0..=round % 3).map(|_| random.below(8_000)).collect();
            assert_ne!(flip(&places), Some(right), "bits {places:?}");
            let (first, pattern) = (random.below(8_000 - 32), random.next_u64() as u32);
            let burst: Vec<u64> =
                (0..32).filter(|bit| pattern >> bit & 1 == 1).map(|bit| first + bit).collect();
            assert_ne!(flip(&burst), Some(right), "a burst at {first}: {pattern:#x}");
        }
    }
}
