//! The one table of settings: the file, the variables, `--set`, `rowtide config` and docs/configuration.md follow it.

use std::time::Duration;

use super::given::{self, Word, show_duration, show_list, show_source, show_table, show_word};
use super::setting::Setting;
use super::snapshot::{set_chunk, set_destinations, show_destinations};
use super::{ArchiveFormat, Auth, Config, Ddl, DialectChoice, Payload, Tls, VersionScheme, collect};
use crate::policy::{DataLayout, DeletePolicy, OnConfigError, RoutePolicy, Truncate, Ttl, Unrouted};
use crate::rules::{Images, Keyless};

/// The longest retention: beyond it, dates leave what databases can hold.
const LONGEST_RETENTION: Duration = Duration::from_secs(36_500 * 86_400);
/// PostgreSQL keeps `statement_timeout` as an `int4` of milliseconds.
const LONGEST_STATEMENT: Duration = Duration::from_secs(24 * 86_400);
/// More than any server accepts from one client.
const CONNECTIONS_MAX: u64 = 1_000;
const LIMIT_MAX: u64 = 1_000_000_000;
/// Below it, records that are allowed could not be taken in.
pub(super) const MEMORY_MIN: u64 = 16 << 20;
pub(super) const MEMORY_MAX: u64 = 1 << 40;
/// PostgreSQL and CrateDB stop far below it.
const COLUMNS_MAX: u64 = 100_000;

