//! The variables of the Lambda functions of LorryStream and CrateDB Toolkit, so that such a function can be replaced by
//! changing its image. Each is told once to be out of date.

use super::{Environment, RouteConfig};
use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// A variable of theirs, and what stands in its place here.
const REPLACED: &[(&str, &str)] = &[
    ("SINK_SQLALCHEMY_URL", "ROWTIDE_SINK_URL"),
    ("CRATEDB_CLUSTER_URL", "ROWTIDE_SINK_URL"),
    ("MESSAGE_FORMAT", "ROWTIDE_SOURCE_DECODER"),
    ("SINK_TABLE", "`to` of a [[route]]"),
    ("CRATEDB_TABLE", "`to` of a [[route]]"),
    ("COLUMN_TYPES", "`json` of a [[route]]"),
    ("USE_BATCH_PROCESSING", "nothing: every answer is a partial batch response"),
    ("ON_ERROR", "nothing: what can never be applied is parked, what can is delivered again"),
];

/// The environment with our variables in the place of theirs, and the routes that theirs stand for. What is set by our
/// own name wins.
pub(super) fn translated(environment: &Environment) -> Result<(Environment, Vec<RouteConfig>)> {
    let given =
        |name: &str| environment.get(name).and_then(|value| value.to_str()).filter(|value| !value.is_empty());
    let mut ours = environment.clone();
    for (name, instead) in REPLACED.iter().filter(|(name, _)| given(name).is_some()) {
        tracing::warn!(
            variable = name,
            instead,
            "This variable is out of date and will not be read for ever."
        );
    }
    for name in ["SINK_SQLALCHEMY_URL", "CRATEDB_CLUSTER_URL"] {
        if let Some(url) = given(name) {
            ours.entry("ROWTIDE_SINK_URL".to_owned()).or_insert_with(|| url.into());
        }
    }
    let decoder = match given("MESSAGE_FORMAT") {
        Some("dynamodb") => Some("dynamodb-kinesis"),
        Some("dms") => Some("dms"),
        Some(_) => return Err(Error::config("MESSAGE_FORMAT must be `dynamodb` or `dms`")),
        None => None,
    };
    if let Some(decoder) = decoder {
        ours.entry("ROWTIDE_SOURCE_DECODER".to_owned()).or_insert_with(|| decoder.into());
    }
    // of DMS, theirs takes the tables from the records
    let table = given("SINK_TABLE").or(given("CRATEDB_TABLE")).filter(|_| decoder != Some("dms"));
    let to = table.map(|table| table.replace('"', ""));
    let mut routes: Vec<RouteConfig> =
        given("COLUMN_TYPES").map(json_columns).transpose()?.unwrap_or_default();
    for route in &mut routes {
        route.to = to.clone().unwrap_or_else(|| route.to.clone());
    }
    if to.is_some() || !routes.is_empty() {
        routes.push(RouteConfig {
            to: to.unwrap_or_else(|| RouteConfig::default().to),
            ..RouteConfig::default()
        });
    }
    Ok((ours, routes))
}

/// The routes of `{"schema:table:column": "map"}`: columns that hold JSON text.
fn json_columns(text: &str) -> Result<Vec<RouteConfig>> {
    let wrong = || Error::config("COLUMN_TYPES must be JSON such as {\"public:orders:attributes\": \"map\"}");
    let columns: BTreeMap<String, String> = serde_json::from_str(text).map_err(|_| wrong())?;
    let mut of_table: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, type_name) in &columns {
        let parts: Vec<&str> = path.split(':').collect();
        let [schema, table, column] = parts.as_slice() else { return Err(wrong()) };
        if !matches!(type_name.to_ascii_lowercase().as_str(), "map" | "object") || column.is_empty() {
            return Err(wrong());
        }
        of_table.entry(format!("{schema}.{table}")).or_default().push((*column).to_owned());
    }
    let route = |(from, json)| RouteConfig { from, json, ..RouteConfig::default() };
    Ok(of_table.into_iter().map(route).collect())
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Draft, Inputs, whole};
    use super::Environment;
    use std::path::Path;

    fn loaded(variables: &[(&str, &str)]) -> Result<Config, String> {
        let environment: Environment =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let inputs = Inputs {
            file: Some(Path::new("/dev/null")),
            set: &[],
            environment: &environment,
            directory: Path::new(""),
            ignore: &[],
        };
        Draft::new(&inputs).like_function().and_then(|draft| whole(&draft)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_function_of_lorrystream_is_understood() {
        let config = loaded(&[
            ("SINK_SQLALCHEMY_URL", "crate://u:secret@db.example.org:4200/?schema=testdrive"),
            ("SINK_TABLE", "orders_stream"),
            ("MESSAGE_FORMAT", "dynamodb"),
            ("USE_BATCH_PROCESSING", "true"),
            ("ON_ERROR", "exit"),
        ])
        .unwrap();
        assert!(config.sink.url.as_ref().unwrap().expose().starts_with("crate://u:secret@"));
        assert_eq!(
            (config.sink.schema.as_str(), config.source.decoder.as_str()),
            ("testdrive", "dynamodb-kinesis")
        );
        assert_eq!(config.route_for("anything").unwrap().unwrap().to, "orders_stream");
    }

    #[test]
    fn a_function_of_cratedb_toolkit_is_understood() {
        let config = loaded(&[
            ("CRATEDB_CLUSTER_URL", "crate://localhost"),
            ("CRATEDB_TABLE", "\"cdc\".\"orders\""),
            ("MESSAGE_FORMAT", "dms"),
            ("COLUMN_TYPES", r#"{"public:foo:attributes": "map", "public:foo:more": "OBJECT"}"#),
        ])
        .unwrap();
        assert_eq!((config.sink.schema.as_str(), config.source.decoder.as_str()), ("doc", "dms"));
        assert_eq!(config.route_for("public.foo").unwrap().unwrap().json, ["attributes", "more"]);
        assert_eq!(config.route_for("public.bar").unwrap().unwrap().to, "{table}");
    }

    #[test]
    fn our_own_names_win_and_wrong_values_are_named_without_showing_them() {
        let config =
            loaded(&[("SINK_SQLALCHEMY_URL", "crate://a"), ("ROWTIDE_SINK_URL", "crate://b")]).unwrap();
        assert_eq!(config.sink.url.unwrap().expose(), "crate://b");
        for (name, value) in
            [("MESSAGE_FORMAT", "secret"), ("COLUMN_TYPES", "secret"), ("COLUMN_TYPES", "{\"a\":\"map\"}")]
        {
            let error = loaded(&[(name, value)]).unwrap_err();
            assert!(error.contains(name) && !error.contains("secret"), "{error}");
        }
    }
}
