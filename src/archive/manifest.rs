//! What an archive says of the rows of a table, and what a run's `manifest.json` says.

use crate::config::ArchiveFormat;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The name of the file that says what a run holds.
pub const MANIFEST: &str = "manifest.json";
/// The name of the file that says that a run is whole.
pub const SUCCESS: &str = "_SUCCESS";

/// The form of manifests that this version writes, and the latest that it reads.
const VERSION: u32 = 1;

/// What an archive says of the rows of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The schema, or whatever else tells tables of one name apart; empty where a source has none.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The run; of two runs the later one has the greater name, compared by bytes.
    pub run: String,
    /// A JSON object, whose members are put in front of every line when it is read back.
    pub head: String,
    /// The member that a line is the value of when it is read back; none: its own members follow those of the head.
    pub wrap: Option<String>,
    /// The columns, each with its type as the source calls it.
    pub columns: Vec<(String, String)>,
}

/// What a run holds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    rowtide_archive: u32,
    /// As [`About::schema`].
    pub schema: String,
    /// As [`About::table`].
    pub table: String,
    /// As [`About::run`].
    pub run: String,
    /// What the objects are: `ndjson` or `ndjson.gz`.
    pub format: String,
    /// As [`About::head`].
    pub head: Box<RawValue>,
    /// As [`About::wrap`].
    pub wrap: Option<String>,
    /// As [`About::columns`].
    pub columns: Vec<Column>,
    /// The rows of all objects.
    pub rows: u64,
    /// The bytes of all objects.
    pub bytes: u64,
    /// The data objects, which lie beside the manifest.
    pub objects: Vec<Written>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the source calls it.
    pub r#type: String,
}

/// A data object. Without rows there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its key below `archive.url`; in a manifest its name beside that.
    pub key: String,
    /// Its rows.
    pub rows: u64,
    /// Its bytes as it is stored.
    pub bytes: u64,
    /// The SHA-256 of these bytes, in hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// What `objects` hold, by their keys.
    pub(super) fn new(about: &About, format: ArchiveFormat, objects: Vec<Written>) -> Result<Self> {
        let head = RawValue::from_string(about.head.clone()).ok().filter(|head| head.get().starts_with('{'));
        let head = head.ok_or_else(|| {
            Error::config("What stands in front of every line of an archive must be a JSON object.")
        })?;
        let columns =
            about.columns.iter().map(|(name, of)| Column { name: name.clone(), r#type: of.clone() });
        Ok(Self {
            rowtide_archive: VERSION,
            schema: about.schema.clone(),
            table: about.table.clone(),
            run: about.run.clone(),
            format: format.name(),
            head,
            wrap: about.wrap.clone(),
            columns: columns.collect(),
            rows: objects.iter().map(|object| object.rows).sum(),
            bytes: objects.iter().map(|object| object.bytes).sum(),
            objects,
        })
    }

    /// The same with the names of the objects in `folder`, which all of them must be in.
    pub(super) fn in_folder(mut self, folder: &str) -> Result<Self> {
        for object in &mut self.objects {
            let name = object.key.strip_prefix(folder).filter(|name| is_file_name(name));
            object.key = name.map(str::to_owned).ok_or_else(|| {
                Error::config(format!("{} is no object of the run in {folder}.", object.key.escape_default()))
            })?;
        }
        Ok(self)
    }

    /// The text of the file.
    pub(super) fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("texts, numbers and JSON are JSON");
        format!("{text}\n")
    }

    /// The manifest that `text` is; `None` when it is something else.
    ///
    /// # Errors
    /// It is one that this version cannot read, or it contradicts itself: what is wrong, to be read behind a colon.
    pub fn parse(text: &[u8]) -> Result<Option<Self>, &'static str> {
        let Some(version) = version_of(text) else { return Ok(None) };
        if version > VERSION {
            return Err("it is of a later version of rowtide, which is needed to read it");
        }
        let Ok(manifest) = serde_json::from_slice::<Self>(text) else {
            return Err("it is cut off or was changed: a member is missing or of another type");
        };
        let (rows, bytes): (Vec<u64>, Vec<u64>) =
            manifest.objects.iter().map(|object| (object.rows, object.bytes)).unzip();
        if sum(&rows) != Some(manifest.rows) || sum(&bytes) != Some(manifest.bytes) {
            return Err("its totals are not those of its objects");
        }
        if !manifest.objects.iter().all(|object| is_file_name(&object.key)) {
            return Err("it names an object that does not lie beside it");
        }
        if !manifest.head.get().starts_with('{') {
            return Err("its head is no object");
        }
        Ok(Some(manifest))
    }

    /// The table with its schema, for people.
    #[must_use]
    pub fn name(&self) -> String {
        if self.schema.is_empty() { self.table.clone() } else { format!("{}.{}", self.schema, self.table) }
    }
}

