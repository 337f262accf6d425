//! Looks at the workspace's sources.

use std::path::{Path, PathBuf};

/// Folders that hold no source of ours.
const SKIPPED: [&str; 6] = ["target", ".git", ".venv", ".venv-notebooks", "node_modules", "__pycache__"];

/// All files under `folder`, sorted, build products left out.
#[must_use]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries.flatten() {
            let path = entry.path();
            let skipped = entry.file_name().to_str().is_some_and(|name| SKIPPED.contains(&name));
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !skipped => folders.push(path),
                Ok(kind) if kind.is_file() => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// A function in Rust source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `fn`, from 1.
    pub line: usize,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
}

/// The functions with bodies in Rust source, found by their braces.
#[must_use]
pub fn functions(source: &str) -> Vec<Function> {
    let code = blanked(source);
    let mut found = Vec::new();
    for (start, _) in code.match_indices("fn ") {
        let before = code.get(..start).and_then(|text| text.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = code.get(start..).unwrap_or_default();
        let name: String = rest.chars().skip(3).take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if let (false, Some(end)) = (name.is_empty(), body_end(rest)) {
            let line = code.get(..start).unwrap_or_default().matches('\n').count() + 1;
            let lines = rest.get(..end).unwrap_or_default().matches('\n').count() + 1;
            found.push(Function { name, line, lines });
        }
    }
    found
}

/// Where the body of the function that `code` begins with ends; none for a declaration without
/// one. A semicolon within brackets, as in `[u8; 4]`, ends nothing.
fn body_end(code: &str) -> Option<usize> {
    let (mut brackets, mut braces) = (0_i32, 0_i32);
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            ';' if brackets == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces == 0 && brackets == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// `source` with the insides of comments, strings and character literals as blanks; line ends
/// stay.
#[must_use]
pub fn blanked(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let length = token(rest).unwrap_or(0);
        if length == 0 {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        }
        let (inside, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        out.extend(inside.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = after;
    }
    out
}

/// The length of the comment, string or character literal that `code` begins with.
fn token(code: &str) -> Option<usize> {
    if code.starts_with("//") {
        return Some(code.find('\n').unwrap_or(code.len()));
    }
    if code.starts_with("/*") {
        return Some(code.find("*/").map_or(code.len(), |end| end + 2));
    }
    if code.starts_with('"') {
        return Some(quoted(code, '"'));
    }
    if code.starts_with("r\"") || code.starts_with("r#") {
        let hashes = code.chars().skip(1).take_while(|c| *c == '#').count();
        let close = format!("\"{}", "#".repeat(hashes));
        let open = hashes + 2;
        let inside = code.get(open..).filter(|_| code.get(open - 1..open) == Some("\""))?;
        return Some(inside.find(&close).map_or(code.len(), |end| open + end + close.len()));
    }
    if code.starts_with('\'') {
        // A lifetime has no closing quote after one character.
        let mut characters = code.chars().skip(1);
        let (first, second) = (characters.next(), characters.next());
        return (first == Some('\\') || second == Some('\'')).then(|| quoted(code, '\''));
    }
    None
}

/// The length of a literal between two `quote`s, backslashes heeded.
fn quoted(code: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in code.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_from_fn_to_brace() {
        let source = "struct A;\nimpl A {\n    fn one(x: [u8; 2]) -> u8 {\n        if true { 1 } else { 2 }\n    }\n    \
                      fn two(&self) { let s = \"}\"; }\n    fn none(&self);\n}\nlet f: fn (u8) = g;\n";
        let found = functions(source);
        let names: Vec<(&str, usize, usize)> = found.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(names, [("one", 3, 3), ("two", 6, 1)]);
    }

    #[test]
    fn braces_in_comments_and_literals_are_not_code() {
        let source = "fn a<'x>(s: &'x str) {\n // }\n /* } */ let c = '}'; let q = '\\''; let r = r#\"}\"\n}\"#;\n}\nfn b() {}\n";
        let lines: Vec<usize> = functions(source).iter().map(|f| f.lines).collect();
        assert_eq!(lines, [5, 1]);
        assert_eq!(blanked(source).lines().count(), source.lines().count());
    }
}
