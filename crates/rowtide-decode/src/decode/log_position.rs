//! Positions in a database's log, which several formats write in the same way.

/// A PostgreSQL log sequence number, `0/16B2458`: two halves of 32 bits, in hexadecimal.
///
/// Source: PostgreSQL documentation, "pg_lsn Type".
pub(crate) fn lsn(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let half = |digits: &str| {
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)
    };
    Some(u64::from(half(high)?) << 32 | u64::from(half(low)?))
}

/// The number of a MySQL binlog file, `mysql-bin.000006`.
///
/// Source: MySQL Reference Manual, "The Binary Log".
pub(crate) fn binlog_file(name: &str) -> Option<u64> {
    unsigned(name.rsplit_once('.')?.1)
}

/// A number without a sign.
pub(crate) fn unsigned(digits: &str) -> Option<u64> {
    digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::{binlog_file, lsn};

    #[test]
    fn positions_are_numbers_and_nothing_else_is() {
        assert_eq!(lsn("0/16B2458"), Some(0x016B_2458));
        assert_eq!(lsn("FFFFFFFF/FFFFFFFF"), Some(u64::MAX));
        for text in ["", "/", "0/", "/0", "+1/0", "0/100000000", "g/0", "0"] {
            assert_eq!(lsn(text), None, "{text}");
        }
        assert_eq!(binlog_file("mysql-bin.changelog.000006"), Some(6));
        for text in ["", "000006", "bin.", "bin.+6", "bin.x"] {
            assert_eq!(binlog_file(text), None, "{text}");
        }
    }
}
