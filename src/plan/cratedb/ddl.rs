//! The objects of a target on CrateDB, storage table and view, and rowtide's own tables.

use super::{Column, fresh_columns};
use crate::error::Result;
use crate::plan::{fill, fill_own, relation};
use crate::policy::DeletePolicy;
use crate::route::Target;

const STORAGE: &str = include_str!("../../../sql/cratedb/create_storage.sql");
const VIEW: &str = include_str!("../../../sql/cratedb/create_view.sql");

/// The statement that creates the storage table of `target` where it is missing.
///
/// # Errors
/// When a declared type is not known.
pub fn storage(target: &Target) -> Result<String> {
    let columns = fresh_columns(target)?;
    let data = columns.root("data").map(Column::sql).unwrap_or_default();
    Ok(fill(STORAGE, &[("storage", &relation(&target.schema, &target.storage)), ("data", &data)]))
}

/// The statement that creates the view of `target`, or replaces it.
#[must_use]
pub fn view(target: &Target) -> String {
    let soft = target.delete == DeletePolicy::Soft;
    fill(
        VIEW,
        &[
            ("view", &relation(&target.schema, &target.name)),
            ("storage", &relation(&target.schema, &target.storage)),
            ("deleted", if soft { ", t.deleted" } else { "" }),
            ("live", if soft { "" } else { "\nwhere not t.deleted" }),
        ],
    )
}

/// Whether two view queries are the same but for how they are written: the server rewrites what it is given.
#[must_use]
pub fn is_same_view(created: &str, shown: &str) -> bool {
    let plain = |text: &str| -> String {
        let text = text.to_lowercase().replace(" as t", " t");
        text.chars().filter(|c| !c.is_whitespace() && !"\"();".contains(*c)).collect()
    };
    let query = created.split_once("\nselect").map_or(created, |(_, query)| query);
    let shown = plain(shown);
    shown.strip_prefix("select").unwrap_or(&shown) == plain(query)
}

/// The statement that creates the registry in the schema `home`.
#[must_use]
pub fn create_registry(home: &str) -> String {
    fill_own(include_str!("../../../sql/cratedb/create_registry.sql"), home, &[])
}

/// The statement that creates the dead-letter table there.
#[must_use]
pub fn create_dead_letters(home: &str) -> String {
    fill_own(include_str!("../../../sql/cratedb/create_dead_letters.sql"), home, &[])
}

/// The statement that creates the table of what sources said of their tables there.
#[must_use]
pub fn create_schemas(home: &str) -> String {
    fill_own(include_str!("../../../sql/cratedb/create_schemas.sql"), home, &[])
}

/// The statement that creates the table of what jobs keep there.
#[must_use]
pub fn create_state(home: &str) -> String {
    fill_own(include_str!("../../../sql/cratedb/create_state.sql"), home, &[])
}

/// The statement that adds the columns that a registry of an earlier version lacks. It cannot be repeated.
#[must_use]
pub fn alter_registry(home: &str) -> String {
    fill_own(include_str!("../../../sql/cratedb/alter_registry.sql"), home, &[])
}

/// The same of the dead-letter table.
#[must_use]
pub fn alter_dead_letters(home: &str) -> String {
    fill_own(include_str!("../../../sql/cratedb/alter_dead_letters.sql"), home, &[])
}

#[cfg(test)]
mod tests {
    use super::is_same_view;

    #[test]
    fn a_view_is_recognised_in_the_servers_words() {
        let created = "create or replace view \"s\".\"v\" as\nselect t.key, t.pk\nfrom \"s\".\"t_cdc\" as t\nwhere not t.deleted";
        let shown =
            "SELECT\n \"t\".\"key\"\n, \"t\".\"pk\"\nFROM \"s\".\"t_cdc\" t\nWHERE NOT \"t\".\"deleted\"\n";
        assert!(is_same_view(created, shown));
        assert!(!is_same_view(created, "SELECT 1"));
    }
}
