//! Wrong: more checks are better.
// answer: placement
fn place(job: Job) -> Place {
    let _ = job;
    Place::Both
}
