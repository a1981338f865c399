//! From a secret to the URL of a database: it is one, or it is the JSON that RDS and its rotation keep.

use super::document::object;
use super::sign::escaped;
use crate::config::{Auth, Reference, SinkUrl};
use crate::error::{Error, Result};
use serde_json::{Map, Value};

/// The URL of the database that a secret's text tells.
///
/// A URL is taken as it is. Of a JSON object the members `username`, `password`, `host`, `port`, `dbname` and `engine`
/// are read; `host`, `port` and `dbname` of the reference win over them. `database` is another name for `dbname`, which
/// wins. By `auth` a password may be needless.
///
/// Source: AWS Secrets Manager User Guide, "JSON structure of AWS Secrets Manager secrets".
///
/// # Errors
/// A configuration error that names the reference and what is missing.
pub fn connection_url(reference: &Reference, text: &str, auth: Auth) -> Result<SinkUrl> {
    let text = text.trim();
    if let Some(object) = object(text) {
        return of_object(reference, &object, auth, of_sink);
    }
    let url = SinkUrl::checked(text).ok_or_else(|| {
        Error::config(format!(
            "sink.url ({reference}): the secret is neither a URL that begins with postgresql://, postgres:// or crate:// \
             nor a JSON object with username, password and host. For one member of an object, write {reference}#NAME."
        ))
    })?;
    if reference.given.is_empty() {
        return Ok(url);
    }
    Err(Error::config(format!(
        "sink.url ({reference}): the secret is no JSON object; host, port and dbname can stand behind `?` only for one."
    )))
}

/// The URL of a MySQL or MariaDB that a secret's text tells; none when it tells another database.
///
/// # Errors
/// A configuration error that names the reference and what is missing.
#[cfg(feature = "mysql")]
pub fn mysql_url(reference: &Reference, text: &str) -> Result<Option<SinkUrl>> {
    let text = text.trim();
    let is_mysql = |name: &str| of_mysql(Some(name)).is_some();
    if let Some(object) = object(text) {
        let is_meant = object.get("engine").and_then(Value::as_str).is_some_and(is_mysql);
        let url = is_meant.then(|| of_object(reference, &object, Auth::Password, of_mysql));
        return url
            .transpose()
            .map_err(|error| Error::config(error.message().replace("sink.url", "snapshot.url")));
    }
    let is_url = text.split_once("://").is_some_and(|(scheme, _)| is_mysql(scheme));
    Ok((is_url && reference.given.is_empty()).then(|| SinkUrl::new(text)))
}

/// Scheme and database of a secret's `engine`, if rows can go there.
fn of_sink(engine: Option<&str>) -> Option<(&'static str, &'static str)> {
    match engine {
        // as the rotation functions of AWS do
        None | Some("postgres" | "postgresql" | "aurora-postgresql") => Some(("postgresql", "postgres")),
        Some("crate" | "cratedb") => Some(("crate", "")),
        Some(_) => None,
    }
}

/// The same of what rows can only come from.
#[cfg(feature = "mysql")]
fn of_mysql(engine: Option<&str>) -> Option<(&'static str, &'static str)> {
    match engine? {
        "mysql" | "mariadb" | "aurora" | "aurora-mysql" => Some(("mysql", "")),
        _ => None,
    }
}

