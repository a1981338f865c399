//! Writes the seeds of both targets below `fuzz/corpus/`: every event of `events/`, and the payload of every record.

use rowtide_decode::record::Envelope;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Larger events are many records of one kind.
const EVENT_BYTES_MAX: u64 = 200_000;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (events, payloads) = (root.join("corpus/envelope"), root.join("corpus/decode"));
    fs::create_dir_all(&events)?;
    fs::create_dir_all(&payloads)?;
    let mut seen = BTreeSet::new();
    let mut written = 0;
    for folder in fs::read_dir(root.join("../events"))? {
        let folder = folder?.path();
        for file in if folder.is_dir() { fs::read_dir(folder)?.collect() } else { Vec::new() } {
            let file = file?;
            let path = file.path();
            if path.extension().is_none_or(|it| it != "json") || file.metadata()?.len() > EVENT_BYTES_MAX {
                continue;
            }
            let event = fs::read(&path)?;
            let records =
                Envelope::parse(&event.clone().into(), "-").map(|it| it.records).unwrap_or_default();
            written += 1;
            fs::write(events.join(written.to_string()), &event)?;
            for payload in records.into_iter().map(|record| record.payload) {
                let place = payloads.join(seen.len().to_string());
                if seen.insert(payload.clone()) {
                    fs::write(place, &payload)?;
                }
            }
        }
    }
    println!("{written} events, {} payloads", seen.len());
    Ok(())
}
