//! A document's own member is never taken for the format's: every word of every format is tried as the name of a
//! column, of a member of a document and of the key, with values of every kind, in front of the others and behind them.

use rowtide::catalogue::Catalogue;
use rowtide::decode::{Pointers, Settings};
use rowtide::decoders::{Decoders, Part};
use rowtide::event::Change;
use rowtide::json::Value;
use rowtide::record::Record;
use rowtide::rules::{Rules, TableRules};

/// The words of all formats, and of what may be around them: members of envelopes, control words, metadata.
const WORDS: &[&str] = &[
    // Debezium, also flattened, as a CloudEvent, and beside rows
    "schema",
    "payload",
    "before",
    "after",
    "source",
    "op",
    "ts_ms",
    "ts_us",
    "ts_ns",
    "transaction",
    "connector",
    "__op",
    "__deleted",
    "__table",
    "__db",
    "__lsn",
    "__source_ts_ms",
    "snapshot",
    "ddl",
    "databaseName",
    "historyRecord",
    "tableChanges",
    "status",
    "id_of_transaction",
    "data_collections",
    "event_count",
    "specversion",
    "datacontenttype",
    "iodebeziumop",
    "sequence",
    "total_order",
    "name",
    "server",
    "keyspace",
    "cluster",
    "txId",
    // Maxwell
    "type",
    "database",
    "table",
    "ts",
    "xid",
    "xoffset",
    "commit",
    "position",
    "primary_key",
    "primary_key_columns",
    "data",
    "old",
    "def",
    "encrypted",
    "sql",
    "query",
    "gtid",
    "server_id",
    "thread_id",
    "insert",
    "table-drop",
    // wal2json
    "action",
    "kind",
    "change",
    "source_identity",
    "columns",
    "identity",
    "pk",
    "lsn",
    "nextlsn",
    "timestamp",
    "origin",
    "columnnames",
    "columnvalues",
    "columntypes",
    "oldkeys",
    "keynames",
    "keyvalues",
    "pknames",
    "prefix",
    "content",
    "transactional",
    "value",
    // Canal
    "isDdl",
    "pkNames",
    "es",
    "sqlType",
    "mysqlType",
    "_tidb",
    // DMS
    "metadata",
    "control",
    "before-image",
    "operation",
    "record-type",
    "schema-name",
    "table-name",
    "partition-key-type",
    "stream-position",
    "transaction-record-id",
    "commit-timestamp",
    "table-def",
    "BI_id",
    // DynamoDB: streams, through Kinesis, exports
    "dynamodb",
    "Dynamodb",
    "Keys",
    "NewImage",
    "OldImage",
    "eventName",
    "EventName",
    "eventID",
    "eventSourceARN",
    "eventSource",
    "userIdentity",
    "principalId",
    "PrincipalId",
    "Type",
    "awsRegion",
    "tableName",
    "recordFormat",
    "ApproximateCreationDateTime",
    "SequenceNumber",
    "StreamViewType",
    "Item",
    "Metadata",
    "tableArn",
    "exportTime",
    "WriteTimestampMicros",
    "S",
    "N",
    "B",
    "M",
    "L",
    "SS",
    "NS",
    "BS",
    "BOOL",
    "NULL",
    // MongoDB
    "_data",
    "operationType",
    "fullDocument",
    "fullDocumentBeforeChange",
    "documentKey",
    "ns",
    "db",
    "coll",
    "clusterTime",
    "wallTime",
    "updateDescription",
    "updatedFields",
    "removedFields",
    "truncatedArrays",
    "disambiguatedPaths",
    "splitEvent",
    "detail",
    "detail-type",
    "$oid",
    "$date",
    "$numberLong",
    "$set",
    "$ref",
    // Aurora DSQL
    "full",
    "fragment",
    "chunk_id",
    "index",
    // rows of a snapshot
    "rowtide_snapshot",
    // documents that came by HTTP
    "rowtide_collect",
    "document",
    "scheme",
    "at",
    "gone",
    // archived changes
    "rowtide_change",
    "change",
    "source_identity",
    "target",
    "document",
    "arrived_at",
    "sub",
    // JSON of one's own, what is around records, and what tables are made of
    "meta",
    "row",
    "seq",
    "Records",
    "records",
    "kinesis",
    "Kinesis",
    "body",
    "Message",
    "messageType",
    "logEvents",
    "sequenceNumber",
    "partitionKey",
    "Data",
    "key",
    "version",
    "deleted",
    "aux",
    "changed_at",
    "",
];