/// All settings except those of routes, in the order in which people read them.
pub const SETTINGS: &[Setting<Config>] = &[
    Setting {
        name: "source.decoder",
        values: "`auto` or the name of a decoder",
        about: "The format of the records. `auto` looks at each record; pin it in production.",
        example: r#"decoder = "dynamodb-kinesis""#,
        secret: false,
        set: |config, given| given::text(given, &mut config.source.decoder),
        get: |config| config.source.decoder.clone(),
    },
    Setting {
        name: "source.version",
        values: "`auto`, `arrival`, `once`, `dynamodb` or `dynamodb-kinesis`",
        about: "What orders the changes of a key: the source's own order, or with `arrival` the order of \
            arrival. With `once` the first write of a key counts, and its repetitions are stale: for events that \
            never change, also behind a queue that keeps no order. For a DynamoDB export: the decoder of its table's stream, else `dynamodb`.",
        example: r#"version = "arrival""#,
        secret: false,
        set: |config, given| given::word(given, &mut config.source.version),
        get: |config| show_word(config.source.version),
    },
    Setting {
        name: "source.epoch",
        values: "a whole number from 0 to 65535",
        about: "Raise it by one after the source was rebuilt or failed over: what comes later then wins.",
        example: "epoch = 1",
        secret: false,
        set: |config, given| given::number(given, 0..=u64::from(u16::MAX), &mut config.source.epoch),
        get: |config| config.source.epoch.to_string(),
    },
    Setting {
        name: "source.unrouted",
        values: "`auto`, `ignore` or `fail`",
        about: "What becomes of records that no route takes. `ignore` leaves them out, `fail` [sets them \
            aside](#set-aside), `auto` also leaves them out, but [notices typing \
            errors](#tables-that-no-route-takes).",
        example: r#"unrouted = "fail""#,
        secret: false,
        set: |config, given| given::word(given, &mut config.source.unrouted),
        get: |config| show_word(config.source.unrouted),
    },
    Setting {
        name: "source.table",
        values: "the name of a table",
        about: "The table of records that do not name it: bare `dynamodb`, data files of a DynamoDB export, \
            `json`.",
        example: r#"table = "orders""#,
        secret: false,
        set: |config, given| given::optional_text(given, &mut config.source.table),
        get: |config| config.source.table.clone().unwrap_or_default(),
    },
    Setting {
        name: "source.label",
        values: "the label of a stream",
        about: "The stream label (its creation time) of bare `dynamodb` records.",
        example: r#"label = "2026-01-31T08:00:00.000""#,
        secret: false,
        set: |config, given| given::optional_text(given, &mut config.source.label),
        get: |config| config.source.label.clone().unwrap_or_default(),
    },
    Setting {
        name: "source.exported_at",
        values: "a point in time such as `2026-01-31T08:00:00Z`",
        about: "The `exportTime` of a full DynamoDB export that is read without its manifest.",
        example: r#"exported_at = "2026-01-31T08:00:00Z""#,
        secret: false,
        set: |config, given| given::optional_time(given, &mut config.source.exported_at),
        get: |config| config.source.exported_at.map(|time| time.to_string()).unwrap_or_default(),
    },
    Setting {
        name: "source.json_table",
        values: "a JSON Pointer such as `/meta/table`",
        about: "Where `json` records name their table. Not set: all are of `source.table`.",
        example: r#"json_table = "/table""#,
        secret: false,
        set: |config, given| given::optional_pointer(given, &mut config.source.json_table),
        get: |config| config.source.json_table.clone().unwrap_or_default(),
    },
    Setting {
        name: "source.json_key",
        values: "a list of JSON Pointers; in a variable or `--set` with commas between them",
        about: "Where they have the members of their key, each named as its pointer ends. Not set: the \
            route's `key` names members of the document.",
        example: r#"json_key = ["/key/tenant", "/key/id"]"#,
        secret: false,
        set: |config, given| given::pointers(given, &mut config.source.json_key),
        get: |config| show_list(&config.source.json_key),
    },
    Setting {
        name: "source.json_operation",
        values: "a JSON Pointer such as `/op`",
        about: "Where they have the operation: `insert`, `update`, `upsert`, `put`, `c`, `u` or `r`; \
            `delete`, `remove` or `d`; or `truncate`. Not set: all are `put`.",
        example: r#"json_operation = "/op""#,
        secret: false,
        set: |config, given| given::optional_pointer(given, &mut config.source.json_operation),
        get: |config| config.source.json_operation.clone().unwrap_or_default(),
    },
    Setting {
        name: "source.json_version",
        values: "a JSON Pointer such as `/meta/seq`",
        about: "Where they have what orders the changes of a key: a number, a time, or text of one width. \
            Needed unless `version` is `arrival` or `once`.",
        example: r#"json_version = "/seq""#,
        secret: false,
        set: |config, given| given::optional_pointer(given, &mut config.source.json_version),
        get: |config| config.source.json_version.clone().unwrap_or_default(),
    },
    Setting {
        name: "source.json_document",
        values: "a JSON Pointer such as `/data`",
        about: "Where they have the whole row after the change. Not set: the record is the document.",
        example: r#"json_document = "/after""#,
        secret: false,
        set: |config, given| given::optional_pointer(given, &mut config.source.json_document),
        get: |config| config.source.json_document.clone().unwrap_or_default(),
    },
    Setting {
        name: "sink.url",
        values: "a URL that begins with `postgresql://`, `postgres://` or `crate://`, `host=… user=…` pairs, or \
            a reference to a secret",
        about: "The database, with user and password; better by reference, such as `secretsmanager://NAME`.",
        example: r#"url = "postgresql://rowtide:secret@db.example.org:5432/warehouse""#,
        secret: true,
        set: |config, given| given::url(given, &mut config.sink.url),
        get: |config| config.sink.url.as_ref().map(|url| url.expose().to_owned()).unwrap_or_default(),
    },
    Setting {
        name: "sink.schema",
        values: "the name of a schema, of at most 63 bytes",
        about: "The schema of rowtide's own tables, and of targets that name none. On CrateDB the default is \
            `doc`.",
        example: r#"schema = "cdc""#,
        secret: false,
        set: |config, given| given::schema(given, &mut config.sink.schema),
        get: |config| config.sink.schema.clone(),
    },
    Setting {
        name: "sink.dialect",
        values: "`auto`, `postgres` or `cratedb`",
        about: "The database's kind; `auto` finds out.",
        example: r#"dialect = "cratedb""#,
        secret: false,
        set: |config, given| given::word(given, &mut config.sink.dialect),
        get: |config| show_word(config.sink.dialect),
    },
    Setting {
        name: "sink.suffix",
        values: "text, not empty",
        about: "What a storage table's name has behind its view's.",
        example: r#"suffix = "_log""#,
        secret: false,
        set: |config, given| given::text(given, &mut config.sink.suffix),
        get: |config| config.sink.suffix.clone(),
    },
    Setting {
        name: "sink.tombstone_retention",
        values: "a duration such as `7d`, `12h`, `30m`, `45s` or `500ms`",
        about: "How long a deleted row is remembered: longer than the source's retention plus the time for a \
            redrive.",
        example: r#"tombstone_retention = "14d""#,
        secret: false,
        set: |config, given| given::duration(given, LONGEST_RETENTION, &mut config.sink.tombstone_retention),
        get: |config| show_duration(config.sink.tombstone_retention),
    },
    Setting {
        name: "sink.ddl",
        values: "`auto` or `never`",
        about: "Whether missing tables and views are created. With `never` the error prints the statement.",
        example: r#"ddl = "never""#,
        secret: false,
        set: |config, given| given::word(given, &mut config.sink.ddl),
        get: |config| show_word(config.sink.ddl),
    },
    Setting {
        name: "sink.auth",
        values: "`password` or `rds-iam`",
        about: "How the user logs in: by the URL's password, or by a token of AWS IAM for each connection, \
            which must then be encrypted.",
        example: r#"auth = "rds-iam""#,
        secret: false,
        set: |config, given| given::word(given, &mut config.sink.auth),
        get: |config| show_word(config.sink.auth),
    },
    Setting {
        name: "sink.tls",
        values: "`verify-full`, `verify-ca`, `require`, `prefer` or `disable`",
        about: "How the connection is encrypted. Not set: the URL's `sslmode`, else `verify-full`, except on \
            loopback (of `hostaddr`, if the URL has it) and sockets.",
        example: r#"tls = "verify-full""#,
        secret: false,
        set: |config, given| given::optional_word(given, &mut config.sink.tls),
        get: |config| config.sink.tls.map(show_word).unwrap_or_default(),
    },
    Setting {
        name: "sink.tls_root_cert",
        values: "the path of a PEM file, not its content (so without `file://`)",
        about: "The certificates to trust instead of the system's.",
        example: r#"tls_root_cert = "/etc/ssl/rds.pem""#,
        secret: false,
        set: |config, given| given::optional_path(given, &mut config.sink.tls_root_cert),
        get: |config| {
            config.sink.tls_root_cert.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
        },
    },
    Setting {
        name: "sink.connections",
        values: "a whole number from 1 to 1000",
        about: "The most connections of one process.",
        example: "connections = 1",
        secret: false,
        set: |config, given| given::number(given, 1..=CONNECTIONS_MAX, &mut config.sink.connections),
        get: |config| config.sink.connections.to_string(),
    },
    Setting {
        name: "sink.statement_timeout",
        values: "a duration such as `45s` or `500ms`, not above `24d`",
        about: "The longest a statement may run: in Lambda never beyond the remaining time; in a command, \
            when not set, ten minutes. The first answer may take as long as the URL's `connect_timeout`, \
            else 30 s.",
        example: r#"statement_timeout = "30s""#,
        secret: false,
        set: |config, given| {
            given::optional_duration(given, LONGEST_STATEMENT, &mut config.sink.statement_timeout)
        },
        get: |config| config.sink.statement_timeout.map(show_duration).unwrap_or_default(),
    },
    Setting {
        name: "dead_letters.payload",
        values: "`full` or `none`",
        about: "Whether parked records keep their payload. With `none` only the source has it.",
        example: r#"payload = "none""#,
        secret: false,
        set: |config, given| given::word(given, &mut config.dead_letters.payload),
        get: |config| show_word(config.dead_letters.payload),
    },
    Setting {
        name: "dead_letters.retention",
        values: "a duration such as `30d` or `12h`",
        about: "How long parked records are kept.",
        example: r#"retention = "90d""#,
        secret: false,
        set: |config, given| given::duration(given, LONGEST_RETENTION, &mut config.dead_letters.retention),
        get: |config| show_duration(config.dead_letters.retention),
    },
    Setting {
        name: "dead_letters.limit",
        values: "a whole number from 0 to 1000000000",
        about: "How many records a source may park in ten minutes before invocations fail instead.",
        example: "limit = 100",
        secret: false,
        set: |config, given| given::number(given, 0..=LIMIT_MAX, &mut config.dead_letters.limit),
        get: |config| config.dead_letters.limit.to_string(),
    },
    Setting {
        name: "limits.memory",
        values: "a size such as `256MiB` or `1GiB`, from 16MiB to 1024GiB",
        about: "The memory of a batch. A record that never fits is parked as `too_large`. In Lambda the \
            default is half of the function's memory.",
        example: r#"memory = "512MiB""#,
        secret: false,
        set: |config, given| given::size(given, MEMORY_MIN..=MEMORY_MAX, &mut config.limits.memory),
        get: |config| super::given::show_size(config.limits.memory),
    },
    Setting {
        name: "metrics.emf",
        values: "`true` or `false`",
        about: "Whether Lambda functions write [metrics](metrics.md) to the log, for CloudWatch.",
        example: "emf = false",
        secret: false,
        set: |config, given| given::truth(given, &mut config.metrics.emf),
        get: |config| config.metrics.emf.to_string(),
    },
    Setting {
        name: "metrics.namespace",
        values: "the name of a CloudWatch namespace: letters, digits, spaces and `. - _ / # :`, at most 255, not \
            one of AWS",
        about: "The namespace of the metrics.",
        example: r#"namespace = "Shop/CDC""#,
        secret: false,
        set: |config, given| given::namespace(given, &mut config.metrics.namespace),
        get: |config| config.metrics.namespace.clone(),
    },
    Setting {
        name: "metrics.service",
        values: "ASCII text of at most 255 characters",
        about: "The dimension `service` of the metrics. Not set: the Lambda function's name, elsewhere \
            `rowtide`.",
        example: r#"service = "orders-cdc""#,
        secret: false,
        set: |config, given| given::optional_dimension(given, &mut config.metrics.service),
        get: |config| config.metrics.service.clone().unwrap_or_default(),
    },
    Setting {
        name: "snapshot.url",
        values: "a URL that begins with `postgresql://`, `postgres://`, `mysql://`, `mariadb://` or `dynamodb://`, \
            `host=… user=…` pairs, or a reference to a secret",
        about: "The database whose tables `rowtide snapshot` reads. MySQL and MariaDB need the feature `mysql`, \
            DynamoDB (`dynamodb://REGION`) the feature `dynamodb`.",
        example: r#"url = "secretsmanager://shop/database""#,
        secret: true,
        set: |config, given| given::source_url(given, &mut config.snapshot.url),
        get: |config| config.snapshot.url.as_ref().map(|url| url.expose().to_owned()).unwrap_or_default(),
    },
    Setting {
        name: "snapshot.tls",
        values: "`verify-full`, `verify-ca`, `require`, `prefer` or `disable`",
        about: "How that connection is encrypted; not set: as for `sink.tls`.",
        example: r#"tls = "verify-full""#,
        secret: false,
        set: |config, given| given::optional_word(given, &mut config.snapshot.tls),
        get: |config| config.snapshot.tls.map(show_word).unwrap_or_default(),
    },
    Setting {
        name: "snapshot.tls_root_cert",
        values: "the path of a PEM file, not its content (so without `file://`)",
        about: "The certificates to trust there instead of the system's.",
        example: r#"tls_root_cert = "/etc/ssl/rds.pem""#,
        secret: false,
        set: |config, given| given::optional_path(given, &mut config.snapshot.tls_root_cert),
        get: |config| {
            let path = config.snapshot.tls_root_cert.as_ref();
            path.map(|path| path.display().to_string()).unwrap_or_default()
        },
    },
    Setting {
        name: "snapshot.beside",
        values: "`auto`, `none`, `arrival`, `canal`, `debezium`, `dms`, `dsql`, `dynamodb`, `dynamodb-kinesis`, \
            `json`, `maxwell`, `mongodb` or `wal2json`",
        about: "What reads the stream of the same tables: its changes then win over the rows, and the values are \
            written as it writes them. `auto`: what filled the target so far, else `source.decoder`, else `none`.",
        example: r#"beside = "debezium""#,
        secret: false,
        set: |config, given| given::word(given, &mut config.snapshot.beside),
        get: |config| show_word(config.snapshot.beside),
    },
    Setting {
        name: "snapshot.to",
        values: "a list of `sink` and `archive`; in a variable or `--set` with commas between them",
        about: "Where the rows go: to the database of `sink.url`, to files below `archive.url`.",
        example: r#"to = ["sink", "archive"]"#,
        secret: false,
        set: |config, given| set_destinations(given, &mut config.snapshot.to),
        get: |config| show_destinations(&config.snapshot.to),
    },
    Setting {
        name: "snapshot.tables_file",
        values: "the path of a JSON file",
        about: "Tables and queries as `{\"Tables\":[{\"table_name\":\"…\",\"sql_query\":\"…\"}]}`, beside those of \
            `[[snapshot.table]]`.",
        example: r#"tables_file = "config/table_sql.json""#,
        secret: false,
        set: |config, given| given::optional_path(given, &mut config.snapshot.tables_file),
        get: |config| {
            let path = config.snapshot.tables_file.as_ref();
            path.map(|path| path.display().to_string()).unwrap_or_default()
        },
    },
    Setting {
        name: "snapshot.replace",
        values: "`true` or `false`",
        about: "Whether rows that an earlier snapshot brought and this one does not see are removed.",
        example: "replace = true",
        secret: false,
        set: |config, given| given::truth(given, &mut config.snapshot.replace),
        get: |config| config.snapshot.replace.to_string(),
    },
    Setting {
        name: "snapshot.chunk",
        values: "a whole number from 1 to 1000000000",
        about: "Rows of a table that are asked for at a time.",
        example: "chunk = 20000",
        secret: false,
        set: |config, given| set_chunk(given, &mut config.snapshot.chunk),
        get: |config| config.snapshot.chunk.to_string(),
    },
    Setting {
        name: "archive.url",
        values: "a location such as `s3://bucket/prefix` or `file:///folder`, without a password, `?` or `#`",
        about: "Where files of rows are written ([archive](archive.md)). Taken literally: here `file://` names \
            a folder, and no file whose content would be the value. A bucket needs the feature `s3`.",
        example: r#"url = "s3://lake/orders""#,
        secret: false,
        set: |config, given| given::location(given, &mut config.archive.url),
        get: |config| config.archive.url.clone().unwrap_or_default(),
    },
    Setting {
        name: "archive.format",
        values: "`ndjson.gz`, `ndjson` or `results`",
        about: "What the files are: a row a line, with gzip or without; or one `{\"Results\":[…]}` a table.",
        example: r#"format = "ndjson""#,
        secret: false,
        set: |config, given| given::word(given, &mut config.archive.format),
        get: |config| show_word(config.archive.format),
    },
    Setting {
        name: "archive.key",
        values: "a folder with `{schema}`, `{table}` and `{run}` in it, such as \
            `db={schema}/table={table}/run={run}/`; besides these ASCII letters, digits and `. _ - = /`, no part of it \
            beginning with `.` or `_`",
        about: "The folder of a table's run below `archive.url`. Where a source has no schemas, `{schema}` and \
            the character behind it are left out. `results` does not use it.",
        example: r#"key = "{run}/{schema}/{table}/""#,
        secret: false,
        set: |config, given| given::archive_key(given, &mut config.archive.key),
        get: |config| config.archive.key.clone(),
    },
    collect::TABLE,
    collect::ID,
    collect::ANSWER,
    collect::TOKENS,
    collect::SIGNATURE,
    collect::SIGNATURE_SECRET,
    collect::SIGNATURE_HEADER,
    collect::CORS,
    collect::BODY,
];

