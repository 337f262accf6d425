//! Text to tokens.

use super::error::ExpressionError;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    /// A name, dots included: `np.sqrt`.
    Name(String),
    Symbol(&'static str),
    End,
}

/// A token and the number of characters before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: usize,
}

// Longest first: `**` before `*`.
const SYMBOLS: [&str; 20] =
    ["**", "//", "<=", ">=", "==", "!=", "+", "-", "*", "/", "%", "<", ">", "&", "|", "~", "(", ")", ",", "="];

/// The tokens of `text`, the last of which is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, ExpressionError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let rest = &chars[at..];
        let (token, length) = if is_number_start(rest) {
            number(text, rest, at)?
        } else if c.is_alphabetic() || c == '_' {
            let length = name_length(rest);
            (Token::Name(rest[..length].iter().collect()), length)
        } else if let Some(symbol) =
            SYMBOLS.into_iter().find(|s| s.chars().enumerate().all(|(i, c)| rest.get(i) == Some(&c)))
        {
            (Token::Symbol(symbol), symbol.len())
        } else {
            let message = format!("`{c}` has no meaning here; numbers, names, operators and parentheses do");
            return Err(ExpressionError::Text { message, position: at, text: text.to_owned(), suggestion: None });
        };
        tokens.push(Placed { token, at });
        at += length;
    }
    tokens.push(Placed { token: Token::End, at });
    Ok(tokens)
}

fn is_number_start(chars: &[char]) -> bool {
    let digit = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
    digit(0) || (chars.first() == Some(&'.') && digit(1))
}

fn name_length(chars: &[char]) -> usize {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let mut length = 0;
    while let Some(&c) = chars.get(length) {
        let dot = c == '.' && chars.get(length + 1).is_some_and(|&next| part(next));
        if !part(c) && !dot {
            break;
        }
        length += 1;
    }
    length
}

/// `12`, `1_000`, `.5`, `5.`, `1e-3`.
fn number(text: &str, chars: &[char], at: usize) -> Result<(Token, usize), ExpressionError> {
    let mut length = 0;
    let mut exponent = false;
    while let Some(&c) = chars.get(length) {
        let sign = matches!(c, '+' | '-') && exponent && matches!(chars[length - 1], 'e' | 'E');
        if !(c.is_alphanumeric() || c == '_' || c == '.' || sign) {
            break;
        }
        exponent |= matches!(c, 'e' | 'E');
        length += 1;
    }
    let written: String = chars[..length].iter().collect();
    let plain = written.replace('_', "");
    match plain.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((Token::Number(value), length)),
        _ => {
            let message = format!("`{written}` is not a number");
            Err(ExpressionError::Text { message, position: at, text: text.to_owned(), suggestion: None })
        }
    }
}