/// Values: as JSON, and as DynamoDB writes them.
const VALUES: &[(&str, &str)] = &[
    (r#""d""#, r#"{"S":"d"}"#),
    ("7", r#"{"N":"7"}"#),
    (
        r#"{"op":"d","type":"x","payload":{"id":9},"S":"x"}"#,
        r#"{"M":{"op":{"S":"d"},"type":{"S":"x"},"payload":{"M":{"id":{"N":"9"}}},"S":{"S":"x"}}}"#,
    ),
    (r#"[{"op":"d"},"delete"]"#, r#"{"L":[{"M":{"op":{"S":"d"}}},{"S":"delete"}]}"#),
    ("null", r#"{"NULL":true}"#),
];

/// A format to be tried.
struct Format {
    /// Its decoder.
    decoder: &'static str,
    /// Whether it is told from others by itself, or pinned.
    is_pinned: bool,
    /// What is set, where the key has this name.
    told: fn(&str) -> (Settings, Rules),
    /// An insert, an update, a delete and what else there is of a row with a key of this name and value 1, and these
    /// columns: name, and value in both ways.
    records: fn(&str, &[Column<'_>]) -> Vec<String>,
    /// The names that a key or a column cannot have here, with the reason.
    taken: &'static [&'static str],
    /// Whether its key may have any name.
    names_keys: bool,
}

type Column<'a> = (&'a str, &'a str, &'a str);

fn quoted(name: &str) -> String {
    serde_json::to_string(name).unwrap()
}

/// The columns as members of a JSON object.
fn plain(columns: &[Column<'_>]) -> String {
    let members: Vec<String> =
        columns.iter().map(|(name, json, _)| format!("{}:{json}", quoted(name))).collect();
    members.join(",")
}

/// The columns as members of a DynamoDB item.
fn typed(columns: &[Column<'_>]) -> String {
    let members: Vec<String> =
        columns.iter().map(|(name, _, typed)| format!("{}:{typed}", quoted(name))).collect();
    members.join(",")
}

fn with_key(key: &str, pointers: Pointers) -> (Settings, Rules) {
    let keyed = TableRules { key: vec![key.to_owned()], ..TableRules::default() };
    (Settings { pointers, ..Settings::default() }, Rules::of_all(keyed))
}

const FORMATS: &[Format] = &[
    Format {
        decoder: "maxwell",
        is_pinned: false,
        told: |_| (Settings::default(), Rules::default()),
        records: |key, columns| {
            let (key, row) = (quoted(key), plain(columns));
            let head = format!(
                r#""database":"shop","table":"orders","ts":1,"commit":true,"position":"b.1:2","primary_key_columns":[{key}]"#
            );
            vec![
                format!(r#"{{{head},"type":"insert","data":{{{row}}}}}"#),
                format!(r#"{{"type":"update","old":{{{row}}},"data":{{{row}}},{head}}}"#),
                format!(r#"{{{head},"type":"delete","data":{{{row}}}}}"#),
                format!(r#"{{{head},"type":"bootstrap-insert","data":{{{row}}}}}"#),
            ]
        },
        taken: &[],
        names_keys: true,
    },
    Format {
        decoder: "wal2json",
        is_pinned: false,
        told: |_| (Settings::default(), Rules::default()),
        records: |key, columns| {
            let key = quoted(key);
            let column =
                |(name, json, _): &Column<'_>| format!(r#"{{"name":{},"value":{json}}}"#, quoted(name));
            let row = columns.iter().map(column).collect::<Vec<_>>().join(",");
            let head = format!(
                r#""lsn":"0/1","schema":"shop","table":"orders","pk":[{{"name":{key},"type":"integer"}}]"#
            );
            let names = columns.iter().map(|(name, _, _)| quoted(name)).collect::<Vec<_>>().join(",");
            let values = columns.iter().map(|(_, json, _)| *json).collect::<Vec<_>>().join(",");
            let change = |kind: &str, lists: &str| {
                format!(
                    r#"{{"nextlsn":"0/1","change":[{{"kind":"{kind}","schema":"shop","table":"orders","pk":{{"pknames":[{key}]}}{lists}}}]}}"#
                )
            };
            let lists = format!(r#","columnnames":[{names}],"columnvalues":[{values}]"#);
            let old = format!(r#","oldkeys":{{"keynames":[{names}],"keyvalues":[{values}]}}"#);
            vec![
                format!(r#"{{"action":"I",{head},"columns":[{row}]}}"#),
                format!(r#"{{"action":"U","identity":[{row}],"columns":[{row}],{head}}}"#),
                format!(r#"{{"action":"D",{head},"identity":[{row}]}}"#),
                change("insert", &lists),
                change("update", &format!("{lists}{old}")),
                change("delete", &old),
            ]
        },
        taken: &[],
        names_keys: true,
    },
    Format {
        decoder: "canal",
        is_pinned: false,
        told: |_| (Settings::default(), Rules::default()),
        records: |key, columns| {
            let (key, row) = (quoted(key), plain(columns));
            let types = columns.iter().map(|(name, _, _)| format!(r#"{}:"text""#, quoted(name)));
            let types = types.collect::<Vec<_>>().join(",");
            let codes = types.replace("\"text\"", "12");
            let head = format!(
                r#""database":"shop","table":"orders","pkNames":[{key}],"isDdl":false,"es":1,"mysqlType":{{{types}}},"sqlType":{{{codes}}}"#
            );
            vec![
                format!(r#"{{{head},"type":"INSERT","data":[{{{row}}}],"old":null}}"#),
                format!(r#"{{"data":[{{{row}}}],"old":[{{{row}}}],"type":"UPDATE",{head}}}"#),
                format!(r#"{{{head},"type":"DELETE","data":[{{{row}}}]}}"#),
            ]
        },
        taken: &[],
        names_keys: true,
    },
    Format {
        decoder: "dms",
        is_pinned: false,
        told: |key| with_key(key, Pointers::default()),
        records: |_, columns| {
            let row = plain(columns);
            let metadata = |operation: &str| {
                format!(
                    r#""metadata":{{"timestamp":"2024-07-29T00:58:17.974340Z","record-type":"data","operation":"{operation}","partition-key-type":"schema-table","schema-name":"shop","table-name":"orders","stream-position":"0/1.0.0/2","transaction-record-id":1}}"#
                )
            };
            vec![
                format!(r#"{{"data":{{{row}}},{}}}"#, metadata("load")),
                format!(r#"{{{},"data":{{{row}}}}}"#, metadata("insert")),
                format!(r#"{{"data":{{{row}}},"before-image":{{{row}}},{}}}"#, metadata("update")),
                format!(r#"{{"data":{{{row}}},{}}}"#, metadata("delete")),
            ]
        },
        // with `map-record-to-document` an object of this name holds the columns
        taken: &["_doc"],
        names_keys: true,
    },
    Format {
        decoder: "dsql",
        is_pinned: false,
        told: |key| with_key(key, Pointers::default()),
        records: |key, columns| {
            let row = plain(columns);
            let of_key: Vec<Column<'_>> =
                columns.iter().filter(|(name, _, _)| *name == key).copied().collect();
            let source = r#""source":{"version":"1.0","ts_ns":1,"txId":"t","schema":"shop","table":"orders","db":"postgres","cluster":"c"}"#;
            vec![
                format!(r#"{{"type":"full","op":"c","before":null,"after":{{{row}}},{source}}}"#),
                format!(r#"{{{source},"after":{{{row}}},"op":"u","type":"full"}}"#),
                format!(
                    r#"{{"type":"full","op":"d","before":{{{}}},"after":null,{source}}}"#,
                    plain(&of_key)
                ),
            ]
        },
        taken: &[],
        names_keys: true,
    },
    Format {
        decoder: "dynamodb",
        is_pinned: false,
        told: |_| (Settings::default(), Rules::default()),
        records: |key, columns| {
            let (key, item) = (quoted(key), typed(columns));
            let record = |name: &str, images: &str| {
                format!(
                    r#"{{"eventID":"e","eventName":"{name}","awsRegion":"eu-west-1","dynamodb":{{"Keys":{{{key}:{{"N":"1"}}}},{images},"SequenceNumber":"111","StreamViewType":"NEW_AND_OLD_IMAGES"}},"eventSourceARN":"arn:aws:dynamodb:eu-west-1:1:table/orders/stream/l"}}"#
                )
            };
            vec![
                record("INSERT", &format!(r#""NewImage":{{{item}}}"#)),
                record("MODIFY", &format!(r#""OldImage":{{{item}}},"NewImage":{{{item}}}"#)),
                record("REMOVE", &format!(r#""OldImage":{{{item}}}"#)),
            ]
        },
        taken: &[],
        names_keys: true,
    },
    Format {
        decoder: "dynamodb-kinesis",
        is_pinned: false,
        told: |_| (Settings::default(), Rules::default()),
        records: |key, columns| {
            let (key, item) = (quoted(key), typed(columns));
            let record = |name: &str, images: &str| {
                format!(
                    r#"{{"eventName":"{name}","tableName":"orders","recordFormat":"application/json","dynamodb":{{{images},"ApproximateCreationDateTime":1772440530123456,"Keys":{{{key}:{{"N":"1"}}}}}}}}"#
                )
            };
            vec![
                record("INSERT", &format!(r#""NewImage":{{{item}}}"#)),
                record("MODIFY", &format!(r#""OldImage":{{{item}}},"NewImage":{{{item}}}"#)),
                record("REMOVE", &format!(r#""OldImage":{{{item}}}"#)),
            ]
        },
        taken: &[],
        names_keys: true,
    },
    Format {
        decoder: "dynamodb-export",
        is_pinned: false,
        told: |key| with_key(key, Pointers::default()),
        records: |key, columns| {
            let (key, item) = (quoted(key), typed(columns));
            let arn = r#""tableArn":"arn:aws:dynamodb:eu-west-1:1:table/orders""#;
            let write = format!(
                r#"{{{arn},"Metadata":{{"WriteTimestampMicros":{{"N":"1772440530123456"}}}},"Keys":{{{key}:{{"N":"1"}}}}"#
            );
            vec![
                format!(r#"{{{arn},"exportTime":"2026-03-02T08:00:00.000Z","Item":{{{item}}}}}"#),
                format!(r#"{write},"NewImage":{{{item}}},"OldImage":{{{item}}}}}"#),
                format!(r#"{write},"OldImage":{{{item}}}}}"#),
            ]
        },
        taken: &[],
        names_keys: true,
    },
    Format {
        decoder: "mongodb",
        is_pinned: false,
        told: |_| (Settings::default(), Rules::default()),
        records: |_, columns| {
            let document = plain(columns);
            let event = |operation: &str, members: &str| {
                format!(
                    r#"{{"_id":{{"_data":"82669683C2"}},"operationType":"{operation}","clusterTime":{{"$timestamp":{{"t":1721140162,"i":2}}}},{members},"ns":{{"db":"shop","coll":"orders"}},"documentKey":{{"_id":1}}}}"#
                )
            };
            let insert = event("insert", &format!(r#""fullDocument":{{{document}}}"#));
            vec![
                format!(r#"{{"version":"0","detail-type":"x","detail":{insert}}}"#),
                insert,
                event("update", &format!(r#""updateDescription":{{}},"fullDocument":{{{document}}}"#)),
                event(
                    "replace",
                    &format!(r#""fullDocument":{{{document}}},"fullDocumentBeforeChange":{{{document}}}"#),
                ),
                event("delete", &format!(r#""fullDocumentBeforeChange":{{{document}}}"#)),
            ]
        },
        taken: &[],
        names_keys: false,
    },
    Format {
        decoder: "snapshot",
        is_pinned: false,
        told: |_| (Settings::default(), Rules::default()),
        records: |key, columns| {
            let (key, row) = (quoted(key), plain(columns));
            let head = format!(
                r#""rowtide_snapshot":{{"table":"shop.orders","source":{{"db":"shop"}},"scheme":"p","at":"2026-03-02T08:00:00Z","key":[{key}]}}"#
            );
            vec![
                format!(r#"{{{head},"row":{{{row}}}}}"#),
                format!(r#"{{"row":{{{row}}},{head}}}"#),
                format!(r#"{{{head},"gone":{{{row}}}}}"#),
            ]
        },
        taken: &[],
        names_keys: true,
    },
    Format {
        decoder: "archive",
        is_pinned: false,
        told: |_| (Settings::default(), Rules::default()),
        records: |key, columns| {
            let (key, row) = (quoted(key), plain(columns));
            let line = |op: &str, document: &str| {
                let head = r#""table":"shop.orders","source_identity":{"db":"shop"},"version":"p.0000.1.07""#;
                format!(
                    r#"{{"rowtide_change":1,"change":"{op}",{head},"key":{{{key}:1}},"document":{document}}}"#
                )
            };
            vec![
                line("put", &format!("{{{row}}}")),
                line("delete", &format!("{{{row}}}")),
                line("delete", "null"),
            ]
        },
        taken: &[],
        names_keys: true,
    },
    Format {
        decoder: "collect",
        is_pinned: false,
        told: |_| (Settings::default(), Rules::default()),
        records: |_, columns| {
            let document = plain(columns);
            let head = r#""rowtide_collect":{"table":"shop.orders","id":1}"#;
            vec![
                format!(r#"{{{head},"document":{{{document}}}}}"#),
                format!(r#"{{"document":{{{document}}},{head}}}"#),
            ]
        },
        taken: &[],
        names_keys: false,
    },
    Format {
        decoder: "json",
        is_pinned: false,
        told: |key| {
            let own = |pointer: &str| Some(pointer.to_owned());
            let pointers = Pointers {
                table: own("/meta/entity"),
                key: Vec::new(),
                operation: own("/meta/verb"),
                version: own("/meta/revision"),
                document: own("/row"),
            };
            with_key(key, pointers)
        },
        records: |_, columns| {
            let row = plain(columns);
            let meta = |verb: &str| format!(r#""meta":{{"entity":"orders","verb":"{verb}","revision":7}}"#);
            vec![
                format!(r#"{{{},"row":{{{row}}}}}"#, meta("insert")),
                format!(r#"{{"row":{{{row}}},{}}}"#, meta("update")),
                format!(r#"{{{},"row":{{{row}}}}}"#, meta("delete")),
            ]
        },
        taken: &[],
        names_keys: true,
    },
    // the record itself is the row: any word may be a column's, so that only a pinned decoder can tell
    Format {
        decoder: "json",
        is_pinned: true,
        told: |key| {
            let version = Some("/own_revision".to_owned());
            let pointers = Pointers { version, ..Pointers::default() };
            let (settings, rules) = with_key(key, pointers);
            (Settings { table: Some("orders".to_owned()), ..settings }, rules)
        },
        records: |_, columns| vec![format!(r#"{{{},"own_revision":7}}"#, plain(columns))],
        taken: &[],
        names_keys: true,
    },
];

/// The member that a pointer into a document leads to.
fn name_at(pointer: &str) -> String {
    let name = pointer.strip_prefix('/').unwrap();
    assert!(!name.contains('/'), "{pointer}");
    quoted(&name.replace("~1", "/").replace("~0", "~"))
}

/// What a record comes to: every event with all that its row has.
fn told((decoders, catalogue): &(Decoders, Catalogue), payload: &str, named: &str) -> String {
    let parts = decoders.decode(&Record::new("s", "7", payload.to_owned()), catalogue);
    let events: Vec<_> = parts.into_iter().flat_map(Part::events).collect();
    assert!(!events.is_empty(), "{payload}");
    let line = |event: rowtide::Result<rowtide::event::ChangeEvent>| {
        let event = event.unwrap_or_else(|error| panic!("{named}: {error} {payload}"));
        let (op, document) = match &event.change {
            Change::Put(document) => ("put", document.to_json()),
            Change::Patch(patch) => {
                let set = patch.set.iter().map(|(path, value)| format!("{}:{value}", name_at(path)));
                ("patch", set.chain(patch.remove.iter().cloned()).collect::<Vec<_>>().join(","))
            }
            Change::Delete(document) => {
                ("delete", document.as_ref().map_or_else(String::new, |it| it.to_json()))
            }
            Change::Truncate => ("truncate", String::new()),
        };
        let key = event.key.as_ref().unwrap().to_json();
        format!("{} {op} {key} {document} {} {:?}", event.table, event.version, event.changed_at)
    };
    events.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Tries every word as the name of a column of the formats, and of their key.
fn hold(formats: &[Format]) {
    // no word of any format
    const COLUMN: &str = "c0lumn";
    const KEY: &str = "k3y";
    for format in formats {
        let decoders = |key: &str| {
            let name = if format.is_pinned { format.decoder } else { "auto" };
            let (settings, rules) = (format.told)(key);
            (Decoders::named(name, &settings).unwrap(), Catalogue::new(rules))
        };
        let key_name = if format.names_keys { KEY } else { "_id" };
        let columns = |key, name, (json, typed): (&'static str, &'static str), is_first| {
            let (id, own, other) =
                ((key, "1", r#"{"N":"1"}"#), (name, json, typed), ("z", "2", r#"{"N":"2"}"#));
            if is_first { [own, id, other] } else { [id, other, own] }
        };
        let usual = decoders(key_name);
        for (value, is_first) in VALUES.iter().flat_map(|value| [(value, true), (value, false)]) {
            let of = |key, name| (format.records)(key, &columns(key, name, *value, is_first));
            let expected: Vec<String> =
                of(key_name, COLUMN).iter().map(|record| told(&usual, record, COLUMN)).collect();
            for word in WORDS.iter().filter(|word| !format.taken.contains(word) && **word != key_name) {
                for (record, expected) in of(key_name, word).iter().zip(&expected) {
                    let expected = expected.replace(&quoted(COLUMN), &quoted(word));
                    assert_eq!(told(&usual, record, word), expected, "{} {word}: {record}", format.decoder);
                    if !format.is_pinned {
                        assert_eq!(usual.0.takers(record.as_bytes()), [format.decoder], "{word}: {record}");
                    }
                }
            }
        }
        for word in WORDS.iter().filter(|word| format.names_keys && !format.taken.contains(word)) {
            let of = |key, name| (format.records)(key, &columns(key, name, VALUES[0], true));
            let keyed = decoders(word);
            for (usual_record, record) in of(KEY, COLUMN).iter().zip(of(word, COLUMN)) {
                let expected = told(&usual, usual_record, KEY).replace(&quoted(KEY), &quoted(word));
                assert_eq!(told(&keyed, &record, word), expected, "{} {word}: {record}", format.decoder);
            }
        }
    }
}

#[test]
fn every_word_of_every_format_may_be_the_name_of_a_column_or_a_key() {
    // what is tried is what is meant
    for (json, _) in VALUES {
        assert_eq!(Value::parse(json).unwrap().to_text(), *json);
    }
    hold(FORMATS);
}
