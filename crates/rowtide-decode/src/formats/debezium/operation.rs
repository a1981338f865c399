//! What a record says was done to a row.

use crate::error::{Code, Error, Result};

/// What a change does to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Create,
    Read,
    Update,
    Delete,
}

impl Op {
    /// What the letter `op` stands for.
    pub(super) fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "c" | "C" => Self::Create,
            "r" | "R" => Self::Read,
            "u" | "U" => Self::Update,
            "d" | "D" => Self::Delete,
            _ => {
                let message = "The record's op is none of c, r, u, d, t and m.";
                return Err(Error::poison(Code::UnknownOperation, message));
            }
        })
    }
}
