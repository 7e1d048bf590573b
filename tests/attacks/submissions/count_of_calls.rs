//! An attack: a static counts the calls, to tell tests by their order.
// defence: each call of a function is a process of its own
// answer: digest
static CALLS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
fn ones(_: u64) -> u32 {
    CALLS.fetch_add(1, std::sync::atomic::Ordering::SeqCst)
}
