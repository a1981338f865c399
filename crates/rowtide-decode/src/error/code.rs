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
            "The record is not JSON." "Mend the producer, then discard it."
        Unrecognised "unrecognised":
            "No decoder recognises the record." "Set `source.decoder`, or keep such records out."
        NotAChangeRecord "not_a_change_record" was "not_an_export":
            "JSON, but no change of the expected format."
            "Look at `source.decoder`, and who else writes into the stream."
        Encrypted "encrypted":
            "The source encrypted the record." "Turn that off; encrypt the stream instead."
        NotARecord "not_a_record":
            "The event's element is no record." "Look at what invokes the function."
        NoPayload "no_payload":
            "No payload, or none that is text." "Look at what writes into the stream."
        BadBase64 "bad_base64":
            "The payload is not base64." "Look at what passes the event on."
        BadCompression "bad_compression":
            "The compressed payload is broken." "Have it sent again, then discard it."
        UnsupportedCompression "unsupported_compression":
            "The payload's compression is not supported." "Send gzip or zstd."
        SchemaRegistry "schema_registry":
            "The payload is framed for a schema registry." "Send JSON without a registry."
        BadAggregate "bad_aggregate":
            "An aggregate of the Kinesis Producer Library is broken." "Look at what writes into the stream."
        TooManyLayers "too_many_layers":
            "The payload is packed in too many layers." "Pack it once."
        TooLarge "too_large":
            "Unpacked, the record needs too much memory." "Raise `limits.memory` and redrive it."
        MultiPart "multi_part":
            "A part of a change that the source split."
            "The row's next smaller change mends it; then discard the parts."
        SplitEvent "split_event":
            "The source split the event." "Remove the splitting stage of the change stream."
        UnknownOperation "unknown_operation" was "unknown_event_name" "unknown_kind" "unknown_type":
            "Neither insert, update nor delete." "Look at `source.decoder`, or the operation's pointer."
        NoTable "no_table":
            "The record names no table." "Set what the message names, such as `source.table`."
        BadTable "bad_table":
            "The table's name is empty, has a NUL or more than 1,024 bytes."
            "Rename the table at the source, or discard the record."
        BadTableDefinition "bad_table_definition":
            "The record describes its table wrongly." "Set `key` in the route."
        UnknownConnector "unknown_connector":
            "How this connector orders changes is not known." "Set `source.version` to `arrival`."
        MissingVersion "missing_version":
            "What orders the row's changes is missing or unreadable."
            "Have the source send what the message names, or set `source.version` to `arrival`."
        BadVersion "bad_version" was "bad_stream_position":
            "What orders the row's changes cannot be compared."
            "Set what the message names, or `source.version` to `arrival`."
        BadSequenceNumber "bad_sequence_number":
            "The sequence number is no number, or too long." "Look at what passes the event on."
        BadLabel "bad_label":
            "The stream's label is too long." "Set `source.label`."
        BadTime "bad_time":
            "The time of the change is missing, no time, or before 1970." "Look at what passes the record on."
        PrecisionContradicted "precision_contradicted":
            "The time does not fit its stated precision." "Look at what passes the record on."
        BadKey "bad_key":
            "A part of the key has a type that no key can have." "Set `key` in the route."
        MissingKey "missing_key" was "incomplete_key":
            "A column of the key is missing." "Have the source send it, or set `key` in the route."
        NullKey "null_key" was "incomplete_key":
            "A column of the key is null." "Set `key` in the route to columns that are never null."
        DuplicateKeyMember "duplicate_key_member":
            "A column of the key stands there twice." "Mend the producer, then discard it."
        DuplicateMember "duplicate_member":
            "A member that a pointer passes stands there twice." "Mend the producer, then discard it."
        BadMessageKey "bad_message_key":
            "The row has nothing of the message key." "Set `key` in the route."
        TooManyKeyColumns "too_many_key_columns":
            "The key has too many columns for any database." "Set `key` in the route."
        RoundedKey "rounded_key":
            "The source rounded the key."
            "Set `UseLargeIntegerValue` of the DMS endpoint, then load the table again."
        NoPosition "no_position":
            "The record lacks the position that would be its key."
            "Set `key` or another `keyless` in the route."
        KeylessChange "keyless_change":
            "Rows go by their position, so the changed one is unknown."
            "Set `key` in the route, or `keyless` to `row`."
        PartialKeyChange "partial_key_change":
            "The key changed, and the rest of the row may be missing." "Have the source send whole rows."
        ShardKeyChanged "shard_key_changed":
            "The update changes the key without its former value."
            "Set `key` in the route to `_id` if no two documents share one."
        NoImage "no_image" was "no_after" "no_data" "no_document":
            "The row is missing." "Have the source send it, as the message says."
        NoFullDocument "no_full_document":
            "Both the document and what changed of it are missing."
            "Open the change stream with `fullDocument`."
        NoBeforeImage "no_before_image" was "no_identity":
            "The row's key before the change is missing."
            "Set `REPLICA IDENTITY FULL` on the table, or `key` in its route."
        BadImage "bad_image" was "bad_before_image" "bad_document":
            "The row is no object." "Look at what passes the record on."
        BadAttribute "bad_attribute":
            "An attribute is not as DynamoDB writes it." "Look at what passes the record on."
        BadField "bad_field" was "bad_columns" "wrong_type":
            "A member is not as its format has it." "Look at what passes the record on."
        BadValue "bad_value":
            "A value is not of its column's type." "Look at the source's converters."
        BadBytea "bad_bytea":
            "Bytes are not in hexadecimal." "Set `bytea_output` to `hex` at the source."
        BadJsonColumn "bad_json_column":
            "A column's JSON is broken." "Mend the source's row, then discard the record."
        BadJsonField "bad_json_field":
            "A field in the route's `json` holds no JSON." "Take it out of `json`."
        HiddenValue "hidden_value":
            "A null may stand for an unchanged value."
            "Set Debezium's `binary.handling.mode` to `bytes`, or `REPLICA IDENTITY FULL` on the table."
        NumberOutOfRange "number_out_of_range":
            "A number is larger than the source, or a key, allows."
            "Mend the source's row, then discard the record."
        TooDeep "too_deep":
            "The document is nested too deep." "Mend the source's row, then discard the record."
        TruncatedArray "truncated_array":
            "The update shortens an array, which no patch can say." "Have the source send whole documents."
        AmbiguousPath "ambiguous_path":
            "A dot in an updated field's name makes its path ambiguous."
            "Have the source send whole documents, or open the change stream with `showExpandedEvents`."
        CassandraCells "cassandra_cells":
            "The record holds Cassandra's cells one by one." "Set `skip = true` in the table's route."
        ImageMisfit "image_misfit":
            "The image does not fit the program's type." "Mend the type, or the row."
        Rejected "rejected":
            "The database refuses the row, as the message says."
            "Mend the constraint or the row, then redrive it."
        NotWritten "not_written":
            "The database leaves the row out without a reason."
            "Redrive it; if it stays, look at the server's log."
        NoRoom "no_room":
            "The table has no room for another column." "Raise its limit of columns, then redrive it."
        Blocked "blocked":
            "A patch waits behind a parked change of its row." "Redrive both together."
    }
    Table {
        OtherFormat "other_format":
            "Another format than the one that is set."
            "Set `source.decoder` to what the message names, or to `auto`, then redrive it."
        NoArn "no_arn":
            "A record of DynamoDB Streams tells neither table nor stream."
            "Set `source.table` and `source.label`."
        NoNewImage "no_new_image":
            "The stream sends no new images, or one record lacks its own."
            "Give the stream the view type `NEW_AND_OLD_IMAGES`."
        UnknownKey "unknown_key":
            "Nobody tells the table's key." "Set `key` in its route; `keyless` if it has none."
        NoKey "no_key":
            "The table has no primary key, or a record lacks its key." "Set `key` or `keyless` in the route."
        ChangedKey "changed_key":
            "The table has another key than its target."
            "Set `key` to the former one, or load the table into another target."
        OtherSource "other_source":
            "A second source has a table of that name." "Give it a route of its own, or `merge`."
        OtherScheme "other_scheme":
            "The versions cannot be compared with those stored."
            "Set `source.version` and `source.decoder` as before."
        LowerEpoch "lower_epoch":
            "The target was filled with a higher epoch." "Set `source.epoch` at least as high."
        SharedTarget "shared_target":
            "The table leads to another table's target." "Give its route another `to`."
        UnusableTarget "unusable_target":
            "Rowtide cannot write to the target." "Give the route another `to`, or do what the message says."
        ReservedName "reserved_name":
            "The target is called like a table of rowtide's own." "Give the route another `to`."
        UntoldSource "untold_source":
            "The record does not tell what its route refers to."
            "Take it out of `from`, `to` and `key_add`, or have the source tell it."
        UnroutedTable "unrouted_table":
            "No route takes the table, and `source.unrouted` is `fail`, or one nearly does and nothing else \
             has come."
            "Give it a route; `skip = true` leaves it out."
        PartialImages "partial_images":
            "The table cannot take patches." "Set `delete` to `tombstone` or `soft`, or another `to`."
        MissingObject "missing_object":
            "Something is missing in the database, and `sink.ddl` is `never`."
            "Run the statements of the message."
        LostObject "lost_object":
            "A table, or its target's line in the registry, is gone."
            "Nothing if it comes back; else see who dropped it."
        Configuration "configuration":
            "The route's setting cannot be used, or the database refuses a statement."
            "Do what the message says."
    }
    Batch {
        SystemicPoison "systemic_poison":
            "Most records of a batch cannot be applied; none was parked."
            "Look at `source.decoder` and the target's constraints."
        NoStore "no_store":
            "The sink has no store to park records in." "Mend the cause, or give the sink a store."
        ParkedLimit "parked_limit":
            "More than `dead_letters.limit` records were parked in ten minutes."
            "Mend the cause, or raise the limit."
        BehindPurgeHorizon "behind_purge_horizon":
            "A change older than a purge could bring a deleted row back."
            "Redrive within `sink.tombstone_retention`, or with `--force`."
        ViewInUse "view_in_use":
            "A view is out of date, and something is built on it."
            "Drop what the message names; create it again later."
        BadSchemaLine "bad_schema_line":
            "A line of `rowtide_schemas` is broken." "Delete it; the source says it again."
        Contended "contended":
            "Another worker was faster; it is tried again." "Nothing, unless it stays."
        ColumnExists "column_exists":
            "Another worker added the column; it is tried again." "Nothing, unless it stays."
        Unavailable "unavailable":
            "The database, or the service with its secret, cannot be reached or work now; it is tried again."
            "Look at the server and the network."
        Unreadable "unreadable":
            "A table was made anew during a query; it is tried again." "Nothing, unless it stays."
        Deadline "deadline":
            "Time ran out before the database answered; what is left comes again."
            "See what keeps the database busy; raise the timeout, or make batches smaller."
        NotDurable "not_durable":
            "Not every record is durable, so the whole batch comes again." "See the other lines of the log."
        NotApplied "not_applied":
            "A dead letter could not be applied now." "Redrive it again."
        Output "output":
            "The command's output cannot be written." "Look at where it goes."
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
