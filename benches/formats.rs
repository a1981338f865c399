//! `cargo bench --bench formats`: every decoder beside `serde_json::Value` on the same bytes, one core, ratios of one
//! run; `-- maxwell` measures one. The records are those of `events/<decoder>/` that can be decoded; rounds of the
//! compared ways alternate.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use rowtide::catalogue::Catalogue;
use rowtide::config::{Config, Environment, Inputs};
use rowtide::decode::{Decoded, Settings};
use rowtide::decoders::{Decoders, Part, names};
use rowtide::record::{Envelope, Record};
use rowtide::rules::Rules;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

type Failure = Box<dyn std::error::Error>;

const ROUNDS: usize = 30;
/// Records of a round, at least: the same few again and again, as a batch of one table has them.
const RECORDS: usize = 5_000;

/// What is done with a record: how many events came of it.
type Way<'w> = &'w dyn Fn(&Sample, &Record) -> usize;

/// Records of one event, with the decoders that its settings make.
struct Sample {
    records: Vec<Record>,
    pinned: Decoders,
    auto: Decoders,
    catalogue: Catalogue,
}

fn samples(decoder: &str) -> Result<Vec<Sample>, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = root.join("events").join(decoder).read_dir()?.collect::<Result<_, _>>()?;
    files.sort_by_key(std::fs::DirEntry::path);
    let mut samples = Vec::new();
    for file in files.iter().map(std::fs::DirEntry::path) {
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let beside = file.with_extension("toml");
        let nothing = Path::new("/dev/null");
        let environment = Environment::new();
        let inputs = Inputs {
            file: Some(if beside.exists() { &beside } else { nothing }),
            set: &[],
            environment: &environment,
            directory: root,
            ignore: &[],
        };
        let config = Config::load(&inputs)?;
        let (settings, catalogue) = (Settings::from(&config), Catalogue::new(Rules::from(&config)));
        let pinned = Decoders::named(decoder, &settings)?;
        let Ok(envelope) = Envelope::parse(&std::fs::read(&file)?.into(), "-") else { continue };
        let mut records = Vec::new();
        for record in envelope.records {
            let parts = pinned.decode(&record, &catalogue);
            let is_change =
                !parts.is_empty() && parts.iter().all(|part| matches!(part.decoded, Ok(Decoded::Events(_))));
            // what says what a table is made of is heard, and a huge event would be all that is measured
            if is_change && record.payload.len() < 16 * 1024 && records.len() < 50 {
                records.push(record);
            }
        }
        if !records.is_empty() {
            samples.push(Sample { records, pinned, auto: Decoders::named("auto", &settings)?, catalogue });
        }
    }
    Ok(samples)
}

/// How long it took for how many records, and how many events came out.
fn round(samples: &[Sample], each: Way<'_>) -> (Duration, usize, usize) {
    let (mut records, mut made) = (0, 0);
    let start = Instant::now();
    while records < RECORDS {
        for sample in samples {
            for record in &sample.records {
                made += each(sample, black_box(record));
                records += 1;
            }
        }
    }
    (start.elapsed(), records, made)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

fn events(decoders: &Decoders, record: &Record, catalogue: &Catalogue) -> usize {
    decoders.decode(record, catalogue).into_iter().flat_map(Part::events).flatten().count()
}

fn main() -> Result<(), Failure> {
    println!("records/s on one core      bytes     decode       auto  serde_json::Value   ratio   detection");
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    for decoder in names().into_iter().filter(|name| wanted.is_empty() || wanted.iter().any(|it| it == name))
    {
        let samples = samples(decoder)?;
        let all = || samples.iter().flat_map(|sample| &sample.records);
        let bytes = all().map(|record| record.payload.len()).sum::<usize>() / all().count().max(1);
        let mut rates = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            let ways: [Way<'_>; 3] = [
                &|sample, record| events(&sample.pinned, record, &sample.catalogue),
                &|sample, record| events(&sample.auto, record, &sample.catalogue),
                &|_, record| {
                    let value: Result<serde_json::Value, _> = serde_json::from_slice(&record.payload);
                    usize::from(black_box(value).is_ok())
                },
            ];
            for (way, rates) in ways.iter().zip(&mut rates) {
                let (time, records, made) = round(&samples, way);
                black_box(made);
                rates.push(f64::from(u32::try_from(records)?) / time.as_secs_f64());
            }
        }
        let [pinned, auto, plain] = rates.map(median);
        println!(
            "  {decoder:22} {bytes:>7} {pinned:>10.0} {auto:>10.0} {plain:>18.0} {:>7.2} {:>9.0} %",
            pinned / plain,
            (pinned / auto - 1.0) * 100.0
        );
    }
    Ok(())
}
