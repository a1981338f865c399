//! Tables that no route takes: left out on purpose, or by a typing error that would lose the stream in silence.

use crate::model::{Memory, is_done, take};
use rowtide::config::Config;
use rowtide::decoders::Decoders;
use rowtide::pipeline::Flow;
use rowtide::policy::{Policy, RoutePolicy, Unrouted};
use rowtide::record::Record;
use rowtide::report::Outcome;
use rowtide::rules::Keyless;
use rowtide::source::{Member, SourceIdentity, SourceTable};

fn config(from: &[&str], unrouted: Unrouted) -> Config {
    let mut config = Config::default();
    config.source.unrouted = unrouted;
    let route = |from: &&str| RoutePolicy { from: (*from).to_owned(), ..RoutePolicy::default() };
    config.routes = from.iter().map(route).collect();
    config
}

/// An insert of a table of PostgreSQL, as wal2json tells it; with what orders it.
fn insert(table: &str, id: u32) -> Record {
    let text = format!(
        r#"{{"action":"I","schema":"public","table":"{table}","lsn":"0/{id:X}","pk":[{{"name":"id"}}],
           "columns":[{{"name":"id","type":"integer","value":{id}}}]}}"#
    );
    Record::new("arn", id.to_string(), text)
}

/// The same by Debezium, which tells the database.
fn of_database(table: &str, id: u32) -> Record {
    let text = format!(
        r#"{{"op":"c","before":null,"after":{{"id":{id}}},"source":{{"connector":"postgresql","db":"shop","schema":"public","table":"{table}","lsn":{id}}}}}"#
    );
    Record::new("arn", id.to_string(), text)
}

#[test]
fn names_are_nearly_the_same_by_case_schema_and_two_letters() {
    let nearly = |from: &str, name: &str| {
        let policy = Policy::from(&config(&[from], Unrouted::Auto));
        policy.nearly(SourceTable::from(name)).map(str::to_owned)
    };
    let table = [
        ("order", "orders", true),
        ("Orders", "orders", true),
        ("ordres", "orders", true),
        ("orders", "public.orders", true),
        ("public.orders", "orders", true),
        ("sales.orders", "public.orders", false),
        ("pubilc.orders", "public.orders", true),
        ("PUBLIC.*", "public.orders", true),
        ("sales.*", "public.orders", false),
        ("shop.public.orders", "public.orders", true),
        // two tables each
        ("orders", "users", false),
        ("orders_2025", "orders_2026", false),
        ("t1", "t2", false),
        ("log", "logs", false),
        ("orders", "invoices", false),
        ("ord?", "orders", false),
    ];
    for (from, name, is_near) in table {
        assert_eq!(nearly(from, name).as_deref(), is_near.then_some(from), "{from} and {name}");
    }
    // the table of another source
    let mut policy = config(&["orders"], Unrouted::Auto);
    policy.routes[0].source.insert(Member::Region, "eu-west-1".to_owned());
    let elsewhere = SourceIdentity::of(&[(Member::Region, Some("us-east-1"))]);
    let policy = Policy::from(&policy);
    assert_eq!(policy.nearly(SourceTable::new("orders", &elsewhere)), Some("orders"));
    // a route that leaves tables out is meant for no others
    let mut skipped = config(&["order"], Unrouted::Auto);
    skipped.routes[0].skip = true;
    assert_eq!(Policy::from(&skipped).nearly(SourceTable::from("orders")), None);
}

#[test]
fn a_typing_error_fails_the_first_batch_and_is_named() {
    let memory = Memory::new();
    let flow = Flow::new(&config(&["public.order"], Unrouted::Auto)).unwrap();
    let report = take(&flow, &memory, &[insert("orders", 1), insert("sessions", 2)]);
    let failure = report.failure().expect("nothing is known of the source");
    assert_eq!(failure.code().as_str(), "unrouted_table");
    assert!(
        failure.message().contains("the source table public.orders, and one takes public.order:"),
        "{failure}"
    );
    assert_eq!(report.counts().reported, 2);

    // of another source
    let mut elsewhere = config(&["public.orders"], Unrouted::Auto);
    elsewhere.routes[0].source.insert(Member::Db, "other".to_owned());
    let flow = Flow::new(&elsewhere).unwrap();
    let report = take(&flow, &memory, &[of_database("orders", 1)]);
    assert!(
        report.failure().is_some_and(|it| it.message().contains("of another: hold region")),
        "{report:?}"
    );

    // who says so leaves it out; so does who has another table of that source
    let ignoring = Flow::new(&config(&["public.order"], Unrouted::Ignore)).unwrap();
    assert_eq!(take(&ignoring, &memory, &[insert("orders", 1)]).counts().ignored.values().sum::<usize>(), 1);
    let far = Flow::new(&config(&["public.invoices"], Unrouted::Auto)).unwrap();
    assert!(is_done(&take(&far, &memory, &[insert("orders", 1)])));
    let both = Flow::new(&config(&["public.order", "public.users"], Unrouted::Auto)).unwrap();
    let mixed = take(&both, &memory, &[insert("orders", 1), insert("users", 2)]);
    assert!(is_done(&mixed) && mixed.counts().applied == 1, "{mixed:?}");
    assert!(is_done(&take(&both, &memory, &[insert("orders", 3)])), "the source is known now");
}

