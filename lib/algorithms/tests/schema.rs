//! Schema evolution: the examples of the specification, versions that meet, and bytes that mean harm.

use netsplit_algorithms::wire::schema::{Conflict, Kind, Record, Schema, SchemaError, Value};
use netsplit_node::Random;

fn order() -> Schema {
    Schema::new("Order").field(1, "amount", Kind::Unsigned).field(2, "drink", Kind::Text)
}

#[test]
fn the_examples_of_the_specification() {
    // "Encoding": Test1 { a = 150 } is 08 96 01; Test2 { b = "testing" } is 12 07 ..; Test3 with a nested Test1 is 1a 03 08 96 01.
    let test1 = Schema::new("Test1").field(1, "a", Kind::Unsigned);
    let inner = test1.write(&test1.record().with("a", 150));
    assert_eq!(inner, [0x08, 0x96, 0x01]);
    let test2 = Schema::new("Test2").field(2, "b", Kind::Text);
    let bytes = test2.write(&test2.record().with("b", "testing"));
    assert_eq!(bytes, [&[0x12, 0x07][..], b"testing"].concat());
    let test3 = Schema::new("Test3").field(3, "c", Kind::Bytes);
    let outer = test3.write(&test3.record().with("c", inner));
    assert_eq!(outer, [0x1a, 0x03, 0x08, 0x96, 0x01]);
    let Some(Value::Bytes(nested)) = test3.read(&outer).unwrap().get("c").cloned() else { panic!("bytes") };
    assert_eq!(test1.read(&nested).unwrap().get("a"), Some(&Value::Unsigned(150)));
}

#[test]
fn an_older_version_keeps_what_it_does_not_know() {
    // Fields of every wire type, also those that no kind here has: fixed64 and fixed32, and one field twice. None is lost, in the order in which they came.
    let unknown =
        [&[0x19][..], &[1; 8], &[0x25], &[2; 4], &[0x2a, 2, b'o', b'k'], &[0x30, 0x07], &[0x30, 0x08]]
            .concat();
    let bytes = [&[0x08, 0x01][..], &unknown, &[0x12, 3], b"tea"].concat();
    let mut seen = order().read(&bytes).unwrap();
    assert_eq!((seen.get("amount"), seen.get("drink")), (Some(&1.into()), Some(&"tea".into())));
    assert_eq!(seen.unknown(), unknown);
    seen.set("amount", 2);
    let written = order().write(&seen);
    assert_eq!(written, [&[0x08, 0x02, 0x12, 3][..], b"tea", &unknown].concat());
}

#[test]
fn versions_that_meet_lose_nothing() {
    // Random records of a newer schema through an older one and back, with changes on the way: both directions of compatibility.
    for seed in 0..1_000 {
        let mut random = Random::new(seed);
        let newer = order().field(3, "change", Kind::Signed).field(200, "note", Kind::Bytes);
        let mut record = newer.record();
        let number = random.next_u64() >> random.below(64);
        let fill = |record: &mut Record, name: &str, value: Value, there: bool| {
            if there {
                record.set(name, value);
            }
        };
        fill(&mut record, "amount", number.into(), random.chance(0.7));
        fill(&mut record, "drink", "größe".into(), random.chance(0.7));
        fill(&mut record, "change", Value::Signed(number.cast_signed()), random.chance(0.7));
        fill(&mut record, "note", vec![seed as u8; random.below(300) as usize].into(), random.chance(0.7));
        let mut seen = order().read(&newer.write(&record)).unwrap();
        assert_eq!(seen.get("drink"), record.get("drink"), "seed {seed}");
        seen.set("amount", seed);
        record.set("amount", seed);
        assert_eq!(newer.read(&order().write(&seen)), Ok(record), "seed {seed}");
    }
}

#[test]
fn a_newer_version_reads_what_an_older_one_wrote() {
    // What is missing is absent, and not zero.
    let newer = order().field(3, "milk", Kind::Unsigned);
    let read = newer.read(&order().write(&order().record().with("amount", 0))).unwrap();
    assert_eq!((read.get("amount"), read.get("milk")), (Some(&0.into()), None));
}

#[test]
fn a_number_that_is_used_again_is_found_before_it_is_deployed() {
    // Two administrators give number 3 away: if the kinds differ, reading fails; if they look alike, the amount of milk is read as a table's number.
    let milk = order().field(3, "milk", Kind::Unsigned);
    let table = order().field(3, "table", Kind::Unsigned);
    let remark = order().field(3, "remark", Kind::Text);
    let bytes = milk.write(&milk.record().with("milk", 7));
    assert_eq!(table.read(&bytes).unwrap().get("table"), Some(&7.into()), "nobody notices");
    let refused = remark.read(&bytes).expect_err("a number is no text");
    assert_eq!(refused, SchemaError::Kind { field: "remark".into(), expected: Kind::Text });
    assert_eq!(
        milk.conflicts_with(&table),
        [Conflict::Renamed { number: 3, names: ["milk".into(), "table".into()] }]
    );
    let retyped = order().field(3, "milk", Kind::Signed);
    assert_eq!(
        milk.conflicts_with(&retyped),
        [Conflict::Retyped { name: "milk".into(), kinds: [Kind::Unsigned, Kind::Signed] }]
    );
    assert!(order().conflicts_with(&milk).is_empty() && milk.conflicts_with(&order()).is_empty());
}

#[test]
fn hostile_bytes_are_errors_and_never_panics() {
    // Random bytes, messages cut off at every place, and messages with a byte changed: what is read is written again as bytes that read the same.
    let schema = order().field(3, "change", Kind::Signed).field(4, "note", Kind::Bytes);
    let (mut read, mut refused) = (0, 0);
    let mut check = |bytes: &[u8]| match schema.read(bytes) {
        Ok(record) => {
            read += 1;
            assert_eq!(schema.read(&schema.write(&record)), Ok(record));
        }
        Err(_) => refused += 1,
    };
    let whole = schema.write(
        &schema
            .record()
            .with("amount", 150)
            .with("drink", "tea")
            .with("change", Value::Signed(-5))
            .with("note", vec![1, 2]),
    );
    (0..whole.len()).for_each(|length| check(&whole[..length]));
    for seed in 0..20_000 {
        let mut random = Random::new(seed);
        let mut changed = whole.clone();
        changed[random.below(whole.len() as u64) as usize] = random.next_u64() as u8;
        check(&changed);
        let bytes: Vec<u8> =
            (0..random.below(12)).map(|_| (random.next_u64() >> random.below(60)) as u8).collect();
        check(&bytes);
    }
    assert!(read > 5_000 && refused > 5_000, "{read} {refused}");
    for (bytes, error) in [
        (&[0x00][..], SchemaError::Tag(0)),
        (&[0x0b], SchemaError::Tag(11)),
        (&[0x22, 5, 1], SchemaError::Truncated),
        (&[0x22, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], SchemaError::Truncated),
        (&[0x12, 1, 0xff], SchemaError::Text { field: "drink".into() }),
    ] {
        assert_eq!(schema.read(bytes), Err(error));
    }
}
