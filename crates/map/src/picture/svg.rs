//! A document in SVG, piece by piece.

use std::fmt::Write as _;

/// The letters of all texts; the picture's own font has the same.
pub(super) const FONT: &str = "DejaVu Sans";

/// How a text stands to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Its height.
    pub(super) size: f64,
    /// How it stands.
    pub(super) anchor: Anchor,
    /// Its colour.
    pub(super) colour: &'static str,
    /// Whether it has a white rim, so as to be read on any colour.
    pub(super) rim: bool,
}

impl Style {
    pub(super) fn new(size: f64, anchor: Anchor) -> Self {
        Self { size, anchor, colour: "#222", rim: false }
    }

    pub(super) fn grey(self) -> Self {
        Self { colour: "#555", ..self }
    }

    pub(super) fn with_rim(self) -> Self {
        Self { rim: true, ..self }
    }
}

/// Elements, to be put into a document.
#[derive(Debug, Clone, Default)]
pub(super) struct Svg(pub(super) String);

impl Svg {
    /// An element or a part of one, as it is.
    pub(super) fn raw(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), style: Style, text: &str) {
        let anchor = match style.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y, size) = (number(x), number(y), number(style.size));
        let text = escaped(text);
        if style.rim {
            let width = number(style.size * 0.25);
            self.raw(&format!(
                "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"#fff\" stroke=\"#fff\" \
                 stroke-opacity=\"0.8\" stroke-width=\"{width}\" stroke-linejoin=\"round\" aria-hidden=\"true\">{text}</text>"
            ));
        }
        let colour = style.colour;
        self.raw(&format!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>"
        ));
    }

    /// A rectangle, with attributes that say how it looks.
    pub(super) fn rect(&mut self, [x, y, width, height]: [f64; 4], look: &str) {
        let [x, y, width, height] = [x, y, width, height].map(number);
        self.raw(&format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {look}/>"));
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), look: &str) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(number);
        self.raw(&format!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" {look}/>"));
    }

    /// One path of many lines, closed or open; nothing when there are none.
    pub(super) fn path<'a>(&mut self, lines: impl Iterator<Item = &'a [(f64, f64)]>, closed: bool, look: &str) {
        let mut d = String::new();
        for line in lines {
            let mut before = (0, 0);
            for (index, (x, y)) in line.iter().enumerate() {
                // In tenths of a pixel, as steps: a third of the letters.
                let at = ((x * 10.0).round() as i64, (y * 10.0).round() as i64);
                let (letter, step) = if index == 0 { ('M', at) } else { ('l', (at.0 - before.0, at.1 - before.1)) };
                if index > 0 && step == (0, 0) {
                    continue;
                }
                // Writing to a String cannot fail.
                let _ = write!(d, "{letter}{} {}", tenths(step.0), tenths(step.1));
                before = at;
            }
            if closed {
                d.push('Z');
            }
        }
        if !d.is_empty() {
            self.raw(&format!("<path d=\"{d}\" {look}/>"));
        }
    }
}

fn tenths(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    match (number.unsigned_abs() / 10, number.unsigned_abs() % 10) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, part) => format!("{sign}{whole}.{part}"),
    }
}

/// At most two decimals.
pub(super) fn number(number: f64) -> String {
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// The text for XML: what is not allowed there becomes a replacement character.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{0}'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

/// The text in lines of about `width`, for letters of `size`; what does not fit into `most` lines ends with an ellipsis.
pub(super) fn wrapped(text: &str, size: f64, width: f64, most: usize) -> Vec<String> {
    // The mean width of this font's letters.
    let letters = ((width / (size * 0.57)) as usize).max(4);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        while !rest.is_empty() {
            let (count, line) = (lines.len(), lines.last_mut());
            let Some(line) = line else { break };
            let taken = line.chars().count();
            let space = usize::from(taken > 0);
            if taken + space + rest.len() <= letters {
                line.extend(space.gt(&0).then_some(' ').into_iter().chain(rest.drain(..)));
            } else if taken == 0 {
                line.extend(rest.drain(..letters.min(rest.len())));
                lines.push(String::new());
            } else if count == most {
                line.truncate(line.char_indices().nth(letters - 1).map_or(line.len(), |(at, _)| at));
                line.push('\u{2026}');
                return lines;
            } else {
                lines.push(String::new());
            }
        }
    }
    lines.retain(|line| !line.is_empty());
    lines.truncate(most);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_break_the_document() {
        let mut svg = Svg::default();
        svg.text((1.0, 2.505), Style::new(10.0, Anchor::End), "a<b & \"c\"\u{1}\n</text>");
        assert!(svg.0.contains(">a&lt;b &amp; &quot;c&quot;\u{fffd} &lt;/text&gt;</text>"), "{}", svg.0);
    }

    #[test]
    fn paths_are_steps_of_a_tenth() {
        let mut svg = Svg::default();
        let line = [(1.0, 2.0), (1.04, 2.0), (0.5, 3.26)];
        svg.path(std::iter::once(line.as_slice()), true, "fill=\"none\"");
        assert_eq!(svg.0, "<path d=\"M1 2l-0.5 1.3Z\" fill=\"none\"/>\n");
        svg.path(std::iter::empty(), true, "");
        assert_eq!(svg.0.lines().count(), 1);
    }

    #[test]
    fn long_texts_are_cut_into_lines() {
        assert_eq!(wrapped("mean land ice height", 10.0, 57.0, 3), ["mean land", "ice height"]);
        assert_eq!(wrapped("one two three four", 10.0, 34.2, 2), ["one", "two\u{2026}"]);
        assert_eq!(wrapped("abcdefghijk", 10.0, 34.2, 3), ["abcdef", "ghijk"]);
        assert!(wrapped("  ", 10.0, 100.0, 2).is_empty());
    }
}
