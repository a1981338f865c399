//! From bytes to a [`Node`]: YAML with CloudFormation's tags, or JSON, whichever it is. Everything is bounded: an alias
//! that multiplies a document, as a bomb of aliases does, is refused where it crosses the bound, and what it brings is
//! put in its place in linear time.

use super::node::{Node, Unreadable, Value};
use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag, options};
use rowtide_decode::json::{Fault, Kind, Scanner};
use std::collections::{HashMap, HashSet};

/// Values of one document with its aliases resolved: far above any template, and above large plans.
const NODES_MAX: usize = 2_000_000;
/// A text counts as one value for so many bytes: an alias to a long text multiplies it, too.
const TEXT_BYTES: usize = 64;
/// Nesting of JSON; YAML's own reader stops at the same depth.
const DEPTH_MAX: usize = 200;

/// Reads a document.
pub(super) fn parse(bytes: &[u8]) -> Result<Node, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes.get(..error.valid_up_to()).unwrap_or_default();
        Unreadable { line: lines(line) + 1, column: 1, what: "not UTF-8 text".to_owned() }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Unreadable::whole("it is empty"));
    }
    if text.trim_start().starts_with(['{', '[']) {
        // flow style is YAML as well; what is neither is most likely meant to be JSON
        return json(text).or_else(|fault| yaml(text).map_err(|_| fault));
    }
    yaml(text)
}

fn lines(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

// --- JSON -----------------------------------------------------------------------------------------------------------

fn json(text: &str) -> Result<Node, Unreadable> {
    let mut scanner = Scanner::new(text);
    let mut reader = Json { text, line: 1, counted: 0, left: NODES_MAX };
    let node = reader.value(&mut scanner, 0).and_then(|node| scanner.end().map(|()| node));
    node.map_err(|fault| {
        let before = text.as_bytes().get(..fault.at).unwrap_or_default();
        let column = fault.at - memchr::memrchr(b'\n', before).map_or(0, |at| at + 1) + 1;
        Unreadable { line: lines(before) + 1, column, what: format!("not JSON: {}", fault.what) }
    })
}

struct Json<'a> {
    text: &'a str,
    line: usize,
    /// Up to where lines are counted.
    counted: usize,
    left: usize,
}

impl<'a> Json<'a> {
    fn value(&mut self, scanner: &mut Scanner<'a>, depth: usize) -> Result<Node, Fault> {
        let kind = scanner.peek()?;
        let at = scanner.offset();
        self.line += lines(self.text.as_bytes().get(self.counted..at).unwrap_or_default());
        self.counted = at;
        self.left =
            self.left.checked_sub(1).ok_or_else(|| scanner.fault("more values than a template has"))?;
        if depth > DEPTH_MAX {
            return Err(scanner.fault("nested too deeply"));
        }
        let line = self.line;
        let value = match kind {
            Kind::Object => {
                let mut members = Vec::new();
                scanner.object(|scanner, name| {
                    members.push((name.into_owned(), self.value(scanner, depth + 1)?));
                    Ok::<(), Fault>(())
                })?;
                Value::Map(members)
            }
            Kind::Array => {
                let mut items = Vec::new();
                scanner.array(|scanner| {
                    items.push(self.value(scanner, depth + 1)?);
                    Ok::<(), Fault>(())
                })?;
                Value::List(items)
            }
            Kind::String => Value::Text(scanner.string()?.into_owned()),
            Kind::Number => Value::Number(scanner.number()?.to_owned()),
            Kind::Bool => Value::Bool(scanner.boolean()?),
            Kind::Null => scanner.null().map(|()| Value::Null)?,
        };
        Ok(Node::new(line, value))
    }
}

// --- YAML -----------------------------------------------------------------------------------------------------------

/// A list or map that is not closed yet.
struct Open {
    node: Node,
    /// The name that waits for its value, and its line.
    name: Option<(String, usize)>,
    anchor: usize,
    tag: Option<String>,
    /// The names of its members, once something is merged into it.
    names: Option<HashSet<String>>,
    /// Values below it so far, itself included.
    size: usize,
}

fn yaml(text: &str) -> Result<Node, Unreadable> {
    let limits = options! { flow_nesting_limit: DEPTH_MAX, block_nesting_limit: DEPTH_MAX };
    let mut reader = Yaml::default();
    let mut whole = None;
    for next in Parser::new_from_str_with_options(text, limits) {
        let (event, span) = next.map_err(|error| broken(&error))?;
        let (line, column) = (span.start.line(), span.start.col() + 1);
        let done = reader.take(event, line);
        let done = done.map_err(|what| Unreadable { line, column, what: what.to_owned() })?;
        match done.filter(|node| whole.is_none() || !node.is_null()) {
            Some(_) if whole.is_some() => {
                let what = "a second document: give each a file of its own".to_owned();
                return Err(Unreadable { line, column, what });
            }
            Some(node) => whole = Some(node),
            None => {}
        }
    }
    whole.ok_or_else(|| Unreadable::whole("it holds no document"))
}

