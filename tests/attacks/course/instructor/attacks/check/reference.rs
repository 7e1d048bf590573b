//! The answer to `check` as it should be.
// answer: check
fn holds(history: Vec<Step>) -> bool {
    let mut value = 0;
    history.iter().all(|step| match step {
        Step::Wrote(written) => {
            value = *written;
            true
        }
        Step::Read(read) => *read == value,
    })
}
