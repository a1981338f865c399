use super::{DEPTH_MAX, Scanner, Value, is_number, repeated_names, write_string};
use proptest::prelude::*;

fn skips(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    scanner.skip().is_ok() && scanner.end().is_ok()
}

#[test]
fn numbers_follow_the_grammar() {
    for good in ["0", "-0", "10", "1.5", "-1.50e+10", "1E-9", "123456789012345678901234567890"] {
        assert!(is_number(good), "{good}");
    }
    for bad in ["", "-", "01", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN", "1 "] {
        assert!(!is_number(bad), "{bad}");
    }
}

#[test]
fn a_hundred_thousand_levels_are_skipped_and_not_built() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(skips(&deep));
    assert!(Value::parse(&deep).is_err());
    let around = |levels| format!(r#"{{"a":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert!(Value::parse(&around(DEPTH_MAX)).is_ok() && Value::parse(&around(DEPTH_MAX + 1)).is_err());
}

#[test]
fn of_repeated_members_the_last_wins() {
    let text = r#"{"a":1,"b":2,"a":3}"#;
    assert_eq!(Value::parse(text).map(|value| value.to_text()).unwrap(), r#"{"b":2,"a":3}"#);
    let many: Vec<String> = (0..40).map(|n| format!("n{}", n % 20)).collect();
    let repeated = repeated_names(many.len(), |at| &many[at]);
    assert_eq!(repeated, (0..20).collect::<Vec<_>>());
}

proptest! {
    #[test]
    fn agrees_with_serde_json_on_what_is_json(text in r#"[\[\]{}:,"\\u0-9a-ftrnlse. \-+E\x00-\x20é]{0,24}"#) {
        prop_assert_eq!(skips(&text), serde_json::from_str::<serde_json::Value>(&text).is_ok()
            // serde_json also refuses what f64 cannot hold; the grammar allows it
            || (is_number(text.trim()) && text.trim() == text.trim_matches([' ', '\n', '\r', '\t'])));
    }

    #[test]
    fn the_first_special_byte_is_found(
        bytes in prop::collection::vec(prop_oneof![80 => 0x20_u8.., 1 => Just(b'"'), 1 => any::<u8>()], 0..300)
    ) {
        let one_by_one = bytes.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
        prop_assert_eq!(super::special(&bytes), one_by_one);
    }

    #[test]
    fn strings_are_written_as_serde_json_writes_them(text in any::<String>()) {
        let mut ours = String::new();
        write_string(&mut ours, &text);
        prop_assert_eq!(&ours, &serde_json::to_string(&text).unwrap());
        prop_assert_eq!(Scanner::new(&ours).string().unwrap(), text);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>()) {
        let _either = Value::parse(&text);
        let _or = Scanner::new(&text).skip();
    }
}