fn of_object(
    reference: &Reference,
    object: &Map<String, Value>,
    auth: Auth,
    of_engine: fn(Option<&str>) -> Option<(&'static str, &'static str)>,
) -> Result<SinkUrl> {
    let get = |name: &str| match (reference.given.get(name), object.get(name)) {
        (Some(given), _) => Ok(Some(given.clone())),
        (None, Some(Value::String(text))) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        (None, Some(Value::Number(number))) => Ok(Some(number.to_string())),
        (None, Some(Value::Null) | None) => Ok(None),
        (None, Some(Value::Bool(_) | Value::Array(_) | Value::Object(_))) => Err(Error::config(format!(
            "sink.url ({reference}): the member `{name}` of the secret is neither text nor a number."
        ))),
    };
    let needed = |name: &str| {
        get(name)?.ok_or_else(|| {
            let also = if name == "host" {
                ", or write it behind the name: `?host=…&port=…&dbname=…`"
            } else {
                ""
            };
            Error::config(format!("sink.url ({reference}): the secret's JSON has no `{name}`. Add it{also}."))
        })
    };
    let (scheme, database) = of_engine(get("engine")?.as_deref()).ok_or_else(|| {
        Error::config(format!(
            "sink.url ({reference}): the secret's `engine` is none that rowtide writes to: postgres or cratedb."
        ))
    })?;
    let mut login = escaped(&needed("username")?);
    match auth {
        Auth::Password => login.extend([":", &escaped(&needed("password")?)]),
        // the password is made when it is needed
        Auth::RdsIam => {}
    }
    let host = needed("host")?;
    let host = if host.contains(':') { format!("[{host}]") } else { escaped(&host) };
    let port = match get("port")? {
        Some(port) if port.parse::<u16>().is_ok() => format!(":{port}"),
        Some(_) => {
            return Err(Error::config(format!("sink.url ({reference}): the secret's `port` is no port.")));
        }
        None => String::new(),
    };
    let named = match get("dbname")? {
        Some(name) => Some(name),
        None => get("database")?,
    };
    let database = named.unwrap_or_else(|| database.to_owned());
    Ok(SinkUrl::new(format!("{scheme}://{login}@{host}{port}/{}", escaped(&database))))
}

#[cfg(test)]
mod tests {
    use super::connection_url;
    use crate::config::{Auth, Reference};
    use crate::error::Result;
    use serde_json::json;
    use tokio_postgres::Config;
    use tokio_postgres::config::Host;

    fn url(reference: &str, text: &str) -> Result<String> {
        let reference = Reference::parse(reference).unwrap();
        connection_url(&reference, text, Auth::Password).map(|url| url.expose().to_owned())
    }

