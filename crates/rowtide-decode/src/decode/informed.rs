//! For the tests of decoders: one by itself, and what it knows of tables.

use super::{Decoded, Decoder, Outline, Result};
use crate::catalogue::Catalogue;
use crate::record::Record;
use crate::rules::{ByTable, Rules, TablePattern, TableRules};

/// What a decoder makes of a record by itself.
pub(super) fn alone(decoder: &impl Decoder, record: &Record) -> Result<Decoded> {
    decoder.decode(record, &Outline::of(&record.payload), &Catalogue::default())
}

/// A decoder that knows this of tables, whatever it is told with a record.
pub(super) struct Informed<D> {
    decoder: D,
    pub(super) catalogue: Catalogue,
}

impl<D: Decoder> Informed<D> {
    pub(super) fn new(decoder: D, rules: Rules) -> Self {
        Self { decoder, catalogue: Catalogue::new(rules) }
    }
}

impl<D: Decoder> Decoder for Informed<D> {
    fn name(&self) -> &'static str {
        self.decoder.name()
    }

    fn about(&self) -> &'static str {
        self.decoder.about()
    }

    fn recognises(&self, outline: &Outline<'_>) -> bool {
        self.decoder.recognises(outline)
    }

    fn decode(&self, record: &Record, outline: &Outline<'_>, _: &Catalogue) -> Result<Decoded> {
        self.decoder.decode(record, outline, &self.catalogue)
    }
}

/// The rules of the tables of this name, as of one route.
pub(super) fn rules(from: &str, change: impl FnOnce(&mut TableRules)) -> Rules {
    let mut said = TableRules::default();
    change(&mut said);
    let pattern = TablePattern { from: from.to_owned(), ..TablePattern::default() };
    Rules { tables: ByTable::new(vec![(pattern, said)]), leaves_others_out: true, by_arrival: false }
}

/// The rules of a source whose changes are ordered by their arrival.
pub(super) fn by_arrival(rules: Rules) -> Rules {
    Rules { by_arrival: true, ..rules }
}
