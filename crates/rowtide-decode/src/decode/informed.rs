//! For the tests of decoders: one by itself, and what it knows of tables.

use super::{Decoded, Decoder, LazyObject, Result};
use crate::catalogue::Catalogue;
use crate::record::Record;
use crate::rules::{ByTable, Order, Rules, TablePattern, TableRules};

/// What a decoder makes of a record by itself.
pub(crate) fn alone(decoder: &impl Decoder, record: &Record) -> Result<Decoded> {
    decoder.decode(record, &LazyObject::of(&record.payload), &Catalogue::default())
}

/// A decoder that knows this of tables, whatever it is told with a record.
pub(crate) struct Informed<D> {
    decoder: D,
    pub(crate) catalogue: Catalogue,
}

impl<D: Decoder> Informed<D> {
    pub(crate) fn new(decoder: D, rules: Rules) -> Self {
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

    fn types_keys(&self) -> bool {
        self.decoder.types_keys()
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        self.decoder.recognises(object)
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, _: &Catalogue) -> Result<Decoded> {
        self.decoder.decode(record, object, &self.catalogue)
    }
}

/// The rules of the tables of this name, as of one route.
pub(crate) fn rules(from: &str, change: impl FnOnce(&mut TableRules)) -> Rules {
    let mut said = TableRules::default();
    change(&mut said);
    let pattern = TablePattern { from: from.to_owned(), ..TablePattern::default() };
    Rules { tables: ByTable::new(vec![(pattern, said)]), leaves_others_out: true, ..Rules::default() }
}

/// The rules of a source whose changes are ordered by their arrival.
pub(crate) fn by_arrival(rules: Rules) -> Rules {
    Rules { order: Order::Arrival, ..rules }
}