/// What every manifest has, whatever its version.
fn version_of(text: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct Any {
        rowtide_archive: u32,
    }
    serde_json::from_slice::<Any>(text).ok().map(|any| any.rowtide_archive)
}

fn sum(counts: &[u64]) -> Option<u64> {
    counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count))
}

fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::{About, ArchiveFormat, Manifest, Written};

    fn about() -> About {
        About {
            schema: "s".to_owned(),
            table: "t".to_owned(),
            run: "r".to_owned(),
            head: r#"{ "n": 1.10 }"#.to_owned(),
            wrap: None,
            columns: vec![("a".to_owned(), "text".to_owned())],
        }
    }

    fn written(key: &str) -> Written {
        Written { key: key.to_owned(), rows: 2, bytes: 3, sha256: "00".to_owned() }
    }

    fn text(manifest: &Manifest) -> String {
        manifest.to_json()
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let manifest = Manifest::new(&about(), ArchiveFormat::Ndjson, vec![written("f/a"), written("f/b")]);
        let manifest = manifest.unwrap().in_folder("f/").unwrap();
        let read = Manifest::parse(text(&manifest).as_bytes()).unwrap().unwrap();
        assert_eq!((read.rows, read.bytes, read.head.get()), (4, 6, r#"{ "n": 1.10 }"#));
        assert_eq!(read.objects, [written("a"), written("b")]);
        assert_eq!((read.name().as_str(), read.columns[0].r#type.as_str()), ("s.t", "text"));
    }

    #[test]
    fn what_is_no_manifest_or_a_broken_one_is_told_apart() {
        for other in ["{}", "[]", "x", r#"{"tableArn":"a"}"#] {
            assert!(Manifest::parse(other.as_bytes()).unwrap().is_none(), "{other}");
        }
        let good = text(&Manifest::new(&about(), ArchiveFormat::Ndjson, vec![written("a")]).unwrap());
        assert!(Manifest::parse(good.as_bytes()).is_ok());
        for (from, to, wrong) in [
            (r#""rowtide_archive": 1"#, r#""rowtide_archive": 2"#, "later version"),
            (r#""rows": 2"#, r#""rows": 3"#, "totals"),
            (r#""key": "a""#, r#""key": "../a""#, "beside"),
            (r#""run": "r","#, "", "missing"),
            (r#"{ "n": 1.10 }"#, "1", "head"),
        ] {
            let error = Manifest::parse(good.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn an_object_of_another_folder_and_a_head_without_members_are_refused() {
        let other = Manifest::new(&about(), ArchiveFormat::Ndjson, vec![written("g/a")]).unwrap();
        assert!(other.in_folder("f/").is_err());
        for head in ["", "1", "[]", "{", "{}}"] {
            let about = About { head: head.to_owned(), ..about() };
            assert!(Manifest::new(&about, ArchiveFormat::Ndjson, Vec::new()).is_err(), "{head}");
        }
    }
}
