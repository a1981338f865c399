//! The objects of a target, storage table, view and its typed columns, and rowtide's own tables.

use crate::error::{Code, Error, Result};
use crate::event::hex;
use crate::plan::{fill, fill_own, literal, quote, relation};
use crate::policy::DeletePolicy;
use crate::route::{DEAD_LETTERS, Target, identifier};
use sha2::{Digest as _, Sha256};

const STORAGE: &str = include_str!("../../../sql/postgres/create_storage.sql");
const VIEW: &str = include_str!("../../../sql/postgres/create_view.sql");

/// Columns that the view has anyway.
pub const VIEW_COLUMNS: [&str; 6] = ["key", "pk", "data", "aux", "changed_at", "deleted"];

/// The statements that create the storage table of `target` where it is missing.
#[must_use]
pub fn storage(target: &Target) -> String {
    let index = quote(&identifier(&format!("{}_deleted", target.storage)));
    fill(STORAGE, &[("storage", &relation(&target.schema, &target.storage)), ("storage_deleted", &index)])
}

/// The statement that creates the registry in the schema `home`.
#[must_use]
pub fn create_registry(home: &str) -> String {
    fill_own(include_str!("../../../sql/postgres/create_registry.sql"), home, &[])
}

/// The statements that create the dead-letter table there.
#[must_use]
pub fn create_dead_letters(home: &str) -> String {
    let [by_key, by_time] = ["by_key", "by_time"].map(|index| format!("{DEAD_LETTERS}_{index}"));
    fill_own(
        include_str!("../../../sql/postgres/create_dead_letters.sql"),
        home,
        &[("dead_letters_by_key", &by_key), ("dead_letters_by_time", &by_time)],
    )
}

/// What the comment of a view begins with; a digest of its statement follows.
pub const VIEW_MARK: &str = "rowtide ";

/// The statement that creates the table of what sources said of their tables there.
#[must_use]
pub fn create_schemas(home: &str) -> String {
    fill_own(include_str!("../../../sql/postgres/create_schemas.sql"), home, &[])
}

/// The statements that create the table of what jobs keep there.
#[must_use]
pub fn create_state(home: &str) -> String {
    fill_own(include_str!("../../../sql/postgres/create_state.sql"), home, &[])
}

/// The statement that creates the table of floors there.
#[must_use]
pub fn create_floors(home: &str) -> String {
    fill_own(include_str!("../../../sql/postgres/create_floors.sql"), home, &[])
}

/// The statement that adds the columns that a registry of an earlier version lacks.
#[must_use]
pub fn alter_registry(home: &str) -> String {
    fill_own(include_str!("../../../sql/postgres/alter_registry.sql"), home, &[])
}

/// The same of the dead-letter table.
#[must_use]
pub fn alter_dead_letters(home: &str) -> String {
    fill_own(include_str!("../../../sql/postgres/alter_dead_letters.sql"), home, &[])
}

/// The same of the table of floors, if there is one.
#[must_use]
pub fn alter_floors(home: &str) -> String {
    fill_own(include_str!("../../../sql/postgres/alter_floors.sql"), home, &[])
}

/// A view to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The statements that create it.
    pub sql: String,
    /// The comment they leave on it, by which a view is known that a person made with them.
    pub mark: String,
}

impl View {
    /// The same statements, which keep a view that is there and has no other columns than they give it.
    #[must_use]
    pub fn replacing(&self) -> String {
        self.sql.replacen("create view", "create or replace view", 1)
    }
}

/// The statements that create the view of `target`.
///
/// # Errors
/// When `types` names a type that is not known, or a column that the view has anyway.
pub fn view(target: &Target) -> Result<View> {
    let mut typed = String::new();
    for (field, type_name) in &target.types {
        if VIEW_COLUMNS.contains(&field.as_str()) || field.contains('\0') || field.len() > 63 {
            return Err(Error::fault(
                Code::Configuration,
                format!("types of the route of {}: a view column cannot be named {field}.", target.source),
            ));
        }
        let expression = typed_column(field, type_name).ok_or_else(|| {
            Error::fault(Code::Configuration, format!(
                "types of the route of {}: {field} = \"{type_name}\" is no known type. Known are numeric, \
                 numeric(p,s), bigint, integer, smallint, double precision, real, boolean, text, varchar(n), uuid, \
                 date, timestamp, timestamptz, bytea and jsonb.",
                target.source
            ))
        })?;
        typed.push_str(&format!(",\n  {expression} as {}", quote(field)));
    }
    let soft = target.delete == DeletePolicy::Soft;
    let view = relation(&target.schema, &target.name);
    let storage = relation(&target.schema, &target.storage);
    let text = |mark: &str| {
        fill(
            VIEW,
            &[
                ("view", &view),
                ("storage", &storage),
                ("typed", &typed),
                ("deleted", if soft { ", t.deleted" } else { "" }),
                ("live", if soft { "" } else { "\nwhere not t.deleted" }),
                ("mark", mark),
            ],
        )
    };
    let mark = format!("{VIEW_MARK}{}", hex(&Sha256::digest(text(""))));
    Ok(View { sql: text(&literal(&mark)), mark })
}

