//! Wrong: the ends can do everything.
// answer: placement
fn place(job: Job) -> Place {
    let _ = job;
    Place::End
}
