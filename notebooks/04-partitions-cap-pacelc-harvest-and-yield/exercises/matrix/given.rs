//! What the statement of `matrix` gives: the words of the card.

// What a cash machine does, and what becomes of it.
pub const WITHDRAWALS: &str = "withdrawals";
pub const GIVEN: &str = "given, up to the balance";
pub const UP_TO_THE_LIMIT: &str = "given, up to the off-line limit, and noted";
pub const REFUSED: &str = "refused";
pub const DEPOSITS: &str = "deposits";
pub const BOOKED: &str = "booked at once";
pub const NOTED: &str = "taken and noted";
pub const BALANCE: &str = "the balance on the screen";
pub const FRESH: &str = "as the bank has it now";
pub const WITH_ITS_AGE: &str = "the last one that is known, with its age";

// On which evidence it changes its mode. All of it may come again and again, as far as it is true.
/// The bank's computer does not answer.
pub const BANK_SILENT: &str = "the bank does not answer";
/// Only while the bank is silent: what this machine may give out by itself is given out.
pub const LIMIT_SPENT: &str = "the off-line limit is spent";
/// It answers. The notes are not there yet.
pub const BANK_ANSWERS: &str = "the bank answers";
/// The bank has confirmed every note, sent the balances, and granted a new limit.
pub const NOTES_CONFIRMED: &str = "all notes are confirmed";
