//! The answer to `transfer` as it should be.
// answer: transfer
use std::collections::{BTreeMap, BTreeSet};

use netsplit::wire::crc32c;

/// The bytes of a file that fit into a packet beside its head of 17 bytes.
const PIECE: usize = MTU - 17;

/// What a packet says: a piece of a file; or, on the way back, that it is there or that the file is stored.
#[derive(Clone, Debug)]
struct Head {
    kind: u8,
    file: u32,
    piece: u32,
    of: u32,
}

const DATA: u8 = 1;
const HAVE: u8 = 2;
const STORED: u8 = 3;

impl Head {
    /// The packet, with a checksum of all of it in front.
    fn packet(&self, bytes: &[u8]) -> Packet {
        let mut content = vec![self.kind];
        for number in [self.file, self.piece, self.of] {
            content.extend_from_slice(&number.to_le_bytes());
        }
        content.extend_from_slice(bytes);
        let mut packet = crc32c(&content).to_le_bytes().to_vec();
        packet.extend(content);
        Packet(packet)
    }

    /// What the packet says; nothing if it is not what was sent.
    fn read(packet: &Packet) -> Option<(Head, Vec<u8>)> {
        let (sum, content) = packet.0.split_at_checked(4)?;
        if crc32c(content).to_le_bytes() != sum || content.len() < 13 {
            return None;
        }
        let number =
            |at: usize| u32::from_le_bytes([content[at], content[at + 1], content[at + 2], content[at + 3]]);
        let head = Head { kind: content[0], file: number(1), piece: number(5), of: number(9) };
        Some((head, content[13..].to_vec()))
    }
}

#[derive(Clone, Debug)]
struct Sending {
    call: CallId,
    pieces: Vec<Vec<u8>>,
    missing: BTreeSet<u32>,
}

#[derive(Clone, Debug, Default)]
struct End {
    sending: BTreeMap<u32, Sending>,
    receiving: BTreeMap<u32, BTreeMap<u32, Vec<u8>>>,
    stored: BTreeSet<u32>,
}

impl End {
    fn send_missing(&mut self, ctx: &mut Context<Self>) {
        if self.sending.is_empty() {
            return;
        }
        let Some(other) = ctx.peers().next() else { return };
        for (file, sending) in &self.sending {
            let of = sending.pieces.len() as u32;
            let wanted =
                if sending.missing.is_empty() { BTreeSet::from([0]) } else { sending.missing.clone() };
            for piece in wanted {
                let head = Head { kind: DATA, file: *file, piece, of };
                ctx.send(other, head.packet(&sending.pieces[piece as usize]));
            }
        }
        ctx.set_timer(ms(250), ());
    }

    fn take(&mut self, from: NodeId, head: Head, bytes: Vec<u8>, ctx: &mut Context<Self>) {
        if !self.stored.contains(&head.file) {
            let pieces = self.receiving.entry(head.file).or_default();
            pieces.insert(head.piece, bytes);
            if pieces.len() < head.of as usize {
                return ctx.send(from, Head { kind: HAVE, ..head }.packet(&[]));
            }
            let file: Vec<u8> =
                self.receiving.remove(&head.file).into_iter().flatten().flat_map(|it| it.1).collect();
            ctx.disk().write(&File::name(head.file), file);
            ctx.disk().sync();
            self.stored.insert(head.file);
        }
        ctx.send(from, Head { kind: STORED, ..head }.packet(&[]));
    }
}

impl Node for End {
    type Message = Packet;
    type Timer = ();

    fn on_message(&mut self, from: NodeId, packet: Packet, ctx: &mut Context<Self>) {
        let Some((head, bytes)) = Head::read(&packet) else { return };
        match head.kind {
            DATA => self.take(from, head, bytes, ctx),
            HAVE => {
                if let Some(sending) = self.sending.get_mut(&head.file) {
                    sending.missing.remove(&head.piece);
                }
            }
            _ => {
                if let Some(sending) = self.sending.remove(&head.file) {
                    ctx.reply(sending.call, Delivered);
                }
            }
        }
    }

    fn on_timer(&mut self, _: (), ctx: &mut Context<Self>) {
        self.send_missing(ctx);
    }
}

impl Service for End {
    type Request = File;
    type Response = Delivered;

    fn on_request(&mut self, call: CallId, file: File, ctx: &mut Context<Self>) {
        let mut pieces: Vec<Vec<u8>> = file.bytes.chunks(PIECE).map(<[u8]>::to_vec).collect();
        if pieces.is_empty() {
            pieces.push(Vec::new());
        }
        let missing = (0..pieces.len() as u32).collect();
        self.sending.insert(file.number, Sending { call, pieces, missing });
        self.send_missing(ctx);
    }
}
