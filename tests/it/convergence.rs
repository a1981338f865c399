//! The promise on a database: however a source's changes are delivered, the view equals the source.
//!
//! The histories and deliveries are those of the laws; four workers on a real server, one on the embedded database.

use crate::laws::{Case, Delivery, cases, deliveries};
use crate::support::{Place, Worker, place, server_url};
use proptest::prelude::*;
use proptest::test_runner::{Config as PropConfig, TestRunner};
use rowtide::deadline::Deadline;
use rowtide::pipeline::{Flow, process};
use rowtide::policy::{DeletePolicy, RoutePolicy};
use rowtide::record::Record;
use rowtide::sink::{KnownLayout, KnownTarget, Postgres, Shown};
use rowtide::source::SourceIdentity;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const HISTORIES: u32 = 300;

/// Delivers one history to its own table and reads what its view shows.
async fn deliver(
    place: &Place,
    sinks: &[Arc<Postgres>],
    table: &str,
    batches: Vec<Vec<Record>>,
) -> BTreeMap<String, String> {
    let mut config = place.config();
    config.routes = vec![RoutePolicy { to: table.to_owned(), ..RoutePolicy::default() }];
    let mut own: Vec<Vec<Vec<Record>>> = vec![Vec::new(); sinks.len()];
    for (at, batch) in batches.into_iter().enumerate() {
        own[at % sinks.len()].push(batch);
    }
    let mut workers = tokio::task::JoinSet::new();
    for (sink, batches) in sinks.iter().zip(own) {
        let (flow, sink) = (Flow::new(&config).unwrap(), sink.clone());
        workers.spawn(async move {
            for batch in batches {
                let report = process(&flow, &*sink, &batch, Deadline::never()).await;
                assert!(report.failure().is_none() && report.stopped().is_none(), "{report:?}");
                let counts = report.counts();
                assert_eq!((counts.reported, counts.parked), (0, 0));
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended.expect("a worker ends well");
    }
    let target = KnownTarget {
        name: format!("{}.{table}", place.schema),
        schema: place.schema.clone(),
        table: table.to_owned(),
        storage: format!("{table}_cdc"),
        source: "t".into(),
        layout: KnownLayout::Managed(DeletePolicy::Tombstone),
        purge_horizon: None,
        key_names: vec!["id".into()],
        scheme: "d".into(),
        epoch: 0,
        identity: SourceIdentity::default(),
        format: None,
    };
    let mut rows = BTreeMap::new();
    sinks[0]
        .live_rows(&target, &Shown::default(), |row| {
            let id = row.pk.split('"').nth(3).unwrap_or_default().to_owned();
            rows.insert(format!("[\"{id}\"]"), row.data.unwrap_or_default().replace(' ', ""));
            Ok(())
        })
        .await
        .unwrap();
    rows
}

fn converges(
    test: &str,
    deliveries: impl Strategy<Value = Delivery>,
    records: impl Fn(&Delivery) -> Vec<Record>,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let place = runtime.block_on(place(test));
    let workers = if server_url().is_some() { 4 } else { 1 };
    let sinks: Vec<Arc<Postgres>> = (0..workers)
        .map(|_| {
            let Worker { sink, .. } = place.worker(&place.config());
            Arc::new(sink)
        })
        .collect();
    let number = Cell::new(0);
    let config = PropConfig { cases: HISTORIES, failure_persistence: None, ..PropConfig::default() };
    let outcome = TestRunner::new(config).run(&deliveries, |delivery| {
        number.set(number.get() + 1);
        let batches = delivery.deliver(&records(&delivery));
        let table = format!("h{}", number.get());
        let view = runtime.block_on(deliver(&place, &sinks, &table, batches));
        let source: BTreeMap<String, String> =
            delivery.source().into_iter().map(|((_, key), document)| (key, document)).collect();
        prop_assert_eq!(view, source);
        Ok(())
    });
    for sink in sinks {
        sink.close_idle();
    }
    outcome.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(place.finish());
}

#[test]
fn a_dynamodb_stream_converges() {
    // a stream has no notifications under new numbers
    let deliveries = deliveries().prop_map(|mut delivery| {
        delivery.repeated.clear();
        delivery
    });
    converges("stream_converges", deliveries, Delivery::streams);
}

#[test]
fn dynamodb_through_kinesis_converges() {
    converges("kinesis_converges", deliveries(), Delivery::kinesis);
}

/// Empties what earlier cases left, and stores what the case says is there.
async fn lay_out(place: &Place, case: &Case) {
    let mut sql = "truncate {s}.t_cdc, {s}.refused, {s}.rowtide_dead_letters;".to_owned();
    for ((_, key), row) in case.memory().rows() {
        let document = row.document.map_or("null".to_owned(), |document| format!("'{}'", document.to_text()));
        sql.push_str(&format!(
            "insert into {{s}}.t_cdc (key, pk, data, version, deleted, applied_at) \
             values ('{key}', '{{\"id\": 0}}', {document}, '{}', {document} is null, now());",
            row.version
        ));
    }
    for (key, version) in case.refused_rows() {
        sql.push_str(&format!("insert into {{s}}.refused values ('{key}', '{version}');"));
    }
    for letter in case.memory().letters() {
        sql.push_str(&format!(
            "insert into {{s}}.rowtide_dead_letters (source, position, sub, epoch, \"table\", key, code, message, \
             payload_sha256) values ('{}', '{}', 0, 0, 't', '{}', '{}', '', '');",
            letter.source,
            letter.position,
            letter.key.unwrap_or_default(),
            letter.code
        ));
    }
    place.run(&sql).await;
}

/// A chunk on a real database ends as in the model that the laws are proven on: rows, versions, and what is parked.
#[test]
fn a_chunk_ends_on_a_database_as_in_the_model() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let place = runtime.block_on(place("law"));
    let config = place.config();
    let worker = place.worker(&config);
    let first = Case::single_put();
    let apply = |case: &Case| {
        let (decoders, records) = case.script();
        let flow = Flow::with_decoders(&config, decoders);
        let report = runtime.block_on(process(&flow, &worker.sink, &records, Deadline::never()));
        worker.rest();
        assert!(crate::model::is_done(&report), "{report:?}");
    };
    apply(&first);
    runtime.block_on(place.run(
        "create table {s}.refused (key text, version text); \
         create function {s}.refuse() returns trigger language plpgsql as $$ begin \
         if exists (select from {s}.refused as r where r.key = new.key and r.version = new.version) \
         then raise exception 'refused'; end if; return new; end $$; \
         create trigger refuse before insert or update on {s}.t_cdc for each row execute function {s}.refuse()",
    ));
    let number = if server_url().is_some() { 200 } else { 40 };
    let prop = PropConfig { cases: number, failure_persistence: None, ..PropConfig::default() };
    let outcome = TestRunner::new(prop).run(&cases(3), |case| {
        runtime.block_on(lay_out(&place, &case));
        apply(&case);
        let model = case.together();
        let rows = runtime.block_on(place.texts("select key || ' ' || version || ' ' || coalesce(data::text, 'deleted') from {s}.t_cdc"));
        let rows: BTreeSet<String> = rows.iter().map(|row| row.replace(": ", ":").replace(", ", ",")).collect();
        let expected = model.rows().into_iter().map(|((_, key), row)| {
            let document = row.document.map_or("deleted".to_owned(), |document| document.to_text());
            format!("{key} {} {document}", row.version)
        });
        prop_assert_eq!(rows, expected.collect::<BTreeSet<_>>());
        let letters = runtime.block_on(place.texts(
            "select concat_ws(' ', event_id, key, case code when 'blocked' then code end) from {s}.rowtide_dead_letters",
        ));
        let expected = model.letters().into_iter().map(|letter| {
            let blocked = if letter.code.as_str() == "blocked" { " blocked" } else { "" };
            let event = letter.event_id.map_or(String::new(), |event| format!("{event} "));
            format!("{event}{}{blocked}", letter.key.unwrap_or_default())
        });
        prop_assert_eq!(letters.into_iter().collect::<BTreeSet<_>>(), expected.collect::<BTreeSet<_>>());
        Ok(())
    });
    worker.rest();
    outcome.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(place.finish());
}
