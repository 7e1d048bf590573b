//! Clients that send nonsense, lie, or want everything: the kernel logs a line and answers the next good request.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use front_end::{FrontEnd, PATIENCE, memory};
use netsplit_kernel::client::Client;
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::*;
use netsplit_kernel::zmtp::decoder::encode_frame_head;
use tempfile::TempDir;

use super::front_end;
use super::malformed::{Generator, What};
use super::raw_peer::{RawPeer, encode};

/// The seed of the attacks, and how many there are; `cargo verify --long` sets others in the environment.
const SEED: u64 = 20_260_103;
const ATTACKS: u64 = 10_000;
/// The memory is compared from here on, when everything has been used once.
const WARM: u64 = 1_000;
/// How many messages the kernel tells from copies.
const REMEMBERED: usize = 65_536;

/// A kernel whose log goes into a file, and one good client of it.
struct Victim {
    process: Child,
    connection: ConnectionFile,
    folder: TempDir,
    client: Client,
}

impl Victim {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = ConnectionFile {
            transport: "ipc".to_string(),
            ip: folder.path().join("s").display().to_string(),
            shell_port: 1,
            iopub_port: 2,
            stdin_port: 3,
            control_port: 4,
            hb_port: 5,
            key: "a key".to_string(),
            signature_scheme: "hmac-sha256".to_string(),
        };
        let file = folder.path().join("connection.json");
        std::fs::write(&file, serde_json::to_vec(&connection).unwrap()).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_netsplit"))
            .arg("kernel")
            .arg(&file)
            .envs([("NETSPLIT_ENGINE", "scripted"), ("NETSPLIT_HISTORY", ""), ("NETSPLIT_LOG", "warn")])
            .stderr(Stdio::from(File::create(folder.path().join("log")).unwrap()))
            .spawn()
            .unwrap();
        let heartbeat = PathBuf::from(connection.endpoint(Port::Heartbeat).trim_start_matches("ipc://"));
        let started = Instant::now();
        while !heartbeat.exists() {
            assert!(started.elapsed() < PATIENCE, "the kernel opens its sockets");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut client = Client::connect(&connection).unwrap();
        front_end::expect_welcome(&mut client);
        Self { process, connection, folder, client }
    }

    /// The next good requests are answered: on shell, on control, and a heartbeat.
    fn check(&mut self, why: &str) {
        for channel in [Channel::Shell, Channel::Control] {
            let asked = self.client.request(channel, KernelInfoRequest {}).unwrap();
            loop {
                let reply = self.client.reply(channel, PATIENCE).unwrap_or_else(|| panic!("no answer {why}"));
                if reply.parent.as_ref() == Some(&asked) {
                    break;
                }
            }
        }
        assert_eq!(self.client.heartbeat(b"beat", PATIENCE).as_deref(), Some(b"beat".as_slice()), "{why}");
        while self.client.published(Duration::ZERO).is_some() {}
    }

