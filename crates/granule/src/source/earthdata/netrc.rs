//! A user and a password out of a netrc file.
//!
//! The format is that of ftp(1), with what curl and Python understand besides: quoted values and
//! comments.

use crate::source::settings::Secret;

/// What is wrong with a netrc file, without a word of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flaw {
    /// The line, from 1.
    pub(super) line: u32,
    /// What.
    pub(super) what: &'static str,
}

/// The user and the password for `host`: those of its own `machine` entry (of the first, if there
/// are several), else those of `default`. An entry without either counts as none.
pub(super) fn find(text: &str, host: &str) -> Result<Option<(String, Secret)>, Flaw> {
    let mut words = Words { rest: text, line: 1 };
    let mut own = None;
    let mut default = None;
    let mut entry = None;
    while let Some(word) = words.keyword()? {
        match word.as_str() {
            "machine" => {
                settle(entry.take(), host, &mut own, &mut default);
                entry = Some(Entry { machine: Some(words.value()?), user: None, password: None });
            }
            "default" => {
                settle(entry.take(), host, &mut own, &mut default);
                entry = Some(Entry { machine: None, user: None, password: None });
            }
            "macdef" => words.skip_macro(),
            "login" | "user" => words.within(entry.as_mut())?.user = Some(words.value()?),
            "password" => words.within(entry.as_mut())?.password = Some(Secret::from(words.value()?)),
            "account" => _ = words.value()?,
            _ => return Err(words.flaw("has a word that is no keyword (put values with blanks in quotes)")),
        }
    }
    settle(entry, host, &mut own, &mut default);
    Ok(own.or(default))
}

struct Entry {
    /// None: the entry `default`.
    machine: Option<String>,
    user: Option<String>,
    password: Option<Secret>,
}

type Found = Option<(String, Secret)>;

/// Takes a finished entry for what it is.
fn settle(entry: Option<Entry>, host: &str, own: &mut Found, default: &mut Found) {
    let Some(Entry { machine, user: Some(user), password: Some(password) }) = entry else { return };
    match machine {
        None => _ = default.get_or_insert((user, password)),
        Some(machine) if machine.eq_ignore_ascii_case(host) => _ = own.get_or_insert((user, password)),
        Some(_) => {}
    }
}

struct Words<'a> {
    rest: &'a str,
    line: u32,
}

impl Words<'_> {
    fn flaw(&self, what: &'static str) -> Flaw {
        Flaw { line: self.line, what }
    }

    fn within<'e>(&self, entry: Option<&'e mut Entry>) -> Result<&'e mut Entry, Flaw> {
        entry.ok_or_else(|| self.flaw("is before the first `machine`"))
    }

    /// The next keyword; comments are left out.
    fn keyword(&mut self) -> Result<Option<String>, Flaw> {
        loop {
            self.skip_blanks();
            if !self.rest.starts_with('#') {
                return self.word();
            }
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    fn value(&mut self) -> Result<String, Flaw> {
        let line = self.line;
        self.word()?.ok_or(Flaw { line, what: "ends before the value" })
    }

    fn word(&mut self) -> Result<Option<String>, Flaw> {
        self.skip_blanks();
        if self.rest.starts_with('"') {
            return self.quoted().map(Some);
        }
        let length = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        let word = self.take(length).to_owned();
        Ok(Some(word).filter(|word| !word.is_empty()))
    }

    /// A word in double quotes, in which a backslash makes the next character ordinary.
    fn quoted(&mut self) -> Result<String, Flaw> {
        let (mut word, mut escaped) = (String::new(), false);
        for (at, character) in self.rest.char_indices().skip(1) {
            match character {
                '\n' => break,
                _ if escaped => {
                    word.push(character);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    self.take(at + 1);
                    return Ok(word);
                }
                _ => word.push(character),
            }
        }
        Err(self.flaw("has a quote that is not closed"))
    }

    /// Skips a macro: it ends with an empty line.
    fn skip_macro(&mut self) {
        let body = self.rest.find('\n').unwrap_or(self.rest.len());
        let mut end = body;
        for line in self.rest[body..].split_inclusive('\n').skip(1) {
            end += line.len();
            if line.trim().is_empty() {
                break;
            }
        }
        self.take((end + 1).min(self.rest.len()));
    }

    fn skip_blanks(&mut self) {
        self.take(self.rest.len() - self.rest.trim_start().len());
    }

    fn take(&mut self, bytes: usize) -> &str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.bytes().filter(|byte| *byte == b'\n').count() as u32;
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "urs.earthdata.nasa.gov";

    fn login(text: &str) -> Option<(String, String)> {
        find(text, HOST).unwrap().map(|(user, password)| (user, password.expose().to_owned()))
    }

    fn pair(user: &str, password: &str) -> Option<(String, String)> {
        Some((user.to_owned(), password.to_owned()))
    }

    #[test]
    fn a_machine_on_one_line_or_on_several_is_found_among_others() {
        let text = "machine a.org login x password y\nmachine urs.earthdata.nasa.gov\n\tlogin me\n\tpassword pa#ss\n";
        assert_eq!(login(text), pair("me", "pa#ss"));
        assert_eq!(login("machine URS.earthdata.nasa.gov user me account a password p"), pair("me", "p"));
        assert_eq!(login("machine a.org login x password y"), None);
        assert_eq!(login(""), None);
    }

    #[test]
    fn quotes_hold_blanks_and_escapes() {
        let text = r#"machine urs.earthdata.nasa.gov login "my name" password "a \"b\" \\c #d""#;
        assert_eq!(login(text), pair("my name", r#"a "b" \c #d"#));
    }

    #[test]
    fn comments_are_left_out_and_a_value_may_start_like_one() {
        let text = "# machine urs.earthdata.nasa.gov login no password no\n\
                    machine urs.earthdata.nasa.gov # mine\n  # still\n login me password #1\n#end";
        assert_eq!(login(text), pair("me", "#1"));
    }

    #[test]
    fn the_default_entry_is_for_hosts_without_one_of_their_own() {
        let default = "default login d password e\n";
        assert_eq!(login(default), pair("d", "e"));
        assert_eq!(login(&format!("{default}machine {HOST} login me password p")), pair("me", "p"));
        // An entry without a password is of no use.
        assert_eq!(login(&format!("machine {HOST} login me\n{default}")), pair("d", "e"));
    }

    #[test]
    fn a_macro_is_skipped_up_to_the_empty_line() {
        let text = "machine a.org login x password y macdef init\ncd /machine\nput x y\n\n\
                    machine urs.earthdata.nasa.gov login me password p\n";
        assert_eq!(login(text), pair("me", "p"));
        assert_eq!(login("macdef init\nmachine urs.earthdata.nasa.gov login me password p"), None);
        assert_eq!(login("macdef init"), None);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line_and_never_by_its_text() {
        let flaw = |text: &str| find(text, HOST).unwrap_err();
        assert_eq!(flaw("machine a login me password two words\n").line, 1);
        assert_eq!(flaw("\n\nlogin me").line, 3);
        assert_eq!(flaw("machine a\nlogin \"me\npassword p").line, 2);
        assert_eq!(flaw("machine a login me password").what, "ends before the value");
        assert!(!format!("{:?}", flaw("machine a login me password two words")).contains("words\""));
    }
}
