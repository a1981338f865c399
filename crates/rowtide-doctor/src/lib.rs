//! What would lose or block data, or leak a secret, before it does: templates, plans, live mappings, the configuration,
//! and what was found out about the database. Judges only: reads no file, asks no server.
//!
//! Templates of every kind become one small model (`cloudformation`, `terraform`, over `document` and `template`); the
//! rules (`rules`) read that model and nothing else.

mod cloudformation;
mod connector;
mod document;
mod facts;
mod finding;
mod model;
mod node;
mod rules;
mod secret;
mod template;
mod terraform;

use rowtide_decode::error::{Error, Result};

pub use facts::{
    Configured, Inspection, KeyOf, Privilege, RegisteredTarget, Routed, RoutedAs, SchemaFacts, Setting,
    TableFacts, TargetFacts, Use, Variables,
};
pub use finding::{Described, Finding, Severity};
use model::{Kind, Model};
use std::collections::BTreeMap;

/// Every rule, in the order of the documentation.
#[must_use]
pub fn rules() -> Vec<Described> {
    rules::described()
}

/// What was examined, so that «no findings» can be told from «nothing found to examine».
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Examined {
    /// Lambda functions.
    pub functions: usize,
    /// Event source mappings.
    pub mappings: usize,
    /// Streams, tables, queues and topics.
    pub sources: usize,
    /// Log groups.
    pub log_groups: usize,
    /// Connectors.
    pub connectors: usize,
}

/// Templates, plans and live settings to be examined together.
#[derive(Debug, Default)]
pub struct Stack {
    model: Model,
}

impl Stack {
    /// Adds a file: a SAM or CloudFormation template, the JSON of a Terraform plan or state, what AWS answers about
    /// event source mappings and functions, or the configuration of a connector of Debezium. `parameters` stand in
    /// place of a template's defaults.
    ///
    /// # Errors
    /// A configuration error that names the file and the place in it, when it cannot be read or is nothing of that.
    pub fn add(&mut self, name: &str, content: &[u8], parameters: &BTreeMap<String, String>) -> Result<()> {
        let root = match connector::properties(content) {
            Some(root) => root,
            None => document::parse(content).map_err(|error| Error::config(format!("{name}: {error}.")))?,
        };
        if terraform::is_plan(&root) {
            terraform::read(&root, name, &mut self.model);
        } else if cloudformation::is_template(&root) {
            cloudformation::read(&root, name, parameters, &mut self.model);
        } else if !cloudformation::read_live(&root, name, &mut self.model)
            && !connector::read(&root, name, &mut self.model)
        {
            return Err(Error::config(format!(
                "{name}: not a SAM or CloudFormation template, not the JSON of a Terraform plan (terraform show -json \
                 PLAN), not an event source mapping or function as the AWS command line prints it, and not the \
                 configuration of a connector (it has connector.class)."
            )));
        }
        Ok(())
    }

    /// Whether one of the templates has a parameter of that name.
    #[must_use]
    pub fn has_parameter(&self, name: &str) -> bool {
        self.model.parameters.iter().any(|parameter| parameter.name == name)
    }

    /// How much there is to examine.
    #[must_use]
    pub fn examined(&self) -> Examined {
        let count = |kinds: &[Kind]| {
            self.model.resources.iter().filter(|resource| kinds.contains(&resource.kind)).count()
        };
        Examined {
            functions: count(&[Kind::Function]),
            mappings: count(&[Kind::Mapping]),
            sources: count(&[Kind::Stream, Kind::Table, Kind::Queue]),
            log_groups: count(&[Kind::LogGroup]),
            connectors: count(&[Kind::Connector]),
        }
    }

    /// What should be changed in these files and in the configuration, the worst first.
    #[must_use]
    pub fn findings(&self, configured: &Configured) -> Vec<Finding> {
        rules::of_stack(&self.model, configured)
    }

    /// What should be changed in the database, or about it, after it was inspected; `sink` names it for people.
    #[must_use]
    pub fn findings_of_sink(
        &self,
        configured: &Configured,
        sink: &str,
        inspected: &std::result::Result<Inspection, Error>,
    ) -> Vec<Finding> {
        rules::of_sink(&self.model, configured, sink, inspected)
    }
}
