//! Views that are out of date: what becomes of them, of what people put on them, and of what stands on them.

use crate::support::{Place, inserts, place, server};
use rowtide::config::Config;
use rowtide::policy::RoutePolicy;

fn with_types(place: &Place, types: &[(&str, &str)]) -> Config {
    let types = types.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect();
    let mut config = place.config();
    config.sink.connections = 1;
    config.routes = vec![RoutePolicy { types, ..RoutePolicy::default() }];
    config
}

/// What people put on the view, as the catalogue tells it.
const ORNAMENTS: &str = "select concat_ws(' ', 'acl', attname, r.rolname, privilege_type, is_grantable)
    from (select null::text as attname, (aclexplode(relacl)).* from pg_class where oid = '{s}.orders'::regclass
      union all select attname, (aclexplode(attacl)).* from pg_attribute where attrelid = '{s}.orders'::regclass) as a
    left join pg_roles as r on r.oid = a.grantee where r.rolname is distinct from current_user
    union all select 'options ' || reloptions::text from pg_class where oid = '{s}.orders'::regclass
    union all select concat_ws(' ', 'comment', objsubid > 0, description) from pg_description
      where objoid = '{s}.orders'::regclass
    order by 1";

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_starters_replace_a_view_and_keep_what_people_put_on_it() {
    let Some(place) = server("views").await else { return };
    let role = format!("rowtide_reader_{}", std::process::id());
    place.worker(&place.config()).done(&inserts("orders", 2)).await;
    place
        .run(&format!(
            "create role {role}; grant select on {{s}}.orders to {role} with grant option; \
             grant select (data) on {{s}}.orders to public; \
             alter default privileges in schema {{s}} grant insert on tables to public; \
             alter view {{s}}.orders set (security_barrier = true); \
             comment on view {{s}}.orders is 'the shop''s; ours'; comment on column {{s}}.orders.data is 'as it came'"
        ))
        .await;
    let before = place.texts(ORNAMENTS).await;
    assert_eq!(before.len(), 5, "{before:?}");
    // columns are added; one is put in front of them; one has another type; two go
    let rounds: [&[(&str, &str)]; 4] =
        [&[("n", "bigint")], &[("a", "text"), ("n", "bigint")], &[("a", "text"), ("n", "text")], &[]];
    for types in rounds {
        let mut starters = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let worker = place.worker(&with_types(&place, types));
            starters.spawn(async move {
                let counts = worker.done(&inserts("orders", 2)).await;
                worker.sink.close();
                counts.stale
            });
        }
        while let Some(stale) = starters.join_next().await {
            assert_eq!(stale.expect("a starter ends well"), 2);
        }
        let columns =
            "select attname::text from pg_attribute where attrelid = '{s}.orders'::regclass and attnum > 5
            and not attisdropped order by 1";
        let expected: Vec<&str> = types.iter().map(|(name, _)| *name).collect();
        assert_eq!(place.texts(columns).await, expected);
        assert_eq!(place.texts(ORNAMENTS).await, before, "{types:?}");
    }
    place.run("alter default privileges in schema {s} revoke insert on tables from public").await;
    place.run(&format!("drop owned by {role}; drop role {role}")).await;
    place.finish().await;
}

#[tokio::test]
async fn a_view_stays_while_something_stands_on_it() {
    let place = place("view_in_use").await;
    let worker = |types: &[(&str, &str)]| place.worker(&with_types(&place, types));
    worker(&[("n", "bigint")]).done(&inserts("orders", 1)).await;
    place.run("create view {s}.report as select n, key from {s}.orders").await;
    let kind = "select data_type::text from information_schema.columns
        where table_schema = '{s}' and table_name = 'orders' and column_name in ('n', 'z') order by column_name";
    // a column more does not touch what stands on the view
    worker(&[("n", "bigint"), ("z", "text")]).done(&inserts("orders", 1)).await;
    assert_eq!(place.texts(kind).await, ["bigint", "text"]);
    worker(&[("n", "text"), ("z", "text")]).done(&inserts("orders", 1)).await;
    assert_eq!(place.texts(kind).await, ["bigint", "text"]);
    place.run("drop view {s}.report").await;
    worker(&[("n", "text"), ("z", "text")]).done(&inserts("orders", 1)).await;
    assert_eq!(place.texts(kind).await, ["text", "text"]);
    place.finish().await;
}

/// The log of a function says what stands on the view.
#[cfg(feature = "lambda")]
#[tokio::test]
async fn what_stands_on_a_view_is_named() {
    use crate::runtime_api::Function;
    use std::time::Duration;
    let Some(place) = server("view_named").await else { return };
    let records = crate::support::event("dynamodb-kinesis/insert");
    place.worker(&with_types(&place, &[("n", "bigint")])).done(&records).await;
    place
        .run(
            "create view {s}.report as select n, key from {s}.orders;
            create view {s}.second as select n from {s}.report;
            create function {s}.of_row({s}.orders) returns int language sql as 'select 1';
            alter view {s}.orders alter column n set default 5;
            create rule quiet as on insert to {s}.orders do instead nothing",
        )
        .await;
    let file = std::env::temp_dir().join(format!("rowtide-views-{}.toml", std::process::id()));
    std::fs::write(&file, "[[route]]\nfrom = \"orders\"\ntypes = { n = \"text\" }").unwrap();
    let url: tokio_postgres::Config = place.url.parse().unwrap();
    let tokio_postgres::config::Host::Tcp(host) = &url.get_hosts()[0] else { return };
    let url = format!(
        "postgresql://{}@{host}:{}/{}",
        url.get_user().unwrap(),
        url.get_ports()[0],
        url.get_dbname().unwrap()
    );
    let variables = [
        ("ROWTIDE_SINK_URL", url.as_str()),
        ("ROWTIDE_SINK_SCHEMA", &place.schema),
        ("ROWTIDE_CONFIG", file.to_str().unwrap()),
    ];
    let mut function = Function::start(&variables).await;
    let event = concat!(env!("CARGO_MANIFEST_DIR"), "/events/dynamodb-kinesis/insert.json");
    let answer = function.invoke(&std::fs::read(event).unwrap(), Duration::from_secs(30)).await;
    assert_eq!(answer.json(), serde_json::json!({"batchItemFailures": []}));
    let log = String::from_utf8(function.terminate().await.stdout).unwrap();
    let s = &place.schema;
    let named = format!(
        "lost: default value for column n of view {s}.orders, function {s}.of_row({s}.orders), rule quiet on view \
         {s}.orders, view {s}.report."
    );
    assert!(log.contains(&named), "{log}");
    std::fs::remove_file(file).unwrap();
    place.finish().await;
}