/// The settings of a `[[route]]`, in the order in which people read them.
pub const ROUTE_SETTINGS: &[Setting<RoutePolicy>] = &[
    Setting {
        name: "from",
        values: "the name of a source table, with `*` and `?` as wildcards, not empty; or a table of `table` and of \
            `region`, `account`, `db`, `server` or `connector`, with wildcards too",
        about: "The table as the source names it, with its case; of several sources, which one.",
        example: r#"from = { table = "orders", region = "eu-*" }"#,
        secret: false,
        set: |route, given| given::source(given, &mut route.from, &mut route.source),
        get: |route| show_source(&route.from, &route.source),
    },
    Setting {
        name: "skip",
        values: "`true` or `false`",
        about: "Leaves these tables out on purpose: their changes count as `filtered`.",
        example: "skip = true",
        secret: false,
        set: |route, given| given::truth(given, &mut route.skip),
        get: |route| route.skip.to_string(),
    },
    Setting {
        name: "to",
        values: "the name of a target, in which `{table}`, `{schema}`, `{region}`, `{account}`, `{db}`, `{server}` \
            and `{connector}` are replaced",
        about: "The target, in `sink.schema` unless it names another. A record that does not tell what is \
            replaced is [set aside](#set-aside).",
        example: r#"to = "sales.{table}""#,
        secret: false,
        set: |route, given| given::text(given, &mut route.to),
        get: |route| route.to.clone(),
    },
    Setting {
        name: "merge",
        values: "`true` or `false`",
        about: "Lets several sources fill one target: partitions, shards, tenants. `key_add` tells their \
            keys apart where they collide. Not together with `truncate = \"apply\"`.",
        example: "merge = true",
        secret: false,
        set: |route, given| given::truth(given, &mut route.merge),
        get: |route| route.merge.to_string(),
    },
    Setting {
        name: "key_add",
        values: "a table of names and texts, in which is replaced what is replaced in `to`",
        about: "Members added to the key of every row.",
        example: r#"key_add = { tenant = "{db}" }"#,
        secret: false,
        set: |route, given| given::table(given, &mut route.key_add),
        get: |route| show_table(&route.key_add),
    },
    Setting {
        name: "on_config_error",
        values: "`auto`, `fail` or `park`",
        about: "What becomes of records that are [set aside](#set-aside): `auto` as said there; `fail` fails \
            the invocation; `park` parks them without a limit.",
        example: r#"on_config_error = "fail""#,
        secret: false,
        set: |route, given| given::word(given, &mut route.on_config_error),
        get: |route| show_word(route.on_config_error),
    },
    Setting {
        name: "key",
        values: "a list of names, none of them empty",
        about: "The members of the key, where the source does not tell them.",
        example: r#"key = ["tenant", "id"]"#,
        secret: false,
        set: |route, given| given::list(given, &mut route.key),
        get: |route| show_list(&route.key),
    },
    Setting {
        name: "delete",
        values: "`tombstone`, `soft` or `hard`",
        about: "What a delete does: the row leaves the view, stays in it marked as deleted, or is removed at \
            once (a late record can then bring it back).",
        example: r#"delete = "soft""#,
        secret: false,
        set: |route, given| given::word(given, &mut route.delete),
        get: |route| show_word(route.delete),
    },
    Setting {
        name: "types",
        values: "a table of field names and types, such as `{ total = \"numeric(38,2)\" }`",
        about: "Typed columns: of the view on PostgreSQL, of `data` on CrateDB.",
        example: r#"types = { total = "numeric(38,2)", placed_at = "timestamptz" }"#,
        secret: false,
        set: |route, given| given::table(given, &mut route.types),
        get: |route| show_table(&route.types),
    },
    Setting {
        name: "include",
        values: "a list of field names, with `*` and `?` as wildcards, at least one, none empty; and not \
            together with `exclude`",
        about: "The document fields that are kept.",
        example: r#"include = ["name", "address*"]"#,
        secret: false,
        set: |route, given| given::list(given, &mut route.include),
        get: |route| show_list(&route.include),
    },
    Setting {
        name: "exclude",
        values: "a list of field names, with `*` and `?` as wildcards, none empty; and not together with \
            `include`",
        about: "The document fields that are left out.",
        example: r#"exclude = ["email", "phone"]"#,
        secret: false,
        set: |route, given| given::list(given, &mut route.exclude),
        get: |route| show_list(&route.exclude),
    },
    Setting {
        name: "ttl",
        values: "`apply` or `ignore`",
        about: "What deletes by the source's own expiry do.",
        example: r#"ttl = "ignore""#,
        secret: false,
        set: |route, given| given::word(given, &mut route.ttl),
        get: |route| show_word(route.ttl),
    },
    Setting {
        name: "json",
        values: "a list of field names, none of them empty",
        about: "Fields with JSON text that become documents.",
        example: r#"json = ["attributes"]"#,
        secret: false,
        set: |route, given| given::list(given, &mut route.json),
        get: |route| show_list(&route.json),
    },
    Setting {
        name: "keyless",
        values: "`refuse`, `position` or `row`",
        about: "What becomes of records without a key: refused, every insert a row of its own, or all fields \
            are the key.",
        example: r#"keyless = "position""#,
        secret: false,
        set: |route, given| given::word(given, &mut route.keyless),
        get: |route| show_word(route.keyless),
    },
    Setting {
        name: "images",
        values: "`auto` or `full`",
        about: "What it means when an update leaves a column out (DMS): with `auto` it keeps its value; with \
            `full`, for a source set up to send every column, it is gone.",
        example: r#"images = "full""#,
        secret: false,
        set: |route, given| given::word(given, &mut route.images),
        get: |route| show_word(route.images),
    },
    Setting {
        name: "truncate",
        values: "`ignore` or `apply`",
        about: "What a truncate or drop does: nothing, or (PostgreSQL only) it removes what is older, never \
            the table.",
        example: r#"truncate = "apply""#,
        secret: false,
        set: |route, given| given::word(given, &mut route.truncate),
        get: |route| show_word(route.truncate),
    },
    Setting {
        name: "data",
        values: "`columns` or `ignored`",
        about: "How CrateDB keeps the document: in columns that rowtide adds, or without.",
        example: r#"data = "ignored""#,
        secret: false,
        set: |route, given| given::word(given, &mut route.data),
        get: |route| show_word(route.data),
    },
    Setting {
        name: "columns_per_object",
        values: "a whole number from 1 to 100000",
        about: "The most columns of one object of the document on CrateDB.",
        example: "columns_per_object = 50",
        secret: false,
        set: |route, given| given::number(given, 1..=COLUMNS_MAX, &mut route.columns_per_object),
        get: |route| route.columns_per_object.to_string(),
    },
    Setting {
        name: "columns_max",
        values: "a whole number from 1 to 100000",
        about: "The most columns of the whole target on CrateDB.",
        example: "columns_max = 500",
        secret: false,
        set: |route, given| given::number(given, 1..=COLUMNS_MAX, &mut route.columns_max),
        get: |route| route.columns_max.to_string(),
    },
    Setting {
        name: "archive",
        values: "a location such as `s3://bucket/prefix/{table}/{date}/` or `file:///folder/{table}/{date}/`, without a \
            password, `?` or `#`, in which behind bucket or folder `{schema}` and `{table}` of the target and the \
            record's `{date}` are replaced",
        about: "Where the changes are archived, too: a lake has what the table has \
            ([archive](archive.md#beside-a-stream)). Taken literally, as `archive.url` is. `file://` needs the \
            feature `archive`, a bucket the feature `s3`.",
        example: r#"archive = "file:///lake/{table}/{date}/""#,
        secret: false,
        set: |route, given| given::route_archive(given, &mut route.archive),
        get: |route| route.archive.clone().unwrap_or_default(),
    },
];

