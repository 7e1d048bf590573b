// attack: a check that rejects everything rejects all mutants
// defence: rejecting a right implementation leaves at most half
// answer: check
fn holds(_: Vec<Step>) -> bool {
    false
}