/// The statement that drops the view of `target`.
#[must_use]
pub fn drop_view(target: &Target) -> String {
    format!("drop view {}", relation(&target.schema, &target.name))
}

/// An index on one member of `pk`, for people's queries.
#[must_use]
pub fn key_index(target: &Target, member: &str) -> String {
    let index = quote(&identifier(&format!("{}_{member}", target.storage)));
    let storage = relation(&target.schema, &target.storage);
    format!("create index if not exists {index} on {storage} ((pk->>{}))", literal(member))
}

/// A field as an expression that is null where the value does not fit, and never fails.
fn typed_column(field: &str, type_name: &str) -> Option<String> {
    let name = literal(field);
    let value = format!("coalesce(t.data->{name}, t.pk->{name})");
    let text = format!("coalesce(t.data->>{name}, t.pk->>{name})");
    let number = format!(
        "case jsonb_typeof({value}) when 'number' then {text}::numeric when 'string' then \
         case when {text} ~ '^[+-]?[0-9]{{1,130}}([.][0-9]{{1,130}})?$' then {text}::numeric end end"
    );
    let matching =
        |pattern: &str, cast: &str| format!("case when {text} ~ '{pattern}' then {text}::{cast} end");
    let between = |low: &str, high: &str, cast: &str| {
        format!(
            "case when ({number}) between {low} and {high} and ({number}) % 1 = 0 then ({number})::{cast} end"
        )
    };
    let float = |limit: &str, tiny: &str, cast: &str| {
        format!(
            "case when abs(({number})) < {limit} and (({number}) = 0 or abs(({number})) > {tiny}) \
             then ({number})::{cast} end"
        )
    };
    let lower = type_name.trim().to_ascii_lowercase();
    let (base, arguments) = match lower.split_once('(') {
        Some((base, rest)) => (base.trim(), Some(rest.strip_suffix(')')?)),
        None => (lower.as_str(), None),
    };
    Some(match (base, arguments) {
        ("numeric" | "decimal", None) => number,
        ("numeric" | "decimal", Some(arguments)) => {
            let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
            let precision: u16 = precision.trim().parse().ok().filter(|p| (1..=1000).contains(p))?;
            let scale: u16 = scale.trim().parse().ok().filter(|s| *s <= precision)?;
            let limit = precision - scale;
            format!(
                "case when abs(round(({number}), {scale})) < 1e{limit}::numeric \
                 then ({number})::numeric({precision},{scale}) end"
            )
        }
        ("bigint" | "int8", None) => between("-9223372036854775808", "9223372036854775807", "bigint"),
        ("integer" | "int" | "int4", None) => between("-2147483648", "2147483647", "integer"),
        ("smallint" | "int2", None) => between("-32768", "32767", "smallint"),
        ("double precision" | "float8", None) => float("1.7e308", "1e-300", "double precision"),
        ("real" | "float4", None) => float("3.4e38", "1e-37", "real"),
        ("boolean" | "bool", None) => {
            format!("case when jsonb_typeof({value}) = 'boolean' then {text}::boolean end")
        }
        ("text" | "varchar" | "character varying", None) => text,
        ("varchar" | "character varying", Some(length)) => {
            let length: u32 = length.trim().parse().ok().filter(|n| *n > 0)?;
            format!("case when char_length({text}) <= {length} then {text}::varchar({length}) end")
        }
        ("uuid", None) => matching("^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$", "uuid"),
        ("date", None) => matching(&format!("^{DATE}$"), "date"),
        ("timestamp" | "timestamp without time zone", None) => {
            matching(&format!("^{DATE}[T ]{TIME}$"), "timestamp")
        }
        ("timestamptz" | "timestamp with time zone", None) => {
            // without an offset the text would mean another moment in every session
            matching(&format!("^{DATE}[T ]{TIME}(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])$"), "timestamptz")
        }
        ("bytea", None) => format!(
            "case when jsonb_typeof({value}) = 'string' and {text} ~ \
             '^([A-Za-z0-9+/]{{4}})*([A-Za-z0-9+/]{{2}}==|[A-Za-z0-9+/]{{3}}=)?$' \
             then decode({text}, 'base64') end"
        ),
        ("jsonb" | "json", None) => value,
        _ => return None,
    })
}

/// A date that exists, as a regular expression: month lengths and leap years included.
const DATE: &str = "(?!0000)([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)";
const TIME: &str = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?";
