//! A region's tables: which there are, and what they are made of.

use crate::config::SnapshotTable;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::snapshot::table::{Described, Form, Range, TableName};
use crate::source::SourceIdentity;
use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Region;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{KeyType, TableDescription};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The letters of the schemes of its tables, by the decoders of their streams.
pub(in crate::snapshot) const SCHEMES: [(&str, char); 2] = [("dynamodb", 'd'), ("dynamodb-kinesis", 'k')];
/// The scheme of a table without a stream: what its stream will have, as an export has it.
pub(in crate::snapshot) const ALONE: char = 'd';

/// Attempts to read a page, which may be throttled: with the SDK's pauses some two minutes.
const ATTEMPTS: u32 = 12;
/// Attempts of a question before all reading: whoever waits for it has more likely named the wrong place.
const ATTEMPTS_AT_FIRST: u32 = 3;

/// A region's tables.
pub(in crate::snapshot) struct Dynamodb {
    /// What asks for tables.
    asking: Client,
    /// What reads them.
    pub(super) client: Client,
}

/// How a table is read.
pub(in crate::snapshot) struct Plan {
    /// As the service knows it.
    pub(super) table: String,
    pub(super) key: Vec<String>,
    pub(super) chunk: u64,
}

impl Plan {
    /// The attributes by which a place in the table is known.
    pub(in crate::snapshot) fn order(&self) -> Vec<String> {
        self.key.clone()
    }
}

impl Dynamodb {
    /// The tables of `region`, or of the one that the environment names.
    pub(in crate::snapshot) async fn new(region: &str) -> Self {
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let mut settings = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
        if !region.is_empty() {
            settings = settings.region(Region::new(region.to_owned()));
        }
        let settings = settings.load().await;
        let trying = |attempts: u32| {
            let retries = RetryConfig::standard().with_max_attempts(attempts);
            Client::from_conf(
                aws_sdk_dynamodb::config::Builder::from(&settings).retry_config(retries).build(),
            )
        };
        Self { asking: trying(ATTEMPTS_AT_FIRST), client: trying(ATTEMPTS) }
    }

    /// The tables there are.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub(in crate::snapshot) async fn names(&self) -> Result<Vec<TableName>> {
        let mut pages = self.asking.list_tables().into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(table) = pages.next().await {
            let table = table.map_err(|error| meaning(&error))?;
            names.push(TableName { schema: String::new(), table, is_current: true, is_hidden: false });
        }
        Ok(names)
    }

    /// What a table is made of: its key.
    ///
    /// # Errors
    /// When it is not there or may not be described, or its rows are asked for in a way that DynamoDB has not.
    pub(in crate::snapshot) async fn describe(
        &self,
        name: Option<&TableName>,
        table: &SnapshotTable,
    ) -> Result<(Described, Plan)> {
        let (Some(name), None, None) = (name, &table.query, &table.filter) else {
            return Err(Error::config(format!(
                "snapshot.table {}: a table of DynamoDB is read whole. Remove its `query` or `where`; a route's \
                 `include` and `exclude` leave attributes out.",
                table.name
            )));
        };
        let answer = self.asking.describe_table().table_name(&name.table).send().await;
        let answer = answer.map_err(|error| meaning(&error).about(&name.table, None))?;
        let described = answer.table().ok_or_else(|| incomplete(&name.table))?;
        let arn = described.table_arn().ok_or_else(|| incomplete(&name.table))?.to_owned();
        let columns = key_of(described);
        if columns.is_empty() {
            return Err(incomplete(&name.table));
        }
        let key: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        let plan =
            Plan { table: name.table.clone(), key: key.clone(), chunk: table.chunk.unwrap_or(u64::MAX) };
        let described = Described {
            name: table.name.clone(),
            source: SourceIdentity::of_arn(&arn),
            key: if table.key.is_empty() { key } else { table.key.clone() },
            form: Form::Items { arn, types: columns.clone() },
            columns,
        };
        Ok((described, plan))
    }
}

/// The parts of a table: a segment each. What stands in the place of a key is its number, and how many there are.
pub(in crate::snapshot) fn split(parts: u64) -> Vec<Range> {
    let segment = |number: u64| vec![number.to_string(), parts.max(1).to_string()];
    (0..parts.max(1)).map(|number| Range { after: None, until: Some(segment(number)) }).collect()
}

/// The attributes of the key and their types, that of the partition first.
fn key_of(table: &TableDescription) -> Vec<(String, String)> {
    let types = table.attribute_definitions();
    let of = |name: &str| {
        let found = types.iter().find(|it| it.attribute_name() == name);
        found.map_or_else(|| "S".to_owned(), |it| it.attribute_type().as_str().to_owned())
    };
    let mut key: Vec<_> = table.key_schema().iter().collect();
    key.sort_by_key(|element| *element.key_type() != KeyType::Hash);
    key.iter().map(|it| (it.attribute_name().to_owned(), of(it.attribute_name()))).collect()
}

fn incomplete(table: &str) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        Code::Unavailable,
        "Source: the service of snapshot.url described a table without its ARN or its key.",
    )
    .about(table, None)
}

/// What an error of a call means. What the service says of an input that it refuses may quote it, and is left out.
pub(super) fn meaning<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Error {
    let answer = error.as_service_error().and_then(|answer| Some((answer.code()?, answer.message())));
    let Some((code, message)) = answer else {
        return Error::new(
            ErrorKind::Unavailable,
            Code::Unavailable,
            "Source: DynamoDB cannot be reached. Are there credentials, is the region that of snapshot.url \
             (dynamodb://REGION) or of the environment, and does its endpoint answer?",
        );
    };
    let told: String = match code {
        "ValidationException" => String::new(),
        _ => message.unwrap_or_default().chars().filter(|c| !c.is_control()).take(300).collect(),
    };
    let told = if told.is_empty() { told } else { format!(" ({told})") };
    let (kind, code_of) = match code {
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "InternalServerError"
        | "ServiceUnavailable" => (ErrorKind::Unavailable, Code::Unavailable),
        _ => (ErrorKind::Config, Code::Configuration),
    };
    Error::new(kind, code_of, format!("Source: DynamoDB of snapshot.url answered {code}{told}."))
}

#[cfg(test)]
mod tests {
    use super::{key_of, split};
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, KeySchemaElement, KeyType, ScalarAttributeType, TableDescription,
    };

    #[test]
    fn the_key_begins_with_the_attribute_of_the_partition() {
        let element = |name: &str, of: KeyType| {
            KeySchemaElement::builder().attribute_name(name).key_type(of).build().unwrap()
        };
        let definition = |name: &str, of: ScalarAttributeType| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(of).build().unwrap()
        };
        let table = TableDescription::builder()
            .key_schema(element("line", KeyType::Range))
            .key_schema(element("order", KeyType::Hash))
            .attribute_definitions(definition("line", ScalarAttributeType::N))
            .attribute_definitions(definition("order", ScalarAttributeType::S))
            .build();
        let own = |name: &str, of: &str| (name.to_owned(), of.to_owned());
        assert_eq!(key_of(&table), [own("order", "S"), own("line", "N")]);
    }

    #[test]
    fn a_part_is_a_segment_of_all() {
        let segments: Vec<_> = split(3).into_iter().map(|it| it.until.unwrap().join("/")).collect();
        assert_eq!(segments, ["0/3", "1/3", "2/3"]);
        assert_eq!(split(0).len(), 1);
    }
}
