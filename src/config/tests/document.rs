//! docs/configuration.md and the examples of the settings: what they say is so.

use super::super::{ROUTE_SETTINGS, SETTINGS, SNAPSHOT_TABLE_SETTINGS, Setting};
use super::{Place, line};

const DOCUMENT: &str = include_str!("../../../docs/configuration.md");

/// The row of a setting in the document.
fn row<T: Default>(setting: &Setting<T>) -> String {
    let default = match setting.default_value() {
        _ if ["from", "name"].contains(&setting.name) => "needed".to_owned(),
        default if default.is_empty() => "not set".to_owned(),
        default => format!("`{default}`"),
    };
    let variable = setting.variable().map(|name| format!("`{name}` | ")).unwrap_or_default();
    let Setting { name, values, about, .. } = setting;
    format!("| `{name}` | {values} | {default} | {variable}{about} |")
}

#[test]
fn the_document_lists_exactly_the_settings() {
    let of_entries = ROUTE_SETTINGS.iter().map(row).chain(SNAPSHOT_TABLE_SETTINGS.iter().map(row));
    let rows = SETTINGS.iter().map(row).chain(of_entries).collect::<Vec<_>>().join("\n");
    let listed = DOCUMENT.lines().filter(|line| line.starts_with("| `")).collect::<Vec<_>>().join("\n");
    assert!(listed == rows, "docs/configuration.md must have these rows:\n{rows}");
}

#[test]
fn the_documents_file_is_a_configuration() {
    let place = Place::new("document");
    let files: Vec<&str> =
        DOCUMENT.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!files.is_empty());
    for file in files {
        let environment = [("DATABASE_URL", "postgresql://rowtide@localhost/warehouse")];
        place.write("rowtide.toml", file).load(&environment, &[]).unwrap();
    }
}

#[test]
fn every_example_is_taken() {
    let place = Place::new("examples");
    for setting in SETTINGS {
        let (section, _) = setting.name.split_once('.').unwrap();
        let config =
            place.write("rowtide.toml", format!("[{section}]\n{}", setting.example)).load(&[], &[]).unwrap();
        assert_eq!(line(&config.effective(), setting.name).origin, "rowtide.toml line 2", "{}", setting.name);
    }
    for setting in ROUTE_SETTINGS.iter().filter(|setting| setting.name != "from") {
        let route = format!("[[route]]\nfrom = \"a\"\n{}", setting.example);
        let config = place.write("rowtide.toml", route).load(&[], &[]).unwrap();
        let name = format!("route.1.{}", setting.name);
        assert_eq!(line(&config.effective(), &name).origin, "rowtide.toml line 3", "{name}");
    }
    for setting in SNAPSHOT_TABLE_SETTINGS {
        let front = if setting.name == "name" { "" } else { "name = \"a\"\n" };
        let table = format!("[[snapshot.table]]\n{front}{}", setting.example);
        let config = place.write("rowtide.toml", table).load(&[], &[]).unwrap();
        let name = format!("snapshot.table.1.{}", setting.name);
        let settings = config.effective();
        let shown = line(&settings, &name);
        assert!(shown.origin.starts_with("rowtide.toml line") && !shown.value.is_empty(), "{name}");
    }
}
