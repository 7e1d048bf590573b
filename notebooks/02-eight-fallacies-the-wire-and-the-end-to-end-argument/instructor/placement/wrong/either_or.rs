//! Wrong: never both: the hops where links are bad, the ends otherwise.
// answer: placement
fn place(job: Job) -> Place {
    if !job.ends_can {
        return Place::Hop;
    }
    if job.link_spoils < 0.05 { Place::Both } else { Place::Hop }
}
