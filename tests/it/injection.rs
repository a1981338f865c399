//! Names that would break out of a statement: whatever a source calls its tables and columns, they stay names. Every
//! decoder's records are tried, with its tables and columns renamed.

use crate::samples::{Sample, distinct, samples, tree};
use crate::support::place;
use rowtide::coalesce::{Fate, Schedule};
use rowtide::config::Config;
use rowtide::decoders::names;
use rowtide::json::Value;
use rowtide::pipeline::Flow;
use rowtide::plan::postgres::{key_index, storage, view};
use rowtide::plan::postgres::{patch_sql, upsert_sql};
use rowtide::plan::{Layout, Write, plan};
use rowtide::policy::RoutePolicy;
use rowtide::record::Record;
use rowtide::route::identifier;
use rowtide::rules::Keyless;
use std::collections::BTreeSet;

/// What tables and columns are called; 200 characters come on top.
const HOSTILE: [&str; 15] = [
    r#""; drop table x; --"#,
    "'; drop table x; --",
    "x'); drop table x; --",
    r#"a"b"#,
    "a.b",
    "a;b",
    "Upper Case",
    "select",
    "user",
    "$1",
    "{table}",
    r"a\'b",
    "-- a\nb",
    "/* a */",
    "ünï😀",
];

fn hostile() -> Vec<String> {
    HOSTILE.map(str::to_owned).into_iter().chain(["x".repeat(200), "\"".repeat(200)]).collect()
}

