//! The source formats, a file or a folder each. What a format is, what orders its changes and what it cannot promise
//! stand at the top of its page.

pub mod archive;
pub mod canal;
pub mod collect;
pub mod debezium;
pub mod dms;
pub mod dsql;
pub mod dynamodb;
pub mod dynamodb_export;
pub mod json;
pub mod maxwell;
pub mod mongodb;
pub mod snapshot;
pub mod wal2json;

pub use archive::Archive;
pub use canal::Canal;
pub use collect::Collect;
pub use debezium::Debezium;
pub use dms::Dms;
pub use dsql::Dsql;
pub use dynamodb::{DynamodbKinesis, DynamodbStreams};
pub use dynamodb_export::DynamodbExport;
pub use json::Json;
pub use maxwell::Maxwell;
pub use mongodb::Mongodb;
pub use snapshot::Snapshot;
pub use wal2json::Wal2json;
