//! Wire formats: how values become bytes that another program, of another version, reads.
//!
//! | piece | what it is for |
//! |---|---|
//! | [`varint`] | numbers in as few bytes as they need |
//! | [`Framing`], [`FrameReader`] | where one message ends and the next begins |
//! | [`Schema`] | messages whose fields come and go from version to version |
//! | [`crc32c`] | whether what came is what was sent, if only accidents change it |
//! | [`Digest`] | the same, whoever changes it |

pub mod crc32c;
pub mod digest;
pub mod frame;
pub mod schema;
pub mod varint;

pub use crc32c::crc32c;
pub use digest::Digest;
pub use frame::{FrameError, FrameReader, Framing};
pub use schema::Schema;
