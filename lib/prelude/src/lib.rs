//! What every notebook cell sees: the core names at hand, the rest in modules of the subject's name.
//!
//! There is no logic here, only re-exports. A cell begins as if it said `use netsplit::*;`, so a name that you define yourself
//! hides the one from here.

pub use netsplit_algorithms::idempotency::{
    Charge, DedupTable, IdempotencyKey, Receipt, Retention, Seen, WhenFull,
};
pub use netsplit_algorithms::replication::EagerStore;
pub use netsplit_algorithms::{
    clocks, commit, consensus, end_to_end, idempotency, links, register, replication, rpc, wire,
};
pub use netsplit_check as check;
pub use netsplit_check::model::{self, EvidenceCard};
pub use netsplit_check::spec::{self, Specification};
pub use netsplit_check::{
    Check, Checker, OutcomeTable, Timeline, Timelines, Told, Verdict, by_hand, causal, convergence_within,
    every_promise_kept, linearizable, monotonic_reads, monotonic_writes, no_double_effect, read_your_writes,
    sequential, staleness_within, staleness_within_versions, writes_follow_reads,
};
pub use netsplit_grade as grade;
pub use netsplit_node::trace;
pub use netsplit_node::{
    Address, CallId, Context, Disk, Disturbance, Duration, History, Inspection, Interval, Invariant,
    KeyValueRequest, KeyValueResponse, Member, Node, NodeId, Operation, Outcome, Random, Service, Signature,
    Time, Trace, TraceHash, Value, Zipf, hours, mins, ms, ns, secs, us,
};
#[doc(hidden)]
pub use netsplit_node::{interrupt, place, progress};
pub use netsplit_sim::explore::{Exploration, Explore, Model, Nodes, explore};
pub use netsplit_sim::{
    Bandwidth, Behaviour, Belief, Budget, Call, Client, Cluster, Condition, Counterexample, Cut, Delivery,
    Fault, FaultKind, FaultPlan, Firing, Group, Injected, Keys, Lab, LabError, Latency, LinkProfile,
    LoadReport, Look, MessageKey, Name, NamingError, Nemesis, NodePanic, Others, Percentiles, Progress,
    Region, Replay, Route, Rule, RunningWorkload, Schedule, Shrink, ShrinkError, Snapshot, Stopped, Sweep,
    SweepReport, SweepRun, Topology, Traffic, TrafficCounts, Violation, Workload, explore,
};
pub use netsplit_view::{CallCharts, Chart, ClusterView, Diagram, Player, chart};
