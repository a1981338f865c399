//! Where in its source's log a record stands: what `metadata.stream-position` says.
//!
//! PostgreSQL: `LSN.n.LSN`. One of the two is that of the change, the other that of its transaction's begin or commit;
//! AWS does not say which, and recordings differ. The larger of the two orders the changes of a row in every case, with
//! the place inside the transaction behind it.
//! MySQL and MariaDB: `file:offset:…`, the rest of which is the end of the event, the transaction and its begin.
//!
//! # Source
//! AWS Database Migration Service API Reference, "StartReplicationTask" (`CdcStartPosition`: LSN and checkpoint of
//! MySQL); the meaning of PostgreSQL's parts is not documented, and concluded from recordings.

use crate::decode::log_position::{binlog_file, lsn, unsigned};
use crate::version::Version;

/// A place in the log of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// PostgreSQL: a log sequence number.
    Lsn(u64),
    /// MySQL, MariaDB: the number of a binary log file, and a place in it.
    Binlog { file: u64, offset: u64 },
}

impl Position {
    /// Reads a stream position; `None` for what is none that can be ordered, such as `…NOW`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.contains(':') { binlog(text) } else { larger_lsn(text) }
    }

    /// Appends the position to a version.
    pub(super) fn append(self, version: Version) -> Version {
        match self {
            Self::Lsn(lsn) => version.number(lsn),
            Self::Binlog { file, offset } => version.number(file).number(offset),
        }
    }
}

fn larger_lsn(text: &str) -> Option<Position> {
    let mut parts = text.split('.');
    let mut largest = lsn(parts.next()?)?;
    if let Some(middle) = parts.next() {
        unsigned(middle)?;
        largest = largest.max(lsn(parts.next()?)?);
    }
    (parts.next().is_none() && largest > 0).then_some(Position::Lsn(largest))
}

fn binlog(text: &str) -> Option<Position> {
    let mut parts = text.split(':');
    let (file, offset) = (parts.next()?, parts.next()?);
    Some(Position::Binlog { file: binlog_file(file)?, offset: unsigned(offset)? })
}

#[cfg(test)]
mod tests {
    use super::Position;
    use crate::version::{Rank, Version};

    fn version(text: &str) -> Option<String> {
        let version = Version::new('m', 0, Rank::Positioned);
        Some(Position::parse(text)?.append(version).as_str().to_owned())
    }

    #[test]
    fn positions_are_ordered_as_numbers() {
        let of = |text| version(text).unwrap();
        assert_eq!(of("00000002/7C007178.3.00000002/7C007178"), "m.0000.1.000000027c007178");
        assert_eq!(of("2/7C007178"), "m.0000.1.000000027c007178");
        assert!(of("FFFFFFFF/1.2.FFFFFFFF/1") > of("0000003B/E8007C98.2.0000003B/E8007D28"));
        assert_eq!(
            of(
                "mysql-bin-changelog.002171:36912271:0:36912333:9324410911751:mysql-bin-changelog.002171:36912209"
            ),
            "m.0000.1.000000000000087b.0000000002333c8f"
        );
        assert!(of("mysql-bin-changelog.1000000:4") > of("mysql-bin-changelog.999999:1073741824"));
        assert!(of("a.b.000001:100:-1:120:1:x") > of("a.b.000001:99"));
    }

    #[test]
    fn a_change_counts_by_the_larger_of_its_two_numbers() {
        let larger = version("0000003B/E8007C98.2.0000003B/E8007D28");
        assert_eq!(larger.as_deref(), Some("m.0000.1.0000003be8007d28"));
        assert_eq!(version("0000003B/E8007D28.2.0000003B/E8007C98"), larger);
    }

    #[test]
    fn what_is_no_position_is_none() {
        for text in [
            "",
            "NOW",
            "0000003B/E8003618.NOW",
            "0000003B/E8003618.",
            "0000003B/E8003618.2",
            "0000003B/E8003618.2.NOW",
            "0000003B/E8003618.x.0000003B/E8003618",
            "0000003B/E8003618.2.0000003B/E8003618.2",
            "00000000/00000000.2.00000000/00000000",
            "/",
            "+1/2",
            "123456789/0",
            "12345678",
            "00000027:00000a28:0004",
            "mysql-bin-changelog.002171",
            "mysql-bin-changelog.002171:",
            "mysql-bin-changelog.:4",
            "mysql-bin-changelog.00217x:4",
            "mysql-bin-changelog.002171:-4",
            "mysql-bin-changelog.002171:99999999999999999999",
        ] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
