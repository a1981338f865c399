//! A configuration on its way: some of its texts lie elsewhere and have to be fetched before it is whole. This room
//! says which; whoever can fetch them hands them in.

use super::layers::{self, Lookup};
use super::{Aws, Config, Environment, Inputs, Reference, RouteConfig, legacy, process_environment};
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
    /// Of a function that others' variables configure, when there are no others.
    routes: Vec<RouteConfig>,
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
        Self { file, set, ignore, directory, environment, routes: Vec::new(), fetched: BTreeMap::new() }
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
        let (environment, routes) = legacy::translated(&self.environment)?;
        Ok(Self { environment, routes, ..self })
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
            routes: Vec::new(),
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
        let mut config = config;
        if config.routes.is_empty() {
            config.routes.clone_from(&self.routes);
        }
        Ok(Loaded::Whole(Box::new(config)))
    }
}