/// What each format says of a table that is left out before anybody asks for its key.
#[test]
fn every_relational_format_names_the_table_that_it_leaves_out() {
    let mut of_orders = config(&["shop.order"], Unrouted::Auto);
    of_orders.routes[0].keyless = Keyless::Row;
    let records = [
        (
            "maxwell",
            r#"{"database":"shop","table":"orders","type":"insert","ts":1,"xid":1,"position":"b.1:1","data":{"id":1}}"#,
        ),
        (
            "canal",
            r#"{"database":"shop","table":"orders","type":"INSERT","isDdl":false,"es":1,"id":1,"pkNames":["id"],"data":[{"id":"1"},{"id":"2"}]}"#,
        ),
        (
            "dms",
            r#"{"data":{"id":1},"metadata":{"record-type":"data","operation":"insert","schema-name":"shop","table-name":"orders","timestamp":"2026-03-02T08:00:00Z"}}"#,
        ),
        (
            "debezium",
            r#"{"op":"c","before":null,"after":{"id":1},"source":{"connector":"postgresql","schema":"shop","table":"orders","lsn":1}}"#,
        ),
        (
            "wal2json",
            r#"{"change":[{"kind":"insert","schema":"shop","table":"orders","columnnames":["id"],"columnvalues":[1]}]}"#,
        ),
        (
            "snapshot",
            r#"{"rowtide_snapshot":{"table":"shop.orders","scheme":"l","at":"2026-03-02T08:00:00Z"},"row":{"id":1}}"#,
        ),
    ];
    for (decoder, text) in records {
        let flow = Flow::with_decoders(&of_orders, Decoders::named(decoder, &(&of_orders).into()).unwrap());
        let report = take(&flow, &Memory::new(), &[Record::new("arn", "1", text)]);
        let failure = report.failure().unwrap_or_else(|| panic!("{decoder}: {report:?}"));
        assert!(failure.message().contains("shop.orders, and one takes shop.order:"), "{decoder}: {failure}");
    }
}

#[test]
fn a_wrong_decoder_is_a_fault_of_the_configuration() {
    let mut pinned = Config::default();
    pinned.source.decoder = "dynamodb".to_owned();
    let flow = Flow::new(&pinned).unwrap();
    // nothing is known yet: whoever set the decoder is told
    let memory = Memory::new();
    let report = take(&flow, &memory, &[insert("orders", 1)]);
    let failure = report.failure().expect("the decoder is wrong");
    assert!(failure.message().contains(r#"looks like one for the decoder "wal2json""#), "{failure}");
    assert!(memory.letters().is_empty());
    // later it is parked, and does not stop the others
    let known = r#"{"eventName":"INSERT","eventSourceARN":"arn:aws:dynamodb:eu-west-1:1:table/orders/stream/2026-03-01","dynamodb":{"Keys":{"id":{"S":"1"}},"NewImage":{"id":{"S":"1"}},"SequenceNumber":"1"}}"#;
    let report = take(&flow, &memory, &[Record::new("arn", "1", known)]);
    assert!(is_done(&report) && report.counts().applied == 1, "{report:?}");
    assert_eq!(take(&flow, &memory, &[insert("orders", 2)]).outcomes, [Outcome::Parked]);
    assert_eq!(memory.letters()[0].code.as_str(), "other_format");
    // many of them at once are no accident
    let many: Vec<Record> = (10..30).map(|id| insert("orders", id)).collect();
    assert_eq!(take(&flow, &memory, &many).failure().map(|it| it.code().as_str()), Some("systemic_poison"));
}
