//! One name for each thing that can go wrong: what it is called, what happened, and what to do about it.

use std::fmt;

/// Whom a code concerns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Concern {
    /// One record: a dead letter carries it.
    Record,
    /// The configuration of one source table or producer: a dead letter carries it, too.
    Table,
    /// Everything that is at work: an invocation or a command fails with it, or what failed is tried again.
    Batch,
}

/// Makes the enum and all that is known of its codes from one list, so that none can be left out of one of them.
macro_rules! codes {
    ($($concern:ident {
        $($code:ident $name:literal $(was $($former:literal)+)?: $happened:literal $advice:literal)+
    })+) => {
        /// A stable word for what went wrong: dead letters carry it, and Lambda and scripts are told it.
        ///
        /// Callers branch on the code and never on its text. Its text, [`Code::as_str`], is what is stored, logged and
        /// taken by `rowtide dead-letters --code`; it stays as it is. `docs/dead-letters.md` lists all codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $happened] $code,)+)+
            /// A word that rowtide does not know, for decoders and sinks that are not its own. Take a text in snake
            /// case that [`Code::named`] does not know: two codes with one text are two codes to a program, and one to
            /// the dead-letter table. Rowtide decides nothing by it, and counts such letters as poison.
            Other(&'static str),
        }

        impl Code {
            /// Every code of rowtide's own, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$($(Self::$code,)+)+];

            /// The code in snake case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$code => $name,)+)+
                    Self::Other(name) => name,
                }
            }

            /// What happened, in a sentence. Nothing is known of [`Code::Other`].
            #[must_use]
            pub const fn happened(self) -> &'static str {
                match self {
                    $($(Self::$code => $happened,)+)+
                    Self::Other(_) => "",
                }
            }

            /// What to do about it, in a sentence. Nothing is known of [`Code::Other`].
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self {
                    $($(Self::$code => $advice,)+)+
                    Self::Other(_) => "",
                }
            }

            /// What it was called before: letters that were parked then have these names for good.
            #[must_use]
            pub const fn former_names(self) -> &'static [&'static str] {
                match self {
                    $($(Self::$code => &[$($($former),+)?],)+)+
                    Self::Other(_) => &[],
                }
            }

            const fn concern(self) -> Concern {
                match self {
                    $($(Self::$code => Concern::$concern,)+)+
                    Self::Other(_) => Concern::Record,
                }
            }
        }
    };
}

