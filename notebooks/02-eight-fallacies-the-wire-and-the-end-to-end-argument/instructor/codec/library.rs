//! Not an answer: the library's own format.
// answer: codec
use netsplit::wire::schema::{Kind, Value};
use netsplit::wire::{FrameReader, Framing, Schema};

fn schema() -> Schema {
    let known = Schema::new("Order").field(1, "cents", Kind::Unsigned);
    known.field(2, "drink", Kind::Text).field(3, "tip", Kind::Signed)
}

fn encode(order: Order) -> Vec<u8> {
    let record = schema().record().with("cents", Value::Unsigned(order.cents));
    Framing::Grpc.frame(&schema().write(&record.with("drink", order.drink.as_str())))
}

fn decode(bytes: Vec<u8>) -> Decoded {
    match FrameReader::new(Framing::Grpc, MOST as u64).read(&bytes) {
        Ok(_) => Decoded::Incomplete,
        Err(_) => Decoded::Damaged,
    }
}
