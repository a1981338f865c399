//! A decoder of your own, for the frames of weather stations: Rowtide as a library.

use rowtide::decode::{Decoded, Decoder, LazyObject, Reason};
use rowtide::event::{Change, ChangeEvent, Document, Key};
use rowtide::version::{Rank, Version};
use rowtide::{Error, Result, catalogue::Catalogue, decoders::Decoders, error::Code, record::Record};
use serde_json::value::RawValue;
use std::{collections::BTreeMap, io, io::Write};

/// A station counts its boots, and after each its frames. Readings stay text, so that no digit is lost.
#[derive(serde::Deserialize)]
struct Frame<'a> {
    station: String,
    boot: u64,
    frame: u64,
    #[serde(borrow)]
    readings: Option<BTreeMap<String, &'a RawValue>>,
}

struct Telemetry;
impl Decoder for Telemetry {
    fn name(&self) -> &'static str {
        "telemetry"
    }

    fn about(&self) -> &'static str {
        "weather stations"
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        object.has("station") && object.has("boot")
    }

    fn decode(&self, record: &Record, _: &LazyObject<'_>, _: &Catalogue) -> Result<Decoded> {
        let frame: Frame<'_> = serde_json::from_slice(&record.payload)
            .map_err(|_| Error::poison(Code::Other("not_a_frame"), "The record is no frame of a station."))?;
        let mut row = Document::default();
        frame.readings.iter().flatten().for_each(|(name, value)| row.append(name, value.get()));
        let change = match frame.readings {
            Some(readings) if readings.is_empty() => return Ok(Decoded::Ignored(Reason::Heartbeat)),
            Some(_) => Change::Put(row),
            None => Change::Delete(None),
        };
        let key = Key::new(vec![("station".into(), serde_json::Value::from(frame.station).to_string())])?;
        let version = Version::new('t', 0, Rank::Positioned).number(frame.boot).number(frame.frame);
        Ok(Decoded::Events(vec![ChangeEvent::new("stations", Some(key), change, version)]))
    }
}

/// What frames say, one a line.
pub(crate) fn changes(frames: &str) -> Vec<Result<ChangeEvent>> {
    let decoders = Decoders::pinned(Box::new(Telemetry));
    frames.lines().flat_map(|frame| decoders.events(&Record::new("-", "", frame.to_owned()))).collect()
}

fn main() -> io::Result<()> {
    let frames = io::read_to_string(io::stdin())?;
    changes(&frames).iter().try_for_each(|change| writeln!(io::stdout(), "{change:?}"))
}
