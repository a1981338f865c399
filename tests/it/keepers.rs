//! Stand-ins for those who keep secrets: the Parameters and Secrets extension, Secrets Manager and Parameter Store, a
//! container's credentials. They speak HTTP on loopback, remember what they were asked, and check signatures.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const KEY_ID: &str = "ASIATESTKEY";
pub(crate) const KEY: &str = "canary-secret-access-key";
pub(crate) const TOKEN: &str = "canary-session-token/+==";

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Whether the request is what its signature says, by `key`; computed from what came over the wire alone.
    fn is_signed_with(&self, key: &str) -> bool {
        let authorization = &self.headers["authorization"];
        let part = |name: &str| {
            let rest = authorization.split(&format!("{name}=")).nth(1).unwrap();
            rest.split(',').next().unwrap().trim().to_owned()
        };
        let (credential, names, signature) = (part("Credential"), part("SignedHeaders"), part("Signature"));
        let (_, scope) = credential.split_once('/').unwrap();
        let headers: String =
            names.split(';').map(|name| format!("{name}:{}\n", self.headers[name].trim())).collect();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let body = hex(&Sha256::digest(self.body.as_bytes()));
        let canonical = format!("{}\n{}\n\n{headers}\n{names}\n{body}", self.method, self.path);
        let text = format!(
            "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
            self.headers["x-amz-date"],
            hex(&Sha256::digest(canonical.as_bytes()))
        );
        let code = |key: &[u8], text: &str| {
            let mut code = Hmac::<Sha256>::new_from_slice(key).unwrap();
            code.update(text.as_bytes());
            code.finalize().into_bytes().to_vec()
        };
        let key = scope.split('/').fold(format!("AWS4{key}").into_bytes(), |key, part| code(&key, part));
        let needed = ["content-type", "host", "x-amz-date", "x-amz-target"];
        let all = needed.iter().all(|needed| names.split(';').any(|name| name == *needed));
        all && hex(&code(&key, &text)) == signature
    }
}

/// A stand-in, as long as it lives.
pub(crate) struct Keeper {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Keeper {
    /// Answers requests with a status and a body.
    pub(crate) async fn start(answer: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), asked.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), seen.clone()));
            }
        });
        Self { port, asked, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve<A>(stream: TcpStream, answer: Arc<A>, seen: Arc<Mutex<Vec<Asked>>>) -> Option<()>
where
    A: Fn(&Asked) -> (u16, String),
{
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        let mut words = line.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let asked = Asked { method, path, headers, body: String::from_utf8(body).ok()? };
        let (status, text) = answer(&asked);
        seen.lock().unwrap().push(asked);
        let head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n\r\n", text.len());
        stream.write_all(format!("{head}{text}").as_bytes()).await.ok()?;
    }
}

/// A secret that can be rotated, as Secrets Manager answers it.
#[derive(Clone, Default)]
pub(crate) struct Secret(Arc<Mutex<(String, Option<String>)>>);

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        let secret = Self::default();
        secret.0.lock().unwrap().0 = text.to_owned();
        secret
    }

    pub(crate) fn rotate(&self, text: &str) {
        let mut held = self.0.lock().unwrap();
        let before = std::mem::replace(&mut held.0, text.to_owned());
        held.1 = Some(before);
    }

    pub(crate) fn current(&self) -> String {
        self.0.lock().unwrap().0.clone()
    }

    pub(crate) fn answer(&self, previous: bool) -> (u16, String) {
        let held = self.0.lock().unwrap();
        let text = if previous { held.1.as_ref() } else { Some(&held.0) };
        match text {
            Some(text) => (200, json!({"Name": "db", "SecretString": text}).to_string()),
            None => missing(),
        }
    }
}

pub(crate) fn missing() -> (u16, String) {
    (400, r#"{"__type":"ResourceNotFoundException","Message":"canary-message"}"#.to_owned())
}

/// Secrets Manager with one secret; it serves only who signs with [`KEY`].
pub(crate) async fn service(secret: Secret) -> Keeper {
    Keeper::start(move |asked| {
        let token = asked.headers.get("x-amz-security-token").map(String::as_str);
        if !asked.is_signed_with(KEY) || token != Some(TOKEN) {
            return (400, r#"{"__type":"InvalidSignatureException","message":"canary-message"}"#.to_owned());
        }
        match asked.headers["x-amz-target"].as_str() {
            "secretsmanager.GetSecretValue" => secret.answer(asked.json()["VersionStage"] == "AWSPREVIOUS"),
            "AmazonSSM.GetParameter" => {
                (200, json!({"Parameter": {"Type": "SecureString", "Value": secret.current()}}).to_string())
            }
            _ => missing(),
        }
    })
    .await
}

/// The variables with which a function asks the service.
pub(crate) fn signing(url: &str) -> Vec<(&str, &str)> {
    vec![
        ("AWS_ENDPOINT_URL", url),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", KEY),
        ("AWS_SESSION_TOKEN", TOKEN),
    ]
}
