//! The answer to `classify` as it should be.
// answer: classify
fn classify(which: Which) -> Pacelc {
    use Operation::{Read, Write};
    let letters = match (which.system, which.operation) {
        (1 | 8, _) => "PC/EC",
        (2, _) => "PA/EL",
        (3, Read) => "PA/EL",
        (3, Write) => "PC/EC",
        (4, _) => "PA/EC",
        (5, Read) => "PC/EL",
        (5, Write) => "PC/EC",
        (6, Read) => "PA/EL",
        (6, Write) => "PC/EC",
        (7, Read) => "PC/EC",
        (7, Write) => "PA/EL",
        (9, Read) => "PA/EL",
        (9, Write) => "PA/EC",
        (10, _) => "PC/EL",
        (11, Read) => "PA/EC",
        (11, Write) => "PC/EC",
        (_, Read) => "PA/EL",
        (_, Write) => "PC/EC",
    };
    let partitioned = if letters.starts_with("PA") { Partitioned::A } else { Partitioned::C };
    Pacelc(partitioned, if letters.ends_with("EL") { Otherwise::L } else { Otherwise::C })
}
