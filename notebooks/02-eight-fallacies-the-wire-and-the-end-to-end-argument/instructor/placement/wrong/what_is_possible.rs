//! Wrong: whoever can do it does it, together if both can.
// answer: placement
fn place(job: Job) -> Place {
    match (job.ends_can, job.hops_can) {
        (true, true) => Place::Both,
        (true, false) => Place::End,
        _ => Place::Hop,
    }
}