codes! {
    Record {
        NotJson "not_json":
            "The record is not JSON." "Have the producer mend it, then discard it."
        Unrecognised "unrecognised":
            "No decoder takes the record for its own." "Set `source.decoder`, or keep such records out of the stream."
        NotAChangeRecord "not_a_change_record" was "not_an_export":
            "The record is JSON, but no change record of the format that was expected."
            "Look at `source.decoder`, and at who else writes into the stream."
        Encrypted "encrypted":
            "The source has encrypted the record." "Turn its encryption off; the stream itself can be encrypted at rest."
        NotARecord "not_a_record":
            "The element of the event is no record of a transport." "Look at what invokes the function."
        NoPayload "no_payload":
            "The record of the transport has no payload, or one that is no text." "Look at what writes into the stream."
        BadBase64 "bad_base64":
            "The payload of the record is not base64." "Look at what passes the event on."
        BadCompression "bad_compression":
            "The payload is compressed, and broken." "Have the producer send it again, then discard it."
        UnsupportedCompression "unsupported_compression":
            "The payload is compressed in a way that is not read." "Have the producer send gzip or zstd."
        SchemaRegistry "schema_registry":
            "The payload is framed for a schema registry." "Have the producer send JSON without a registry."
        BadAggregate "bad_aggregate":
            "An aggregate of the Kinesis Producer Library is broken." "Look at what writes into the stream."
        TooManyLayers "too_many_layers":
            "The payload is packed in too many layers." "Have the producer pack it once."
        TooLarge "too_large":
            "The record needs more memory than one may have, once it is unpacked and taken apart. Such records are no \
             sign of a wrong decoder."
            "Raise `limits.memory` and redrive it."
        MultiPart "multi_part":
            "The record is a part of a change that the source split, and parts are not put together here."
            "The next smaller change of the row mends it; discard the parts then."
        SplitEvent "split_event":
            "The source split the change event." "Take the stage that splits out of the change stream's pipeline."
        UnknownOperation "unknown_operation" was "unknown_event_name" "unknown_kind" "unknown_type":
            "The record is of no kind of change that is known: neither an insert, an update nor a delete."
            "Look at `source.decoder`, or at the pointer to the operation."
        NoTable "no_table":
            "The record names no table." "Set what the message names, such as `source.table`."
        BadTable "bad_table":
            "The record names a table that no database can have: its name is empty, holds a NUL character or has more \
             than 1,024 bytes."
            "Rename it at the source, or discard the record."
        BadTableDefinition "bad_table_definition":
            "The record describes a table otherwise than its format does." "Set `key` in the route of the table."
        UnknownConnector "unknown_connector":
            "The record is of a connector whose order is not known." "Set `source.version` to `arrival`."
        MissingVersion "missing_version":
            "The record lacks what orders it among the changes of its row, or that cannot be read."
            "Have the source send what the message names, or set `source.version` to `arrival`."
        BadVersion "bad_version" was "bad_stream_position":
            "The record is ordered by something that cannot be compared."
            "Set what the message names, or set `source.version` to `arrival`."
        BadSequenceNumber "bad_sequence_number":
            "The sequence number of the record is no number, or too long." "Look at what passes the event on."
        BadLabel "bad_label":
            "The label of the stream is too long." "Set `source.label`."
        BadTime "bad_time":
            "The time of the change is missing, or is no time since 1970." "Look at what passes the record on."
        PrecisionContradicted "precision_contradicted":
            "The time of the change does not fit the precision that it is said to have." "Look at what passes the record on."
        BadKey "bad_key":
            "A part of the key is of a kind that no key can be of." "Set `key` in the route of the table."
        MissingKey "missing_key" was "incomplete_key":
            "The row lacks a column of its key." "Have the source send it, or set `key` in the route of the table."
        NullKey "null_key" was "incomplete_key":
            "A column of the key is null." "Set `key` in the route of the table to columns that are never null."
        DuplicateKeyMember "duplicate_key_member":
            "The record names a column of the key twice." "Have the producer mend it, then discard it."
        DuplicateMember "duplicate_member":
            "The record has a member twice that a pointer passes, and nobody could say which one counts."
            "Have the producer mend it, then discard it."
        BadMessageKey "bad_message_key":
            "The row has nothing of the record's message key." "Set `key` in the route of the table."
        TooManyKeyColumns "too_many_key_columns":
            "The key has more columns than any database allows." "Set `key` in the route of the table."
        RoundedKey "rounded_key":
            "The source has rounded the number that is the key, so that rows would be taken for each other."
            "Set `UseLargeIntegerValue` of the DMS endpoint, then load the table again."
        NoPosition "no_position":
            "The record has no position, which would be the key of its row." "Set `key` or another `keyless` in the route."
        KeylessChange "keyless_change":
            "The row to be changed has no name: the table has no key, and its rows go by their position."
            "Set `key` in its route, or `keyless` to `row`."
        PartialKeyChange "partial_key_change":
            "The key of a row changed, and the record may not hold the whole row."
            "Have the source send whole rows, as the message says."
        ShardKeyChanged "shard_key_changed":
            "The update changes a part of the key and does not say what it was before."
            "Set `key` in the route to `_id` where no two documents share one, as the message says."
        NoImage "no_image" was "no_after" "no_data" "no_document":
            "The record lacks the row that it should bring." "Have the source send it, as the message says."
        NoFullDocument "no_full_document":
            "The change event has neither the document nor what was changed of it."
            "Open the change stream with `fullDocument`, as the message says."
        NoBeforeImage "no_before_image" was "no_identity":
            "The record does not hold what names the row before the change."
            "Set `REPLICA IDENTITY FULL` on the table, or `key` in its route."
        BadImage "bad_image" was "bad_before_image" "bad_document":
            "The row in the record is no object." "Look at what passes the record on."
        BadAttribute "bad_attribute":
            "An attribute is not as DynamoDB writes it." "Look at what passes the record on."
        BadField "bad_field" was "bad_columns" "wrong_type":
            "A member of the record is not of the form that its format has." "Look at what passes the record on."
        BadValue "bad_value":
            "A value is not of the type of its column." "Look at the converters of the source."
        BadBytea "bad_bytea":
            "Bytes are not written in hexadecimal digits." "Set `bytea_output` to `hex` at the source."
        BadJsonColumn "bad_json_column":
            "The JSON in a column is broken." "Mend the row at the source, then discard the record."
        BadJsonField "bad_json_field":
            "A field that the route's `json` names holds no JSON." "Take the field out of `json`."
        HiddenValue "hidden_value":
            "A null in the record may stand for a value that did not change."
            "Set `binary.handling.mode` of Debezium to `bytes`, or `REPLICA IDENTITY FULL` on the table."
        NumberOutOfRange "number_out_of_range":
            "A number is larger than the source, or a key, allows." "Mend the row at the source, then discard the record."
        TooDeep "too_deep":
            "The document is nested too deep." "Mend the row at the source, then discard the record."
        TruncatedArray "truncated_array":
            "The update cuts off the end of an array, which a patch cannot say."
            "Have the source send whole documents, as the message says."
        AmbiguousPath "ambiguous_path":
            "The name of an updated field holds a dot, so that its path has two meanings."
            "Have the source send whole documents, or open the change stream with `showExpandedEvents`."
        CassandraCells "cassandra_cells":
            "The record holds the cells of Cassandra one by one." "Leave the table out with `skip = true` in its route."
        ImageMisfit "image_misfit":
            "An image does not fit the type into which a program reads it." "Mend the type, or the row."
        Rejected "rejected":
            "The database refuses the row; the message has the SQLSTATE and the constraint."
            "Mend the constraint or the row, then redrive it."
        NotWritten "not_written":
            "The database leaves the row out and does not say why." "Redrive it; if it stays, look at the server's log."
        NoRoom "no_room":
            "The table has no room for another column." "Raise the table's limit of columns, then redrive it."
        Blocked "blocked":
            "The record is a patch that waits behind a parked change of its row." "Redrive both together."
    }
    Table {
        OtherFormat "other_format":
            "The record is of another format than the one that is set."
            "Set `source.decoder` to the format that the message names, or to `auto`, then redrive it."
        NoArn "no_arn":
            "The record is of DynamoDB Streams and tells neither table nor stream."
            "Set `source.table` and `source.label`."
        NoNewImage "no_new_image":
            "The stream sends no new images. Also of a single record that lacks its own."
            "Give the stream the view type `NEW_AND_OLD_IMAGES`."
        UnknownKey "unknown_key":
            "Nobody tells the key of the table." "Set `key` in its route; `keyless` if it has none."
        NoKey "no_key":
            "The table has no primary key. Also of a single record that lacks its own key or a part of it."
            "Set `key` or `keyless` in the route of the table."
        ChangedKey "changed_key":
            "The table has another key than its target."
            "Set `key` to the former one, or load the table anew into another target."
        OtherSource "other_source":
            "The record is of a second source with a table of that name."
            "Give it a route of its own, or `merge`."
        OtherScheme "other_scheme":
            "The versions of the table cannot be compared with those that are stored."
            "Set `source.version` and `source.decoder` as before."
        LowerEpoch "lower_epoch":
            "The target was filled with a higher epoch." "Set `source.epoch` at least as high as before."
        SharedTarget "shared_target":
            "The table leads to another table's target." "Give its route another `to`."
        UnusableTarget "unusable_target":
            "The table leads to something that rowtide cannot write to."
            "Give its route another `to`, or do what the message says."
        ReservedName "reserved_name":
            "The target is called like a table of rowtide's own." "Give the route another `to`."
        UntoldSource "untold_source":
            "The record does not tell what its route refers to."
            "Leave it out of `from`, `to` and `key_add`, or have the source tell it."
        UnroutedTable "unrouted_table":
            "No route takes the table, and `source.unrouted` is `fail`; or nothing else has come yet, and a route nearly takes it."
            "Give it a route; `skip = true` leaves it out on purpose."
        PartialImages "partial_images":
            "The record is a patch for a table that cannot take one."
            "Set `delete` to `tombstone` or `soft`, or give the route another `to`."
        MissingObject "missing_object":
            "`sink.ddl` is `never`, and something is missing in the database." "Run the statements of the message."
        LostObject "lost_object":
            "A table, or the target's line in the registry, was there and is gone."
            "Nothing, if it comes back: rowtide looks again and makes it anew. Else see who dropped it."
        Configuration "configuration":
            "A setting of the route cannot be used, or the database refuses the table's statements."
            "Do what the message says."
    }
    Batch {
        SystemicPoison "systemic_poison":
            "Most records of a batch cannot be applied: that is no accident, and nothing was parked."
            "Look at `source.decoder` and at the target's constraints."
        NoStore "no_store":
            "Records cannot be applied, and the sink has no store to park them in." "Mend their cause, or give the sink a store."
        ParkedLimit "parked_limit":
            "More records than `dead_letters.limit` were parked in ten minutes." "Mend their cause, or raise the limit."
        BehindPurgeHorizon "behind_purge_horizon":
            "A change is older than a purge of its target, and could bring a deleted row back."
            "Redrive within `sink.tombstone_retention`, or with `--force`."
        ViewInUse "view_in_use":
            "A view is out of date, and something is built on it." "Drop what the message names, and create it again later."
        BadSchemaLine "bad_schema_line":
            "A line of `rowtide_schemas` is not as rowtide wrote it." "Delete it; the source says it again."
        Contended "contended":
            "Another worker was faster. It is tried again." "Nothing, unless it stays."
        ColumnExists "column_exists":
            "Another worker added the column at the same time. It is tried again." "Nothing, unless it stays."
        Unavailable "unavailable":
            "The database, or a service that holds its secret, cannot be reached or cannot work now. It is tried again."
            "Look at the server and at the network."
        Unreadable "unreadable":
            "An answer has other columns than were asked for: a table was made anew. It is tried again."
            "Nothing, unless it stays."
        Deadline "deadline":
            "The time ran out before the database answered. What is left comes again."
            "Look at what the database is busy with; raise the function's timeout, or let batches be smaller."
        NotDurable "not_durable":
            "Not every record is durable, and the transport can only repeat the whole batch." "See the other lines of the log."
        NotApplied "not_applied":
            "A dead letter could not be applied now." "Redrive it once more."
        Output "output":
            "The output of the command cannot be written." "Look at where it goes."
    }
}