/// The tree with every member of this name, and every text that is this name, renamed.
fn renamed(value: &Value, old: &str, new: &str) -> Value {
    let text = |text: &String| match text.strip_suffix(old) {
        // a snapshot names a table with its schema
        Some(schema) if schema.is_empty() || schema.ends_with('.') => format!("{schema}{new}"),
        _ => text.clone(),
    };
    match value {
        Value::Object(members) => {
            let member = |(name, value): &(String, Value)| (text(name), renamed(value, old, new));
            Value::Object(members.iter().map(member).collect())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(|it| renamed(it, old, new)).collect()),
        // an ARN names its table between others
        Value::String(arn) if arn.contains(&format!(":table/{old}")) => {
            Value::String(arn.replace(&format!(":table/{old}"), &format!(":table/{new}")))
        }
        Value::String(it) => Value::String(text(it)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// A sample's record and configuration with a table and a column renamed. The route knows the key, which a source may
/// tell in another record.
fn with_names(sample: &Sample, tree: &Value, names: &[(&str, &str)]) -> (Record, Config) {
    let mut config = sample.config.clone();
    let mut tree = tree.clone();
    let key = sample.keys.values().flatten().next().cloned().unwrap_or_default();
    config.routes = vec![RoutePolicy { key, ..config.routes.into_iter().next().unwrap_or_default() }];
    for (old, new) in names {
        tree = renamed(&tree, old, new);
        for name in config.routes.iter_mut().flat_map(|route| &mut route.key).filter(|name| name == old) {
            (*new).clone_into(name);
        }
        if config.source.table.as_deref() == Some(old) {
            config.source.table = Some((*new).to_owned());
        }
    }
    for route in &mut config.routes {
        "*".clone_into(&mut route.from);
    }
    let record = Record { payload: tree.to_text().into_bytes().into(), ..sample.record.clone() };
    (record, config)
}

/// The last part of a source table's name: what a record calls the table.
fn short(table: &str) -> &str {
    table.rsplit('.').next().unwrap_or(table)
}

/// The writes of a record; none when it is refused.
fn writes(record: &Record, config: &Config) -> Vec<Write> {
    let flow = Flow::new(config).unwrap();
    let records = [record.clone()];
    let mut batch = flow.batch(&records);
    let Some(chunk) = batch.chunk() else { return Vec::new() };
    let mut schedule = Schedule::new(chunk.changes);
    let mut writes = Vec::new();
    loop {
        let wave = schedule.wave();
        if wave.is_empty() {
            return writes;
        }
        for write in plan(&schedule, &wave) {
            write.rows.iter().for_each(|row| schedule.settle(row.change, Fate::Applied));
            writes.push(write);
        }
    }
}

/// Everything that is run for a write, without its quoted names and literals.
fn skeleton(write: &Write) -> Vec<String> {
    let target = &write.target;
    let member = write.rows.first().and_then(|row| match Value::parse(&row.pk) {
        Ok(Value::Object(members)) => members.into_iter().next().map(|(name, _)| name),
        _ => None,
    });
    let (read, write) = patch_sql(target);
    let mut texts = vec![upsert_sql(target, Layout::Managed), read, write, storage(target)];
    texts.extend(view(target).ok().map(|view| view.sql));
    texts.extend(member.map(|member| key_index(target, &member)));
    texts.iter().map(|sql| bare(sql)).collect()
}

/// The statement with `"` in the place of every quoted name and `'` in that of every literal.
fn bare(sql: &str) -> String {
    let mut out = String::new();
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        out.push(letter);
        if !matches!(letter, '"' | '\'') {
            continue;
        }
        while let Some(inside) = letters.next() {
            // a quote written twice does not close
            if inside == letter && letters.next_if_eq(&letter).is_none() {
                break;
            }
        }
    }
    out
}

#[test]
fn quoted_names_and_literals_are_told_from_the_rest() {
    assert_eq!(bare(r#"a "b""; c" d 'e''f"' g"#), r#"a " d ' g"#);
}

/// Records that give rows, with what stands in their payload.
fn material(decoder: &'static str) -> Vec<(Sample, Value)> {
    let samples = distinct(samples(decoder)).into_iter().filter(|sample| {
        let is_keyed = sample.config.routes.iter().all(|route| route.keyless == Keyless::Refuse);
        is_keyed && !sample.columns.is_empty() && sample.keys.len() == 1
    });
    samples.filter_map(|sample| tree(&sample.record).map(|tree| (sample, tree))).take(12).collect()
}

#[test]
fn names_of_tables_and_columns_stay_names_in_every_statement() {
    for decoder in names() {
        let material = material(decoder);
        let (mut tables, mut columns) = (BTreeSet::new(), BTreeSet::new());
        for (sample, tree) in &material {
            let (record, config) = with_names(sample, tree, &[]);
            let plain: BTreeSet<Vec<String>> = writes(&record, &config).iter().map(skeleton).collect();
            let table = sample.keys.keys().next().map_or("", |table| short(table));
            for new in hostile() {
                for (column, is_table) in
                    sample.columns.iter().take(6).map(|it| (it.as_str(), false)).chain([(table, true)])
                {
                    let (record, config) = with_names(sample, tree, &[(column, &new)]);
                    for write in writes(&record, &config) {
                        let found = skeleton(&write);
                        assert!(plain.contains(&found), "{} {column} as {new}: {found:?}", sample.origin);
                        let is_found = if is_table {
                            tables.extend((write.target.name != table).then(|| new.clone()));
                            continue;
                        } else {
                            let members = |json: &str| {
                                let Ok(Value::Object(members)) = Value::parse(json) else { return false };
                                members.into_iter().any(|(name, _)| name == new)
                            };
                            let rows = write.rows.iter();
                            rows.flat_map(|row| [Some(&row.pk), row.data.as_ref()])
                                .flatten()
                                .any(|it| members(it))
                        };
                        columns.extend(is_found.then(|| new.clone()));
                    }
                }
            }
        }
        let all: BTreeSet<String> = hostile().into_iter().collect();
        assert_eq!(columns, all, "columns of {decoder}");
        // what is no name of a table for the source may be refused
        assert!(tables.len() * 2 > all.len(), "tables of {decoder}: {tables:?}");
    }
}

#[tokio::test]
async fn a_database_takes_hostile_names_as_they_are() {
    let place = place("injection").await;
    place.run("create table {s}.x (canary int); insert into {s}.x values (1)").await;
    let mut written = 0;
    for decoder in names() {
        let Some((sample, tree)) = material(decoder).into_iter().next() else { continue };
        let column = sample.columns.iter().next().unwrap();
        let table = sample.keys.keys().next().map_or("", |table| short(table));
        for new in hostile() {
            // every decoder has its own tables, since their versions do not mix
            let own = format!("{new}{decoder}");
            let (record, mut config) = with_names(&sample, &tree, &[(column, &new), (table, &own)]);
            config.sink = place.config().sink;
            let report = place.worker(&config).take(std::slice::from_ref(&record)).await;
            assert!(report.failure().is_none(), "{decoder} {new}: {:?}", report.failure());
            if report.counts().applied == 0 {
                continue;
            }
            written += 1;
            let views = place.texts("select viewname::text from pg_views where schemaname = '{s}'").await;
            for write in writes(&record, &config) {
                let name = &write.target.name;
                assert!(views.contains(name), "{decoder} {own}: {name} is none of {views:?}");
                assert!(
                    *name == identifier(name) && (own.len() > 40 || name.ends_with(&own)),
                    "{own}: {name}"
                );
            }
        }
    }
    assert!(written >= names().len() * HOSTILE.len() / 2, "{written}");
    assert_eq!(place.count("select count(*) from {s}.x").await, 1, "nobody broke out");
    place.finish().await;
}
