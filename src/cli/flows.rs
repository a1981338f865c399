//! The flow of each batch: an export goes another way than the stream of its table.

use super::input::Batch;
use rowtide::config::Config;
use rowtide::error::Result;
use rowtide::pipeline::Flow;
use rowtide::sink::KnownTarget;
use std::sync::Arc;

/// The flows of a command's input.
pub(super) struct Flows {
    config: Config,
    stream: Flow,
    /// That of the last export, with the ARN of its table.
    export: Option<(Arc<str>, Flow)>,
}

impl Flows {
    /// Those that `config` describes.
    pub(super) fn new(config: Config) -> Result<Self> {
        Ok(Self { stream: Flow::new(&config)?, config, export: None })
    }

    /// Whether a batch begins an export, whose flow depends on what the database knows.
    pub(super) fn begins_export(&self, batch: &Batch) -> bool {
        let made = self.export.as_ref().map(|(arn, _)| arn);
        batch.exported.as_ref().is_some_and(|arn| made != Some(arn))
    }

    /// The flow of a batch; `known` are the targets of the database where it [begins an export](Self::begins_export).
    pub(super) fn of(&mut self, batch: &Batch, known: &[KnownTarget]) -> Result<&Flow> {
        let Some(arn) = &batch.exported else { return Ok(&self.stream) };
        let flow = match self.export.take() {
            Some((of, flow)) if of == *arn => flow,
            _ => Flow::of_export(&self.config, arn, known)?,
        };
        let (_, flow) = self.export.insert((arn.clone(), flow));
        Ok(flow)
    }
}
