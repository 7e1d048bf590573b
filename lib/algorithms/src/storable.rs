//! What can be written to a disk as bytes and read back: numbers, texts, collections, and the words of key-value stores.
//!
//! Protocols keep their state on `ctx.disk()`, which holds bytes. The form is the plainest there is: numbers as eight bytes, little end
//! first, and a length before everything that has one. It says nothing about damage: what may be torn needs a checksum around it.

use std::collections::{BTreeMap, BTreeSet};

use netsplit_node::{KeyValueRequest, KeyValueResponse, NodeId, Value};

/// A value that has a form in bytes.
///
/// ```
/// use netsplit_algorithms::Storable;
/// let promise = (7u64, Some(String::from("tea")));
/// assert_eq!(<(u64, Option<String>)>::from_bytes(&promise.to_bytes()), Some(promise));
/// assert_eq!(u64::from_bytes(b"torn"), None);
/// ```
pub trait Storable: Sized {
    /// Adds the value's bytes at the end of `bytes`.
    fn store(&self, bytes: &mut Vec<u8>);

    /// Takes a value from the beginning of `bytes`; nothing if there is none.
    fn load(bytes: &mut &[u8]) -> Option<Self>;

    /// The value's bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.store(&mut bytes);
        bytes
    }

    /// The value that `bytes` are, all of them; nothing if they are no such value.
    fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let value = Self::load(&mut bytes)?;
        bytes.is_empty().then_some(value)
    }
}

/// Takes the first `length` bytes.
fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

impl Storable for () {
    fn store(&self, _bytes: &mut Vec<u8>) {}
    fn load(_bytes: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

impl Storable for u8 {
    fn store(&self, bytes: &mut Vec<u8>) {
        bytes.push(*self);
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes, 1).map(|byte| byte[0])
    }
}

impl Storable for u64 {
    fn store(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes, 8)?.try_into().ok().map(u64::from_le_bytes)
    }
}

impl Storable for i64 {
    fn store(&self, bytes: &mut Vec<u8>) {
        self.cast_unsigned().store(bytes);
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        u64::load(bytes).map(u64::cast_signed)
    }
}

impl Storable for String {
    fn store(&self, bytes: &mut Vec<u8>) {
        (self.len() as u64).store(bytes);
        bytes.extend_from_slice(self.as_bytes());
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        let length = u64::load(bytes)?;
        String::from_utf8(take(bytes, usize::try_from(length).ok()?)?.to_vec()).ok()
    }
}

impl Storable for NodeId {
    fn store(&self, bytes: &mut Vec<u8>) {
        u64::from(self.0).store(bytes);
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        u64::load(bytes)?.try_into().ok().map(NodeId)
    }
}

impl<T: Storable> Storable for Option<T> {
    fn store(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.store(bytes);
        }
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        match u8::load(bytes)? {
            0 => Some(None),
            1 => T::load(bytes).map(Some),
            _ => None,
        }
    }
}

impl<A: Storable, B: Storable> Storable for (A, B) {
    fn store(&self, bytes: &mut Vec<u8>) {
        self.0.store(bytes);
        self.1.store(bytes);
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::load(bytes)?, B::load(bytes)?))
    }
}

impl<T: Storable> Storable for Vec<T> {
    fn store(&self, bytes: &mut Vec<u8>) {
        store_all(self.len(), self, bytes);
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        load_all(bytes)
    }
}

impl<T: Storable + Ord> Storable for BTreeSet<T> {
    fn store(&self, bytes: &mut Vec<u8>) {
        store_all(self.len(), self, bytes);
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        load_all::<T>(bytes).map(BTreeSet::from_iter)
    }
}

impl<K: Storable + Ord, V: Storable> Storable for BTreeMap<K, V> {
    fn store(&self, bytes: &mut Vec<u8>) {
        (self.len() as u64).store(bytes);
        for (key, value) in self {
            key.store(bytes);
            value.store(bytes);
        }
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        load_all::<(K, V)>(bytes).map(BTreeMap::from_iter)
    }
}

