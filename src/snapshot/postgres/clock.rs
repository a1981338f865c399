//! Dates, times and intervals, from the server's texts.

/// Whether a text has the form of another, in which `0` stands for any digit.
fn has_form(text: &str, form: &str) -> bool {
    let fits = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

/// Appends a time of day with exactly so many decimals; nothing when it has more.
fn with_decimals(text: &str, decimals: usize, out: &mut String) -> Option<()> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !has_form(seconds, "00:00:00") || fraction.len() > decimals {
        return None;
    }
    out.push_str(seconds);
    if decimals > 0 {
        out.push('.');
        out.push_str(fraction);
        out.extend(std::iter::repeat_n('0', decimals - fraction.len()));
    }
    Some(())
}

/// Appends a time of day.
pub(super) fn time(text: &str, decimals: usize, out: &mut String) -> Option<()> {
    quoted(out, |out| with_decimals(text, decimals, out))
}

/// Appends date and time with a `T` between them.
pub(super) fn stamp(text: &str, decimals: usize, out: &mut String) -> Option<()> {
    quoted(out, |out| date_and_time(text, decimals, out))
}

/// Appends date and time in UTC, of a text that is in UTC, whether it says so or not.
pub(super) fn moment(text: &str, decimals: usize, out: &mut String) -> Option<()> {
    quoted(out, |out| {
        date_and_time(text.strip_suffix("+00").unwrap_or(text), decimals, out)?;
        out.push('Z');
        Some(())
    })
}

fn date_and_time(text: &str, decimals: usize, out: &mut String) -> Option<()> {
    let (date, time) = text.split_once(' ')?;
    has_form(date, "0000-00-00").then_some(())?;
    out.push_str(date);
    out.push('T');
    with_decimals(time, decimals, out)
}

/// Appends a time of day in UTC as the server's text has it: its decimals without zeros at the end.
pub(super) fn time_of_zone(text: &str, out: &mut String) -> Option<()> {
    let time = text.strip_suffix("+00")?;
    let (seconds, _) = time.split_once('.').unwrap_or((time, ""));
    has_form(seconds, "00:00:00").then_some(())?;
    out.extend(["\"", time, "Z\""]);
    Some(())
}

/// Appends seconds as `PT3723.5S`.
pub(super) fn interval(seconds: &str, out: &mut String) {
    out.extend(["\"PT", seconds, "S\""]);
}

/// Appends a string of what `write` appends; nothing when it says so.
fn quoted(out: &mut String, write: impl FnOnce(&mut String) -> Option<()>) -> Option<()> {
    let start = out.len();
    out.push('"');
    if write(out).is_none() {
        out.truncate(start);
        return None;
    }
    out.push('"');
    Some(())
}