    /// The lines that the kernel has logged.
    fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        text.lines().map(str::to_string).collect()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        // It has been checked before that it is still there.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An open connection for attacks, which is opened anew when the kernel has closed it.
struct Attacker {
    connection: ConnectionFile,
    peers: Vec<(Port, RawPeer)>,
}

impl Attacker {
    fn send(&mut self, port: Port, frames: &[Vec<u8>]) {
        let place = match self.peers.iter().position(|(its, _)| *its == port) {
            Some(place) => place,
            None => {
                let peer = match port {
                    Port::Iopub => RawPeer::subscriber(&self.connection),
                    port => RawPeer::dealer(&self.connection, port, "attacker"),
                };
                // Who does not read at all is another test's subject.
                peer.read_nothing_of_interest();
                self.peers.push((port, peer));
                self.peers.len() - 1
            }
        };
        let bytes = encode(&frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        if !self.peers[place].1.try_bytes(&bytes) {
            self.peers.remove(place);
        }
    }
}

/// Ten thousand malformed messages and connections: each is logged, the kernel still answers, and its memory is bounded.
#[test]
fn ten_thousand_attacks() {
    let (seed, attacks) = (setting("NETSPLIT_SEED", SEED), setting("NETSPLIT_ATTACKS", ATTACKS));
    eprintln!("{attacks} attacks of seed {seed}");
    let mut victim = Victim::start();
    let mut generator = Generator::new(seed, victim.connection.key());
    let mut attacker = Attacker { connection: victim.connection.clone(), peers: Vec::new() };
    let (mut to_be_logged, mut warm) = (0, 0);
    for number in 1..=attacks {
        let attack = generator.attack();
        to_be_logged += usize::from(attack.is_logged);
        match &attack.what {
            What::Frames(port, frames) => attacker.send(*port, frames),
            What::Connection(port, bytes) => {
                // The kernel may close it before everything has been sent.
                let mut peer = RawPeer::silent(&victim.connection, *port);
                peer.try_bytes(bytes);
                if attack.is_logged {
                    peer.expect_end();
                }
            }
        }
        if number % 250 == 0 {
            victim.check(&format!("after attack {number} of seed {seed}: {attack:?}"));
        }
        if number == WARM {
            warm = memory(victim.process.id());
        }
    }
    victim.check(&format!("after all attacks of seed {seed}"));
    let now = memory(victim.process.id());
    eprintln!("memory: {} kB after {WARM} attacks, {} kB after {attacks}", warm >> 10, now >> 10);
    assert!(now < warm + (16 << 20), "{} MB became {} MB, seed {seed}", warm >> 20, now >> 20);
    assert!(victim.process.try_wait().unwrap().is_none());
    let log = victim.log();
    let warnings = log.iter().filter(|line| line.contains("WARN")).count();
    // A copy may come when its original is one of those that are forgotten.
    let forgotten = attacks as usize / REMEMBERED;
    assert!(warnings + forgotten >= to_be_logged, "{to_be_logged} attacks, {warnings} lines, seed {seed}");
    assert!(!log.iter().any(|line| line.contains("panicked")), "seed {seed}: {log:?}");
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text:?} is no number")))
}

/// A message with a wrong signature is ignored, as are frames that are no message; the next good request is answered.
#[test]
fn forged_and_broken_messages_are_ignored() {
    let mut front_end = FrontEnd::scripted();
    let forged = ConnectionFile { key: "another key".to_string(), ..front_end.kernel.connection().clone() };
    let mut forger = Client::connect(&forged).unwrap();
    front_end::expect_welcome(&mut front_end.kernel.client);
    for channel in [Channel::Shell, Channel::Control] {
        forger.request(channel, ExecuteRequest::new("print forged")).unwrap();
        forger.request(channel, ShutdownRequest { restart: false }).unwrap();
        for frames in [vec![""], vec!["<IDS|MSG>"], vec!["a", "<IDS|MSG>", "", "{", "{}", "{}", "{}"]] {
            let frames = frames.into_iter().map(|frame| Bytes::from_static(frame.as_bytes())).collect();
            front_end.kernel.client.send_frames(channel, frames).unwrap();
        }
        front_end.ask(channel, KernelInfoRequest {});
    }
    assert!(forger.reply(Channel::Shell, Duration::ZERO).is_none());
}

/// A message that somebody has recorded is not obeyed a second time, from whichever connection it comes.
#[test]
fn recorded_messages_are_not_obeyed() {
    let mut front_end = FrontEnd::scripted();
    let connection = front_end.kernel.connection().clone();
    let request = front_end.kernel.client.message(ExecuteRequest::new("print once"));
    front_end.kernel.client.send(Channel::Shell, &request).unwrap();
    let asked = request.header.clone();
    front_end.expect_busy(&asked);
    front_end.expect_input(&asked, "print once", 1);
    front_end.expect_stream(&asked, StreamName::Stdout, "once\n");
    front_end.expect_success(&asked, 1);
    front_end.kernel.client.send(Channel::Shell, &request).unwrap();
    let recorded = request.encode(&connection.key());
    for port in [Port::Shell, Port::Control] {
        let mut thief = RawPeer::dealer(&connection, port, "thief");
        thief.send(&recorded.iter().map(Bytes::as_ref).collect::<Vec<_>>());
        front_end.ask(Channel::Shell, KernelInfoRequest {});
        front_end.ask(Channel::Control, KernelInfoRequest {});
        thief.expect_silence(Duration::from_millis(50));
    }
    front_end.run_quietly("", 2);
}

/// Nine bytes that claim a message of 4 exabytes cost their sender the connection, and the kernel nothing.
#[test]
fn a_claim_is_not_believed() {
    let mut victim = Victim::start();
    let before = memory(victim.process.id());
    for port in [Port::Shell, Port::Iopub, Port::Stdin, Port::Control, Port::Heartbeat] {
        for power in [62, 50, 40, 30, 28] {
            let mut liar = match port {
                Port::Iopub => RawPeer::subscriber(&victim.connection),
                port => RawPeer::dealer(&victim.connection, port, ""),
            };
            liar.bytes(&[&[2][..], &(1_u64 << power).to_be_bytes()].concat());
            liar.expect_end();
        }
    }
    victim.check("after claims");
    assert!(memory(victim.process.id()) < before + (8 << 20));
}

/// Clients that send large messages and never end them cannot take more than a fixed amount of memory together.
#[test]
fn unfinished_messages_share_a_budget() {
    let mut victim = Victim::start();
    let before = memory(victim.process.id());
    let megabyte = vec![0; 1 << 20];
    let mut peers: Vec<RawPeer> =
        (0..5).map(|_| RawPeer::dealer(&victim.connection, Port::Shell, "")).collect();
    let mut refused = 0;
    for peer in &mut peers {
        peer.bytes(&encode_frame_head(120 << 20, true));
        if (0..100).any(|_| !peer.try_bytes(&megabyte)) {
            refused += 1;
        }
    }
    assert!((2..=4).contains(&refused), "{refused} of 5 clients with 100 MB each were refused");
    let more = memory(victim.process.id()).saturating_sub(before);
    assert!(more < 600 << 20, "{} MB more than before", more >> 20);
    drop(peers);
    victim.check("after unfinished messages");
    let mut large = RawPeer::dealer(&victim.connection, Port::Shell, "");
    large.bytes(&encode_frame_head(100 << 20, true));
    assert!((0..100).all(|_| large.try_bytes(&megabyte)), "the room has been given back");
    victim.check("after a large message that is no message");
}

/// Peers that connect and say nothing are only so many, do not keep those who are connected from working, and are
/// disconnected in the end, which makes room for others.
#[test]
fn silent_peers() {
    let mut victim = Victim::start();
    let mut silent: Vec<RawPeer> =
        (0..300).map(|_| RawPeer::silent(&victim.connection, Port::Shell)).collect();
    victim.check("with 300 silent peers");
    for peer in &mut silent {
        peer.expect_end();
    }
    let request = victim.client.message(KernelInfoRequest {}).encode(&victim.connection.key());
    let mut late = RawPeer::dealer(&victim.connection, Port::Shell, "late");
    late.send(&request.iter().map(Bytes::as_ref).collect::<Vec<_>>());
    assert!(late.frames().is_some(), "there is room for a peer that says something");
}

/// Nobody can take the identity of a client that is connected, and with it the replies to that client.
#[test]
fn identities_cannot_be_taken() {
    let mut victim = Victim::start();
    let mut first = RawPeer::dealer(&victim.connection, Port::Shell, "ann");
    let request =
        |victim: &Victim| victim.client.message(KernelInfoRequest {}).encode(&victim.connection.key());
    let ask = |peer: &mut RawPeer, frames: Vec<Bytes>| {
        peer.send(&frames.iter().map(Bytes::as_ref).collect::<Vec<_>>());
    };
    ask(&mut first, request(&victim));
    assert!(first.frames().is_some());
    let mut thief = RawPeer::dealer(&victim.connection, Port::Shell, "ann");
    thief.expect_end();
    ask(&mut first, request(&victim));
    assert!(first.frames().is_some(), "the first one keeps its identity");
    drop(first);
    victim.check("after a theft");
    let mut again = RawPeer::dealer(&victim.connection, Port::Shell, "ann");
    ask(&mut again, request(&victim));
    assert!(again.frames().is_some(), "who has gone may come back");
}

/// Heartbeats come back as they were sent, whatever they look like: one frame, none of content, many.
#[test]
fn heartbeats_of_any_shape() {
    let victim = Victim::start();
    let mut peer = RawPeer::dealer(&victim.connection, Port::Heartbeat, "heart");
    for beat in
        [vec![b"ping".as_slice()], vec![b"".as_slice()], vec![b"", b"ping"], vec![b"a", b"b", b"", b"c"]]
    {
        peer.send(&beat);
        assert_eq!(peer.frames().expect("an echo"), beat);
    }
}
