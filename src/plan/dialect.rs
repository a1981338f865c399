//! The databases there are, and what each of them says of a target: the one place of this room that chooses.

use super::cratedb::TableColumns;
use super::{Preview, Write, cratedb, postgres};
use crate::error::Result;
use crate::event::Timestamp;
use crate::policy::Truncate;
use crate::route::Target;
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A database's way of saying things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL, 13 or later.
    Postgres,
    /// CrateDB.
    Cratedb,
}

/// The columns of each target's table, by name, as far as previews have added some.
pub type PreviewedColumns = HashMap<String, TableColumns>;

impl Dialect {
    /// `target` under names that the database takes.
    #[must_use]
    pub fn named(self, target: &Target) -> Cow<'_, Target> {
        match self {
            Self::Postgres => Cow::Borrowed(target),
            Self::Cratedb => Cow::Owned(cratedb::named(target)),
        }
    }

    /// The statements that create what `target` needs, each with what it creates: first its own objects, then
    /// rowtide's tables.
    ///
    /// # Errors
    /// When a type that the route declares is not known.
    pub fn ddl(self, target: &Target) -> Result<Vec<(String, String)>> {
        let (name, named) = (target.qualified(), self.named(target));
        let [storage, view] = match self {
            Self::Postgres => [postgres::storage(&named), postgres::view(&named)?.sql],
            Self::Cratedb => [cratedb::storage(&named)?, cratedb::view(&named)],
        };
        let of_target = [(format!("{name}: storage"), storage), (format!("{name}: what people query"), view)];
        let own = self.own_ddl(&target.home, target.truncate);
        Ok(of_target.into_iter().chain(own).collect())
    }

    /// The statements that create rowtide's own tables in the schema `home`, each with what it creates.
    #[must_use]
    pub fn own_ddl(self, home: &str, truncate: Truncate) -> Vec<(String, String)> {
        let [registry, letters, schemas, state] = match self {
            Self::Postgres => [
                postgres::create_registry(home),
                postgres::create_dead_letters(home),
                postgres::create_schemas(home),
                postgres::create_state(home),
            ],
            Self::Cratedb => [
                cratedb::create_registry(home),
                cratedb::create_dead_letters(home),
                cratedb::create_schemas(home),
                cratedb::create_state(home),
            ],
        };
        let floors = match self {
            Self::Postgres if truncate == Truncate::Apply => Some(postgres::create_floors(home)),
            Self::Postgres | Self::Cratedb => None,
        };
        let mut parts = vec![
            ("what rowtide knows of its targets".to_owned(), registry),
            ("parked records".to_owned(), letters),
            ("what sources said of their tables".to_owned(), schemas),
            ("what jobs keep".to_owned(), state),
        ];
        parts.extend(floors.map(|floors| ("the floors that truncates leave".to_owned(), floors)));
        parts
    }

    /// The statements that add what tables of rowtide's in the schema `home` lack that an earlier version made.
    #[must_use]
    pub fn upgrades(self, home: &str) -> Vec<String> {
        match self {
            Self::Postgres => vec![
                postgres::alter_registry(home),
                postgres::alter_dead_letters(home),
                postgres::alter_floors(home),
            ],
            Self::Cratedb => vec![cratedb::alter_registry(home), cratedb::alter_dead_letters(home)],
        }
    }

    /// Whether [`Dialect::upgrades`] may be run where nothing is missing.
    #[must_use]
    pub fn upgrades_again(self) -> bool {
        match self {
            Self::Postgres => true,
            // it has no `if not exists` for columns
            Self::Cratedb => false,
        }
    }

    /// What a person may want to know or to run beside that, line by line. `key` are the members that the route names.
    #[must_use]
    pub fn advice(self, target: &Target, key: &[String]) -> Vec<String> {
        let index = |member: &String| format!("{};", postgres::key_index(target, member));
        let first = match self {
            Self::Cratedb => {
                "columns of pk and data are added as documents need them, unless sink.ddl is \"never\""
            }
            Self::Postgres if key.is_empty() => {
                "for indexes on members of the key, name them in the route's `key`"
            }
            Self::Postgres => "optional, for queries by a member of the key",
        };
        let indexes = key.iter().filter(|_| self == Self::Postgres).map(index);
        std::iter::once(first.to_owned()).chain(indexes).collect()
    }

    /// What is run for a write to a table made by rowtide, as far as it is known before. `columns` are what the writes
    /// before it added to an empty table; what this one adds is among them afterwards.
    ///
    /// # Errors
    /// When a type that the route declares is not known.
    pub fn preview(self, write: &Write, columns: &mut PreviewedColumns) -> Result<Vec<Preview>> {
        match self {
            Self::Postgres => Ok(postgres::preview(write)),
            Self::Cratedb => {
                let columns = match columns.entry(self.named(&write.target).qualified()) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(fresh) => fresh.insert(cratedb::fresh_columns(&write.target)?),
                };
                Ok(cratedb::preview(write, columns))
            }
        }
    }

    /// The same for a truncate.
    ///
    /// # Errors
    /// When the database cannot do it, and why.
    pub fn preview_truncate(
        self,
        target: &Target,
        version: &str,
        changed_at: Option<Timestamp>,
    ) -> Result<[Preview; 2]> {
        match self {
            Self::Postgres => Ok(postgres::preview_truncate(target, version, changed_at)),
            Self::Cratedb => Err(cratedb::cannot_truncate(target)),
        }
    }
}