    #[test]
    fn a_secret_is_a_url_or_what_rds_keeps() {
        let rds =
            r#"{"username":"u","password":"p","host":"h","port":5433,"dbname":"d","engine":"postgres"}"#;
        let managed = r#"{"username":"u","password":"p"}"#;
        let cases = [
            ("secretsmanager://db", "postgresql://u:p@h/d\n", "postgresql://u:p@h/d"),
            ("secretsmanager://db", "host=h password=p", "host=h password=p"),
            ("ssm://db", "crate://u:p@h", "crate://u:p@h"),
            ("secretsmanager://db", rds, "postgresql://u:p@h:5433/d"),
            ("secretsmanager://db?host=proxy&port=6432", rds, "postgresql://u:p@proxy:6432/d"),
            ("secretsmanager://rds!db?host=h&dbname=shop", managed, "postgresql://u:p@h/shop"),
            (
                "secretsmanager://db",
                r#"{"username":"u","password":"p","host":"h","port":"5432","dbInstanceIdentifier":"x"}"#,
                "postgresql://u:p@h:5432/postgres",
            ),
            (
                "secretsmanager://db",
                r#"{"username":"u","password":"p","host":"h","database":"d e"}"#,
                "postgresql://u:p@h/d%20e",
            ),
            (
                "secretsmanager://db",
                r#"{"username":"u","password":"p","host":"h","database":"other","dbname":"d"}"#,
                "postgresql://u:p@h/d",
            ),
            (
                "secretsmanager://db?dbname=shop",
                r#"{"username":"u","password":"p","host":"h","database":"other"}"#,
                "postgresql://u:p@h/shop",
            ),
            (
                "secretsmanager://db",
                r#"{"username":"u","password":"p","host":"h","database":"d","dbname":""}"#,
                "postgresql://u:p@h/d",
            ),
            (
                "secretsmanager://db",
                r#"{"username":"u","password":"p","host":"::1","engine":"crate"}"#,
                "crate://u:p@[::1]/",
            ),
        ];
        for (reference, text, expected) in cases {
            assert_eq!(url(reference, text).unwrap(), expected);
        }
        let reference = Reference::parse("secretsmanager://db").unwrap();
        let by_iam = connection_url(&reference, r#"{"username":"u","host":"h"}"#, Auth::RdsIam).unwrap();
        assert_eq!(by_iam.expose(), "postgresql://u@h/postgres");
    }

    #[test]
    fn what_is_missing_is_named_and_the_content_is_not() {
        let cases = [
            (r#"{"password":"hunter2","host":"hunter2"}"#, "no `username`"),
            (r#"{"username":"hunter2","host":"hunter2"}"#, "no `password`"),
            (
                r#"{"username":"hunter2","password":"hunter2"}"#,
                "no `host`. Add it, or write it behind the name",
            ),
            (
                r#"{"username":"hunter2","password":["hunter2"],"host":"h"}"#,
                "`password` of the secret is neither",
            ),
            (r#"{"username":"u","password":"p","host":"h","port":"hunter2"}"#, "`port` is no port"),
            (
                r#"{"username":"u","password":"p","host":"h","database":["hunter2"]}"#,
                "`database` of the secret is neither",
            ),
            (r#"{"username":"u","password":"p","host":"h","engine":"hunter2"}"#, "`engine` is none"),
            ("hunter2", "neither a URL"),
            ("mysql://u:hunter2@h/d", "neither a URL"),
            ("{\"username\":\"hunter2\"", "neither a URL"),
            ("[\"hunter2\"]", "neither a URL"),
            ("", "neither a URL"),
            ("secretsmanager://other", "neither a URL"),
        ];
        for (text, names) in cases {
            let error = url("secretsmanager://prod/db", text).unwrap_err();
            let told = format!("{error} {error:?}");
            assert!(told.contains(names) && told.contains("secretsmanager://prod/db"), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
        let error = url("secretsmanager://db?host=h", "postgresql://u:hunter2@h/d").unwrap_err();
        assert!(error.message().contains("no JSON object"), "{error}");
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn a_secret_of_a_mysql_is_one_to_read_from_only() {
        let of = |text: &str| {
            let reference = Reference::parse("secretsmanager://db").unwrap();
            super::mysql_url(&reference, text).unwrap().map(|url| url.expose().to_owned())
        };
        let rds = r#"{"username":"u","password":"p@","host":"h","port":3306,"dbname":"d","engine":"mysql"}"#;
        assert_eq!(of(rds).as_deref(), Some("mysql://u:p%40@h:3306/d"));
        assert_eq!(of("mariadb://u:p@h/d").as_deref(), Some("mariadb://u:p@h/d"));
        assert_eq!(of("postgresql://u:p@h/d"), None);
        assert_eq!(of(r#"{"username":"u","password":"p","host":"h"}"#), None);
        assert!(url("secretsmanager://db", rds).unwrap_err().message().contains("`engine` is none"));
    }

    proptest::proptest! {
        #[test]
        fn a_login_of_any_text_arrives_as_it_is(
            user in "[^\0]{1,12}", password in "[^\0]{1,24}", database in "[^\0]{1,12}", port in 1_u16..,
        ) {
            let secret = json!({"username": user, "password": password, "host": "db.example.org", "port": port,
                "dbname": database, "engine": "aurora-postgresql"});
            let config: Config = url("secretsmanager://db", &secret.to_string()).unwrap().parse().unwrap();
            proptest::prop_assert_eq!(config.get_user(), Some(user.as_str()));
            proptest::prop_assert_eq!(config.get_password(), Some(password.as_bytes()));
            proptest::prop_assert_eq!(config.get_dbname(), Some(database.as_str()));
            proptest::prop_assert_eq!(config.get_hosts(), &[Host::Tcp("db.example.org".to_owned())]);
            proptest::prop_assert_eq!(config.get_ports(), &[port]);
        }
    }
}
