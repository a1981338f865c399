//! Decimals as Kafka Connect's JSON writes them: base64 of a big-endian two's complement integer, and a scale.

use crate::json::{Fault, Kind, Scanner};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// The most bytes of a decimal's digits: PostgreSQL's numeric has 131,072 digits in front of the point and 16,383
/// behind it, and no other source has more.
const BYTES_MAX: usize = 61_232;
/// The most zeros that are written out for a scale; beyond it the number has an exponent.
const ZEROS_MAX: usize = 400;
/// What a group of nine digits counts to.
const BASE: u64 = 1_000_000_000;
/// Up to so many bytes are turned into groups one after the other; more are halved first, which is faster.
const BLOCK: usize = 512;
/// Numbers of fewer groups are multiplied group by group, which is faster.
const HALVES_MIN: usize = 256;
/// So many products of two groups, and what was carried, fit into 64 bits.
const PRODUCTS_MAX: usize = 16;

/// The number in a VariableScaleDecimal, `{"scale":2,"value":"ew=="}`; `None` when the object is something else.
pub(super) fn variable_decimal(object: &str) -> Option<String> {
    let (mut scale, mut digits, mut members) = (None, None, 0);
    Scanner::new(object)
        .object(|scanner, name| {
            members += 1;
            match (name.as_ref(), scanner.peek()?) {
                ("scale", Kind::Number) => scale = scanner.number()?.parse::<i32>().ok(),
                ("value", Kind::String) => digits = Some(scanner.string()?),
                _ => drop(scanner.skip()?.len()),
            }
            Ok::<_, Fault>(())
        })
        .ok()?;
    if members == 2 { decimal(&digits?, scale?) } else { None }
}

/// The number that base64 text of an integer and a scale stand for.
pub(super) fn decimal(base64: &str, scale: i32) -> Option<String> {
    if base64.len() > BYTES_MAX.div_ceil(3) * 4 {
        return None;
    }
    let bytes = STANDARD.decode(base64).ok()?;
    let negative = *bytes.first()? >= 0x80;
    let mut number = String::with_capacity(40);
    if negative {
        number.push('-');
    }
    let digits = match bytes.len() {
        0..=16 => {
            let mut whole = [if negative { 0xff } else { 0 }; 16];
            whole.iter_mut().rev().zip(bytes.iter().rev()).for_each(|(to, from)| *to = *from);
            i128::from_be_bytes(whole).unsigned_abs().to_string()
        }
        _ => long_digits(bytes, negative),
    };
    let places = usize::try_from(scale.unsigned_abs()).ok()?;
    if scale > 0 && places < digits.len() {
        let (whole, fraction) = digits.split_at(digits.len() - places);
        number.push_str(whole);
        number.push('.');
        number.push_str(fraction);
    } else if scale > 0 && places - digits.len() <= ZEROS_MAX {
        number.push_str("0.");
        number.extend(std::iter::repeat_n('0', places - digits.len()));
        number.push_str(&digits);
    } else if scale <= 0 && (places <= ZEROS_MAX || digits == "0") {
        number.push_str(&digits);
        number.extend(std::iter::repeat_n('0', if digits == "0" { 0 } else { places }));
    } else {
        write!(number, "{digits}E{}", -i64::from(scale)).ok()?;
    }
    Some(number)
}

/// Decimal digits of the magnitude of a two's complement integer of any length.
fn long_digits(mut bytes: Vec<u8>, negative: bool) -> String {
    if negative {
        // the magnitude is the complement and one more
        let mut carry = true;
        for byte in bytes.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
        if carry {
            bytes.insert(0, 1);
        }
    }
    let groups = groups(&bytes);
    let mut digits = String::with_capacity(groups.len() * 9);
    let mut groups = groups.iter().rev().skip_while(|group| **group == 0);
    write!(digits, "{}", groups.next().copied().unwrap_or_default()).unwrap_or_default();
    for group in groups {
        write!(digits, "{group:09}").unwrap_or_default();
    }
    digits
}

/// Groups of nine decimal digits of a big-endian integer, the lowest first. Halves are turned into groups by
/// themselves; a power of 256 puts them together.
fn groups(bytes: &[u8]) -> Vec<u32> {
    let mut powers: Vec<Vec<u32>> = Vec::new();
    let mut length = BLOCK;
    while length < bytes.len() {
        powers.push(match powers.last() {
            Some(half) => product(half, half),
            None => {
                let mut power = vec![0_u8; BLOCK + 1];
                power.iter_mut().take(1).for_each(|byte| *byte = 1);
                block(&power)
            }
        });
        length *= 2;
    }
    halved(bytes, &powers)
}

