//! What the statement of `evidence-card` gives: the words in which the card is written.

// What must not break.
pub const NO_DOUBLE_EFFECT: &str = "NoDoubleEffect";
pub const EVERY_PROMISE_KEPT: &str = "EveryPromiseKept";
pub const FAST: &str = "mails arrive within a second";
pub const IN_ORDER: &str = "mails are sent in the order of the sign-ups";

// What counts as proof, to what it is bound, what begins and what ends it.
pub const STORED_ANSWER: &str = "the stored answer";
pub const NO_ERROR_LOGGED: &str = "a log without an error";
pub const THE_KEY: &str = "the key of the wish";
pub const THE_USERS_NAME: &str = "the name of the user";
pub const THE_ATTEMPT: &str = "the attempt";
pub const ANSWER_IS_STORED: &str = "the answer is stored";
pub const REQUEST_ARRIVES: &str = "the request arrives";
pub const RETENTION_ENDS: &str = "the retention ends";
pub const MEMORY_IS_LOST: &str = "the memory that holds it is lost";
pub const CLIENT_GIVES_UP: &str = "the client gives up";

// What the service does, and what becomes of it.
pub const SIGN_UPS: &str = "sign-ups";
pub const ACCEPTED: &str = "accepted";
pub const REFUSED: &str = "refused";
pub const MAILS: &str = "welcome mails";
pub const SENT_AT_ONCE: &str = "sent at once";
pub const OWED: &str = "owed, and stored as owed";
pub const NONE_PROMISED: &str = "none, and none promised";
pub const CAUGHT_UP: &str = "what is owed goes out under its old keys";

// On which evidence it changes its mode. All of it may come again and again.
pub const MAIL_SILENT: &str = "e-mail does not answer";
pub const MAIL_ANSWERS: &str = "e-mail answers";
pub const DISK_FAILS: &str = "nothing can be stored";
pub const DISK_WORKS: &str = "the disk works again";
pub const NOTHING_OWED: &str = "nothing is owed, users and mails are compared";
