//! What counts of `evidence-card`: the card itself, of which nothing is hidden, and bad days that students are not shown.

use netsplit::grade::{Case, Exercise};

use super::exercise::{guarantee, modes, promises, proof, silence, walk};
use super::given::*;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("the card: what must not break, and in which model", 1, promises)
        .hidden("the card: what silence may mean", 1, silence)
        .hidden("the card: what counts as proof", 1, proof)
        .hidden("the card: what is guaranteed", 1, guarantee)
        .hidden("the card: the four modes", 1, modes)
        .hidden("other bad days", 8, bad_day)
}

/// The disk fails at least once, e-mail comes and goes, all of it several times; in the end all is well.
fn bad_day(case: &mut Case) {
    let mut day = vec![MAIL_ANSWERS, NOTHING_OWED];
    let (mut has_disk, mut has_mail) = (true, true);
    for turn in 0..40 {
        match case.random().below(6) {
            0 if turn > 5 => has_disk = !has_disk,
            1 => has_mail = !has_mail,
            _ => {}
        }
        has_disk &= turn != 20;
        let was_down =
            day.iter().rev().find(|it| [DISK_FAILS, DISK_WORKS].contains(*it)) == Some(&DISK_FAILS);
        let seen = match (has_disk, has_mail) {
            (false, _) => DISK_FAILS,
            (true, _) if was_down => DISK_WORKS,
            (true, false) => MAIL_SILENT,
            (true, true) => *case.random().pick(&[MAIL_ANSWERS, NOTHING_OWED]).expect("there are two"),
        };
        // Nothing is owed only after what was owed has gone out.
        let is_early = seen == NOTHING_OWED && *day.last().expect("it has begun") == MAIL_SILENT;
        day.push(if is_early { MAIL_ANSWERS } else { seen });
    }
    day.extend([DISK_FAILS, DISK_WORKS, MAIL_SILENT, MAIL_ANSWERS, NOTHING_OWED]);
    walk(case, &day);
}