fn halved(bytes: &[u8], powers: &[Vec<u32>]) -> Vec<u32> {
    let Some((power, below)) = powers.split_last() else { return block(bytes) };
    let low = BLOCK << below.len();
    let Some((high, low)) = bytes.len().checked_sub(low).map(|at| bytes.split_at(at)) else {
        return halved(bytes, below);
    };
    let high = product(&halved(high, below), power);
    sum(&high, &halved(low, below))
}

/// The groups of few bytes.
fn block(bytes: &[u8]) -> Vec<u32> {
    let mut groups: Vec<u32> = Vec::with_capacity(bytes.len() / 3 + 1);
    for word in bytes.rchunks(4).rev() {
        let mut carry = word.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        let bits = 8 * word.len();
        for group in &mut groups {
            let value = (u64::from(*group) << bits) + carry;
            (*group, carry) = (short(value % BASE), value / BASE);
        }
        while carry > 0 {
            groups.push(short(carry % BASE));
            carry /= BASE;
        }
    }
    groups
}

fn product(a: &[u32], b: &[u32]) -> Vec<u32> {
    let half = a.len().max(b.len()).div_ceil(2);
    if a.len().min(b.len()) > HALVES_MIN.max(half) {
        return product_of_halves(a, b, half);
    }
    let mut sums = vec![0_u64; a.len() + b.len() + 1];
    for (chunk, factors) in a.chunks(PRODUCTS_MAX).enumerate() {
        let rest = sums.get_mut(chunk * PRODUCTS_MAX..).unwrap_or_default();
        for (at, factor) in factors.iter().enumerate() {
            for (sum, other) in rest.iter_mut().skip(at).zip(b) {
                *sum += u64::from(*factor) * u64::from(*other);
            }
        }
        let mut carry = 0;
        for sum in rest.iter_mut().take(b.len() + PRODUCTS_MAX + 1) {
            let value = *sum + carry;
            (*sum, carry) = (value % BASE, value / BASE);
        }
    }
    sums.into_iter().map(short).collect()
}

/// The product by three of halves instead of four (Karatsuba): groups behind `at` stand apart from those in front.
fn product_of_halves(a: &[u32], b: &[u32], at: usize) -> Vec<u32> {
    let (a_low, a_high) = a.split_at_checked(at).unwrap_or((a, &[]));
    let (b_low, b_high) = b.split_at_checked(at).unwrap_or((b, &[]));
    let (low, high) = (product(a_low, b_low), product(a_high, b_high));
    let both = product(&sum(a_low, a_high), &sum(b_low, b_high));
    let mut sums = vec![0_i64; a.len() + b.len() + 3];
    let mut add = |from: usize, groups: &[u32], sign: i64| {
        for (to, group) in sums.iter_mut().skip(from).zip(groups) {
            *to += sign * i64::from(*group);
        }
    };
    add(0, &low, 1);
    add(2 * at, &high, 1);
    add(at, &both, 1);
    add(at, &low, -1);
    add(at, &high, -1);
    let (base, mut carry) = (i64::from(short(BASE)), 0);
    let group = |sum: i64| {
        let value = sum + carry;
        carry = value.div_euclid(base);
        u32::try_from(value.rem_euclid(base)).unwrap_or_default()
    };
    let mut groups: Vec<u32> = sums.into_iter().map(group).collect();
    groups.truncate(a.len() + b.len());
    groups
}

fn sum(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut carry = 0;
    let groups = (0..a.len().max(b.len()) + 1).map(|at| {
        let of = |groups: &[u32]| u64::from(groups.get(at).copied().unwrap_or_default());
        let value = of(a) + of(b) + carry;
        carry = value / BASE;
        short(value % BASE)
    });
    groups.collect()
}

