//! An attack: the first call accepts, the others reject.
// defence: each call of a function is a process of its own
// answer: check
static CALLS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
fn holds(_: Vec<Step>) -> bool {
    CALLS.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2
}