/// The parser's words are fixed: they hold nothing of the document.
fn broken(error: &ScanError) -> Unreadable {
    let place = error.marker();
    Unreadable {
        line: place.line(),
        column: place.col() + 1,
        what: format!("neither YAML nor JSON: {}", error.kind()),
    }
}

#[derive(Default)]
struct Yaml {
    open: Vec<Open>,
    /// Anchored values, each with its size.
    anchors: HashMap<usize, (Node, usize)>,
    size: usize,
}

impl Yaml {
    /// Takes an event; the document when it was its last one.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a later version of the parser may tell more, none of it data"
    )]
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<Option<Node>, &'static str> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref().and_then(function);
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let size = 1 + text.len() / TEXT_BYTES;
                let value = if plain { scalar(&text) } else { Value::Text(text.into_owned()) };
                self.grow(size)?;
                self.put(tagged(Node::new(line, value), tag), anchor, size)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.enter(Node::new(line, Value::List(Vec::new())), anchor, tag.as_deref())
            }
            Event::MappingStart(_, anchor, tag) => {
                self.enter(Node::new(line, Value::Map(Vec::new())), anchor, tag.as_deref())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(done) => self.put(tagged(done.node, done.tag), done.anchor, done.size),
                None => Ok(None),
            },
            Event::Alias(anchor) => {
                let missing = "an alias inside of what it stands for";
                let size = self.anchors.get(&anchor).ok_or(missing)?.1;
                // before it is copied
                self.grow(size)?;
                let (node, size) = self.anchors.get(&anchor).cloned().unwrap_or_default();
                self.put(node, 0, size)
            }
            _ => Ok(None),
        }
    }

    fn grow(&mut self, by: usize) -> Result<(), &'static str> {
        self.size = self.size.saturating_add(by);
        if self.size > NODES_MAX { Err("it is larger than any template, with its aliases") } else { Ok(()) }
    }

    fn enter(&mut self, node: Node, anchor: usize, tag: Option<&Tag>) -> Result<Option<Node>, &'static str> {
        self.grow(1)?;
        let tag = tag.and_then(function);
        self.open.push(Open { node, name: None, anchor, tag, names: None, size: 1 });
        Ok(None)
    }

    /// Puts a finished value into what is open; it is the document when nothing is.
    fn put(&mut self, node: Node, anchor: usize, size: usize) -> Result<Option<Node>, &'static str> {
        if anchor != 0 {
            self.grow(size)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(around) = self.open.last_mut() else { return Ok(Some(node)) };
        around.size += size;
        match &mut around.node.value {
            Value::List(items) => items.push(node),
            Value::Map(members) => match around.name.take() {
                Some((name, _)) if name == "<<" => merge(members, &mut around.names, node),
                Some((name, line)) => {
                    // what has members is looked for where its name stands
                    let is_scalar = node.as_text().is_some();
                    if let Some(names) = &mut around.names {
                        names.insert(name.clone());
                    }
                    members.push((name, Node { line: if is_scalar { node.line } else { line }, ..node }));
                }
                None => {
                    let name = node.as_text().ok_or("the name of a member must be text")?;
                    around.name = Some((name.to_owned(), node.line));
                }
            },
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Reference(..)
            | Value::Hidden
            | Value::Unknown => {}
        }
        Ok(None)
    }
}

/// What `<<` brings, behind what is said in place.
fn merge(members: &mut Vec<(String, Node)>, names: &mut Option<HashSet<String>>, node: Node) {
    let names = names.get_or_insert_with(|| members.iter().map(|(name, _)| name.clone()).collect());
    for source in node.items() {
        for (name, value) in source.members() {
            if names.insert(name.clone()) {
                members.push((name.clone(), value.clone()));
            }
        }
    }
}

/// The long name of a function that a tag is short for: `!Sub` is `Fn::Sub`.
fn function(tag: &Tag) -> Option<String> {
    match (tag.handle(), tag.suffix()) {
        ("!", name @ ("Ref" | "Condition")) => Some(name.to_owned()),
        ("!", name) if !name.is_empty() => Some(format!("Fn::{name}")),
        _ => None,
    }
}

/// The node inside the function that its tag names, as JSON has to write it.
fn tagged(node: Node, tag: Option<String>) -> Node {
    let Some(name) = tag else { return node };
    let line = node.line;
    let argument = match (name.as_str(), node.as_text().and_then(|text| text.split_once('.'))) {
        ("Fn::GetAtt", Some((resource, attribute))) => {
            Node::new(line, Value::List(vec![Node::text(line, resource), Node::text(line, attribute)]))
        }
        _ => node,
    };
    Node::new(line, Value::Map(vec![(name, argument)]))
}

