//! Bit strings as Debezium writes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Appends the only bit of a column of one as a boolean; one that has none is null.
pub(super) fn bit(text: &str, out: &mut String) -> Option<()> {
    out.push_str(match text {
        "1" => "true",
        "0" => "false",
        "" => "null",
        _ => return None,
    });
    Some(())
}

/// Appends the base64 of the bytes, the lowest first, without those at the end that are zero.
pub(super) fn bits(text: &str, out: &mut String) -> Option<()> {
    let digits: Vec<u8> = text
        .bytes()
        .map(|digit| matches!(digit, b'0' | b'1').then_some(digit - b'0'))
        .collect::<Option<_>>()?;
    let byte = |digits: &[u8]| digits.iter().fold(0, |byte, digit| byte << 1 | digit);
    let mut bytes: Vec<u8> = digits.rchunks(8).map(byte).collect();
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    out.push('"');
    STANDARD.encode_string(&bytes, out);
    out.push('"');
    Some(())
}
