//! The variables of the Lambda functions of LorryStream and CrateDB Toolkit, so that such a function can be replaced by
//! changing its image. Each is told once to be out of date.

use super::{Environment, RoutePolicy, SinkUrl};
use crate::error::{Error, Result};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A variable of theirs, and what stands in its place here.
const REPLACED: &[(&str, &str)] = &[
    ("SINK_SQLALCHEMY_URL", "ROWTIDE_SINK_URL"),
    ("CRATEDB_CLUSTER_URL", "ROWTIDE_SINK_URL"),
    ("MESSAGE_FORMAT", "ROWTIDE_SOURCE_DECODER"),
    ("SINK_TABLE", "`to` and `merge` of a [[route]]"),
    ("CRATEDB_TABLE", "`to` and `merge` of a [[route]]"),
    ("COLUMN_TYPES", "`json` of a [[route]]"),
    ("USE_BATCH_PROCESSING", "nothing: without their variables every answer is a partial batch response"),
    ("ON_ERROR", "nothing: what can never be applied is parked, what can is delivered again"),
];

/// Where both write when nothing says where.
const DEFAULT_URL: &str = "crate://";
/// Where a function of LorryStream writes when nothing says into which table.
const DEFAULT_TABLE: &str = "default";
/// What the names of CrateDB's HTTP endpoint end with; statements go to the other one.
const HTTP_PORT: &str = ":4200";

/// What variables of theirs stand for.
#[derive(Debug, Default)]
pub(super) struct Predecessor {
    /// When nothing else names a database.
    pub(super) url: Option<SinkUrl>,
    /// When the file has none.
    pub(super) routes: Vec<RoutePolicy>,
    /// An invocation fails when not all of its records are durable: its answer would not be read.
    pub(super) fails_whole: bool,
}

/// Whether a function with these variables must fail rather than name the records that are to come again.
///
/// Their event source mappings have no `ReportBatchItemFailures`, unless `USE_BATCH_PROCESSING` is true: Lambda would
/// take an answer with failures for success, and the records would be lost. None: nobody can say.
pub(super) fn fails_whole(variable: &dyn Fn(&str) -> Option<String>) -> Option<bool> {
    if !REPLACED.iter().any(|(name, _)| variable(name).is_some()) {
        return Some(false);
    }
    variable("USE_BATCH_PROCESSING").map_or(Some(true), |text| as_bool(&text).map(|reports| !reports))
}

/// What the words of theirs mean.
fn as_bool(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" => Some(true),
        "false" | "no" | "off" | "n" | "f" | "0" => Some(false),
        _ => None,
    }
}

