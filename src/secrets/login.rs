//! From a secret to the URL of a database: it is one, or it is the JSON that RDS and its rotation keep.

use super::document::object;
use super::sign::escaped;
use crate::config::{Auth, Reference, SinkUrl};
use crate::error::{Error, Result};
use serde_json::{Map, Value};

/// The URL of the database that a secret's text tells.
///
/// A URL is taken as it is. Of a JSON object the members `username`, `password`, `host`, `port`, `dbname` and `engine`
/// are read; `host`, `port` and `dbname` of the reference win over them. By `auth` a password may be needless.
///
/// Source: AWS Secrets Manager User Guide, "JSON structure of AWS Secrets Manager secrets".
///
/// # Errors
/// A configuration error that names the reference and what is missing.
pub fn connection_url(reference: &Reference, text: &str, auth: Auth) -> Result<SinkUrl> {
    let text = text.trim();
    if let Some(object) = object(text) {
        return of_object(reference, &object, auth);
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

fn of_object(reference: &Reference, object: &Map<String, Value>, auth: Auth) -> Result<SinkUrl> {
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
    let (scheme, database) = match get("engine")?.as_deref() {
        // as the rotation functions of AWS do
        None | Some("postgres" | "postgresql" | "aurora-postgresql") => ("postgresql", "postgres"),
        Some("crate" | "cratedb") => ("crate", ""),
        Some(_) => {
            return Err(Error::config(format!(
                "sink.url ({reference}): the secret's `engine` is none that rowtide writes to: postgres or cratedb."
            )));
        }
    };
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
    let database = get("dbname")?.unwrap_or_else(|| database.to_owned());
    Ok(SinkUrl::new(format!("{scheme}://{login}@{host}{port}/{}", escaped(&database))))
}
