//! The recorded histories that the checker is measured with, and how long something takes.

use std::time::Instant;

macro_rules! recorded {
    ($($name:literal),*) => {
        [$(include_str!(concat!("../../lib/check/tests/histories/", $name))),*]
    };
}

/// etcd under Jepsen: four of the twenty are linearizable.
pub const ETCD: [&str; 20] = recorded!(
    "etcd_000.log",
    "etcd_001.log",
    "etcd_002.log",
    "etcd_003.log",
    "etcd_004.log",
    "etcd_005.log",
    "etcd_006.log",
    "etcd_007.log",
    "etcd_008.log",
    "etcd_009.log",
    "etcd_010.log",
    "etcd_011.log",
    "etcd_012.log",
    "etcd_013.log",
    "etcd_014.log",
    "etcd_015.log",
    "etcd_016.log",
    "etcd_017.log",
    "etcd_018.log",
    "etcd_019.log"
);

/// Ten clients at a key-value store; linearizable.
pub const KV_C10_OK: &str = include_str!("../../lib/check/tests/histories/kv-c10-ok.txt");

/// How long it takes.
pub fn milliseconds(run: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    run();
    begun.elapsed().as_secs_f64() * 1000.0
}
