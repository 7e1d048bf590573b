//! Registers: one value that several nodes read and write, kept by all of them so that some of them may fail.
//!
//! | register | writers | a read sees | crashes that it survives |
//! |---|---|---|---|
//! | [`Abd`] | one, or all | the latest write: linearizable | any minority |

pub mod abd;

pub use abd::Abd;
