//! A schema gives the fields of a message numbers, so that programs of different versions read each other's messages and lose nothing of them.
//!
//! - **Concept:** Schema evolution (Protocol Buffers' wire format)
//! - **Guarantees:** backward compatibility (safety): a newer version reads what an older one wrote; what is missing is absent. Forward compatibility
//!   (safety): an older version reads what a newer one wrote; what it does not know it keeps, and writes again. No input makes reading panic.
//! - **Does not guarantee:** that two versions mean the same: a number that was given to another field is read as that one, in silence if the two look alike.
//!   [`Schema::conflicts_with`] finds it, if somebody asks before it is deployed.
//! - **Assumes:** nothing of what is read. Of versions: a number that was in use is never used for something else.
//! - **Source:** Protocol Buffers, "Encoding" (sections "Message Structure", "Length-Delimited Records") and "Language Guide", section "Updating A Message Type"; the two
//!   directions: Kleppmann, "Designing Data-Intensive Applications", 2017, chapter 4, "Field tags and schema evolution"
//! - **Differs:** the schema is a value and not generated code. Nested messages are bytes with a schema of their own; repeated fields, maps, floats and
//!   groups are left out: such fields are kept as unknown ones. Absent and zero are told apart, as with proto3's `optional`.
//! - **Chapter:** 02
//!
//! ```text
//! 08 96 01  12 03 74 65 61            1: 150, 2: "tea"
//! │  └ 150  │  │  └ "tea"
//! │         │  └ 3 bytes
//! │         └ field 2, kind 2: a length follows
//! └ field 1, kind 0: a varint         tag = number · 8 + kind
//!
//! version 2  ──{amount, drink, milk}──▶  version 1: knows amount and drink, keeps field 3  ──{amount', drink, milk}──▶  version 2
//! ```
//!
//! ```
//! use netsplit_algorithms::wire::schema::{Kind, Schema, Value};
//!
//! let one = Schema::new("Order").field(1, "amount", Kind::Unsigned).field(2, "drink", Kind::Text);
//! let two = one.clone().field(3, "milk", Kind::Unsigned);
//! assert!(one.conflicts_with(&two).is_empty());
//!
//! let order = two.record().with("amount", 150).with("drink", "tea").with("milk", 1);
//! let mut seen = one.read(&two.write(&order)).unwrap();      // the older version
//! assert_eq!(seen.get("milk"), None);
//! seen.set("amount", 200);
//! let back = two.read(&one.write(&seen)).unwrap();           // the newer version again
//! assert_eq!(back.get("milk"), Some(&Value::Unsigned(1)));
//! ```

use std::collections::BTreeMap;
use std::fmt;

use crate::wire::varint::{VarintError, read_varint, unzigzag, write_varint, zigzag};

/// The greatest field number.
const LARGEST_NUMBER: u64 = (1 << 29) - 1;

/// One version of a message's fields.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Schema {
    name: String,
    /// By number.
    fields: BTreeMap<u32, Field>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Field {
    name: String,
    kind: Kind,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A number from 0 on (`uint64`).
    Unsigned,
    /// A number of either sign, in zigzag (`sint64`).
    Signed,
    /// Text (`string`).
    Text,
    /// Bytes, or a nested message (`bytes`).
    Bytes,
}

/// What a field's value is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Of [`Kind::Unsigned`].
    Unsigned(u64),
    /// Of [`Kind::Signed`].
    Signed(i64),
    /// Of [`Kind::Text`].
    Text(String),
    /// Of [`Kind::Bytes`].
    Bytes(Vec<u8>),
}

/// A message, as a version of its schema sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// Which fields it may have: by name their number and kind.
    known: BTreeMap<String, (u32, Kind)>,
    /// By number.
    values: BTreeMap<u32, Value>,
    /// The fields that this version does not know, with their tags, as they came.
    unknown: Vec<u8>,
}

/// How the bytes of a value end: the format's wire types.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WireType {
    Varint,
    Eight,
    Length,
    Four,
}

/// Why bytes are no message of a schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SchemaError {
    /// A tag, length or number is none.
    Varint(VarintError),
    /// They end before a value does.
    Truncated,
    /// A field's number is 0 or too large, or its wire type is none.
    Tag(u64),
    /// A known field has a value of another kind: somebody gave its number to something else.
    Kind {
        /// The field.
        field: String,
        /// What it should be.
        expected: Kind,
    },
    /// A text is not UTF-8.
    Text {
        /// The field.
        field: String,
    },
}

