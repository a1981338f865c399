//! The function `rowtide-collect`, with events as each of its four callers sends them.

use super::gzip;
use crate::runtime_api::Function;
use crate::support::{Place, server};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::time::Duration;

const TIME: Duration = Duration::from_secs(30);

async fn started(place: &Place, more: &[(&str, &str)]) -> Function {
    let variables = [
        ("ROWTIDE_SINK_URL", place.url.as_str()),
        ("ROWTIDE_SINK_SCHEMA", &place.schema),
        ("ROWTIDE_COLLECT_ID", "/id"),
    ];
    Function::start_collect(&[&variables[..], more].concat()).await
}

async fn asked(function: &mut Function, event: &Value) -> Value {
    let post = function.invoke(event.to_string().as_bytes(), TIME).await;
    assert!(post.path.ends_with("/response"), "{post:?}");
    post.json()
}

/// What is answered, and the counts in it.
fn counts(answer: &Value) -> (u64, Value) {
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    (answer["statusCode"].as_u64().unwrap(), body["applied"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_all_four_callers_are_answered_alike() {
    let Some(place) = server("collect_function").await else { return };
    let mut function = started(&place, &[]).await;
    // REST API: several headers of one name, the stage in no path
    let rest = json!({"resource":"/collect","path":"/collect","httpMethod":"POST","headers":{"Host":"x"},
        "multiValueHeaders":{"Host":["x"],"X-Many":["a","b"]},"queryStringParameters":null,
        "requestContext":{"stage":"v1","httpMethod":"POST"},"body":"{\"id\":1}","isBase64Encoded":false});
    let answer = asked(&mut function, &rest).await;
    assert_eq!(counts(&answer), (200, 1.into()));
    assert_eq!(
        (&answer["multiValueHeaders"]["content-type"][0], answer.get("headers")),
        (&"application/json".into(), None)
    );
    // HTTP API: the stage in the path
    let http = json!({"version":"2.0","routeKey":"POST /collect","rawPath":"/v1/collect/","rawQueryString":"a=b",
        "headers":{"content-type":"text/plain"},"requestContext":{"http":{"method":"POST","path":"/v1/collect/"},"stage":"v1"},
        "body":"{\"id\":2}\n{\"id\":3}","isBase64Encoded":false});
    let answer = asked(&mut function, &http).await;
    assert_eq!(
        (counts(&answer), &answer["headers"]["content-type"]),
        ((200, 2.into()), &"application/json".into())
    );
    assert_eq!(answer["isBase64Encoded"], false);
    // function URL: a packed body
    let packed = STANDARD.encode(gzip(br#"[{"id":4},{"id":5}]"#));
    let url = json!({"version":"2.0","routeKey":"$default","rawPath":"/collect/caf%C3%A9","headers":{"content-encoding":"gzip"},
        "requestContext":{"http":{"method":"POST"}},"body":packed,"isBase64Encoded":true});
    assert_eq!(counts(&asked(&mut function, &url).await), (200, 2.into()));
    // load balancer
    let balancer = json!({"requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"POST","path":"/collect",
        "queryStringParameters":{},"headers":{"content-length":"8"},"body":STANDARD.encode("{\"id\":6}"),"isBase64Encoded":true});
    let answer = asked(&mut function, &balancer).await;
    assert_eq!((counts(&answer), &answer["statusDescription"]), ((200, 1.into()), &"200 OK".into()));
    // what is refused is an answer, too, and no failure of the function
    let refused = |method: &str, path: &str, body: &str| json!({"httpMethod":method,"path":path,"headers":{},"body":body,"isBase64Encoded":false});
    for (event, status) in [
        (refused("POST", "/collect", "oops"), 400),
        (refused("GET", "/collect", ""), 405),
        (refused("POST", "/other", "{}"), 404),
        (refused("POST", "/collect", ""), 204),
        (refused("GET", "/healthz", ""), 200),
    ] {
        assert_eq!(asked(&mut function, &event).await["statusCode"], status, "{event}");
    }
    let post = function.invoke(br#"{"Records":[]}"#, TIME).await;
    assert_eq!(post.json()["errorType"], "Rowtide.Configuration");
    let metrics = function.metrics();
    let applied: Vec<u64> = metrics
        .iter()
        .filter(|line| line.get("table").is_none())
        .filter_map(|line| line["RecordsApplied"].as_u64())
        .collect();
    assert_eq!(applied, [1, 2, 2, 1]);
    assert_eq!((&metrics[0]["service"], &metrics[0]["ColdStart"]), (&"rowtide-test".into(), &1.into()));
    function.terminate().await;
    assert_eq!(place.count("select count(*) from {s}.collect").await, 4);
    assert_eq!(place.count("select count(*) from {s}.\"café\"").await, 2);
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_503_before_the_time_is_over() {
    let variables = [
        ("ROWTIDE_SINK_URL", "postgresql://u:hunter2@127.0.0.1:1/none"),
        ("ROWTIDE_SINK_DIALECT", "postgres"),
        ("ROWTIDE_COLLECT_TOKENS", "t-1"),
    ];
    let mut function = Function::start_collect(&variables).await;
    let event = |token: &str| {
        json!({"version":"2.0","rawPath":"/collect","headers":{"authorization":format!("Bearer {token}")},
            "requestContext":{"http":{"method":"POST"}},"body":"{}","isBase64Encoded":false})
    };
    assert_eq!(asked(&mut function, &event("t-2")).await["statusCode"], 403);
    let post = function.invoke(event("t-1").to_string().as_bytes(), Duration::from_secs(3)).await;
    assert_eq!(post.json()["statusCode"], 503, "{post:?}");
    assert!(post.json()["headers"]["retry-after"].is_string() && !post.body.contains("hunter2"));
    function.terminate().await;
}
