//! What reaches a terminal: stdout for people and all of stderr pass here, whatever they hold. Names, messages and rows
//! come from elsewhere; they must not steer the terminal, and what is said must hold no password.
//!
//! What programs read, JSON and SQL, passes unchanged.

use rowtide::config::{redact, redact_input};
use std::borrow::Cow;
use std::io::{self, Write};

/// `text` on one line, with nothing in it that a terminal would obey or not show.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    replaced(text, |c| if matches!(c, '\n' | '\t') { Some(' ') } else { replacement(c) })
}

/// What stands for a character that is not a sign to see.
fn replacement(c: char) -> Option<char> {
    let is_unseen = matches!(c,
        // those that turn the direction of writing
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // without width, other blanks and ends of lines
        | '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    (c.is_control() || is_unseen).then_some('\u{fffd}')
}

fn replaced(text: &str, replacement: impl Fn(char) -> Option<char>) -> Cow<'_, str> {
    if text.chars().all(|c| replacement(c).is_none()) {
        return text.into();
    }
    text.chars().map(|c| replacement(c).unwrap_or(c)).collect::<String>().into()
}

/// The output of a command.
pub(super) struct Out<W> {
    to: W,
    is_exact: bool,
}

impl<W> Out<W> {
    /// For people, or exact for programs.
    pub(super) fn new(to: W, is_exact: bool) -> Self {
        Self { to, is_exact }
    }
}

impl<W: Write> Write for Out<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_exact {
            return self.to.write(bytes);
        }
        // whoever writes for people writes whole texts
        let text = String::from_utf8_lossy(bytes);
        let shown = replaced(&text, |c| if c == '\n' { None } else { replacement(c) });
        self.to.write_all(shown.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// stderr, of which every write is a line.
pub(super) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        tell(String::from_utf8_lossy(bytes).trim_end_matches('\n'));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a line to stderr; when nobody listens, there is nobody to tell.
pub(super) fn tell(line: &str) {
    let line = format!("{}\n", printable(&redact(line)));
    io::stderr().lock().write_all(line.as_bytes()).unwrap_or_default();
}

/// A warning for people; the command goes on.
pub(super) fn warn(text: &str) {
    tell(&format!("warning: {text}"));
}

/// «1 record», «2 records».
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Says what is wrong with a command line that holds `given`: the parser repeats what it does not understand.
pub(super) fn tell_misread(message: &str, given: &[String]) {
    let mut message = message.to_owned();
    // the value of an option, too: a password may hold what separates them
    let given =
        given.iter().flat_map(|text| [Some(text.as_str()), text.split_once('=').map(|(_, value)| value)]);
    for text in given.flatten() {
        if let Cow::Owned(shown) = redact_input(text)
            && shown != text
        {
            message = message.replace(text, &shown);
        }
    }
    message.lines().for_each(tell);
}

#[cfg(test)]
mod tests {
    use super::{Out, printable};
    use std::io::Write as _;

    /// One of each kind: escape, C1, bidi, without width, an end of line.
    const HOSTILE: &str =
        "a\u{1b}[31m\u{9b}2J\u{202e}\u{2066}\u{61c}\u{200b}\u{2060}\u{feff}\u{2028}\u{e0041}b";

    #[test]
    fn nothing_that_steers_or_hides_is_printed() {
        let shown = printable(HOSTILE).into_owned();
        assert_eq!(shown.replace('\u{fffd}', ""), "a[31m2Jb");
        assert_eq!(printable("a\nb\tc\u{7f}"), "a b c\u{fffd}");
        assert_eq!(printable("größer → 東京"), "größer → 東京");
    }

    #[test]
    fn output_for_people_is_filtered_and_output_for_programs_is_exact() {
        let written = |is_exact| {
            let mut out = Out::new(Vec::new(), is_exact);
            writeln!(out, "x {HOSTILE}\n│").unwrap();
            String::from_utf8(out.to).unwrap()
        };
        assert_eq!(written(true), format!("x {HOSTILE}\n│\n"));
        assert_eq!(written(false), format!("x {}\n│\n", printable(HOSTILE)));
    }
}