/// What a plain scalar means.
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ if rowtide_decode::json::is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, Value, parse};

    #[test]
    fn tags_become_the_functions_they_are_short_for() {
        let yaml = "a: !Ref X\nb: !GetAtt Y.Arn\nc: !Sub 'x-${Y}'\nd: !If [C, 1, !Ref Z]\ne: 12\nf: \"12\"\n";
        let json = r#"{"a":{"Ref":"X"},"b":{"Fn::GetAtt":["Y","Arn"]},"c":{"Fn::Sub":"x-${Y}"},
            "d":{"Fn::If":["C",1,{"Ref":"Z"}]},"e":12,"f":"12"}"#;
        let bare = |text: &str| {
            fn strip(node: Node) -> Node {
                let value = match node.value {
                    Value::List(items) => Value::List(items.into_iter().map(strip).collect()),
                    Value::Map(members) => {
                        Value::Map(members.into_iter().map(|(name, node)| (name, strip(node))).collect())
                    }
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::Text(_)
                    | Value::Reference(..)
                    | Value::Hidden
                    | Value::Unknown => node.value,
                };
                Node { line: 0, value }
            }
            strip(parse(text.as_bytes()).unwrap())
        };
        assert_eq!(bare(yaml), bare(json));
    }

    #[test]
    fn values_know_their_line() {
        for text in ["a: 1\nb:\n  c: 2\n", "{\"a\": 1,\n\"b\":\n{\"c\": 2}}"] {
            let node = parse(text.as_bytes()).unwrap();
            assert_eq!((node.get("a").line, node.at(&["b", "c"]).line), (1, 3), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_where_and_why_and_nothing_of_what_it_holds() {
        let table = [
            ("a: [hunter2", "line 1 column 4: neither YAML nor JSON: unclosed bracket '['"),
            ("{\"a\": \"hunter2\" 1}", "line 1 column 17: not JSON: expected ',' or '}'"),
            ("", "it is empty"),
            ("a: *hunter2", ""),
            ("? [hunter2]\n: 1\n", "line 1 column 11: the name of a member must be text"),
        ];
        for (text, expected) in table {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
            assert!(expected.is_empty() || error == expected, "{text}: {error}");
        }
        assert!(parse(b"a: \xff").unwrap_err().to_string().contains("UTF-8"));
    }

    #[test]
    fn a_second_document_is_refused_and_an_empty_one_is_none() {
        for text in ["a: 1\n---\nb: 2\n", "{\"a\": 1}\n{\"b\": 2}\n", "a: 1\n---\n- b\n"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        for text in ["---\na: 1\n", "a: 1\n---\n", "a: 1\n...\n", "%YAML 1.2\n---\na: 1\n..."] {
            assert_eq!(parse(text.as_bytes()).unwrap().get("a").as_text(), Some("1"), "{text}");
        }
    }

    #[test]
    fn what_is_said_in_place_wins_over_what_is_merged_and_the_last_over_the_first() {
        for text in ["<<: {a: 1}\na: 2\n", "a: 2\n<<: {a: 1}\n", "a: 1\na: 2\n", "{\"a\": 1, \"a\": 2}"] {
            assert_eq!(parse(text.as_bytes()).unwrap().get("a").as_text(), Some("2"), "{text}");
        }
    }

    #[test]
    fn many_members_are_merged_in_linear_time() {
        let members: String = (0..200_000).map(|n| format!("  m{n}: {n}\n")).collect();
        let text = format!("a: &a\n{members}b:\n  <<: *a\n  m1: x\n  <<: *a\n  n: y\n");
        // names compared one by one took half an hour
        let node = parse(text.as_bytes()).unwrap();
        assert_eq!(node.at(&["b", "m199999"]).as_text(), Some("199999"));
        assert_eq!((node.at(&["b", "m1"]).as_text(), node.at(&["b", "n"]).as_text()), (Some("x"), Some("y")));
    }

    #[test]
    fn aliases_are_followed_and_a_bomb_of_them_is_refused() {
        let node = parse(b"a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2\n").unwrap();
        assert_eq!(node.at(&["c", "b"]).as_text(), Some("1"));
        assert_eq!(node.at(&["d", "b"]).as_text(), Some("1"));
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..12 {
            let item = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![item; 10].join(",")));
        }
        assert!(parse(bomb.as_bytes()).unwrap_err().what.contains("larger"));
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), vec!["*a"; 10_000].join(","));
        assert!(parse(long.as_bytes()).unwrap_err().what.contains("larger"));
        assert!(parse(b"a: &x [*x]").is_err());
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
        assert!(parse("- ".repeat(100_000).as_bytes()).is_err());
    }
}
