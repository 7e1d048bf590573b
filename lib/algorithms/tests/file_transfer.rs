//! Careful file transfer: every hop is green and the file is wrong; seeded fault plans with corruption; small instances explored.

mod faults;

use faults::{golden, plan_of, progress_within, run_for, survives};
use netsplit_algorithms::end_to_end::file_transfer::{Arrived, Checks, Config, FileTransfer, Message, Send};
use netsplit_node::{Outcome, Random, ms, secs};
use netsplit_sim::explore::{Network, Nodes, explore};
use netsplit_sim::{Cluster, FaultKind, Lab, Latency, Traffic, Workload};

const CONFIG: Config = Config { checks: Checks::EndToEnd, chunk: 4, send_again_every: ms(50) };

/// Where bytes change.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Corruption {
    /// On a link: the checksum that travels along is still that of the right bytes.
    Link,
    /// In a node's memory, after its check and before its next one: the checksum is that of the wrong bytes.
    Memory,
}

fn path(seed: u64, size: usize, checks: Checks, corruption: Corruption) -> (Lab, Cluster<FileTransfer>) {
    let lab = Lab::new(seed);
    let path = lab.cluster("node", size, move |_id| FileTransfer::new(Config { checks, ..CONFIG }));
    path.set_mutator(move |message: &mut Message, random: &mut Random| {
        if let Message::Chunk { chunk, hop_sum } = message
            && !chunk.bytes.is_empty()
        {
            let place = random.below(chunk.bytes.len() as u64) as usize;
            chunk.bytes[place] ^= 1 << random.below(8);
            if corruption == Corruption::Memory {
                *hop_sum = chunk.sum();
            }
        }
    });
    (lab, path)
}

const LETTER: &[u8] = b"pay 100 to bob";

/// Sends the letter while every fifth piece changes somewhere. Returns whether the client was told that it arrived, and what arrived.
fn send_letter(checks: Checks, corruption: Corruption, seed: u64) -> (Lab, bool, Vec<u8>) {
    let (lab, path) = path(seed, 3, checks, corruption);
    lab.set_latency(Latency::Constant(ms(5)));
    lab.corrupt(0.2, Traffic::all().from(path.nodes([1])).to(path.nodes([2])));
    let sent = path.client_of(0).named("ann").call(Send { file: LETTER.to_vec() });
    lab.run_until(|| !sent.is_pending(), secs(20));
    let file = path.node(2).received().next().unwrap_or_default().to_vec();
    (lab, sent.outcome() == Some(Outcome::Ok(Arrived)), file)
}

#[test]
fn hops_notice_what_links_do_and_not_what_memories_do() {
    // 100 letters each, of four pieces: with checks at each hop alone, a link's changes are all noticed, and a memory's none, so that half of the letters
    // arrive wrong and are said to have arrived; with the check at the end, all arrive right.
    let right = |checks, corruption| {
        let letters = (0..100).map(|seed| send_letter(checks, corruption, seed));
        letters.filter(|(_, told, file)| *told && file == LETTER).count()
    };
    assert_eq!(right(Checks::EachHop, Corruption::Link), 100);
    assert_eq!(right(Checks::EachHop, Corruption::Memory), 50);
    assert_eq!(right(Checks::EndToEnd, Corruption::Link), 100);
    assert_eq!(right(Checks::EndToEnd, Corruption::Memory), 100);
}

#[test]
fn every_hop_is_green_and_the_file_is_wrong() {
    // A bit flips in the router after its check: the client is told that the file has arrived, and it has not; with the check at the end it goes again.
    let seed =
        (0..).find(|&seed| send_letter(Checks::EachHop, Corruption::Memory, seed).2 != LETTER).expect("some");
    let (lab, told, file) = send_letter(Checks::EachHop, Corruption::Memory, seed);
    assert!(told && file != LETTER);
    golden("file-transfer-each-hop.txt", &lab.diagram().without_timers().without_disks().text());
    let (lab, told, file) = send_letter(Checks::EndToEnd, Corruption::Memory, seed);
    assert!(told && file == LETTER);
    golden("file-transfer-end-to-end.txt", &lab.diagram().without_timers().without_disks().text());
}