/// What is wrong between two versions of a schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Conflict {
    /// One number is two fields.
    Renamed {
        /// The number.
        number: u32,
        /// Its names in the two versions.
        names: [String; 2],
    },
    /// A field has changed its kind.
    Retyped {
        /// The field.
        name: String,
        /// Its kinds in the two versions.
        kinds: [Kind; 2],
    },
}

impl Kind {
    fn wire_type(self) -> WireType {
        match self {
            Kind::Unsigned | Kind::Signed => WireType::Varint,
            Kind::Text | Kind::Bytes => WireType::Length,
        }
    }
}

impl Value {
    fn kind(&self) -> Kind {
        match self {
            Value::Unsigned(_) => Kind::Unsigned,
            Value::Signed(_) => Kind::Signed,
            Value::Text(_) => Kind::Text,
            Value::Bytes(_) => Kind::Bytes,
        }
    }
}

impl WireType {
    fn number(self) -> u64 {
        match self {
            WireType::Varint => 0,
            WireType::Eight => 1,
            WireType::Length => 2,
            WireType::Four => 5,
        }
    }

    fn of(number: u64) -> Option<WireType> {
        let all = [WireType::Varint, WireType::Eight, WireType::Length, WireType::Four];
        all.into_iter().find(|it| it.number() == number)
    }
}

impl Schema {
    /// A schema without fields.
    pub fn new(name: &str) -> Schema {
        Schema { name: name.to_owned(), fields: BTreeMap::new() }
    }

    /// The schema with one field more.
    ///
    /// # Panics
    /// If its number or its name is taken, or the number is 0 or above 2^29 - 1.
    pub fn field(mut self, number: u32, name: &str, kind: Kind) -> Schema {
        assert!(
            number > 0 && u64::from(number) <= LARGEST_NUMBER,
            "field {name} of {}: number {number}, expected one from 1 to {LARGEST_NUMBER}",
            self.name
        );
        assert!(
            !self.fields.contains_key(&number) && self.fields.values().all(|field| field.name != name),
            "field {name} of {}: its name or its number {number} is taken",
            self.name
        );
        self.fields.insert(number, Field { name: name.to_owned(), kind });
        self
    }

    /// A message without values.
    pub fn record(&self) -> Record {
        let known = self.fields.iter().map(|(&number, field)| (field.name.clone(), (number, field.kind)));
        Record { known: known.collect(), values: BTreeMap::new(), unknown: Vec::new() }
    }

    /// The bytes of a message: its known fields in the order of their numbers, then the unknown ones as they came.
    pub fn write(&self, record: &Record) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (&number, value) in &record.values {
            write_varint(u64::from(number) << 3 | value.kind().wire_type().number(), &mut bytes);
            match value {
                Value::Unsigned(value) => write_varint(*value, &mut bytes),
                Value::Signed(value) => write_varint(zigzag(*value), &mut bytes),
                Value::Text(value) => write_bytes(value.as_bytes(), &mut bytes),
                Value::Bytes(value) => write_bytes(value, &mut bytes),
            }
        }
        bytes.extend_from_slice(&record.unknown);
        bytes
    }

    /// The message that these bytes are. A field that comes several times has its last value, as in the format.
    pub fn read(&self, bytes: &[u8]) -> Result<Record, SchemaError> {
        let (mut record, mut rest) = (self.record(), bytes);
        while !rest.is_empty() {
            let whole = rest;
            let tag = read_varint(&mut rest).map_err(SchemaError::Varint)?;
            let number = tag >> 3;
            if number == 0 || number > LARGEST_NUMBER {
                return Err(SchemaError::Tag(tag));
            }
            let wire_type = WireType::of(tag & 7).ok_or(SchemaError::Tag(tag))?;
            let (plain, content) = take_value(wire_type, &mut rest)?;
            match self.fields.get(&(number as u32)) {
                Some(field) => {
                    let value = field.value(wire_type, plain, content)?;
                    record.values.insert(number as u32, value);
                }
                None => record.unknown.extend_from_slice(&whole[..whole.len() - rest.len()]),
            }
        }
        Ok(record)
    }

    /// What goes wrong where messages of this version and of `other` meet: to be asked before either is deployed.
    pub fn conflicts_with(&self, other: &Schema) -> Vec<Conflict> {
        let shared = self
            .fields
            .iter()
            .filter_map(|(number, field)| Some((*number, field, other.fields.get(number)?)));
        let conflict =
            |(number, one, two): (u32, &Field, &Field)| match (one.name == two.name, one.kind == two.kind) {
                (true, true) => None,
                (false, _) => Some(Conflict::Renamed { number, names: [one.name.clone(), two.name.clone()] }),
                (true, false) => {
                    Some(Conflict::Retyped { name: one.name.clone(), kinds: [one.kind, two.kind] })
                }
            };
        shared.filter_map(conflict).collect()
    }
}