impl Word for Auth {
    const WORDS: &'static [(&'static str, Self)] = &[("password", Self::Password), ("rds-iam", Self::RdsIam)];
}

impl Word for VersionScheme {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("arrival", Self::Arrival),
        ("once", Self::Once),
        ("dynamodb", Self::Dynamodb),
        ("dynamodb-kinesis", Self::DynamodbKinesis),
    ];
}

impl Word for Unrouted {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("ignore", Self::Ignore), ("fail", Self::Fail)];
}

impl Word for DialectChoice {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("postgres", Self::Postgres), ("cratedb", Self::CrateDb)];
}

impl Word for Ddl {
    const WORDS: &'static [(&'static str, Self)] = &[("auto", Self::Auto), ("never", Self::Never)];
}

impl Word for Tls {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("verify-full", Self::VerifyFull),
        ("verify-ca", Self::VerifyCa),
        ("require", Self::Require),
        ("prefer", Self::Prefer),
        ("disable", Self::Disable),
    ];
}

impl Word for Payload {
    const WORDS: &'static [(&'static str, Self)] = &[("full", Self::Full), ("none", Self::None)];
}

impl Word for ArchiveFormat {
    const WORDS: &'static [(&'static str, Self)] =
        &[("ndjson.gz", Self::NdjsonGz), ("ndjson", Self::Ndjson), ("results", Self::Results)];
}

impl Word for DeletePolicy {
    const WORDS: &'static [(&'static str, Self)] =
        &[("tombstone", Self::Tombstone), ("soft", Self::Soft), ("hard", Self::Hard)];
}

impl Word for Ttl {
    const WORDS: &'static [(&'static str, Self)] = &[("apply", Self::Apply), ("ignore", Self::Ignore)];
}

impl Word for Keyless {
    const WORDS: &'static [(&'static str, Self)] =
        &[("refuse", Self::Refuse), ("position", Self::Position), ("row", Self::Row)];
}

impl Word for OnConfigError {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("fail", Self::Fail), ("park", Self::Park)];
}

impl Word for Images {
    const WORDS: &'static [(&'static str, Self)] = &[("auto", Self::Auto), ("full", Self::Full)];
}

impl Word for Truncate {
    const WORDS: &'static [(&'static str, Self)] = &[("ignore", Self::Ignore), ("apply", Self::Apply)];
}

impl Word for DataLayout {
    const WORDS: &'static [(&'static str, Self)] = &[("columns", Self::Columns), ("ignored", Self::Ignored)];
}
