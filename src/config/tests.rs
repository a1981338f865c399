//! The layers and what goes wrong in them, without a variable of this process.

mod document;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::conversion::route_for;
use super::{
    Auth, Config, Ddl, DialectChoice, EffectiveSetting, Environment, Inputs, Payload, ROUTE_SETTINGS,
    SETTINGS, Setting, SinkUrl, Tls, VersionScheme,
};
use crate::error::{ErrorKind, Result};
use crate::policy::{DataLayout, DeletePolicy, Truncate, Ttl, Unrouted};
use crate::rules::Keyless;

/// Variables, or names and values of another kind.
type Pairs<'a> = &'a [(&'a str, &'a str)];

/// A directory of its own for each test, gone when it ends.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("rowtide-config-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.0.join(name), content).unwrap();
        self
    }

    fn load(&self, environment: Pairs<'_>, set: &[&str]) -> Result<Config> {
        self.load_with(None, environment, set, &[])
    }

    fn load_with(
        &self,
        file: Option<&str>,
        environment: Pairs<'_>,
        set: &[&str],
        ignore: &[&str],
    ) -> Result<Config> {
        let pairs = environment.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
        let environment: Environment = pairs.collect();
        let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
        let file = file.map(Path::new);
        Config::load(&Inputs { file, set: &set, environment: &environment, directory: &self.0, ignore })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What is left over lies in the system's temporary directory.
        fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

fn line<'a>(lines: &'a [EffectiveSetting], name: &str) -> &'a EffectiveSetting {
    lines.iter().find(|line| line.name == name).unwrap()
}

