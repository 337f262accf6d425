//! JSON laid out as Python's `json.dumps(.., indent=2)` lays it out.

use std::io::{self, Write};

use serde_json::ser::{Formatter, PrettyFormatter};

/// Two blanks per level, ASCII only, and numbers as Python's `repr` has them.
#[derive(Default)]
pub(super) struct Python(PrettyFormatter<'static>);

impl Formatter for Python {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        // Rust switches to exponents where Python does, but writes them as e-6 and e16.
        let text = format!("{value:?}");
        match text.split_once('e') {
            None => writer.write_all(text.as_bytes()),
            Some((digits, exponent)) => {
                let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
                write!(writer, "{digits}e{sign}{exponent:0>2}")
            }
        }
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain = fragment;
        while let Some(place) = plain.find(|c: char| c > '~') {
            let (before, rest) = plain.split_at(place);
            writer.write_all(before.as_bytes())?;
            let mut others = rest.chars();
            if let Some(other) = others.next() {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            plain = others.as_str();
        }
        writer.write_all(plain.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::{Value, json};

    use super::Python;

    fn python(value: &Value) -> String {
        let mut bytes = Vec::new();
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Python::default())).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.172, "0.172"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-6, "1.5e-06"),
            (-76.623_291, "-76.623291"),
            (1e15, "1000000000000000.0"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (1e16, "1e+16"),
            (1.25e100, "1.25e+100"),
            (5e-324, "5e-324"),
            (0.1 + 0.2, "0.30000000000000004"),
        ] {
            assert_eq!(python(&json!(number)), text);
        }
        assert_eq!(python(&json!([u64::MAX, -1])), "[\n  18446744073709551615,\n  -1\n]");
    }

    #[test]
    fn texts_are_ascii_with_python_s_escapes() {
        let text = "a\"b\\c/d\n\t\u{8}\u{c}\u{1}\u{1f}\u{7f}é€😀~ z";
        let written = "\"a\\\"b\\\\c/d\\n\\t\\b\\f\\u0001\\u001f\\u007f\\u00e9\\u20ac\\ud83d\\ude00~ z\"";
        assert_eq!(python(&json!(text)), written);
    }

    #[test]
    fn lists_and_objects_are_indented_by_two_and_empty_ones_stay_on_their_line() {
        let value = json!({"a": [], "b": {}, "c": [[1], null], "d": {"e": true}});
        let text = "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    [\n      1\n    ],\n    null\n  ],\n  \"d\": {\n    \"e\": true\n  }\n}";
        assert_eq!(python(&value), text);
    }
}
