//! How far a record may be taken apart, and what is said of one that would need more.

use crate::error::Code;

/// How far a record may be taken apart, so that no record takes up the memory of a whole batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of what it unpacks to.
    pub unpacked: usize,
    /// Bytes that its parts, decoded, may take up.
    pub decoded: usize,
}

/// What every part of a record takes up at least, decoded or not.
pub const PART_BYTES: usize = 512;

impl Bounds {
    /// The bounds where a batch may use so many bytes of memory: `limits.memory`.
    #[must_use]
    pub fn of(memory: u64) -> Self {
        let memory = usize::try_from(memory).unwrap_or(usize::MAX);
        // what is unpacked is held beside its document, its row and the message to the database
        Self { unpacked: memory / 20, decoded: memory / 4 }
    }

    /// The most parts that a record may have.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.decoded / PART_BYTES
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::of(256 << 20)
    }
}

/// A code, and a message.
pub type Problem = (Code, &'static str);

/// A record that can never be held with the memory there is.
pub const TOO_LARGE: Problem = (
    Code::TooLarge,
    "The record needs more memory than it may have, once it is unpacked and taken apart. If it is one on purpose, raise \
     limits.memory and redrive it.",
);
