//! What students are not shown of `codec`: 200 orders' lives, each with new fields, cuts and damage.

use netsplit::grade::{Case, Exercise};
use netsplit::wire::Framing;

use super::exercise::{field, framed, message, reads, right, round_trip, through_version_two};
use super::given::*;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("orders of all sizes", 30, |case| {
            let order = order(case);
            round_trip(case, &order);
        })
        .hidden("fields of versions to come", 35, evolution)
        .hidden("frames in pieces", 70, pieces)
        .hidden("damaged and hostile bytes", 65, hostile)
}

/// A number of some length in bits.
fn number(case: &mut Case) -> u64 {
    let bits = 30 + case.random().below(35);
    case.random().next_u64() >> (64 - bits)
}

fn order(case: &mut Case) -> Order {
    let drink = ["tea", "Kaffee", "café crème", "水", ""][case.random().below(5) as usize];
    let tip = number(case).cast_signed();
    let tip = if case.random().chance(0.6) { tip.wrapping_neg() } else { tip };
    Order {
        cents: number(case),
        drink: drink.repeat(1 + case.random().below(60) as usize),
        tip,
        unknown: vec![],
    }
}

/// One to three fields that version 2 does not know, of all kinds.
fn new_fields(case: &mut Case) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..1 + case.random().below(3) {
        let kind = [0, 1, 2, 5][case.random().below(4) as usize];
        let (which, value) = (4 + case.random().below(3_000), number(case));
        let content = vec![7; case.random().below(200) as usize];
        bytes.extend(field(which, kind, value, &content));
    }
    bytes
}

fn evolution(case: &mut Case) {
    let new = new_fields(case);
    through_version_two(case, &new);
    // Version 1 wrote no tip; and of a field that comes twice the last one counts.
    let order = Order { tip: 0, ..order(case) };
    let mut bytes = field(1, 0, 5, &[]);
    bytes.extend(field(1, 0, order.cents, &[]));
    bytes.extend(field(2, 2, 0, order.drink.as_bytes()));
    reads(
        case,
        "missing fields are zero, the last one counts",
        &Framing::Grpc.frame(&bytes),
        &Decoded::Whole(order),
    );
}

fn pieces(case: &mut Case) {
    let order = order(case);
    let bytes = framed(&order);
    for _ in 0..3 {
        let end = case.random().below(bytes.len() as u64) as usize;
        reads(case, "a frame that has not all come", &bytes[..end], &Decoded::Incomplete);
    }
    let two = [bytes.clone(), bytes[..bytes.len() / 2].to_vec()].concat();
    reads(case, "what follows the first frame is left alone", &two, &Decoded::Whole(order));
}

fn hostile(case: &mut Case) {
    let order = order(case);
    let good = message(&order);
    // Each has one thing wrong.
    let damaged: Vec<u8> = match case.random().below(8) {
        0 => [good, vec![0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]].concat(),
        1 => [vec![0x08; 1], vec![0xff; 9], vec![0x02], good].concat(),
        2 => [good, vec![0x08, 0x80]].concat(),
        3 => [vec![0x12, 0x02, 0xc3, 0x28], good].concat(),
        4 => [good, vec![0x0b]].concat(),
        5 => [good, vec![0x00, 0x01]].concat(),
        6 => [good, vec![0x0a, 0x01, 0x05]].concat(),
        _ => [good, vec![0x25, 1, 2, 3]].concat(),
    };
    reads(case, "damaged bytes", &Framing::Grpc.frame(&damaged), &Decoded::Damaged);
    let head = match case.random().below(2) {
        0 => vec![1, 0, 0, 0, 2, 8, 1],
        _ => vec![0, 0xff, 0xff, 0xff, 0xff, 8],
    };
    reads(case, "damaged bytes", &head, &Decoded::Damaged);
    // And bytes that are anything.
    let mut any = framed(&order);
    for _ in 0..1 + case.random().below(3) {
        let place = 5 + case.random().below(any.len() as u64 - 5) as usize;
        any[place] ^= 1 << case.random().below(8);
    }
    let wanted = right(&any);
    reads(case, "bytes that changed on the way", &any, &wanted);
}