/// `rowtide.toml` with this text, and the variables and `--set`, must fail with exactly this message.
fn check_error(place: &Place, toml: &str, environment: Pairs<'_>, set: &[&str], message: &str) {
    let error = place.write("rowtide.toml", toml).load(environment, set).unwrap_err();
    assert_eq!(error.message(), message, "{toml} {environment:?} {set:?}");
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn without_any_layer_everything_has_its_default() {
    let config = Place::new("defaults").load(&[], &[]).unwrap();
    assert_eq!(config, Config::default());
    let shown: Vec<String> = config
        .effective()
        .into_iter()
        .map(|line| {
            assert_eq!((&line.value, line.origin.as_str()), (&line.default, "default"), "{}", line.name);
            format!("{}={}", line.name, line.value)
        })
        .collect();
    let expected = "source.decoder=auto source.version=auto source.epoch=0 source.unrouted=auto source.table= \
         source.label= source.exported_at= source.json_table= source.json_key=[] source.json_operation= \
         source.json_version= source.json_document= sink.url= sink.schema=public sink.dialect=auto sink.suffix=_cdc \
         sink.tombstone_retention=7d sink.ddl=auto sink.auth=password sink.tls= sink.tls_root_cert= sink.connections=4 \
         sink.statement_timeout= dead_letters.payload=full dead_letters.retention=30d dead_letters.limit=1000 limits.memory=256MiB \
         metrics.emf=true metrics.namespace=Rowtide metrics.service= snapshot.url= snapshot.tls= \
         snapshot.tls_root_cert= snapshot.beside=auto snapshot.to=[\"sink\"] snapshot.tables_file= \
         snapshot.replace=false snapshot.chunk=100000 archive.url= archive.format=ndjson.gz \
         archive.key={schema}.{table}/{run}/ collect.table=collect collect.id= collect.answer=json collect.tokens=[] \
         collect.signature= collect.signature_secret= collect.signature_header= collect.cors=[] collect.body_max=10MiB";
    assert_eq!(shown.join(" "), expected);
}

#[test]
fn every_setting_of_every_section_arrives() {
    let place = Place::new("sections");
    place.write(
        "rowtide.toml",
        r#"
            [source]
            decoder = "dms"
            version = "arrival"
            epoch = 65535
            unrouted = "fail"
            table = "t"
            label = "l"
            json_table = "/t"
            json_key = ["/a", "/b/c"]
            json_operation = "/o"
            json_version = "/v"
            json_document = "/d"
            [sink]
            url = "crate://host"
            schema = "doc"
            dialect = "cratedb"
            suffix = "_x"
            tombstone_retention = "12h"
            ddl = "never"
            auth = "rds-iam"
            tls = "require"
            tls_root_cert = "root.pem"
            connections = 1
            statement_timeout = "500ms"
            [dead_letters]
            payload = "none"
            retention = "1d"
            limit = 5
        "#,
    );
    let Config { source, sink, dead_letters, .. } = place.load(&[], &[]).unwrap();
    assert_eq!((source.decoder.as_str(), source.version), ("dms", VersionScheme::Arrival));
    assert_eq!((source.epoch, source.unrouted), (65_535, Unrouted::Fail));
    assert_eq!((source.table.as_deref(), source.label.as_deref()), (Some("t"), Some("l")));
    assert_eq!(
        (source.json_table.as_deref(), source.json_key),
        (Some("/t"), vec!["/a".into(), "/b/c".into()])
    );
    assert_eq!((source.json_operation.as_deref(), source.json_version.as_deref()), (Some("/o"), Some("/v")));
    assert_eq!(source.json_document.as_deref(), Some("/d"));
    assert_eq!((sink.url, sink.schema.as_str()), (Some(SinkUrl::new("crate://host")), "doc"));
    assert_eq!((sink.dialect, sink.suffix.as_str()), (DialectChoice::CrateDb, "_x"));
    assert_eq!((sink.tombstone_retention, sink.ddl), (Duration::from_secs(43_200), Ddl::Never));
    assert_eq!(sink.auth, Auth::RdsIam);
    assert_eq!((sink.tls, sink.tls_root_cert), (Some(Tls::Require), Some(PathBuf::from("root.pem"))));
    assert_eq!((sink.connections, sink.statement_timeout), (1, Some(Duration::from_millis(500))));
    assert_eq!((dead_letters.payload, dead_letters.limit), (Payload::None, 5));
    assert_eq!(dead_letters.retention, Duration::from_secs(86_400));
}

#[test]
fn every_setting_of_a_route_arrives() {
    let place = Place::new("routes");
    place.write(
        "rowtide.toml",
        r#"
            [[route]]
            from = "a.*"
            to = "{schema}.{table}"
            key = ["x", "y"]
            delete = "hard"
            include = ["n*"]
            ttl = "ignore"
            json = ["j"]
            keyless = "row"
            truncate = "apply"
            data = "ignored"
            columns_per_object = 7
            columns_max = 8
            [route.types]
            total = "numeric(38,2)"
            [[route]]
            from = "b"
            exclude = ["secret"]
        "#,
    );
    let config = place.load(&[], &[]).unwrap();
    let first = &config.routes[0];
    assert_eq!((first.from.as_str(), first.to.as_str()), ("a.*", "{schema}.{table}"));
    assert_eq!(
        (first.key.join(" "), first.include.join(" "), first.json.join(" ")),
        ("x y".into(), "n*".into(), "j".into())
    );
    assert_eq!((first.delete, first.ttl, first.keyless), (DeletePolicy::Hard, Ttl::Ignore, Keyless::Row));
    assert_eq!((first.truncate, first.data), (Truncate::Apply, DataLayout::Ignored));
    assert_eq!((first.columns_per_object, first.columns_max), (7, 8));
    assert_eq!(first.types.get("total").map(String::as_str), Some("numeric(38,2)"));
    assert_eq!(
        (config.routes[1].to.as_str(), config.routes[1].exclude.join(" ")),
        ("{table}", "secret".into())
    );

    let lines = config.effective();
    let types = line(&lines, "route.1.types");
    assert_eq!((types.value.as_str(), types.default.as_str()), (r#"{ "total" = "numeric(38,2)" }"#, "{}"));
    assert_eq!(line(&lines, "route.1.key").value, r#"["x", "y"]"#);
    assert_eq!(line(&lines, "route.2.exclude").origin, "rowtide.toml line 19");
    assert_eq!(line(&lines, "route.2.include").origin, "default");
}

#[test]
fn a_later_layer_wins_and_says_so() {
    let place = Place::new("layers");
    place.write("rowtide.toml", "[sink]\nschema = \"file\"\n[source]\nepoch = 1\ndecoder = \"dms\"\n");
    let environment = [("ROWTIDE_SINK_SCHEMA", "variable"), ("ROWTIDE_SOURCE_EPOCH", "2")];
    let config = place.load(&environment, &["sink.schema=first", " sink.schema =set=x"]).unwrap();
    let lines = config.effective();
    let table = [
        ("sink.schema", "set=x", "--set"),
        ("source.epoch", "2", "ROWTIDE_SOURCE_EPOCH"),
        ("source.decoder", "dms", "rowtide.toml line 5"),
        ("sink.ddl", "auto", "default"),
    ];
    for (name, value, origin) in table {
        let line = line(&lines, name);
        assert_eq!((line.value.as_str(), line.origin.as_str()), (value, origin), "{name}");
    }
}

#[test]
fn the_file_is_the_named_one_then_the_variables_then_the_directorys() {
    let place = Place::new("file");
    let file = |schema: &str| format!("[sink]\nschema = \"{schema}\"");
    place.write("a.toml", file("a")).write("b.toml", file("b")).write("rowtide.toml", file("c"));
    let table: [(Option<&str>, Pairs<'_>, &str); 6] = [
        (Some("a.toml"), &[("ROWTIDE_CONFIG", "b.toml")], "a"),
        (Some("file://a.toml"), &[], "a"),
        (None, &[("ROWTIDE_CONFIG", "b.toml")], "b"),
        (None, &[("ROWTIDE_CONFIG", "file://b.toml")], "b"),
        (None, &[("ROWTIDE_CONFIG", "")], "c"),
        (None, &[], "c"),
    ];
    for (file, environment, schema) in table {
        assert_eq!(place.load_with(file, environment, &[], &[]).unwrap().sink.schema, schema);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_that_names_it() {
    let place = Place::new("unreadable");
    fs::create_dir_all(place.0.join("folder")).unwrap();
    place.write("binary.toml", b"[sink]\n\nschema = \"\xff\"").write("bad.toml", "[sink]\nschema = public\n");
    place
        .write("twice.toml", "[sink]\nddl = \"auto\"\nddl = \"auto\"")
        .write("long.toml", "#".repeat(1_048_577));
    place.write("marked.toml", "\u{feff}[sink]\nddl = \"never\"");
    let form = "secretsmanager://NAME, secretsmanager://NAME#FIELD or ssm://NAME";
    let table = [
        ("none.toml", "configuration file none.toml (ROWTIDE_CONFIG): there is no such file"),
        ("folder", "configuration file folder (ROWTIDE_CONFIG): it is a directory"),
        ("binary.toml", "binary.toml line 3: not UTF-8 text"),
        ("twice.toml", "twice.toml line 3: not TOML: duplicate key"),
        ("long.toml", "configuration file long.toml (ROWTIDE_CONFIG): it has more than 1048576 bytes"),
        ("ssm://a b", &format!("ROWTIDE_CONFIG is no reference to a secret: write {form}")),
        (
            "https://x",
            &format!("ROWTIDE_CONFIG must be the path of a configuration file, or {form}, not another URL"),
        ),
    ];
    for (path, message) in table {
        let error = place.load(&[("ROWTIDE_CONFIG", path)], &[]).unwrap_err();
        assert_eq!(error.message(), message);
    }
    let error = place.load_with(Some("bad.toml"), &[], &[], &[]).unwrap_err();
    assert!(error.message().starts_with("bad.toml line 2: not TOML: "), "{error}");
    let error = place.load_with(Some("none.toml"), &[], &[], &[]).unwrap_err();
    assert_eq!(error.message(), "configuration file none.toml (--config): there is no such file");
    assert_eq!(place.load_with(Some("marked.toml"), &[], &[], &[]).unwrap().sink.ddl, Ddl::Never);

    fs::create_dir_all(place.0.join("rowtide.toml")).unwrap();
    let error = place.load(&[], &[]).unwrap_err();
    let message = "configuration file rowtide.toml (found in the working directory): it is a directory";
    assert_eq!(error.message(), message);
}

#[test]
fn an_unknown_setting_is_an_error_that_names_the_nearest() {
    let place = Place::new("unknown");
    let table: [(&str, Pairs<'_>, &[&str], &str); 16] = [
        (
            "[sink]\nurk = 1",
            &[],
            &[],
            "rowtide.toml line 2: unknown setting `sink.urk`: is `sink.url` meant?",
        ),
        (
            "[sink]\ndecoder = 1",
            &[],
            &[],
            "rowtide.toml line 2: unknown setting `sink.decoder`: is `source.decoder` meant?",
        ),
        (
            "sink.tombstone-retention = 1",
            &[],
            &[],
            "rowtide.toml line 1: unknown setting `sink.tombstone-retention`: is `sink.tombstone_retention` meant?",
        ),
        ("[sinks]", &[], &[], "rowtide.toml line 1: unknown setting `sinks`: is `sink` meant?"),
        (
            "[dead-letters]",
            &[],
            &[],
            "rowtide.toml line 1: unknown setting `dead-letters`: is `dead_letters` meant?",
        ),
        ("[[routes]]", &[], &[], "rowtide.toml line 1: unknown setting `routes`: is `route` meant?"),
        ("url = 1", &[], &[], "rowtide.toml line 1: unknown setting `url`: is `sink.url` meant?"),
        ("[route]\nfrom = \"a\"", &[], &[], "rowtide.toml line 1: write routes as [[route]]"),
        ("route = [1]", &[], &[], "rowtide.toml line 1: write routes as [[route]]"),
        ("sink = 1", &[], &[], "rowtide.toml line 1: `sink` must be a table: [sink]"),
        (
            "[[route]]\nfrom = \"a\"\nkeys = []",
            &[],
            &[],
            "rowtide.toml line 3, [[route]] 1: unknown setting `keys`: is `key` meant?",
        ),
        (
            "",
            &[("ROWTIDE_SINK_URI", "x")],
            &[],
            "unknown variable `ROWTIDE_SINK_URI`: is ROWTIDE_SINK_URL meant?",
        ),
        (
            "",
            &[("ROWTIDE_DEAD_LETTERS_LIMITS", "x")],
            &[],
            "unknown variable `ROWTIDE_DEAD_LETTERS_LIMITS`: is ROWTIDE_DEAD_LETTERS_LIMIT meant?",
        ),
        (
            "",
            &[("ROWTIDE_ROUTE_FROM", "x")],
            &[],
            "unknown variable `ROWTIDE_ROUTE_FROM`: routes live in the configuration file only, as [[route]]",
        ),
        ("", &[], &["sink.shema=x"], "--set: unknown setting `sink.shema`: is `sink.schema` meant?"),
        (
            "",
            &[],
            &["route.1.delete=soft"],
            "--set: routes live in the configuration file only, as [[route]]",
        ),
    ];
    for (toml, environment, set, message) in table {
        check_error(&place, toml, environment, set, message);
    }
    check_error(&place, "", &[], &["sink.schema"], "--set needs NAME=VALUE, as in --set sink.schema=cdc");
}

#[test]
fn variables_that_are_not_settings_are_left_alone() {
    let place = Place::new("strangers");
    let environment = [
        ("ROWTIDE_TEST_POSTGRES", "x"),
        ("ROWTIDE_BENCH_ROWS", "x"),
        ("ROWTIDE_LOG", "debug"),
        ("ROWTIDE_SOMETHING", "x"),
        ("rowtide_sink_uri", "x"),
        ("PATH", "x"),
    ];
    assert_eq!(place.load(&environment, &[]).unwrap(), Config::default());
}

#[test]
fn a_wrong_value_is_an_error_with_its_place_and_what_is_allowed() {
    let place = Place::new("wrong");
    let table: [(&str, Pairs<'_>, &[&str], &str); 23] = [
        ("[sink]\nddl = \"atuo\"", &[], &[], "`sink.ddl` (rowtide.toml line 2) must be `auto` or `never`"),
        ("[sink]\nddl = true", &[], &[], "`sink.ddl` (rowtide.toml line 2) must be `auto` or `never`"),
        ("[sink]\nddl = \"Auto\"", &[], &[], "`sink.ddl` (rowtide.toml line 2) must be `auto` or `never`"),
        (
            "[sink]\nschema = 5",
            &[],
            &[],
            "`sink.schema` (rowtide.toml line 2) must be the name of a schema, of at most 63 bytes",
        ),
        (
            "[sink]\nschema = \"\"",
            &[],
            &[],
            "`sink.schema` (rowtide.toml line 2) must be the name of a schema, of at most 63 bytes",
        ),
        (
            "[sink]\nschema = \"a123456789b123456789c123456789d123456789e123456789f123456789g123\"",
            &[],
            &[],
            "`sink.schema` (rowtide.toml line 2) must be the name of a schema, of at most 63 bytes",
        ),
        (
            "[sink]\ntombstone_retention = 7",
            &[],
            &[],
            "`sink.tombstone_retention` (rowtide.toml line 2) must be a duration such as `7d`, `12h`, `30m`, \
             `45s` or `500ms`",
        ),
        (
            "[sink]\nurl = \"mysql://x\"",
            &[],
            &[],
            "`sink.url` (rowtide.toml line 2) must be a URL that begins with `postgresql://`, \
             `postgres://` or `crate://`, `host=… user=…` pairs, or a reference to a secret",
        ),
        (
            "[source]\nepoch = 65536",
            &[],
            &[],
            "`source.epoch` (rowtide.toml line 2) must be a whole number from 0 to 65535",
        ),
        (
            "[source]\nepoch = -1",
            &[],
            &[],
            "`source.epoch` (rowtide.toml line 2) must be a whole number from 0 to 65535",
        ),
        (
            "[source]\nepoch = 1.0",
            &[],
            &[],
            "`source.epoch` (rowtide.toml line 2) must be a whole number from 0 to 65535",
        ),
        (
            "",
            &[("ROWTIDE_SOURCE_EPOCH", "one")],
            &[],
            "`source.epoch` (ROWTIDE_SOURCE_EPOCH) must be a whole number from 0 to 65535",
        ),
        (
            "",
            &[("ROWTIDE_SOURCE_EPOCH", "")],
            &[],
            "`source.epoch` (ROWTIDE_SOURCE_EPOCH) must be a whole number from 0 to 65535",
        ),
        (
            "",
            &[],
            &["sink.connections=0"],
            "`sink.connections` (--set) must be a whole number from 1 to 1000",
        ),
        (
            "",
            &[],
            &["sink.statement_timeout=30d"],
            "`sink.statement_timeout` (--set) must be a duration such as `45s` or `500ms`, not above `24d`",
        ),
        (
            "[[route]]\nfrom = \"a\"\ncolumns_max = 0",
            &[],
            &[],
            "`columns_max` of [[route]] 1 (rowtide.toml line 3) must be a whole number from 1 to 100000",
        ),
        (
            "[[route]]\nfrom = \"a\"\nkey = \"id\"",
            &[],
            &[],
            "`key` of [[route]] 1 (rowtide.toml line 3) must be a list of names, none of them empty",
        ),
        (
            "[[route]]\nfrom = \"\"",
            &[],
            &[],
            "`from` of [[route]] 1 (rowtide.toml line 2) must be the name of a source table, \
             with `*` and `?` as wildcards, not empty; or a table of `table` and of `region`, `account`, `db`, \
             `server` or `connector`, with wildcards too",
        ),
        (
            "[[route]]\nfrom = \"a\"\n\n[[route]]\nto = \"b\"",
            &[],
            &[],
            "[[route]] 2 (rowtide.toml line 4) needs `from`, the source table: from = \"orders\", or \"*\" for all",
        ),
        (
            "[[route]]\nfrom = \"a\"\nto = \"{tabel}\"",
            &[],
            &[],
            "`to` of [[route]] 1 (rowtide.toml line 3) must have no braces but {table}, {schema}, \
             {account}, {connector}, {db}, {region}, {server}",
        ),
        (
            "[[route]]\nfrom = \"a\"\nmerge = true\ntruncate = \"apply\"",
            &[],
            &[],
            "`merge` of [[route]] 1 (rowtide.toml line 3) and `truncate = \"apply\"` exclude each other: the truncate of \
             one source would empty the rows of the others",
        ),
        (
            "[[route]]\nfrom = \"a\"\ninclude = [\"x\"]\nexclude = []",
            &[],
            &[],
            "`include` of [[route]] 1 (rowtide.toml line 3) and `exclude` exclude each other: keep one of them",
        ),
        (
            "[[route]]\nfrom = \"a\"\ninclude = []",
            &[],
            &[],
            "`include` of [[route]] 1 (rowtide.toml line 3) must name at least one field; \
             exclude = [\"*\"] leaves out all",
        ),
    ];
    for (toml, environment, set, message) in table {
        check_error(&place, toml, environment, set, message);
    }
}

#[test]
fn an_empty_text_unsets_what_has_no_default() {
    let place = Place::new("empty");
    place.write(
        "rowtide.toml",
        "[sink]\nurl = \"postgresql://h/d\"\ntls = \"disable\"\nstatement_timeout = \"1s\"",
    );
    let environment =
        [("ROWTIDE_SINK_URL", ""), ("ROWTIDE_SINK_TLS", ""), ("ROWTIDE_SINK_STATEMENT_TIMEOUT", "")];
    let sink = place.load(&environment, &[]).unwrap().sink;
    assert_eq!((&sink.url, sink.tls, sink.statement_timeout), (&None, None, None));
    assert!(sink.required_url().unwrap_err().message().contains("ROWTIDE_SINK_URL"));
}

#[test]
fn a_value_may_stand_in_a_variable_or_a_file() {
    let place = Place::new("references");
    place.write("url", "postgresql://u:p@h/d\r\n\n").write("rowtide.toml", "[sink]\nurl = \"file://url\"");
    place.write(
        "types.toml",
        "[[route]]\nfrom = \"env://TABLE\"\ntypes = { a = \"env://TYPE\" }\nkey = [\"env://KEY\"]",
    );
    let config = place.load(&[("EPOCH", "3")], &["source.epoch=env://EPOCH"]).unwrap();
    assert_eq!(config.sink.required_url().unwrap().expose(), "postgresql://u:p@h/d");
    assert_eq!(config.source.epoch, 3);
    let lines = config.effective();
    assert_eq!(line(&lines, "sink.url").origin, "rowtide.toml line 2, file://url");
    assert_eq!(line(&lines, "source.epoch").origin, "--set, env://EPOCH");

    let environment = [("TABLE", "orders"), ("TYPE", "text"), ("KEY", "id")];
    let routes = place.load_with(Some("types.toml"), &environment, &[], &[]).unwrap().routes;
    assert_eq!((routes[0].from.as_str(), routes[0].key.join(" ")), ("orders", "id".into()));
    assert_eq!(routes[0].types.get("a").map(String::as_str), Some("text"));
}

#[test]
fn a_reference_that_leads_nowhere_is_an_error_that_names_both_ends() {
    let place = Place::new("nowhere");
    let form = "secretsmanager://NAME, secretsmanager://NAME#FIELD or ssm://NAME";
    let must = "must be a URL that begins with `postgresql://`, `postgres://` or `crate://`, `host=… user=…` pairs, or \
     a reference to a secret";
    let nobody = "which nobody fetches here: only functions and commands do";
    let table: [(&str, Pairs<'_>, String); 8] = [
        (
            "[sink]\nurl = \"env://DB\"",
            &[],
            "`sink.url` (rowtide.toml line 2) refers to the variable `DB`, which is not set".into(),
        ),
        (
            "[sink]\nurl = \"file://db\"",
            &[],
            "`sink.url` (rowtide.toml line 2) refers to the file db: there is no such file".into(),
        ),
        (
            "",
            &[("ROWTIDE_SINK_URL", "env://DB")],
            "`sink.url` (ROWTIDE_SINK_URL) refers to the variable `DB`, which is not set".into(),
        ),
        (
            "",
            &[("ROWTIDE_SINK_URL", "file://.")],
            "`sink.url` (ROWTIDE_SINK_URL) refers to the file .: it is a directory".into(),
        ),
        ("", &[("ROWTIDE_SINK_URL", "ssm://d b")], format!("`sink.url` (ROWTIDE_SINK_URL) {must}")),
        (
            "[sink]\nschema = \"secretsmanager://db?host=h\"",
            &[],
            format!("`sink.schema` (rowtide.toml line 2) is no reference to a secret: write {form}"),
        ),
        (
            "[sink]\nschema = \"secretsmanager://db#schema\"",
            &[("ROWTIDE_SINK_SUFFIX", "ssm://suffix")],
            format!("The configuration needs secretsmanager://db#schema, ssm://suffix, {nobody}"),
        ),
        ("", &[("ROWTIDE_CONFIG", "ssm://a/b")], format!("The configuration needs ssm:///a/b, {nobody}")),
    ];
    for (toml, environment, message) in table {
        check_error(&place, toml, environment, &[], &message);
    }
    let pem = place.write("root.pem", "-----BEGIN CERTIFICATE-----\nx").write("rowtide.toml", "");
    let error = pem.load(&[], &["sink.tls_root_cert=file://root.pem"]).unwrap_err();
    assert!(
        error.message().ends_with("must be the path of a PEM file, not its content (so without `file://`)")
    );
}

#[test]
fn a_secret_of_the_sink_stays_a_reference_and_is_shown_as_one() {
    let place = Place::new("secret");
    let reference = "secretsmanager://prod/db#url";
    place.write("db", format!("{reference}\n"));
    for given in [reference, "env://DB", "file://db"] {
        let config = place.load(&[("ROWTIDE_SINK_URL", given), ("DB", reference)], &[]).unwrap();
        let url = config.sink.url.clone().unwrap();
        assert_eq!(
            (url.to_string().as_str(), url.reference().unwrap().to_string().as_str()),
            (reference, reference)
        );
        assert_eq!(line(&config.effective(), "sink.url").value, reference);
        let known = config.with_sink_url(SinkUrl::new("crate://u:hunter2@h?schema=x"));
        assert_eq!((config.sink.schema.as_str(), known.sink.schema.as_str()), ("public", "x"));
        assert_eq!(line(&known.effective(), "sink.url").value, "crate://u:***@h?***");
    }
    // what is said by hand is not changed by what a secret says
    let config = place.load(&[("ROWTIDE_SINK_URL", reference)], &["sink.schema=public"]).unwrap();
    assert_eq!(config.with_sink_url(SinkUrl::new("crate://h")).sink.schema, "public");
    let config = place.load(&[("ROWTIDE_SINK_URL", reference)], &["sink.dialect=cratedb"]).unwrap();
    assert_eq!(config.sink.schema, "doc");
    assert_eq!(config.with_sink_url(SinkUrl::new("crate://h?schema=x")).sink.schema, "x");
}

#[test]
fn only_the_value_that_counts_is_resolved() {
    let place = Place::new("winner");
    place.write("rowtide.toml", "[sink]\nurl = \"secretsmanager://db\"");
    let config = place.load(&[("ROWTIDE_SINK_URL", "postgresql://h")], &[]).unwrap();
    assert_eq!(config.sink.url, Some(SinkUrl::new("postgresql://h")));
}

#[test]
fn an_ignored_setting_keeps_its_default_unless_set_by_hand() {
    let place = Place::new("ignored");
    place.write("rowtide.toml", "[sink]\nurl = \"env://MISSING\"");
    let environment = [("ROWTIDE_SINK_URL", "postgresql://production")];
    let config = place.load_with(None, &environment, &[], &["sink.url"]).unwrap();
    assert_eq!(config, Config::default());
    let set = ["sink.url=postgresql://scratch"];
    let config = place.load_with(None, &environment, &set, &["sink.url"]).unwrap();
    assert_eq!(config.sink.url, Some(SinkUrl::new("postgresql://scratch")));
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf_8_is_an_error_only_where_it_is_used() {
    use std::os::unix::ffi::OsStringExt;
    let place = Place::new("bytes");
    let bad = || OsString::from_vec(vec![b'a', 0xff]);
    let load = |name: &str, set: &[String]| {
        let environment = Environment::from([(name.to_owned(), bad())]);
        let inputs = Inputs { file: None, set, environment: &environment, directory: &place.0, ignore: &[] };
        Config::load(&inputs)
    };
    assert_eq!(load("LANGUAGE", &[]).unwrap(), Config::default());
    let error = load("ROWTIDE_SINK_SCHEMA", &[]).unwrap_err();
    assert_eq!(error.message(), "`sink.schema` (ROWTIDE_SINK_SCHEMA) is not UTF-8 text");
    let error = load("X", &["sink.schema=env://X".to_owned()]).unwrap_err();
    assert_eq!(error.message(), "`sink.schema` (--set) refers to the variable `X`, which is not UTF-8 text");
}

#[test]
fn a_table_takes_the_first_route_that_matches() {
    let place = Place::new("matching");
    assert_eq!(
        route_for(&place.load(&[], &[]).unwrap(), "anything").unwrap().map(|route| route.to),
        Some("{table}".into())
    );
    let toml = ["orders", "public.*", "*", "orders"]
        .map(|from| format!("[[route]]\nfrom = \"{from}\"\nto = \"{}\"\n", from.replace('*', "all")))
        .concat();
    let config = place.write("rowtide.toml", &toml).load(&[], &[]).unwrap();
    for (table, to) in [("orders", "orders"), ("public.orders", "public.all"), ("Orders", "all")] {
        assert_eq!(route_for(&config, table).unwrap().unwrap().to, to, "{table}");
    }
    let config = place.write("rowtide.toml", "[[route]]\nfrom = \"orders\"").load(&[], &[]).unwrap();
    assert_eq!(route_for(&config, "customers").unwrap(), None);
}

#[test]
fn a_password_is_shown_nowhere() {
    const CANARY: &str = "hunter2";
    let place = Place::new("canary");
    let url = format!("postgresql://u:{CANARY}@h/d");
    // Wrong for every setting but a path.
    let secret = format!("mysql://u:{CANARY}@h/d");
    let hide = |text: &str, what: &str| assert!(!text.contains(CANARY), "{what}: {text}");

    let good = [url.clone(), format!("host=h password={CANARY}"), format!("crate://h?password={CANARY}")];
    for url in &good {
        let config = place.load(&[("ROWTIDE_SINK_URL", "env://DB"), ("DB", url)], &[]).unwrap();
        assert!(config.sink.required_url().unwrap().expose().contains(CANARY));
        hide(&format!("{config:?}"), "debug");
        hide(&format!("{:?}", config.effective()), "effective");
    }

    let mut failures = Vec::new();
    place.write("secret", &secret);
    for setting in SETTINGS {
        let variable = setting.variable().unwrap();
        for value in [secret.as_str(), "env://DB", "file://secret"] {
            failures.push(place.load(&[(&variable, value), ("DB", &secret)], &[]));
            failures.push(place.load(&[("DB", &secret)], &[&format!("{}={value}", setting.name)]));
        }
    }
    let lines = [
        format!("[sink]\nurl = {url}"),
        format!("[sink]\nurl = \"{url}"),
        format!("[sink]\nurl = '{url}' x"),
        format!("[sink]\n\"{url}\" = 1"),
        format!("\"{url}\" = 1"),
        format!("[[route]]\nfrom = \"a\"\n\"{url}\" = 1"),
        format!("[[route]]\nfrom = \"a\"\nto = \"{{{CANARY}}}\""),
        format!("[[route]]\nfrom = \"a\"\ndelete = \"{url}\""),
        format!("[sink]\nurl = [\"{url}\"]"),
        format!("[sink]\nurl = {{ password = \"{CANARY}\" }}"),
        format!("[sink]\nurl = \"ssm://{url}\""),
        format!("[sink]\nurl = \"env://{url}\""),
        format!("[sink]\nurl = \"file://{url}\""),
        format!("{url}\n"),
    ];
    for line in &lines {
        let failure = place.write("rowtide.toml", line).load(&[], &[]);
        assert!(failure.is_err(), "{line}");
        failures.push(failure);
    }
    place.write("rowtide.toml", "");
    for set in [url.clone(), format!("{url}?sslmode=require"), format!("sink.url:{url}=x")] {
        failures.push(place.load(&[], &[&set]));
    }
    failures.push(place.load(&[("ROWTIDE_CONFIG", &url)], &[]));
    failures.push(place.load_with(Some(&url), &[], &[], &[]));
    failures.push(place.load(&[("ROWTIDE_SINK_URI", &url)], &[]));
    for failure in failures {
        match failure {
            Ok(config) => hide(&format!("{:?}", config.effective()), "a path in effective"),
            Err(error) => hide(&format!("{error} {error:?}"), "error"),
        }
    }
}

#[test]
fn every_setting_takes_its_words_and_shows_them_again() {
    fn check<T: Default>(place: &Place, settings: &[Setting<T>], section: impl Fn(&str) -> (String, String)) {
        for setting in settings.iter().filter(|setting| setting.values.starts_with('`')) {
            let words: Vec<&str> = setting.values.split('`').skip(1).step_by(2).collect();
            assert!(setting.default_value().is_empty() || words.contains(&setting.default_value().as_str()));
            for word in words {
                let (key, name) = section(setting.name);
                let config =
                    place.write("rowtide.toml", format!("{key} = \"{word}\"")).load(&[], &[]).unwrap();
                assert_eq!(line(&config.effective(), &name).value, word, "{name}");
            }
        }
    }
    let place = Place::new("words");
    check(&place, SETTINGS, |name| (name.to_owned(), name.to_owned()));
    check(&place, ROUTE_SETTINGS, |name| {
        (format!("[[route]]\nfrom = \"a\"\n{name}"), format!("route.1.{name}"))
    });
}
