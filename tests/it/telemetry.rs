//! The example of a decoder of one's own does what it says.

use rowtide::event::{Change, ChangeEvent};

#[path = "../../examples/telemetry.rs"]
#[expect(dead_code, reason = "its main is for the command line")]
mod example;

const FRAMES: &str = r#"{"station":"harbour \"3\"","boot":2,"frame":41,"readings":{"celsius":7.250,"wind":null}}
{"station":"harbour \"3\"","boot":2,"frame":42,"readings":{}}
{"station":"harbour \"3\"","boot":10,"frame":1,"readings":null}
{"station":7}"#;

fn shown(event: &ChangeEvent) -> String {
    let key = event.key.as_ref().map(|key| key.to_json()).unwrap();
    let change = match &event.change {
        Change::Put(row) => row.to_json(),
        Change::Delete(None) => "deleted".to_owned(),
        Change::Delete(Some(_)) | Change::Patch(_) | Change::Truncate => panic!("{event:?}"),
    };
    format!("{} {key} {change}", event.table)
}

#[test]
fn a_decoder_of_ones_own_needs_one_type_and_three_functions() {
    let changes: Vec<_> = example::changes(FRAMES);
    let [Ok(put), Ok(delete), Err(poison)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(shown(put), r#"stations {"station":"harbour \"3\""} {"celsius":7.250,"wind":null}"#);
    assert_eq!(shown(delete), r#"stations {"station":"harbour \"3\""} deleted"#);
    assert!(put.version < delete.version, "the later boot is newer");
    assert_eq!(poison.code().as_str(), "not_a_frame");
}

#[test]
fn the_example_is_shorter_than_a_screen() {
    assert!(include_str!("../../examples/telemetry.rs").lines().count() < 60);
}
