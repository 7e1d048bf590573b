//! The answer to `codec` as it should be.
// answer: codec
fn put_varint(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number from the beginning; nothing if there is none.
fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for place in 0..10 {
        let byte = *bytes.get(place)?;
        if place == 9 && byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            *bytes = &bytes[place + 1..];
            return Some(number);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(taken)
}

fn encode(order: Order) -> Vec<u8> {
    let mut message = Vec::new();
    put_varint(1 << 3, &mut message);
    put_varint(order.cents, &mut message);
    put_varint(2 << 3 | 2, &mut message);
    put_varint(order.drink.len() as u64, &mut message);
    message.extend_from_slice(order.drink.as_bytes());
    put_varint(3 << 3, &mut message);
    put_varint(((order.tip << 1) ^ (order.tip >> 63)) as u64, &mut message);
    message.extend_from_slice(&order.unknown);
    let mut bytes = vec![0];
    bytes.extend_from_slice(&(message.len() as u32).to_be_bytes());
    bytes.extend(message);
    bytes
}

/// The order in a whole message; nothing if it is damaged.
fn order_in(message: &[u8]) -> Option<Order> {
    let (mut order, mut rest) = (Order::default(), message);
    while !rest.is_empty() {
        let whole = rest;
        let tag = take_varint(&mut rest)?;
        let (number, kind) = (tag >> 3, tag & 7);
        if number == 0 || number >= 1 << 29 {
            return None;
        }
        let (mut value, mut content) = (0, &[][..]);
        match kind {
            0 => value = take_varint(&mut rest)?,
            1 => content = take(&mut rest, 8)?,
            2 => {
                let length = take_varint(&mut rest)?;
                content = take(&mut rest, length)?;
            }
            5 => content = take(&mut rest, 4)?,
            _ => return None,
        }
        match (number, kind) {
            (1, 0) => order.cents = value,
            (2, 2) => order.drink = String::from_utf8(content.to_vec()).ok()?,
            (3, 0) => order.tip = (value >> 1) as i64 ^ -((value & 1) as i64),
            (1..=3, _) => return None,
            _ => order.unknown.extend_from_slice(&whole[..whole.len() - rest.len()]),
        }
    }
    Some(order)
}

fn decode(bytes: Vec<u8>) -> Decoded {
    if bytes.first().is_some_and(|flag| *flag != 0) {
        return Decoded::Damaged;
    }
    let Some((head, rest)) = bytes.split_at_checked(5) else { return Decoded::Incomplete };
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if length > MOST {
        return Decoded::Damaged;
    }
    match rest.get(..length) {
        None => Decoded::Incomplete,
        Some(message) => order_in(message).map_or(Decoded::Damaged, Decoded::Whole),
    }
}