impl Code {
    /// The code that is called so now.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|code| code.as_str() == name).copied()
    }

    /// All names of what `name` names, today's and former ones: by them, letters are found. A name that is no code's
    /// stands for itself.
    #[must_use]
    pub fn all_names(name: &str) -> Vec<&str> {
        let mut names = vec![name];
        for code in Self::ALL.iter().filter(|code| code.has_name(name)) {
            for other in std::iter::once(code.as_str()).chain(code.former_names().iter().copied()) {
                if !names.contains(&other) {
                    names.push(other);
                }
            }
        }
        names
    }

    fn has_name(self, name: &str) -> bool {
        self.as_str() == name || self.former_names().contains(&name)
    }

    /// The names of all faults of the configuration of one source table or producer.
    #[must_use]
    pub fn fault_names() -> Vec<&'static str> {
        Self::ALL
            .iter()
            .filter(|code| code.is_fault())
            .flat_map(|code| Self::all_names(code.as_str()))
            .collect()
    }

    /// Whether it is of a single record, which is parked with it.
    #[must_use]
    pub fn is_of_record(self) -> bool {
        self.concern() == Concern::Record
    }

    /// Whether it is a fault of the configuration of one source table or producer: a person mends that, and then its
    /// records can be applied.
    #[must_use]
    pub fn is_fault(self) -> bool {
        self.concern() == Concern::Table
    }

    /// Whether a decoder could not read the record at all: another one may.
    #[must_use]
    pub fn is_of_decoder(self) -> bool {
        matches!(self, Self::OtherFormat | Self::Unrecognised | Self::NotAChangeRecord)
    }

    /// Whether an element of an event had no payload: the element itself is parked in its place.
    #[must_use]
    pub fn is_of_element(self) -> bool {
        matches!(self, Self::BadBase64 | Self::NoPayload | Self::NotARecord)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;
    use std::collections::HashSet;

    #[test]
    fn a_name_is_one_codes_and_a_former_name_is_none() {
        let mut names = HashSet::new();
        for code in Code::ALL {
            let name = code.as_str();
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{name}");
            assert!(names.insert(name), "{name} names two codes");
            assert_eq!(Code::named(name), Some(*code));
            assert!(code.former_names().iter().all(|former| Code::named(former).is_none()), "{name}");
        }
    }

    #[test]
    fn a_former_name_stands_for_all_of_the_code() {
        let all = ["unknown_operation", "unknown_event_name", "unknown_kind", "unknown_type"];
        for name in all {
            let (mut found, mut expected) = (Code::all_names(name), all.to_vec());
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{name}");
        }
        // what was one name is two codes by now
        let both = Code::all_names("incomplete_key");
        assert_eq!(both, ["incomplete_key", "missing_key", "null_key"]);
        assert_eq!(Code::all_names("of_a_stranger"), ["of_a_stranger"]);
    }

    #[test]
    fn what_a_stranger_names_is_no_code_of_ours() {
        let other = Code::Other("not_a_frame");
        assert_eq!(other.to_string(), "not_a_frame");
        assert!(Code::named("not_a_frame").is_none() && other.is_of_record() && !other.is_fault());
    }
}
