//! PostgreSQL's statements for rows: what jsonb cannot hold of them stands in `aux`, and a statement has an array for
//! each column.

mod ddl;

pub use ddl::{
    VIEW_COLUMNS, VIEW_MARK, View, alter_dead_letters, alter_floors, alter_registry, create_dead_letters,
    create_floors, create_registry, create_schemas, create_state, drop_view, key_index, storage, view,
};

use crate::event::Timestamp;
use crate::plan::encode::encode as encode_documents;
use crate::plan::statement::{EncodedRow, Parameter, Preview, Statement};
use crate::plan::{Action, Layout, PlannedRow, Write, fill, literal, relation};
use crate::policy::{DeletePolicy, Truncate};
use crate::route::{FLOORS, Target};

const UPSERT: &str = include_str!("../../../sql/postgres/upsert.sql");
const UPSERT_HARD: &str = include_str!("../../../sql/postgres/upsert_hard.sql");
const UPSERT_ADOPTED: &str = include_str!("../../../sql/postgres/upsert_adopted.sql");
const UPSERT_ADOPTED_GUARDED: &str = include_str!("../../../sql/postgres/upsert_adopted_guarded.sql");
const TRUNCATE: &str = include_str!("../../../sql/postgres/truncate.sql");
const TRUNCATE_HARD: &str = include_str!("../../../sql/postgres/truncate_hard.sql");
const RAISE_FLOOR: &str = include_str!("../../../sql/postgres/raise_floor.sql");
const READ_FLOOR: &str = include_str!("../../../sql/postgres/read_floor.sql");
const READ_ROWS: &str = include_str!("../../../sql/postgres/read_rows.sql");
const WRITE_PATCHED: &str = include_str!("../../../sql/postgres/write_patched.sql");

/// The text of the statement that upserts rows of `target`.
#[must_use]
pub fn upsert_sql(target: &Target, layout: Layout) -> String {
    match layout {
        Layout::Managed => {
            let storage = relation(&target.schema, &target.storage);
            let (data, aux, template) = match target.delete {
                DeletePolicy::Tombstone => ("excluded.data", "excluded.aux", UPSERT),
                DeletePolicy::Hard => ("excluded.data", "excluded.aux", UPSERT_HARD),
                // a soft row keeps its last image when the delete brings none
                DeletePolicy::Soft => (
                    "case when excluded.deleted and excluded.data is null then t.data else excluded.data end",
                    "case when excluded.deleted and excluded.data is null then t.aux else excluded.aux end",
                    UPSERT,
                ),
            };
            let floor = match target.delete {
                DeletePolicy::Hard => floor(target, "\n  where "),
                DeletePolicy::Tombstone | DeletePolicy::Soft => floor(target, "\n  and "),
            };
            fill(template, &[("storage", &storage), ("data", data), ("aux", aux), ("floor", &floor)])
        }
        Layout::Adopted { guarded, aux } => {
            let storage = relation(&target.schema, &target.name);
            let (name, value, set) =
                if aux { (", aux", ", u.aux::jsonb", ", aux = excluded.aux") } else { ("", "", "") };
            let template = if guarded { UPSERT_ADOPTED_GUARDED } else { UPSERT_ADOPTED };
            fill(
                template,
                &[("storage", &storage), ("aux_name", name), ("aux_value", value), ("aux_set", set)],
            )
        }
    }
}

/// The texts of the two statements of a patch: the one that reads, the one that writes.
#[must_use]
pub fn patch_sql(target: &Target) -> (String, String) {
    let storage = relation(&target.schema, &target.storage);
    let write = [("storage", storage.as_str()), ("floor", &floor(target, "\nwhere "))];
    (fill(READ_ROWS, &[("storage", &storage)]), fill(WRITE_PATCHED, &write))
}

/// The condition that keeps out what a truncate has removed: it holds the floor still while the rows are written.
fn floor(target: &Target, before: &str) -> String {
    if target.truncate == Truncate::Ignore {
        return String::new();
    }
    format!(
        "{before}u.version collate \"C\" > coalesce((select f.floor from {} as f where f.target = {} for share), '')",
        floors(target),
        literal(&target.qualified())
    )
}

fn floors(target: &Target) -> String {
    relation(&target.home, FLOORS)
}

/// The texts of the statements of a truncate, which are run together: the one that raises the target's floor (target,
/// version), and the one that removes the rows below it (version and, unless `delete = "hard"`, the time of the
/// change).
#[must_use]
pub fn truncate_sql(target: &Target) -> (String, String) {
    let storage = relation(&target.schema, &target.storage);
    let (data, aux, template) = match target.delete {
        DeletePolicy::Tombstone => ("null", "'{}'", TRUNCATE),
        // a soft row keeps its last image
        DeletePolicy::Soft => ("t.data", "t.aux", TRUNCATE),
        DeletePolicy::Hard => ("", "", TRUNCATE_HARD),
    };
    let remove = fill(template, &[("storage", &storage), ("data", data), ("aux", aux)]);
    (fill(RAISE_FLOOR, &[("floors", &floors(target))]), remove)
}