fn store_all<'a, T: Storable + 'a>(
    length: usize,
    items: impl IntoIterator<Item = &'a T>,
    bytes: &mut Vec<u8>,
) {
    (length as u64).store(bytes);
    for item in items {
        item.store(bytes);
    }
}

// The length is not believed: nothing is reserved for it, so that a damaged one ends with the bytes.
fn load_all<T: Storable>(bytes: &mut &[u8]) -> Option<Vec<T>> {
    let length = u64::load(bytes)?;
    let mut items = Vec::new();
    for _ in 0..length {
        items.push(T::load(bytes)?);
    }
    Some(items)
}

impl Storable for Value {
    fn store(&self, bytes: &mut Vec<u8>) {
        match self {
            Value::Number(number) => {
                bytes.push(0);
                number.store(bytes);
            }
            Value::Text(text) => {
                bytes.push(1);
                text.store(bytes);
            }
        }
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        match u8::load(bytes)? {
            0 => i64::load(bytes).map(Value::Number),
            1 => String::load(bytes).map(Value::Text),
            _ => None,
        }
    }
}

impl Storable for KeyValueRequest {
    fn store(&self, bytes: &mut Vec<u8>) {
        match self {
            KeyValueRequest::Get { key } => {
                bytes.push(0);
                key.store(bytes);
            }
            KeyValueRequest::Put { key, value } => {
                bytes.push(1);
                key.store(bytes);
                value.store(bytes);
            }
        }
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        match u8::load(bytes)? {
            0 => String::load(bytes).map(|key| KeyValueRequest::Get { key }),
            1 => {
                let (key, value) = Storable::load(bytes)?;
                Some(KeyValueRequest::Put { key, value })
            }
            _ => None,
        }
    }
}

impl Storable for KeyValueResponse {
    fn store(&self, bytes: &mut Vec<u8>) {
        match self {
            KeyValueResponse::Value(value) => {
                bytes.push(0);
                value.store(bytes);
            }
            KeyValueResponse::Stored => bytes.push(1),
        }
    }
    fn load(bytes: &mut &[u8]) -> Option<Self> {
        match u8::load(bytes)? {
            0 => Option::load(bytes).map(KeyValueResponse::Value),
            1 => Some(KeyValueResponse::Stored),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Everything = (Vec<(KeyValueRequest, Option<KeyValueResponse>)>, BTreeMap<NodeId, BTreeSet<i64>>);

    fn everything() -> Everything {
        let put = |value: Value| KeyValueRequest::Put { key: "größe".into(), value };
        let requests = vec![
            (put((-7).into()), Some(KeyValueResponse::Stored)),
            (put("".into()), None),
            (KeyValueRequest::Get { key: "x".into() }, Some(KeyValueResponse::Value(Some(i64::MIN.into())))),
            (KeyValueRequest::Get { key: "".into() }, Some(KeyValueResponse::Value(None))),
        ];
        (
            requests,
            BTreeMap::from([(NodeId(3), BTreeSet::from([-1, 0, 1])), (NodeId(u32::MAX), BTreeSet::new())]),
        )
    }

    #[test]
    fn what_was_stored_is_loaded() {
        // Every form, one in the other, and nothing left over.
        assert_eq!(Everything::from_bytes(&everything().to_bytes()), Some(everything()));
    }

    #[test]
    fn a_part_is_not_the_whole() {
        // No prefix of the bytes is a value, nor are the bytes with one more; and no length makes it take memory that is not there.
        let bytes = everything().to_bytes();
        for length in 0..bytes.len() {
            assert_eq!(Everything::from_bytes(&bytes[..length]), None, "{length} of {} bytes", bytes.len());
        }
        assert_eq!(Everything::from_bytes(&[&bytes[..], &[0]].concat()), None);
        assert_eq!(Vec::<u64>::from_bytes(&u64::MAX.to_bytes()), None);
    }
}