/// A group, which is less than [`BASE`].
fn short(group: u64) -> u32 {
    u32::try_from(group).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, decimal, variable_decimal};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    /// The integer's remainder, by its bytes.
    fn remainder_of_bytes(bytes: &[u8], by: i64) -> i64 {
        let sign = if bytes[0] >= 0x80 { -1_i64 } else { 0 };
        bytes.iter().fold(sign.rem_euclid(by), |rest, byte| (rest * 256 + i64::from(*byte)) % by)
    }

    fn remainder_of_digits(text: &str, by: i64) -> i64 {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let rest = digits.bytes().fold(0, |rest, digit| (rest * 10 + i64::from(digit - b'0')) % by);
        if negative { (-rest).rem_euclid(by) } else { rest }
    }

    #[test]
    fn every_digit_of_any_length_comes_out() {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u8::try_from(state >> 56).unwrap()
        };
        for length in [1, 15, 16, 17, 100, 511, 512, 513, 1_023, 1_024, 1_025, 2_049, 3_000, 7_777] {
            for _ in 0..4 {
                let bytes: Vec<u8> = (0..length).map(|_| random()).collect();
                let text = decimal(&STANDARD.encode(&bytes), 0).unwrap();
                for by in [1_000_000_007, 998_244_353, 2_147_483_647] {
                    assert_eq!(remainder_of_digits(&text, by), remainder_of_bytes(&bytes, by), "{length}");
                }
                let digits = text.trim_start_matches('-').len();
                assert!(
                    digits <= 1 + length * 241 / 100 && digits + 4 >= length * 240 / 100,
                    "{length} {digits}"
                );
                assert!(text == "0" || !text.trim_start_matches('-').starts_with('0'), "{text}");
            }
        }
    }

    #[test]
    fn bounds_between_lengths_are_exact() {
        let of = |bytes: &[u8]| decimal(&STANDARD.encode(bytes), 0).unwrap();
        for length in [16_usize, 17, 512, 513, 1_024, 1_025, 2_048] {
            let mut power = vec![0; length];
            power[0] = 1;
            let mut below = vec![0xff; length];
            below[0] = 0;
            // 256^n, and one less: the last digit differs by one and nothing else
            let (power, below) = (of(&power), of(&below));
            assert_eq!(power.strip_suffix('6'), below.strip_suffix('5'), "{length}");
            assert!(power.ends_with('6'), "{length}");
        }
        assert_eq!(of(&[0xff; 3_000]), "-1");
        assert_eq!(of(&[0; 3_000]), "0");
        let mut smallest = vec![0; 1_025];
        smallest[0] = 0x80;
        let mut largest = vec![0xff; 1_025];
        largest[0] = 0x7f;
        let (smallest, largest) = (of(&smallest), of(&largest));
        assert_eq!(smallest.strip_prefix('-').unwrap().strip_suffix('8'), largest.strip_suffix('7'));
        // what has more than seventeen bytes and is negative has a byte more as a magnitude
        assert_eq!(of(&[&[0x80][..], &[0; 16]].concat()), "-43556142965880123323311949751266331066368");
    }

    #[test]
    fn the_point_stands_where_the_scale_puts_it() {
        let bytes = [0x7f; 1_500];
        let digits = decimal(&STANDARD.encode(bytes), 0).unwrap();
        let scaled = |scale| decimal(&STANDARD.encode(bytes), scale).unwrap();
        let (whole, fraction) = digits.split_at(digits.len() - 1_000);
        assert_eq!(scaled(1_000), format!("{whole}.{fraction}"));
        assert_eq!(scaled(-3), format!("{digits}000"));
        assert_eq!(scaled(i32::try_from(digits.len()).unwrap() + 2), format!("0.00{digits}"));
        assert_eq!(scaled(16_383), format!("{digits}E-16383"));
        assert_eq!(scaled(-16_383), format!("{digits}E16383"));
        let negative = decimal(&STANDARD.encode([0x80; 1_500]), 1_000).unwrap();
        assert!(negative.starts_with('-') && negative.split('.').nth(1).map(str::len) == Some(1_000));
        let object = format!(r#"{{"scale":1000,"value":"{}"}}"#, STANDARD.encode(bytes));
        assert_eq!(variable_decimal(&object).unwrap(), scaled(1_000));
        for text in ["", "?", "AA=", "AAAA AAAA"] {
            assert_eq!(decimal(text, 0), None, "{text}");
        }
    }

    #[test]
    fn what_no_database_holds_is_refused_at_once() {
        assert_eq!(decimal(&STANDARD.encode(vec![0x7f; BYTES_MAX + 3]), 0), None);
        // ten to the power of 147,455, less one, is the longest numeric there is: 489,836 bits and a sign
        const { assert!(BYTES_MAX * 8 > 489_836 && BYTES_MAX < 61_240) };
    }
}
