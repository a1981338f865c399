//! A DynamoDB whose tables are read: which there are, their keys, and their items, by parallel Scans.
//!
//! The parts of a table are segments of a Scan; where a page ends, the key of its last item says where to go on. Reads
//! are strongly consistent: each item is as it was when its page was read, or later than that. Credentials, region and
//! endpoint are found as the SDK of AWS finds them: profiles, SSO, web identity, containers, instances.
//!
//! The role needs `dynamodb:ListTables`, `dynamodb:DescribeTable` and `dynamodb:Scan`.

mod database;
mod item;
mod reader;

pub(super) use database::{ALONE, Dynamodb, Plan, SCHEMES, split};
pub(super) use item::typed_key;
pub(super) use reader::Reader;
