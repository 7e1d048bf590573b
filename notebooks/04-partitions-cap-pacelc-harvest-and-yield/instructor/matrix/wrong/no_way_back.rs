//! Wrong: from the floor no way leads back.
// answer: matrix
use netsplit::model::{Mode, ModeMatrix};

fn cash_machine() -> ModeMatrix {
    use Mode::{Degraded, Floor, Recovery, Target};
    ModeMatrix::new()
        .row(Target, [(WITHDRAWALS, GIVEN), (DEPOSITS, BOOKED), (BALANCE, FRESH)])
        .row(Degraded, [(WITHDRAWALS, UP_TO_THE_LIMIT), (DEPOSITS, NOTED), (BALANCE, WITH_ITS_AGE)])
        .row(Floor, [(WITHDRAWALS, REFUSED), (DEPOSITS, NOTED), (BALANCE, WITH_ITS_AGE)])
        .row(Recovery, [(WITHDRAWALS, REFUSED), (DEPOSITS, NOTED), (BALANCE, WITH_ITS_AGE)])
        .switch(Target, BANK_SILENT, Degraded)
        .switch(Degraded, LIMIT_SPENT, Floor)
        .switch(Degraded, BANK_ANSWERS, Recovery)
        // The limit may be spent, and no note of it confirmed.
        .switch(Recovery, NOTES_CONFIRMED, Target)
}
