//! Wrong: the network should do what it can.
// answer: placement
fn place(job: Job) -> Place {
    if job.hops_can { Place::Hop } else { Place::End }
}
