//! A lease is a lock that ends by itself: its holder may act until a time that it measures, and whoever gave it gives it to nobody else before a time that *it* measures.
//!
//! - **Concept:** Lease
//! - **Guarantees:** one holder at a time (safety), as long as every clock runs at the right rate but for the bound, and no holder acts on a lease without looking at the time. Tokens
//!   grow with every grant, also over crashes. Liveness: a lease whose holder is gone is free again after its length and the bound's share of it.
//! - **Does not guarantee:** one holder at a time where a holder is suspended between looking at the time and acting, or where a message takes its time after that: what arrives
//!   late must be kept out by its token (`fencing_token.rs`).
//! - **Assumes:** clocks need not show the same time, but run at the same rate within a bound; here each measures by its oscillator, which no adjustment makes jump. The server's disk
//!   does not lie. Messages may be lost, doubled and late.
//! - **Source:** Gray and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency", SOSP 1989, sections 2 and 5 (clock skew and failures);
//!   fencing: Burrows, "The Chubby Lock Service", OSDI 2006, section 2.4
//! - **Differs:** the paper's leases protect cached files, many readers at once; here a lease has one holder. One server, which may crash and restart; a replicated one would run this over consensus.
//! - **Chapter:** 09
//!
//! ```text
//! holder  ──ask──┬───────────────────────────── acts until here ─▌       counted from when it asked, less the drift
//!                ╲         ╱ granted: 10 s, token 7               ▌
//! server  ────────▼───────┴──────────────────────────────────────────▐   counted from when it granted, plus the drift
//!                         ├───────────── 10 s · (1 + drift) ─────────▐── free: token 8 for whoever asks
//! ```
//!
//! ```
//! use netsplit_algorithms::replication::lease::{Ask, Config, LeaseServer, HeldLease, Told};
//! use netsplit_node::{NodeId, Outcome, Time, ms, secs};
//! use netsplit_sim::Lab;
//!
//! let config = Config { length: secs(10), drift_ppm: 200 };
//! let lab = Lab::new(42);
//! let server = lab.cluster("locks", 1, move |_id| LeaseServer::new(config));
//! let asked = lab.now();
//! let ann = server.client_of(0).call(Ask::Acquire { holder: NodeId(7) });
//! lab.run_for(ms(10));
//! let Some(Outcome::Ok(Told::Granted { token })) = ann.outcome() else { panic!("it is free") };
//! let lease = HeldLease::new(token, asked, config);
//! assert!(lease.is_valid(asked + secs(9)) && !lease.is_valid(asked + secs(10)));
//!
//! let bob = server.client_of(0).call(Ask::Acquire { holder: NodeId(8) });
//! lab.run_for(ms(10));
//! assert_eq!(format!("{bob:?}"), "Ok(held by n7)");
//! ```

use std::fmt;

use netsplit_node::{CallId, Context, Duration, Inspection, Node, NodeId, Service, Time, ns};

use crate::Storable;
use crate::replication::fencing_token::FencingToken;

/// What the server and all holders are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How long a lease lasts.
    pub length: Duration,
    /// By how many millionths a clock may run too fast or too slow.
    pub drift_ppm: i64,
}

impl Config {
    /// The drift of a clock over the length.
    fn drift(&self) -> Duration {
        ns((i128::from(self.length.as_nanos()) * i128::from(self.drift_ppm) / 1_000_000) as i64) + ns(1)
    }

    /// How long a holder may act, by its clock: less, since that may run slow.
    pub fn holder_counts(&self) -> Duration {
        self.length - self.drift()
    }

    /// How long the server gives the lease to nobody else, by its clock: more, since that may run fast.
    pub fn server_counts(&self) -> Duration {
        self.length + self.drift()
    }
}

/// A lease as its holder sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeldLease {
    /// To be sent with everything that is done under it.
    pub token: FencingToken,
    /// By the holder's oscillator.
    ends: Time,
}

impl HeldLease {
    /// The lease that was granted to a request that was sent at `asked`, by the holder's oscillator (`ctx.monotonic()`).
    // From the request on and not from the answer: the server counts from somewhere between the two, and nobody here knows where.
    pub fn new(token: FencingToken, asked: Time, config: Config) -> HeldLease {
        HeldLease { token, ends: asked + config.holder_counts() }
    }

