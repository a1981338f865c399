//! A configuration on its way: some of its texts lie elsewhere and have to be fetched before it is whole. This room
//! says which; whoever can fetch them hands them in.

use super::layers::{self, Lookup};
use super::legacy::{self, Predecessor};
use super::{Aws, Config, Environment, Inputs, Reference, process_environment};
use crate::error::Result;
use std::collections::BTreeMap;
use std::path::Path;

/// What a configuration is made of, with what was fetched for it so far. Has no `Debug`: it is full of secrets.
pub struct Draft<'a> {
    file: Option<&'a Path>,
    set: &'a [String],
    ignore: &'a [&'a str],
    directory: &'a Path,
    environment: Environment,
    /// What the variables of others say, of a function that they configure.
    predecessor: Predecessor,
    fetched: BTreeMap<Reference, String>,
}

/// What came of loading a [`Draft`].
pub enum Loaded {
    /// The configuration. `sink.url` may still be a reference: it is fetched when the database is needed.
    Whole(Box<Config>),
    /// These are needed first: [`Draft::supply`].
    Needs(Vec<Reference>),
}

impl<'a> Draft<'a> {
    /// What [`Config::from_environment`] loads.
    #[must_use]
    pub fn from_environment(file: Option<&'a Path>, set: &'a [String], ignore: &'a [&'a str]) -> Self {
        let (environment, directory) = (process_environment(), Path::new(""));
        let predecessor = Predecessor::default();
        Self { file, set, ignore, directory, environment, predecessor, fetched: BTreeMap::new() }
    }

    /// The configuration of a Lambda function: of its environment, in which the variables of the functions of
    /// LorryStream and CrateDB Toolkit are read too.
    ///
    /// # Errors
    /// When one of these cannot be understood.
    pub fn of_function() -> Result<Self> {
        Self::from_environment(None, &[], &[]).like_function()
    }

    pub(super) fn like_function(self) -> Result<Self> {
        let (environment, predecessor) = legacy::translated(&self.environment)?;
        Ok(Self { environment, predecessor, ..self })
    }

    /// What `inputs` give.
    #[must_use]
    pub fn new(inputs: &Inputs<'a>) -> Self {
        Self {
            file: inputs.file,
            set: inputs.set,
            ignore: inputs.ignore,
            directory: inputs.directory,
            environment: inputs.environment.clone(),
            predecessor: Predecessor::default(),
            fetched: BTreeMap::new(),
        }
    }

    /// What the variables say of AWS.
    #[must_use]
    pub fn aws(&self) -> Aws {
        Aws::from(&self.environment)
    }

    /// Hands in what a reference leads to.
    pub fn supply(&mut self, reference: Reference, text: String) {
        self.fetched.insert(reference, text);
    }

    /// The configuration, or what it needs first.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load(&self) -> Result<Loaded> {
        let Self { file, set, ignore, directory, environment, .. } = self;
        let inputs = Inputs { file: *file, set, environment, directory, ignore };
        let lookup = Lookup::new(&inputs, &self.fetched);
        let config = layers::load(&lookup)?;
        let needs = lookup.needs();
        if !needs.is_empty() {
            return Ok(Loaded::Needs(needs));
        }
        let mut config = match &self.predecessor.url {
            Some(url) if config.sink.url.is_none() => config.with_sink_url(url.clone()),
            Some(_) | None => config,
        };
        if config.routes.is_empty() {
            config.routes.clone_from(&self.predecessor.routes);
        }
        config.fails_whole = self.predecessor.fails_whole;
        Ok(Loaded::Whole(Box::new(config)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Environment, Inputs, SinkUrl};
    use super::{Draft, Loaded, Reference};
    use std::ffi::OsString;
    use std::path::Path;

    #[test]
    fn a_draft_says_what_it_needs_until_it_is_whole() {
        let variables =
            [("ROWTIDE_CONFIG", "ssm://file"), ("ROWTIDE_SINK_SCHEMA", "ssm://schema"), ("AWS_REGION", "r")];
        let environment: Environment =
            variables.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
        let inputs = |ignore| Inputs {
            file: None,
            set: &[],
            environment: &environment,
            directory: Path::new("nowhere"),
            ignore,
        };
        let needs = |draft: &Draft<'_>| match draft.load().unwrap() {
            Loaded::Needs(needs) => needs.iter().map(ToString::to_string).collect(),
            Loaded::Whole(_) => Vec::new(),
        };
        let supply = |draft: &mut Draft<'_>, name: &str, text: &str| {
            draft.supply(Reference::parse(name).unwrap(), text.to_owned());
        };
        let mut draft = Draft::new(&inputs(&[]));
        assert_eq!(needs(&draft), ["ssm://file", "ssm://schema"]);
        let file =
            "[sink]\nurl = \"secretsmanager://db\"\n\n[[route]]\nfrom = \"a\"\nkey = [\"b\", \"ssm://key\"]";
        supply(&mut draft, "ssm://file", file);
        assert_eq!(needs(&draft), ["ssm://key", "ssm://schema"]);
        supply(&mut draft, "ssm://schema", "cdc\n");
        supply(&mut draft, "ssm://key", "c");
        let Ok(Loaded::Whole(config)) = draft.load() else { panic!("it needs {:?}", needs(&draft)) };
        assert_eq!((config.sink.schema.as_str(), config.routes[0].key.join(" ")), ("cdc", "b c".to_owned()));
        assert_eq!(config.sink.url, Some(SinkUrl::new("secretsmanager://db")));
        assert_eq!(
            config.effective().into_iter().find(|line| line.name == "sink.url").unwrap().origin,
            "ssm://file line 2"
        );
        assert_eq!(draft.aws().region.as_deref(), Some("r"));
        // what is ignored is not needed, and what is supplied is checked like everything else
        let mut draft = Draft::new(&inputs(&["sink.schema"]));
        assert_eq!(needs(&draft), ["ssm://file"]);
        supply(&mut draft, "ssm://file", "[sink]\nddl = \"hunter2\"");
        let error = draft.load().err().unwrap();
        assert_eq!(error.message(), "`sink.ddl` (ssm://file line 2) must be `auto` or `never`");
        supply(&mut draft, "ssm://file", "hunter2");
        let error = draft.load().err().unwrap();
        assert!(
            error.message().starts_with("ssm://file line 1: not TOML: ")
                && !error.message().contains("hunter2")
        );
    }
}
