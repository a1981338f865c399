//! Plain bytes from what may be packed by gzip or zstd, told by the first bytes. A byte-order mark is left out.

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead as _, BufReader, Cursor, Read};

pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];
pub(super) const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
pub(super) const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// The plain bytes behind `raw`, which may be packed.
///
/// # Errors
/// Those of `raw`; broken packing shows while the result is read.
pub fn plain(raw: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let (start, raw) = peek(raw, ZSTD.len())?;
    let plain: Box<dyn Read + Send> = if start.starts_with(&GZIP) {
        Box::new(MultiGzDecoder::new(BufReader::new(raw)))
    } else if start == ZSTD || is_skippable(&start) {
        Box::new(Zstd { source: BufReader::new(raw), decoder: FrameDecoder::new(), in_frame: false })
    } else {
        raw
    };
    let (start, mut plain) = peek(plain, BYTE_ORDER_MARK.len())?;
    if start == BYTE_ORDER_MARK {
        plain.read_exact(&mut [0; BYTE_ORDER_MARK.len()])?;
    }
    Ok(plain)
}

/// The first bytes, at most `length`, and a reader that still has them.
fn peek(mut reader: Box<dyn Read + Send>, length: usize) -> io::Result<(Vec<u8>, Box<dyn Read + Send>)> {
    let mut start = Vec::new();
    let wanted = u64::try_from(length).unwrap_or(u64::MAX);
    reader.by_ref().take(wanted).read_to_end(&mut start)?;
    Ok((start.clone(), Box::new(Cursor::new(start).chain(reader))))
}

/// A frame that carries no data, which may come first. Source: RFC 8878, 3.1.2.
fn is_skippable(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18])
}

/// One zstd frame after the other.
struct Zstd {
    source: BufReader<Box<dyn Read + Send>>,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl Zstd {
    /// Starts the next frame, over those that are to be skipped; false at the end.
    fn start_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut self.source.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
        Ok(false)
    }
}

impl Read for Zstd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.in_frame {
                self.in_frame = self.start_frame()?;
                if !self.in_frame {
                    return Ok(0);
                }
            }
            if self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            if self.decoder.is_finished() && self.decoder.can_collect() == 0 {
                self.in_frame = false;
            }
        }
    }
}