/// The environment with our variables in the place of theirs, and what else theirs stand for. What is set by our own
/// name wins.
pub(super) fn translated(environment: &Environment) -> Result<(Environment, Predecessor)> {
    let given =
        |name: &str| environment.get(name).and_then(|value| value.to_str()).filter(|value| !value.is_empty());
    let mut ours = environment.clone();
    let mut theirs = REPLACED.iter().filter(|(name, _)| given(name).is_some()).peekable();
    if theirs.peek().is_none() {
        return Ok((ours, Predecessor::default()));
    }
    for (name, instead) in theirs {
        tracing::warn!(
            variable = name,
            instead,
            "This variable is out of date and will not be read for ever."
        );
    }
    let fails_whole = fails_whole(&|name| given(name).map(str::to_owned))
        .ok_or_else(|| Error::config("USE_BATCH_PROCESSING must be `true` or `false`"))?;
    if fails_whole {
        tracing::warn!(
            "USE_BATCH_PROCESSING is not true, so the event source mapping may lack ReportBatchItemFailures, and Lambda \
             would take an answer that names records for success. An invocation whose records are not all durable \
             therefore fails, and its whole batch comes again. Set FunctionResponseTypes of the mapping to \
             ReportBatchItemFailures, then USE_BATCH_PROCESSING to true."
        );
    }
    for name in ["SINK_SQLALCHEMY_URL", "CRATEDB_CLUSTER_URL"] {
        if !ours.contains_key("ROWTIDE_SINK_URL")
            && let Some(url) = given(name)
        {
            ours.insert("ROWTIDE_SINK_URL".to_owned(), wire_url(name, url)?.as_ref().into());
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
    let routes = routes(given)?;
    Ok((ours, Predecessor { url: Some(SinkUrl::new(DEFAULT_URL)), routes, fails_whole }))
}

/// What names CrateDB's HTTP endpoint, as a URL of the PostgreSQL wire on the same host.
fn wire_url<'u>(name: &str, url: &'u str) -> Result<Cow<'u, str>> {
    let http = [("https://", "sslmode=verify-full"), ("http://", "")]
        .into_iter()
        .find_map(|(scheme, tls)| url.strip_prefix(scheme).map(|rest| (rest, tls)));
    let rest = http.map(|(rest, _)| rest).or_else(|| url.strip_prefix(DEFAULT_URL));
    let Some(rest) = rest else { return Ok(Cow::Borrowed(url)) };
    let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
    let place = place.split('/').next().unwrap_or(place);
    if place.split(',').any(|host| host.ends_with(HTTP_PORT)) || (http.is_some() && !has_port(place)) {
        tracing::warn!(
            variable = name,
            "This URL names CrateDB's HTTP endpoint. Statements go over the PostgreSQL wire, to port 5432 of the same \
             host: it must be reachable. If it is another one, write crate://USER:PASSWORD@HOST:PORT."
        );
    } else if http.is_some() {
        return Err(Error::config(format!(
            "{name} names a port of HTTP, which says nothing of the port of CrateDB's PostgreSQL wire. Write \
             crate://USER:PASSWORD@HOST:PORT with that port, which is 5432 unless somebody changed it"
        )));
    }
    let Some((_, tls)) = http else { return Ok(Cow::Borrowed(url)) };
    // `ssl` is what the scheme says already
    let options = options.split('&').filter(|option| !option.is_empty() && !option.starts_with("ssl="));
    let options: Vec<&str> = options.chain(Some(tls).filter(|tls| !tls.is_empty())).collect();
    let query = if options.is_empty() { String::new() } else { format!("?{}", options.join("&")) };
    Ok(Cow::Owned(format!("{DEFAULT_URL}{place}{query}")))
}

/// Whether one of the hosts behind the user has a port.
fn has_port(place: &str) -> bool {
    let hosts = place.rsplit_once('@').map_or(place, |(_, hosts)| hosts);
    hosts.split(',').any(|host| host.rsplit(']').next().unwrap_or(host).contains(':'))
}

/// The routes that lead where theirs writes.
fn routes<'v>(given: impl Fn(&str) -> Option<&'v str>) -> Result<Vec<RoutePolicy>> {
    let format = given("MESSAGE_FORMAT");
    let mut routes: Vec<RoutePolicy> =
        given("COLUMN_TYPES").map(json_columns).transpose()?.unwrap_or_default();
    // of DMS, theirs takes schema and table from the records
    if format == Some("dms") {
        routes.push(RoutePolicy::default());
        routes.iter_mut().for_each(|route| "{schema}.{table}".clone_into(&mut route.to));
        return Ok(routes);
    }
    let is_lorrystream =
        || !["CRATEDB_CLUSTER_URL", "ROWTIDE_SINK_URL"].iter().any(|name| given(name).is_some());
    let table = given("SINK_TABLE")
        .or_else(|| given("CRATEDB_TABLE"))
        .or_else(|| (format.is_some() && is_lorrystream()).then_some(DEFAULT_TABLE));
    if table.is_some_and(|table| table.contains(['{', '}'])) {
        return Err(Error::config("SINK_TABLE and CRATEDB_TABLE must have no braces"));
    }
    if table.is_some() || !routes.is_empty() {
        routes.push(RoutePolicy::default());
    }
    if let Some(table) = table {
        for route in &mut routes {
            route.to = table.replace('"', "");
            // whatever table of the source a record is of
            route.merge = true;
        }
    }
    Ok(routes)
}