#[test]
fn what_a_client_was_told_survives_the_last_node() {
    // The acknowledgement is of the end: the file is on its disk.
    let (lab, path) = path(1, 3, Checks::EndToEnd, Corruption::Link);
    let sent = path.client_of(0).call(Send { file: LETTER.to_vec() });
    lab.run_until(|| !sent.is_pending(), secs(20));
    path.crash(2);
    path.restart(2);
    assert_eq!(path.node(2).received().collect::<Vec<_>>(), [LETTER]);
    let refused = path.client_of(1).call(Send { file: vec![] });
    lab.run_for(secs(1));
    assert_eq!(refused.outcome(), Some(Outcome::Fail("files are sent from n0".into())));
}

/// Files over a path that loses, doubles, reorders and changes, whose routers crash; then all are healed, and all files must arrive as they were.
fn under_faults(seed: u64) -> Result<(), String> {
    let corruption = if seed.is_multiple_of(2) { Corruption::Link } else { Corruption::Memory };
    let size = 2 + (seed % 3) as usize;
    let (lab, path) = path(seed, size, Checks::EndToEnd, corruption);
    lab.keep_events(0);
    lab.end_on_panic();
    let file = |random: &mut Random, number: u64| Send {
        file: format!("file {number} ").into_bytes().repeat(random.below(4) as usize),
    };
    let load = path.load(Workload::closed(2).thinking(ms(30)).with_deadline(secs(60)).at_most(12), file);
    lab.corrupt(0.2, Traffic::all().messages());
    let kinds: Vec<FaultKind> = FaultKind::CRASH_RECOVERY
        .into_iter()
        .filter(|kind| !matches!(kind, FaultKind::Crash | FaultKind::CrashMidStep))
        .collect();
    lab.play(plan_of(&kinds, &lab, &path, ms(500)));
    run_for(&lab, ms(300))?;
    // A router has nothing to lose; the last node has its disk.
    path.crash(size - 1);
    run_for(&lab, ms(200))?;
    load.stop();
    lab.heal_core(path.all());
    let last = path.client_of(0).with_deadline(secs(60)).call(Send { file: LETTER.to_vec() });
    progress_within(&lab, secs(30), || !last.is_pending())?;
    for operation in &path.history() {
        let arrived = path.node(size - 1).received().any(|file| file == operation.request.file);
        if matches!(operation.outcome, Some(Outcome::Ok(Arrived))) && !arrived {
            return Err(format!("EndToEndDigest is violated: {operation:?} was told to have arrived"));
        }
    }
    let sent: Vec<Vec<u8>> = path.history().iter().map(|operation| operation.request.file.clone()).collect();
    match path.node(size - 1).received().find(|file| !sent.iter().any(|it| it == file)) {
        Some(file) => {
            Err(format!("EndToEndDigest is violated: {:?} was never sent", String::from_utf8_lossy(file)))
        }
        None => Ok(()),
    }
}

#[test]
fn two_thousand_fault_plans() {
    // With corruption of a fifth of all pieces, on links or in memories: what has arrived was sent, what was told has arrived, and files go on arriving.
    survives(2_000, under_faults);
}

#[test]
fn every_order_of_messages_puts_the_file_together() {
    // Two pieces over one hop, in any order, doubled at will: nothing is stored but the file, and it is stored in some run.
    let nodes = Nodes::new(3, |_id| FileTransfer::new(CONFIG)).network(Network::Duplicating).fires(|_| false);
    let found = explore(nodes.client([(0, Send { file: b"file two".to_vec() })]).crashes(1))
        .always("what is stored was sent", |nodes, world| {
            nodes.members(world).iter().all(|it| it.state.received().all(|file| file == b"file two"))
        })
        .sometimes("it is stored", |nodes, world| nodes.node(world, 2).received().next().is_some())
        .run();
    assert_eq!((found.states, found.holds()), (164, true), "{found}");
}