impl Field {
    /// The value of this field that was read: a number, or bytes.
    fn value(&self, wire_type: WireType, number: u64, content: &[u8]) -> Result<Value, SchemaError> {
        if wire_type != self.kind.wire_type() {
            return Err(SchemaError::Kind { field: self.name.clone(), expected: self.kind });
        }
        Ok(match self.kind {
            Kind::Unsigned => Value::Unsigned(number),
            Kind::Signed => Value::Signed(unzigzag(number)),
            Kind::Bytes => Value::Bytes(content.to_vec()),
            Kind::Text => {
                let text = std::str::from_utf8(content);
                Value::Text(text.map_err(|_| SchemaError::Text { field: self.name.clone() })?.to_owned())
            }
        })
    }
}

/// Takes a value of this wire type: its number if it is a varint, its bytes otherwise.
fn take_value<'a>(wire_type: WireType, rest: &mut &'a [u8]) -> Result<(u64, &'a [u8]), SchemaError> {
    let length = match wire_type {
        WireType::Varint => return Ok((read_varint(rest).map_err(SchemaError::Varint)?, &[])),
        WireType::Eight => 8,
        WireType::Four => 4,
        WireType::Length => read_varint(rest).map_err(SchemaError::Varint)?,
    };
    let length = usize::try_from(length).map_err(|_| SchemaError::Truncated)?;
    let (content, after) = rest.split_at_checked(length).ok_or(SchemaError::Truncated)?;
    *rest = after;
    Ok((0, content))
}

fn write_bytes(content: &[u8], bytes: &mut Vec<u8>) {
    write_varint(content.len() as u64, bytes);
    bytes.extend_from_slice(content);
}

impl Record {
    /// The value of a field; nothing if it is absent, or this version does not know it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(&self.known.get(name)?.0)
    }

    /// Gives a field a value.
    ///
    /// # Panics
    /// If this version has no field of this name and kind.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        let Some(&(number, kind)) = self.known.get(name) else {
            panic!("no field {name}: expected one of {:?}", self.known.keys().collect::<Vec<_>>())
        };
        assert!(kind == value.kind(), "field {name}: {value:?}, expected {kind:?}");
        self.values.insert(number, value);
    }

    /// The same record with this field.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Record {
        self.set(name, value);
        self
    }

    /// The fields that this version does not know, as bytes.
    pub fn unknown(&self) -> &[u8] {
        &self.unknown
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Value {
        Value::Unsigned(value)
    }
}

/// A number without a sign, where none is written: for one of [`Kind::Signed`] write `Value::Signed(..)`.
impl From<i32> for Value {
    fn from(value: i32) -> Value {
        u64::try_from(value).map_or(Value::Signed(value.into()), Value::Unsigned)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(value.to_owned())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Value {
        Value::Bytes(value)
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SchemaError::Varint(error) => write!(f, "{error}"),
            SchemaError::Truncated => write!(f, "the message ends in the middle of a value"),
            SchemaError::Tag(tag) => {
                write!(
                    f,
                    "tag {tag}: expected a field number from 1 to {LARGEST_NUMBER} and a wire type of 0, 1, 2 or 5"
                )
            }
            SchemaError::Kind { field, expected } => {
                write!(
                    f,
                    "field {field} is something else than {expected:?}: has its number been used again?"
                )
            }
            SchemaError::Text { field } => write!(f, "field {field} is no UTF-8 text"),
        }
    }
}

impl std::error::Error for SchemaError {}
