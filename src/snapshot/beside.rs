//! The stream beside which the rows of a table are loaded: whose versions they take, and how it writes values.

use crate::config::{Beside, Config, VersionScheme};
use crate::error::{Error, Result};
use crate::sink::KnownTarget;
use crate::version::{ARRIVAL, ONCE};

/// The decoder of what a snapshot reads.
pub(super) const DECODER: &str = "snapshot";

/// The letter of the scheme that the rows of a table take; `target` is what the registry knows of where they go.
///
/// `schemes` are the letters of the source's streams, by their decoders; `alone` is that of a table without one.
///
/// # Errors
/// When the source has no such stream.
pub(super) fn scheme(
    config: &Config,
    schemes: &[(&str, char)],
    alone: char,
    target: Option<&KnownTarget>,
) -> Result<char> {
    if config.source.version == VersionScheme::Arrival {
        return Ok(ARRIVAL);
    }
    if config.source.version == VersionScheme::Once {
        return Ok(ONCE);
    }
    match config.snapshot.beside {
        Beside::Auto => match (target.and_then(|target| target.scheme.chars().next()), pinned(config)) {
            (Some(letter), _) => Ok(letter),
            (None, Some(decoder)) => of_decoder(schemes, decoder, "source.decoder"),
            (None, None) => Ok(alone),
        },
        Beside::None => Ok(alone),
        Beside::Arrival => Ok(ARRIVAL),
        Beside::Decoder(decoder) => of_decoder(schemes, decoder, "snapshot.beside"),
    }
}

/// The pinned decoder, if it is one of a stream.
fn pinned(config: &Config) -> Option<&str> {
    Some(config.source.decoder.as_str()).filter(|decoder| *decoder != "auto" && *decoder != DECODER)
}

fn of_decoder(schemes: &[(&str, char)], decoder: &str, setting: &str) -> Result<char> {
    let known = schemes.iter().find(|(name, _)| *name == decoder);
    known.map(|(_, letter)| *letter).ok_or_else(|| {
        let names: Vec<&str> = schemes.iter().map(|(name, _)| *name).collect();
        Error::config(format!(
            "{setting} is {decoder}, which is no stream of this source. Those are {}: set snapshot.beside to \
             one of them, or to none.",
            names.join(", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::scheme;
    use crate::config::{Beside, Config, VersionScheme};
    use crate::formats::snapshot::ALONE;
    use crate::snapshot::postgres::SCHEMES;

    #[test]
    fn whoever_reads_the_stream_gives_the_scheme() {
        let of = |decoder: &str, beside| {
            let mut config = Config::default();
            config.source.decoder = decoder.to_owned();
            config.snapshot.beside = beside;
            scheme(&config, &SCHEMES, ALONE, None)
        };
        assert_eq!(of("auto", Beside::Auto).unwrap(), 'l');
        assert_eq!(of("wal2json", Beside::Auto).unwrap(), 'w');
        assert_eq!(of("wal2json", Beside::None).unwrap(), 'l');
        assert_eq!(of("wal2json", Beside::Decoder("debezium")).unwrap(), 'p');
        assert_eq!(of("auto", Beside::Arrival).unwrap(), 'a');
        let error = of("maxwell", Beside::Auto).unwrap_err();
        assert!(error.message().contains("source.decoder is maxwell"), "{error}");
        let mut config = Config::default();
        config.source.version = VersionScheme::Arrival;
        assert_eq!(scheme(&config, &SCHEMES, ALONE, None).unwrap(), 'a');
    }
}
