//! Every statement for CrateDB against its published grammar (`cratedb-sqlparse`), without a server.
//!
//! Needs Python with that package: `.ci/run` installs it into `target/tools/python`. Where it is missing the test says
//! so aloud, and fails if ROWTIDE_TEST_GRAMMAR is set.

use rowtide::config::Config;
use rowtide::json::write_string;
use rowtide::plan::Layout;
use rowtide::plan::cratedb::Column;
use rowtide::plan::cratedb::{
    BATCH_ROWS, add_columns, adopted_delete_sql, adopted_patch_sql, budget, create_dead_letters,
    create_registry, create_schemas, create_state, fresh_columns, hard_delete_sql, patch_sql, storage, table,
    upsert_sql, view,
};
use rowtide::policy::{DataLayout, DeletePolicy, Policy, RoutePolicy};
use rowtide::route::{Routes, Target};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

const CHECK: &str = "
import json, sys
try:
    from cratedb_sqlparse import sqlparse
except ImportError:
    sys.exit(3)
bad = 0
for line in sys.stdin:
    sql = json.loads(line)
    try:
        parsed = sqlparse(sql, raise_exception=True)
        assert len(parsed) == 1, 'not one statement'
    except Exception as error:
        bad += 1
        print(f'{error!r}\\n{sql[:2000]}\\n')
sys.exit(1 if bad else 0)
";

fn targets() -> Vec<Arc<Target>> {
    let mut targets = Vec::new();
    for delete in [DeletePolicy::Tombstone, DeletePolicy::Soft, DeletePolicy::Hard] {
        for data in [DataLayout::Columns, DataLayout::Ignored] {
            let types = [
                ("total", "numeric(38,2)"),
                ("at", "timestamptz"),
                ("n", "bigint"),
                ("s", "smallint"),
                ("i", "integer"),
                ("r", "real"),
                ("v", "varchar(3)"),
                ("b", "boolean"),
                ("it's", "array(text)"),
            ];
            let mut config = Config::default();
            config.sink.schema = "my \"schema\"".into();
            config.routes = vec![RoutePolicy {
                delete,
                data,
                types: types.map(|(field, name)| (field.to_owned(), name.to_owned())).into(),
                ..RoutePolicy::default()
            }];
            targets.push(Routes::new(Policy::from(&config)).target("Order \"s\"; drop").unwrap().unwrap());
        }
    }
    targets
}

/// Everything that can be said to CrateDB.
fn statements() -> Vec<String> {
    let key_names = ["id".to_owned(), "it's".to_owned()];
    let layouts = [
        Layout::Managed,
        Layout::Adopted { guarded: false, aux: false },
        Layout::Adopted { guarded: false, aux: true },
        Layout::Adopted { guarded: true, aux: false },
        Layout::Adopted { guarded: true, aux: true },
    ];
    let mut all = Vec::new();
    for target in targets() {
        for layout in layouts {
            if layout != Layout::Managed {
                all.extend(adopted_patch_sql(&target, layout, &key_names));
            }
            all.push(upsert_sql(&target, layout, &key_names, 1));
            all.push(upsert_sql(&target, layout, &key_names, 3));
        }
        all.extend(patch_sql(&target));
        all.extend(hard_delete_sql(&target));
        all.push(adopted_delete_sql(&target, &key_names));
        all.push(storage(&target).unwrap());
        all.push(view(&target));
        // columns for whatever the events hold
        let before = fresh_columns(&target).unwrap();
        let mut after = before.clone();
        for (name, column) in [("loose", Column::Loose), ("list", Column::of_type("array(real)").unwrap())] {
            after.declare("data", name, &column, true);
        }
        let hostile =
            r#"{"a b":{"c\"d":[{"e'f":1},{"g":[["h"]]}]},"\\":true,"é😀":"x","$1":1,"--":2,"/*":3,";":4}"#;
        drop(after.encode(r#"{"id":1}"#, Some(hostile), budget(&target)));
        all.extend(add_columns(&table(&target, Layout::Managed), &after.added_since(&before)));
    }
    all.extend([
        create_registry("doc"),
        create_dead_letters("doc"),
        create_schemas("doc"),
        create_state("doc"),
    ]);
    all.push(upsert_sql(&targets()[0], Layout::Managed, &[], BATCH_ROWS[14]));
    let values = [
        ("{storage}", "\"s\".\"t_cdc\""),
        ("{view}", "\"s\".\"t\""),
        ("{registry}", "\"s\".\"rowtide_targets\""),
        ("{state}", "\"s\".\"rowtide_state\""),
        ("{schemas}", "\"s\".\"rowtide_schemas\""),
        ("{dead_letters}", "\"s\".\"rowtide_dead_letters\""),
        ("{table}", "\"s\".\"t\""),
        ("{which}", "not deleted and "),
        ("{live}", "\nwhere not coalesce(deleted, false)"),
        ("{limit}", "\nlimit 10"),
        ("{deleted}", ", t.deleted"),
        ("{data}", "object(strict)"),
        ("{aux}", "aux"),
        ("{names}", "key"),
        ("{cause}", "not code = any($4)"),
        ("{identity}", ", source_identity, key_types"),
        ("{rows}", "($1)"),
        ("{sets}", "key = excluded.key"),
        ("{returning}", "key"),
        ("{is_deleted}", "false"),
        ("{version}", "''"),
        ("{values}", "$1"),
        ("{key_names}", "key"),
        ("{sequence}", "$2"),
        ("{term}", "$3"),
        ("{columns}", "add column \"data\"['x'] text"),
    ];
    for file in Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/cratedb")).read_dir().unwrap() {
        let path = file.unwrap().path();
        let mut sql = std::fs::read_to_string(&path).unwrap();
        for (place, value) in values {
            sql = sql.replace(place, value);
        }
        let key = if path.ends_with("upsert.sql") { "key" } else { "pk['id'] = $1" };
        sql = sql.replace("{key}", key);
        assert!(!sql.contains('{'), "give the new place of {} a value above", path.display());
        all.push(sql);
    }
    all
}

#[test]
fn every_statement_for_cratedb_is_of_its_grammar() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/python/bin/python");
    let python = if Path::new(own).exists() { own } else { "python3" };
    let child = Command::new(python)
        .args(["-c", CHECK])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut lines = String::new();
    for sql in statements() {
        write_string(&mut lines, &sql);
        lines.push('\n');
    }
    let output = child.and_then(|mut child| {
        let mut stdin = child.stdin.take().unwrap();
        // one that lacks the package does not read
        drop(stdin.write_all(lines.as_bytes()));
        drop(stdin);
        child.wait_with_output()
    });
    match output {
        Ok(output) if output.status.code() != Some(3) => {
            let told = [output.stdout, output.stderr].concat();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&told));
        }
        _ => {
            assert!(
                std::env::var_os("ROWTIDE_TEST_GRAMMAR").is_none(),
                "Python or cratedb-sqlparse is missing"
            );
            eprintln!("not run: the grammar of CrateDB needs Python with cratedb-sqlparse");
        }
    }
}