    /// Whether it may be acted on at this time, by the holder's oscillator. To be asked right before each act.
    pub fn is_valid(&self, now: Time) -> bool {
        now < self.ends
    }

    /// How long it may still be acted on.
    pub fn left(&self, now: Time) -> Duration {
        (self.ends - now).max(Duration::ZERO)
    }
}

/// What nodes ask the server.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Give me the lease, or a longer one if it is mine.
    Acquire {
        /// Who asks.
        holder: NodeId,
    },
    /// I need it no longer. Only what its holder does not act on any more may be released.
    Release {
        /// Which.
        token: FencingToken,
    },
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ask::Acquire { holder } => write!(f, "lease for {holder}?"),
            Ask::Release { token } => write!(f, "release {token:?}"),
        }
    }
}

/// What the server answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Told {
    /// It is yours, from when you asked on.
    Granted {
        /// For all that is done under it. The same as before if it was yours already.
        token: FencingToken,
    },
    /// It is somebody else's.
    Held {
        /// Whose.
        by: NodeId,
    },
    /// It is free, if it was this one.
    Released,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Granted { token } => write!(f, "granted, {token:?}"),
            Told::Held { by } => write!(f, "held by {by}"),
            Told::Released => write!(f, "released"),
        }
    }
}

/// The server of one lease.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeaseServer {
    config: Config,
    /// Persistent: the latest token, and whose it is.
    ///
    /// Invariant: on the disk before anybody hears of it; tokens only grow.
    latest: Option<(FencingToken, NodeId)>,
    /// Volatile: until when it is held, by the server's oscillator; nothing if it is free. After a crash it counts anew from the restart, since nobody knows how long that took.
    held_until: Option<Time>,
}

impl Node for LeaseServer {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    /// Whose it is, and until when.
    fn inspect(&self) -> Inspection {
        let role = if self.held_until.is_some() { "held" } else { "free" };
        Inspection::new().role(role).field("latest", self.latest).field("until", self.held_until)
    }
}

impl Service for LeaseServer {
    type Request = Ask;
    type Response = Told;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        let told = match ask {
            Ask::Acquire { holder } => self.grant(holder, ctx),
            Ask::Release { token } => self.release(token, ctx),
        };
        ctx.reply(call, told);
    }
}

impl LeaseServer {
    /// The server of a lease that nobody has held yet.
    pub fn new(config: Config) -> LeaseServer {
        LeaseServer { config, latest: None, held_until: None }
    }

    /// The latest token, and whose it is or was.
    pub fn latest(&self) -> Option<(FencingToken, NodeId)> {
        self.latest
    }

    fn grant(&mut self, holder: NodeId, ctx: &mut Context<Self>) -> Told {
        let now = ctx.monotonic();
        let is_held = self.held_until.is_some_and(|until| now <= until);
        let token = match self.latest {
            Some((token, of)) if is_held && of == holder => token,
            Some((_, by)) if is_held => return Told::Held { by },
            latest => FencingToken(latest.map_or(0, |(token, _)| token.0) + 1),
        };
        self.held_until = Some(now + self.config.server_counts());
        self.latest = Some((token, holder));
        self.persist(ctx);
        Told::Granted { token }
    }

    /// A release that comes late, of a lease that has ended, must not free the next one's.
    fn release(&mut self, token: FencingToken, ctx: &mut Context<Self>) -> Told {
        if self.latest.is_some_and(|(latest, _)| latest == token) {
            self.held_until = None;
            self.persist(ctx);
        }
        Told::Released
    }

    fn persist(&self, ctx: &mut Context<Self>) {
        let latest = self.latest.map(|(token, holder)| (token.0, holder));
        ctx.disk().write("lease", (latest, u8::from(self.held_until.is_some())).to_bytes());
        ctx.disk().sync();
    }

    /// After a crash: whoever had the lease may have it still.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        let Some(bytes) = ctx.disk().read("lease") else { return };
        let (latest, held) = <(Option<(u64, NodeId)>, u8)>::from_bytes(&bytes)
            .expect("the disk is whole: a node does not run on a damaged one");
        self.latest = latest.map(|(token, holder)| (FencingToken(token), holder));
        self.held_until = (held == 1).then(|| ctx.monotonic() + self.config.server_counts());
    }
}
