//! What the Kinesis Producer Library packs into one record.
//!
//! # Source
//! Amazon Kinesis Producer Library, "KPL Aggregated Record Format": a magic number, a protobuf message, its MD5.

use super::bounds::{Problem, TOO_LARGE};
use crate::error::Code;
use bytes::Bytes;
use md5::{Digest as _, Md5};
use prost::Message;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use std::sync::Arc;

/// The first bytes of an aggregate.
pub(super) const AGGREGATE: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];

#[derive(Clone, PartialEq, Message)]
struct AggregatedRecord {
    #[prost(string, repeated, tag = "1")]
    partition_key_table: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    explicit_hash_key_table: Vec<String>,
    #[prost(message, repeated, tag = "3")]
    records: Vec<UserRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct UserRecord {
    #[prost(uint64, required, tag = "1")]
    partition_key_index: u64,
    #[prost(uint64, optional, tag = "2")]
    explicit_hash_key_index: Option<u64>,
    #[prost(bytes = "bytes", required, tag = "3")]
    data: Bytes,
}

/// A user record.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) partition_key: Arc<str>,
    pub(super) data: Bytes,
}

const DIGEST_BYTES: usize = 16;

/// The user records of an aggregate; `None` when the payload is none: without the magic number or the right digest it
/// is a record like any other.
pub(super) fn parts(payload: &Bytes, most: usize) -> Option<Result<Vec<Part>, Problem>> {
    let rest = payload.strip_prefix(&AGGREGATE)?;
    let (message, digest) = rest.split_at_checked(rest.len().checked_sub(DIGEST_BYTES)?)?;
    if message.is_empty() || Md5::digest(message).as_slice() != digest {
        return None;
    }
    let message = payload.slice_ref(message);
    if members(message.clone())? > most {
        return Some(Err(TOO_LARGE));
    }
    let aggregate = AggregatedRecord::decode(message).ok()?;
    let keys: Vec<Arc<str>> = aggregate.partition_key_table.into_iter().map(Arc::from).collect();
    let part = |record: UserRecord| {
        let key = usize::try_from(record.partition_key_index).ok().and_then(|index| keys.get(index));
        // nothing is emitted of an aggregate that cannot be read to its end
        let partition_key = key.cloned().ok_or((
            Code::BadAggregate,
            "A record of the aggregate names a partition key that the aggregate does not have.",
        ))?;
        Ok(Part { partition_key, data: record.data })
    };
    Some(aggregate.records.into_iter().map(part).collect())
}

/// How many keys and records a message has, before room is made for them; `None` when it is none.
fn members(mut message: Bytes) -> Option<usize> {
    let mut members = 0;
    while !message.is_empty() {
        let (tag, wire_type) = decode_key(&mut message).ok()?;
        skip_field(wire_type, tag, &mut message, DecodeContext::default()).ok()?;
        members += 1;
    }
    Some(members)
}