/// The text of the query for a target's floor.
#[must_use]
pub fn floor_sql(target: &Target) -> String {
    fill(READ_FLOOR, &[("floors", &floors(target))])
}

/// Rows as the database can hold them.
#[must_use]
pub fn encode(rows: &[PlannedRow]) -> Vec<EncodedRow<'_>> {
    let encoded = |row| EncodedRow { row, encoded: encode_documents(&row.pk, row.data.as_deref()) };
    rows.iter().map(encoded).collect()
}

/// A parameter with what each of these rows has for a column. JSON goes as text: the server parses only the rows that
/// are newer than what it has.
fn column<'e>(rows: &[&'e EncodedRow<'_>], name: &str) -> Parameter<'e> {
    Parameter::List(rows.iter().map(|row| row.value(name)).collect())
}

fn changes(rows: &[&EncodedRow<'_>]) -> Vec<usize> {
    rows.iter().map(|row| row.row.change).collect()
}

/// The statement that upserts these rows of `target`.
#[must_use]
pub fn upsert<'e>(target: &Target, layout: Layout, rows: &[&'e EncodedRow<'_>]) -> Statement<'e> {
    let names = ["key", "pk", "data", "aux", "version", "deleted", "changed_at"];
    let parameters = names.into_iter().map(|name| column(rows, name)).collect();
    Statement { sql: upsert_sql(target, layout), parameters, changes: changes(rows) }
}

/// The statement that reads what the patches of these rows rest on.
#[must_use]
pub fn read_rows<'r>(target: &Target, rows: &[&'r PlannedRow]) -> Statement<'r> {
    let keys = rows.iter().map(|row| Parameter::text(&row.key)).collect();
    let changes = rows.iter().map(|row| row.change).collect();
    Statement { sql: patch_sql(target).0, parameters: vec![Parameter::List(keys)], changes }
}

/// The statement that writes patched rows, each if the version that its patch rests on is still there.
#[must_use]
pub fn write_patched<'e>(
    target: &Target,
    rows: &[&'e EncodedRow<'_>],
    base_versions: &[Option<&'e str>],
) -> Statement<'e> {
    let base = |version: &Option<&'e str>| Parameter::Text(version.map(Into::into));
    let mut parameters: Vec<Parameter<'e>> =
        ["key", "pk", "data", "aux", "version"].into_iter().map(|name| column(rows, name)).collect();
    parameters.push(Parameter::List(base_versions.iter().map(base).collect()));
    parameters.push(column(rows, "changed_at"));
    Statement { sql: patch_sql(target).1, parameters, changes: changes(rows) }
}

/// The statements of a truncate, which are run together: the one that raises the target's floor, and the one that
/// removes the rows below it.
#[must_use]
pub fn truncate(target: &Target, version: &str, changed_at: Option<Timestamp>) -> [Statement<'static>; 2] {
    let (raise, remove) = truncate_sql(target);
    let version = || Parameter::Text(Some(version.to_owned().into()));
    let name = Parameter::Text(Some(target.qualified().into()));
    let below = match target.delete {
        DeletePolicy::Hard => vec![version()],
        DeletePolicy::Tombstone | DeletePolicy::Soft => vec![version(), Parameter::Moment(changed_at)],
    };
    [(raise, vec![name, version()]), (remove, below)].map(|(sql, parameters)| Statement {
        sql,
        parameters,
        changes: Vec::new(),
    })
}

/// What is run for a write to a table made by rowtide, as far as it is known before.
///
/// Of a patch that is a statement that reads and one that writes. What the patched document will be, and on which
/// version it rests, only the database knows: for the document stands the patch, for the version null.
#[must_use]
pub fn preview(write: &Write) -> Vec<Preview> {
    let mut rows = encode(&write.rows);
    match write.action {
        Action::Upsert => {
            let rows: Vec<&EncodedRow<'_>> = rows.iter().collect();
            vec![Preview::once(upsert(&write.target, Layout::Managed, &rows))]
        }
        Action::Patch => {
            for row in &mut rows {
                row.encoded.data = row.row.patch.as_ref().map(|patch| patch.to_json().into());
            }
            let read = Preview::once(read_rows(&write.target, &write.rows.iter().collect::<Vec<_>>()));
            let (rows, unknown): (Vec<_>, Vec<_>) = rows.iter().map(|row| (row, None)).unzip();
            vec![read, Preview::once(write_patched(&write.target, &rows, &unknown))]
        }
    }
}

/// The same for a truncate.
#[must_use]
pub fn preview_truncate(target: &Target, version: &str, changed_at: Option<Timestamp>) -> [Preview; 2] {
    truncate(target, version, changed_at).map(Preview::once)
}
