//! Wrong: in recovery it gives money as on a good day.
// answer: matrix
use netsplit::model::{Mode, ModeMatrix};

fn cash_machine() -> ModeMatrix {
    use Mode::{Degraded, Floor, Recovery, Target};
    ModeMatrix::new()
        .row(Target, [(WITHDRAWALS, GIVEN), (DEPOSITS, BOOKED), (BALANCE, FRESH)])
        .row(Degraded, [(WITHDRAWALS, UP_TO_THE_LIMIT), (DEPOSITS, NOTED), (BALANCE, WITH_ITS_AGE)])
        .row(Floor, [(WITHDRAWALS, REFUSED), (DEPOSITS, NOTED), (BALANCE, WITH_ITS_AGE)])
        .row(Recovery, [(WITHDRAWALS, GIVEN), (DEPOSITS, BOOKED), (BALANCE, FRESH)])
        .switch(Target, BANK_SILENT, Degraded)
        .switch(Degraded, LIMIT_SPENT, Floor)
        .switch(Degraded, BANK_ANSWERS, Recovery)
        .switch(Floor, BANK_ANSWERS, Recovery)
        // The limit may be spent, and no note of it confirmed.
        .switch(Recovery, BANK_SILENT, Floor)
        .switch(Recovery, NOTES_CONFIRMED, Target)
}
