//! Any bytes as a Lambda event.

#![no_main]

libfuzzer_sys::fuzz_target!(|event: &[u8]| rowtide_fuzz::envelope(event));
