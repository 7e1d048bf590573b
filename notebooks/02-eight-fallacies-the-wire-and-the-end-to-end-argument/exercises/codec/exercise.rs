//! `codec`: orders as bytes, in gRPC's frames and Protocol Buffers' format, read by programs of other versions and from hostile bytes.

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::wire::schema::{Kind, Record, Value};
use netsplit::wire::varint::write_varint;
use netsplit::wire::{FrameReader, Framing, Schema};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("codec", "Bytes that next year still reads", 20.0, Rule::Proportional)
        .function("encode", "Order", "Vec<u8>")
        .function("decode", "Vec<u8>", "Decoded")
        .without(["wire"])
        .visible("a tea", 1, |case| {
            round_trip(case, &Order { cents: 350, drink: "tea".into(), tip: -3, unknown: vec![] });
        })
        .visible("the largest numbers", 2, |case| {
            let order = Order { cents: u64::MAX, drink: String::new(), tip: i64::MIN, unknown: vec![] };
            round_trip(case, &order);
        })
        .visible("a field of version 3", 3, |case| through_version_two(case, &[0x20, 0x07]))
        .visible("a frame in pieces", 4, |case| {
            let order = Order { cents: 200, drink: "coffee".into(), tip: 1, unknown: vec![] };
            for end in [3, 5, 9] {
                reads(case, "a frame that has not all come", &framed(&order)[..end], &Decoded::Incomplete);
            }
        })
        .visible("a length that lies", 5, |case| {
            let bytes = [0, 0, 0, 0, 4, 0x12, 0xff, 0xff, 0x03];
            reads(case, "damaged bytes", &bytes, &Decoded::Damaged);
        })
}

/// The format as version 2 has it.
fn schema() -> Schema {
    let known = Schema::new("Order").field(1, "cents", Kind::Unsigned);
    known.field(2, "drink", Kind::Text).field(3, "tip", Kind::Signed)
}

/// The library's bytes of an order's message.
pub fn message(order: &Order) -> Vec<u8> {
    let record = schema().record().with("cents", Value::Unsigned(order.cents));
    let record = record.with("drink", order.drink.as_str()).with("tip", Value::Signed(order.tip));
    let mut bytes = schema().write(&record);
    bytes.extend_from_slice(&order.unknown);
    bytes
}

/// The library's bytes of an order.
pub fn framed(order: &Order) -> Vec<u8> {
    Framing::Grpc.frame(&message(order))
}

fn order_of(record: &Record) -> Order {
    let number = |name| match record.get(name) {
        Some(Value::Unsigned(number)) => *number,
        _ => 0,
    };
    let tip = if let Some(Value::Signed(tip)) = record.get("tip") { *tip } else { 0 };
    let drink =
        if let Some(Value::Text(drink)) = record.get("drink") { drink.clone() } else { String::new() };
    Order { cents: number("cents"), drink, tip, unknown: record.unknown().to_vec() }
}

/// What the library reads.
pub fn right(bytes: &[u8]) -> Decoded {
    let mut reader = FrameReader::new(Framing::Grpc, MOST as u64);
    // Only the first frame: what follows it may be another one, or rubbish.
    let length = bytes.get(1..5).map_or(0, |it| u32::from_be_bytes([it[0], it[1], it[2], it[3]]) as usize);
    let end = bytes.len().min(length.saturating_add(5));
    match reader.read(&bytes[..end]) {
        Err(_) => Decoded::Damaged,
        Ok(messages) => match messages.first() {
            None => Decoded::Incomplete,
            Some(message) => {
                schema().read(message).map_or(Decoded::Damaged, |record| Decoded::Whole(order_of(&record)))
            }
        },
    }
}

/// What the answer writes is read by the library and by the answer.
pub fn round_trip(case: &mut Case, order: &Order) {
    let Some(bytes) = case.evaluate::<Order, Vec<u8>>("encode", order) else { return };
    is(
        case,
        "what is written is the order, in the format",
        &bytes,
        &right(&bytes),
        &Decoded::Whole(order.clone()),
    );
    reads(case, "what is written is read", &bytes, &Decoded::Whole(order.clone()));
    reads(case, "what the library writes is read", &framed(order), &Decoded::Whole(order.clone()));
}

/// A message of version 3 goes through a program of version 2: the fields in `new`, which version 2 does not know, come out as they were.
pub fn through_version_two(case: &mut Case, new: &[u8]) {
    let known = Order { cents: 1_000, drink: "juice".into(), tip: 20, unknown: vec![] };
    // A new field stands before, between or after the known ones; version 2 need not keep that place.
    let place = case.random().below(2) == 0;
    let mut bytes = if place { new.to_vec() } else { message(&known) };
    bytes.extend(if place { message(&known) } else { new.to_vec() });
    let bytes = Framing::Grpc.frame(&bytes);
    let seen = Order { unknown: new.to_vec(), ..known };
    reads(case, "unknown fields are kept", &bytes, &Decoded::Whole(seen.clone()));
    let Some(again) = case.evaluate::<Order, Vec<u8>>("encode", &Order { tip: 30, ..seen.clone() }) else {
        return;
    };
    is(
        case,
        "unknown fields are written again",
        &again,
        &right(&again),
        &Decoded::Whole(Order { tip: 30, ..seen }),
    );
}

/// The answer reads these bytes as that.
pub fn reads(case: &mut Case, property: &str, bytes: &[u8], wanted: &Decoded) {
    if let Some(said) = case.evaluate::<Vec<u8>, Decoded>("decode", &bytes.to_vec()) {
        is(case, property, bytes, &said, wanted);
    }
}

fn is(case: &mut Case, property: &str, bytes: &[u8], said: &Decoded, wanted: &Decoded) {
    let shown = &bytes[..bytes.len().min(24)];
    let wrong = || Err(format!("{shown:02x?}.. is read as {said:?}, expected {wanted:?}"));
    case.expect(property, if said == wanted { Ok(()) } else { wrong() });
}

/// A field of a version to come: its tag and value.
pub fn field(number: u64, kind: u64, value: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_varint(number << 3 | kind, &mut bytes);
    match kind {
        0 => write_varint(value, &mut bytes),
        1 => bytes.extend_from_slice(&value.to_le_bytes()),
        5 => bytes.extend_from_slice(&(value as u32).to_le_bytes()),
        _ => {
            write_varint(content.len() as u64, &mut bytes);
            bytes.extend_from_slice(content);
        }
    }
    bytes
}
