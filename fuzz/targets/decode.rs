//! Any bytes as the payload of a record.

#![no_main]

libfuzzer_sys::fuzz_target!(|payload: &[u8]| rowtide_fuzz::decode(payload));
