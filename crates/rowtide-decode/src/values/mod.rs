//! Typed values that formats share, each written as the JSON value it stands for: plain JSON, DynamoDB's attributes,
//! MongoDB's extended JSON.

pub(crate) mod attribute;
pub(crate) mod copy;
pub(crate) mod extended_json;