/// The routes of `{"schema:table:column": "map"}`: columns that hold JSON text.
fn json_columns(text: &str) -> Result<Vec<RoutePolicy>> {
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
    let route = |(from, json)| RoutePolicy { from, json, ..RoutePolicy::default() };
    Ok(of_table.into_iter().map(route).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::route_for;
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
        let route = route_for(&config, "anything").unwrap().unwrap();
        assert_eq!((route.to.as_str(), route.merge), ("orders_stream", true), "whatever table it is of");
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
        assert_eq!(route_for(&config, "public.foo").unwrap().unwrap().json, ["attributes", "more"]);
        let other = route_for(&config, "public.bar").unwrap().unwrap();
        assert_eq!((other.to.as_str(), other.merge), ("{schema}.{table}", false), "where theirs writes");
    }

    #[test]
    fn what_theirs_takes_for_granted_is_taken_for_granted() {
        let config = loaded(&[("MESSAGE_FORMAT", "dynamodb")]).unwrap();
        let url = config.sink.url.as_ref().unwrap().expose();
        assert_eq!((url, config.sink.schema.as_str()), ("crate://", "doc"));
        let route = route_for(&config, "orders").unwrap().unwrap();
        assert_eq!((route.to.as_str(), route.merge), ("default", true));
        let config = loaded(&[("MESSAGE_FORMAT", "dynamodb"), ("CRATEDB_CLUSTER_URL", "crate://h")]).unwrap();
        assert_eq!(
            route_for(&config, "orders").unwrap().unwrap().to,
            "{table}",
            "the toolkit has no such table"
        );
        assert_eq!(loaded(&[]).unwrap().sink.url, None);
    }

    #[test]
    fn an_invocation_fails_as_a_whole_unless_their_answers_are_read() {
        let cases: [(&[(&str, &str)], bool); 7] = [
            (&[], false),
            (&[("USE_BATCH_PROCESSING", "true")], false),
            (&[("USE_BATCH_PROCESSING", " On "), ("MESSAGE_FORMAT", "dms")], false),
            (&[("USE_BATCH_PROCESSING", "")], false),
            (&[("MESSAGE_FORMAT", "dms")], true),
            (&[("SINK_SQLALCHEMY_URL", "crate://h"), ("ROWTIDE_SINK_URL", "crate://h")], true),
            (&[("USE_BATCH_PROCESSING", "0"), ("MESSAGE_FORMAT", "dms")], true),
        ];
        for (variables, fails) in cases {
            assert_eq!(loaded(variables).unwrap().fails_whole, fails, "{variables:?}");
        }
    }

    #[test]
    fn a_url_of_the_http_endpoint_is_one_of_the_wire_or_says_what_to_write() {
        let cases = [
            ("crate://u:p@h:4200?ssl=true", Some("crate://u:p@h:4200?ssl=true")),
            (
                "https://u:p@h:4200/?ssl=true&schema=s",
                Some("crate://u:p@h:4200?schema=s&sslmode=verify-full"),
            ),
            ("https://u:p@h/s/t", Some("crate://u:p@h?sslmode=verify-full")),
            ("http://localhost:4200", Some("crate://localhost:4200")),
            ("http://u:p@[::1]", Some("crate://u:p@[::1]")),
            ("postgresql://h/doc", Some("postgresql://h/doc")),
            ("secretsmanager://shop/db", Some("secretsmanager://shop/db")),
            ("https://u:hunter2@h:443/", None),
            ("http://u:hunter2@[::1]:14200/", None),
        ];
        for (url, wire) in cases {
            for name in ["SINK_SQLALCHEMY_URL", "CRATEDB_CLUSTER_URL"] {
                match (loaded(&[(name, url)]), wire) {
                    (Ok(config), Some(wire)) => assert_eq!(config.sink.url.unwrap().expose(), wire),
                    (Err(error), None) => {
                        assert!(error.contains(name) && error.contains("crate://USER"), "{error}");
                        assert!(!error.contains("hunter2"), "{error}");
                    }
                    (found, _) => panic!("{url}: {:?}", found.map(|config| config.sink.url)),
                }
            }
        }
    }

    #[test]
    fn our_own_names_win_and_wrong_values_are_named_without_showing_them() {
        let config =
            loaded(&[("SINK_SQLALCHEMY_URL", "crate://a"), ("ROWTIDE_SINK_URL", "crate://b")]).unwrap();
        assert_eq!(config.sink.url.unwrap().expose(), "crate://b");
        for (name, value) in [
            ("MESSAGE_FORMAT", "secret"),
            ("COLUMN_TYPES", "secret"),
            ("COLUMN_TYPES", "{\"a\":\"map\"}"),
            ("USE_BATCH_PROCESSING", "secret"),
            ("SINK_TABLE", "secret{x}"),
        ] {
            let error = loaded(&[(name, value)]).unwrap_err();
            assert!(error.contains(name) && !error.contains("secret"), "{error}");
        }
    }
}
