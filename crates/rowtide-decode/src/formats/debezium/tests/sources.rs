//! Which source a record comes from, and where it stands there.

use super::{KEY, Told, WAL, line, ordered_by_arrival, record, settings, told, told_with};
use crate::decode::Decoded;
use crate::decode::informed::alone;
use crate::formats::debezium::Debezium;

#[test]
fn a_schema_change_tells_the_key_of_one_table() {
    let change = |changes: &str| {
        let source = r#"{"connector":"mysql","ts_ms":1559033904863}"#;
        told(&format!(r#"{{"source":{source},"ddl":"ALTER","tableChanges":{changes}}}"#), None)
    };
    let table = r#"{"type":"ALTER","id":"\"inventory\".\"customers\"","table":{"primaryKeyColumnNames":["id"],"columns":[{"name":"id","typeName":"INT"}]}}"#;
    assert_eq!(change(&format!("[{table}]")), r#"inventory.customers ["id"] 00001559033904863000"#);
    assert_eq!(change(&format!("[{table},{table}]")), "control");
    assert_eq!(change(r#"[{"type":"DROP","id":"\"a\".\"b\"","table":null}]"#), "control");
    assert_eq!(change(r#"[7]"#), "control");
    assert_eq!(change(&format!("[{}]", table.replace(r#"\"inventory\".\"customers\""#, ""))), "control");
    let three = table.replace(r#"\"inventory\".\"customers\""#, r#"\"db\".\"dbo\".\"a.b\""#);
    assert_eq!(change(&format!("[{three}]")), r#"dbo.a.b ["id"] 00001559033904863000"#);
}

fn version_of(source: &str, op: &str) -> Result<String, &'static str> {
    let payload = format!(r#"{{"after":{{"id":1}},"source":{source},"op":"{op}"}}"#);
    match alone(&Debezium::default(), &record(&payload, KEY)) {
        Ok(Decoded::Events(events)) => Ok(events[0].version.as_str().to_owned()),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.code().as_str()),
    }
}

#[test]
fn each_connector_has_its_version() {
    let check = |op: &str, source: &str, version: Result<&str, &'static str>| {
        let source = format!(r#"{{"db":"d","schema":"s","table":"t",{source}}}"#);
        let end = if op == "r" { "" } else { ".00000001" };
        assert_eq!(version_of(&source, op), version.map(|version| format!("{version}{end}")), "{source}");
    };
    let missing = Err("missing_version");
    check(
        "c",
        r#""connector":"postgresql","lsn":24023128"#,
        Ok("p.0000.1.00000000016e9058.00000001.0000000000000000"),
    );
    check(
        "c",
        r#""connector":"postgresql","lsn":"255","snapshot":"last""#,
        Ok("p.0000.1.00000000000000ff.00000001.0000000000000000"),
    );
    check("c", r#""connector":"postgresql","lsn":null"#, missing);
    check("c", r#""connector":"postgresql","lsn":-1"#, missing);
    check("c", r#""connector":"postgresql","lsn":[1]"#, missing);
    check("c", r#""connector":"postgresql""#, missing);
    let incremental = r#""connector":"postgresql","snapshot":"incremental""#;
    check("r", &format!(r#"{incremental},"ts_ms":1559033904863"#), Ok("p.0000.0.000589eede179718"));
    check(
        "r",
        &format!(r#"{incremental},"ts_ms":1559033904863,"ts_us":1559033904863001"#),
        Ok("p.0000.0.000589eede179719"),
    );
    check("r", incremental, missing);
    // its position may be behind that of a change which it does not show
    let initial = r#""connector":"postgresql","snapshot":"first","lsn":24023128"#;
    check("r", &format!(r#"{initial},"ts_ms":1559033904863"#), Ok("p.0000.0.000589eede179718"));
    check("r", initial, missing);
    let binlog = r#""connector":"mysql","file":"mysql-bin.000012","pos":484,"row":2"#;
    check("c", binlog, Ok("y.0000.1.000000000000000c.00000000000001e4.00000001.0000000000000002"));
    check("r", binlog, Ok("y.0000.1.000000000000000c.00000000000001e4.00000000.0000000000000000"));
    check("c", r#""connector":"mysql","file":"mysql-bin.000012","pos":0,"row":2"#, missing);
    for file in ["mysql-bin", "mysql-bin.+6", "000012", "+6"] {
        check("c", &format!(r#""connector":"mysql","file":"{file}","pos":4,"row":2"#), missing);
    }
    check("c", r#""connector":"mysql","file":"mysql-bin.000012","pos":4"#, missing);
    check("c", r#""connector":"mysql","pos":4,"row":0"#, missing);
    let commit = r#""connector":"sqlserver","commit_lsn":"00000027:00000AC0:0007""#;
    check(
        "u",
        &format!(r#"{commit},"change_lsn":"00000027:00000ac0:0002","event_serial_no":2"#),
        Ok("s.0000.1.1600000027:00000ac0:0007.1600000027:00000ac0:0002.0000000000000002"),
    );
    check(
        "r",
        &format!(r#"{commit},"change_lsn":null"#),
        Ok("s.0000.1.1600000027:00000ac0:0007.00.0000000000000000"),
    );
    let empty = r#""connector":"sqlserver","commit_lsn":null,"change_lsn":null,"ts_ms":1559033904863"#;
    check("r", empty, Ok("s.0000.0.000589eede179718"));
    check("u", empty, missing);
    check("u", &format!(r#"{commit},"change_lsn":null,"event_serial_no":2"#), missing);
    check("u", &format!(r#"{commit},"change_lsn":"00000027:00000ac0:0002""#), missing);
    check("u", &format!(r#"{commit},"change_lsn":"NULL","event_serial_no":1"#), missing);
    check(
        "u",
        r#""connector":"oracle","scn":"2122184","commit_scn":"2122185","rs_id":" 0x00000b.00001a3E.0010 ","ssn":3"#,
        Ok("o.0000.1.0072122185.00000001.0072122184.160x00000b.00001a3e.0010.0000000000000003"),
    );
    check(
        "r",
        r#""connector":"oracle","scn":"2122184""#,
        Ok("o.0000.1.0072122184.00000000.0072122184.00.0000000000000000"),
    );
    check(
        "u",
        r#""connector":"oracle","scn":"9","commit_scn":"9:1:aa,12:2:,007:3","rs_id":null,"ssn":0"#,
        Ok("o.0000.1.00212.00000001.0019.00.0000000000000000.00277.00000000"),
    );
    check("u", r#""connector":"oracle","scn":"x","commit_scn":"1""#, missing);
    check("u", r#""connector":"oracle","commit_scn":"1""#, missing);
    let oplog = r#""connector":"mongodb","collection":"c","ts_ms":1558965508000"#;
    let (payload, key) = (r#""{\"_id\":1}""#, "g.0000.1.0000016af995d7a0.000000000000001f.0000000");
    let mongo = |source: &str, op: &str| {
        let payload = format!(r#"{{"after":{payload},"source":{{{source}}},"op":"{op}"}}"#);
        match alone(&Debezium::default(), &record(&payload, None)) {
            Ok(Decoded::Events(events)) => Ok(events[0].version.as_str().to_owned()),
            other => Err(other.unwrap_err().code().as_str()),
        }
    };
    assert_eq!(
        mongo(&format!(r#"{oplog},"ord":31"#), "c"),
        Ok(format!("{key}1.0000000000000000.00277.00000000"))
    );
    // what a snapshot says of itself when nothing happened while it began
    assert_eq!(
        mongo(
            r#""connector":"mongodb","collection":"c","ts_ms":1558965508123,"snapshot":"true","ord":-1"#,
            "r"
        ),
        Ok("g.0000.0.000589def1542978".to_owned())
    );
    assert_eq!(mongo(&format!(r#"{oplog},"ord":-1"#), "u"), Err("missing_version"));
    assert_eq!(mongo(oplog, "c"), Err("missing_version"));
    check(
        "u",
        r#""connector":"db2","commit_lsn":"00000000:00000000:0000000000a1b2c3","change_lsn":"00000000:00000000:0000000000a1b2c0""#,
        Ok(
            "b.0000.1.2200000000:00000000:0000000000a1b2c3.2200000000:00000000:0000000000a1b2c0.0000000000000000",
        ),
    );
    check("u", r#""connector":"vitess","lsn":1"#, Err("unknown_connector"));
    assert_eq!(version_of(r#"{"lsn":1,"schema":"s","table":"t"}"#, "u").unwrap_err(), "not_a_change_record");
    assert_eq!(version_of(r#"{"connector":"postgresql","lsn":1}"#, "u"), Err("no_table"));
}

#[test]
fn versions_order_as_their_source_does() {
    let place = |file: &str, pos: u64, row: u64| {
        version_of(
            &format!(
                r#"{{"connector":"mysql","db":"d","table":"t","file":"b.{file}","pos":{pos},"row":{row}}}"#
            ),
            "u",
        )
        .unwrap()
    };
    let places =
        [place("999999", 9, 0), place("999999", 10, 0), place("999999", 10, 1), place("1000000", 4, 0)];
    assert!(places.is_sorted(), "{places:?}");
    let scn = |commit: &str, scn: &str| {
        version_of(
            &format!(r#"{{"connector":"oracle","table":"t","scn":"{scn}","commit_scn":"{commit}"}}"#),
            "u",
        )
        .unwrap()
    };
    let scns = [scn("99", "98"), scn("100", "9"), scn("100", "10")];
    assert!(scns.is_sorted(), "{scns:?}");
    let order = |total: &str| {
        let payload = format!(
            r#"{{"after":{{"id":1}},"source":{WAL},"op":"u","transaction":{{"id":"5","total_order":{total}}}}}"#
        );
        let Decoded::Events(events) = alone(&Debezium::default(), &record(&payload, KEY)).unwrap() else {
            panic!()
        };
        events[0].version.clone()
    };
    assert!(order("9") < order("\"10\""));
}

#[test]
fn by_arrival_no_position_is_needed() {
    let payload = r#"{"after":{"id":1},"source":{"connector":"vitess","table":"t"},"op":"c"}"#;
    assert_eq!(told_with(ordered_by_arrival(), payload, KEY), r#"t: put {"id":1} {}"#);
    // only then a tombstone can be a delete, where nothing else tells it
    assert_eq!(told_with(ordered_by_arrival(), "", KEY), "control");
    let of_table = |told: Told| told.of_table("t");
    assert_eq!(told_with(of_table(ordered_by_arrival()), "", KEY), r#"t: delete {"id":1}"#);
    assert_eq!(told_with(of_table(ordered_by_arrival()), "", Some("default")), "control");
    assert_eq!(told_with(of_table(settings(|_| {})), "", KEY), "control");
    assert_eq!(
        told_with(of_table(ordered_by_arrival()), r#"{"id":1,"n":2}"#, KEY),
        r#"t: put {"id":1} {"n":2}"#
    );
    assert_eq!(told_with(of_table(settings(|_| {})), r#"{"id":1,"n":2}"#, KEY), "! missing_version");
}

/// The truncates of a record about the definition of tables, with their versions.
fn drops(source: &str, ddl: &str, changes: &str) -> Vec<String> {
    let payload = format!(r#"{{"source":{source},"ddl":"{ddl}","tableChanges":{changes}}}"#);
    match alone(&Debezium::default(), &record(&payload, None)) {
        Ok(Decoded::Events(events)) => {
            events.iter().map(|event| format!("{} {}", line(event), event.version)).collect()
        }
        Ok(Decoded::Ignored(reason)) => vec![reason.to_string()],
        Ok(Decoded::Unrouted { .. }) => vec!["unrouted".to_owned()],
        Ok(Decoded::Parts(parts)) => vec![format!("{} parts", parts.len())],
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_drop_is_a_truncate_at_its_position() {
    let drop = |id: &str| format!(r#"{{"type":"DROP","id":"\"shop\".\"{id}\"","table":null}}"#);
    let orders = format!("[{}]", drop("orders"));
    let binlog = r#"{"connector":"mysql","ts_ms":1780000001000,"snapshot":"false","db":"shop","table":"orders","file":"b.000003","pos":200,"row":0}"#;
    let truncate =
        "shop.orders: truncate y.0000.1.0000000000000003.00000000000000c8.00000001.0000000000000000";
    assert_eq!(drops(binlog, "DROP TABLE `orders`", &orders), [truncate]);
    assert_eq!(drops(&binlog.replace(r#","row":0"#, ""), "DROP TABLE `orders`", &orders), [truncate]);
    assert_eq!(drops(&binlog.replace("mysql", "mariadb"), "", &orders), [truncate]);
    let both = drops(binlog, "DROP TABLE orders, lines", &format!("[{},{}]", drop("orders"), drop("lines")));
    assert_eq!(both, [truncate.to_owned(), truncate.replace("orders", "lines")]);
    // between what was before it and what comes after it
    let version = |pos: u64| {
        let source = binlog.replace("200", &pos.to_string());
        version_of(&source, "c").unwrap()
    };
    let at = truncate.split(' ').nth(2).unwrap().to_owned();
    assert!(version(100) < at && at < version(201));
    // a snapshot begins with drops that nobody made, and another table of the name is another table
    for snapshot in [r#""true""#, "true", r#""first""#] {
        let source = binlog.replace(r#""snapshot":"false""#, &format!(r#""snapshot":{snapshot}"#));
        assert_eq!(drops(&source, "DROP TABLE IF EXISTS `shop`.`orders`", &orders), ["control"]);
    }
    for ddl in ["DROP TEMPORARY TABLE orders", "drop /*!40005 temporary */ table if exists orders"] {
        assert_eq!(drops(binlog, ddl, &orders), ["control"]);
    }
    assert_eq!(drops(binlog, "DROP TABLE temporary", &orders), [truncate]);
    // without a position nothing can be done
    assert_eq!(drops(&binlog.replace(r#""pos":200"#, r#""pos":0"#), "", &orders), ["control"]);
    assert_eq!(drops(r#"{"connector":"vitess"}"#, "", &orders), ["control"]);
    assert_eq!(drops(binlog, "", r#"[{"type":"DROP","id":"","table":null}]"#), ["control"]);
    let create = r#"{"type":"CREATE","id":"\"shop\".\"orders\"","table":{"primaryKeyColumnNames":["id"],"columns":[]}}"#;
    assert_eq!(drops(binlog, "", &format!("[{},{create}]", drop("orders"))), ["2 parts"]);
    let oracle = r#"{"connector":"oracle","snapshot":"false","schema":"S","table":"T","scn":"500","commit_scn":"90","ts_ms":1}"#;
    let told = drops(oracle, "DROP TABLE T", r#"[{"type":"DROP","id":"\"DB\".\"S\".\"T\""}]"#);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("S.T: truncate o.0000.1.003500.00000001.003500."), "{told:?}");
    let tso =
        r#"{"connector":"TiCDC","db":"shop","table":"orders","commit_ts":447984074911121426,"ts_ms":1}"#;
    assert_eq!(drops(tso, "DROP TABLE orders", &orders), ["shop.orders: truncate t.0000.1.06378f24821c0012"]);
    let arrival = ordered_by_arrival();
    let payload = format!(r#"{{"source":{{"connector":"vitess"}},"ddl":"","tableChanges":{orders}}}"#);
    assert_eq!(told_with(arrival, &payload, None), "shop.orders: truncate");
}

#[test]
fn a_source_is_named_by_what_it_says_of_its_database() {
    let of = |source: &str| {
        let payload = format!(r#"{{"op":"c","after":{{"id":1}},"source":{source}}}"#);
        let arrival = ordered_by_arrival();
        match alone(&arrival.decoder(), &record(&payload, KEY)) {
            Ok(Decoded::Events(events)) => format!("{} {}", events[0].table, events[0].source.as_str()),
            other => panic!("{other:?}"),
        }
    };
    let table = [
        (
            r#""connector":"postgresql","name":"s","db":"a","schema":"public""#,
            "public.t",
            r#""db":"a","server":"s""#,
        ),
        (r#""connector":"postgresql","name":"s","db":"a""#, "t", r#""db":"a","server":"s""#),
        (r#""connector":"mysql","name":"s","db":"a""#, "a.t", r#""db":"a","server":"s""#),
        (
            r#""connector":"sqlserver","name":"s","db":"a","schema":"dbo""#,
            "dbo.t",
            r#""db":"a","server":"s""#,
        ),
        (r#""connector":"oracle","name":"s","db":"a","schema":"S""#, "S.t", r#""db":"a","server":"s""#),
        (r#""connector":"db2","name":"s","db":"a","schema":"S""#, "S.t", r#""db":"a","server":"s""#),
        (r#""connector":"TiCDC","name":"s","db":"eu""#, "eu.t", r#""db":"eu","server":"s""#),
        (
            r#""connector":"vitess","name":"s","db":"","keyspace":"k","shard":"0""#,
            "k.t",
            r#""db":"k","server":"s""#,
        ),
        (r#""connector":"informix","name":"s","db":"a","schema":"i""#, "i.t", r#""db":"a","server":"s""#),
        (r#""connector":"spanner","name":"s","db":"a","database_id":"a""#, "a.t", r#""db":"a","server":"s""#),
        (
            r#""connector":"cockroachdb","name":"s","db":"a","schema":"public""#,
            "public.t",
            r#""db":"a","server":"s""#,
        ),
        (r#""connector":"new","name":"s""#, "t", r#""server":"s""#),
    ];
    for (source, name, rest) in table {
        let connector = source.split('"').nth(3).unwrap();
        let expected = format!(r#"{name} {{"connector":"{connector}",{rest}}}"#);
        assert_eq!(of(&format!(r#"{{{source},"table":"t"}}"#)), expected, "{source}");
    }
    // the connector of MariaDB reads on where MySQL's stopped
    let mariadb = of(r#"{"connector":"mariadb","name":"s","db":"a","table":"t"}"#);
    assert_eq!(mariadb, of(r#"{"connector":"mysql","name":"s","db":"a","table":"t"}"#));
    let identity = |payload: &str| {
        let Ok(Decoded::Events(events)) = alone(&Debezium::default(), &record(payload, KEY)) else {
            panic!("{payload}")
        };
        events[0].source.as_str().to_owned()
    };
    let flattened =
        r#"{"id":1,"__op":"c","__connector":"postgresql","__name":"s","__db":"a","__table":"t","__lsn":1}"#;
    assert_eq!(identity(flattened), r#"{"connector":"postgresql","db":"a","server":"s"}"#);
    let cloud = r#"{"specversion":"1.0","iodebeziumop":"c","iodebeziumconnector":"postgresql","iodebeziumname":"s","iodebeziumdb":"a","iodebeziumtable":"t","iodebeziumlsn":"1","data":{"after":{"id":1}}}"#;
    assert_eq!(identity(cloud), r#"{"connector":"postgresql","db":"a","server":"s"}"#);
}

#[test]
fn ticdc_orders_by_the_time_of_the_commit() {
    let version = |commit: &str, op: &str| {
        version_of(
            &format!(r#"{{"connector":"TiCDC","db":"eu","table":"t","file":"","pos":0,"row":0{commit}}}"#),
            op,
        )
    };
    let at = |count: u64| version(&format!(r#","commit_ts":{count}"#), "u");
    assert_eq!(at(447_984_074_911_121_426).unwrap(), "t.0000.1.06378f24821c0012.00000001");
    assert!(at(9).unwrap() < at(10).unwrap());
    // of a changed key the row that is there afterwards wins
    assert!(version(r#","commit_ts":9"#, "d").unwrap() < at(9).unwrap());
    assert!(at(9).unwrap() < version(r#","commit_ts":10"#, "d").unwrap());
    assert_eq!(version("", "u"), Err("missing_version"));
    assert_eq!(version(r#","commit_ts":"x""#, "u"), Err("missing_version"));
}
