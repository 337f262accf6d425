//! Tokens to a tree whose every node makes sense: a Pratt parser that checks kinds as it goes.

use super::{
    Kind,
    ast::{Binary, Node, Unary},
    error::ExpressionError,
    function::Function,
    lexer::{Placed, Token, tokens},
};

/// How deep an expression may nest. Parsing and evaluating recurse, so this bounds their stacks.
const DEEPEST: usize = 64;
/// How long an expression may be, in bytes.
const LONGEST: usize = 4096;
/// The binding power of `- + ~` in front of an operand: looser than `**`, tighter than the rest.
const UNARY: u8 = 6;

/// A node and what is known about it.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) node: Node,
    pub(super) kind: Kind,
    /// Whether the value is true or false.
    pub(super) boolean: bool,
    /// Nodes from here to the farthest leaf.
    pub(super) depth: usize,
    /// Characters before it.
    pub(super) at: usize,
    /// Whether it stands in parentheses.
    pub(super) grouped: bool,
}

impl Typed {
    /// A node without operands.
    fn leaf(node: Node, kind: Kind, at: usize) -> Self {
        Self { node, kind, boolean: false, depth: 1, at, grouped: false }
    }
}

/// A parse under way.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    /// The names that may be used.
    pub(super) known: &'a [String],
    /// The names that were used.
    pub(super) used: Vec<String>,
    tokens: Vec<Placed>,
    next: usize,
    nesting: usize,
}

type Parsed<T> = Result<T, ExpressionError>;

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, known: &'a [String]) -> Parsed<Self> {
        let refuse = |message: String| {
            Err(ExpressionError::Text { message, position: 0, text: text.chars().take(60).collect(), suggestion: None })
        };
        if text.len() > LONGEST {
            return refuse(format!("the expression has {} bytes, more than {LONGEST}", text.len()));
        }
        if text.trim().is_empty() {
            return refuse("the expression is empty".to_owned());
        }
        Ok(Self { text, known, used: Vec::new(), tokens: tokens(text)?, next: 0, nesting: 0 })
    }

    /// The whole text as one expression.
    pub(super) fn whole(&mut self) -> Parsed<Typed> {
        let root = self.expression(0)?;
        match self.peek() {
            Token::End => Ok(root),
            Token::Name(word) if matches!(word.as_str(), "and" | "or" | "not" | "if" | "in" | "is") => {
                let message = format!("`{word}` is not known; use & | ~, each comparison in parentheses, or `where`");
                self.refuse(self.at(), message)
            }
            Token::Symbol("=") => self.refuse(self.at(), "`=` does not compare; use `==`"),
            _ => self.refuse(self.at(), "an operator or the end is missing here"),
        }
    }

    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |placed| &placed.token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(0, |placed| placed.at)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    /// Takes `symbol` when it is next.
    pub(super) fn takes(&mut self, symbol: &str) -> bool {
        let is_next = matches!(self.peek(), Token::Symbol(s) if *s == symbol);
        self.next += usize::from(is_next);
        is_next
    }

    /// Takes `name =` when it is next, and gives the name and its place.
    pub(super) fn keyword(&mut self) -> Option<(String, usize)> {
        let at = self.at();
        let assigned = matches!(self.tokens.get(self.next + 1), Some(p) if p.token == Token::Symbol("="));
        match self.peek() {
            Token::Name(name) if assigned => {
                let name = name.clone();
                self.next += 2;
                Some((name, at))
            }
            _ => None,
        }
    }

    pub(super) fn refuse<T>(&self, at: usize, message: impl Into<String>) -> Parsed<T> {
        Err(ExpressionError::Text {
            message: message.into(),
            position: at,
            text: self.text.to_owned(),
            suggestion: None,
        })
    }

    /// An expression whose operators all bind at least as tightly as `loosest`.
    pub(super) fn expression(&mut self, loosest: u8) -> Parsed<Typed> {
        self.nesting += 1;
        if self.nesting > DEEPEST {
            return self.refuse(self.at(), format!("the expression nests deeper than {DEEPEST} levels"));
        }
        let mut left = self.operand()?;
        loop {
            let at = self.at();
            let Token::Symbol(symbol) = *self.peek() else { break };
            let Some(op) = Binary::of(symbol).filter(|op| op.power() >= loosest) else { break };
            self.next += 1;
            // `**` groups to the right, and its exponent may carry a sign: `2**-1`, `2**3**2`.
            let right = self.expression(if op == Binary::Power { UNARY } else { op.power() + 1 })?;
            if op.compares() && matches!(&left.node, Node::Binary(before, ..) if before.compares()) && !left.grouped {
                return self.refuse(
                    at,
                    "comparisons cannot be chained, and & and | bind tighter than they do; write (a < b) & (b < c)",
                );
            }
            left = self.binary(op, left, right, at)?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Parsed<Typed> {
        let at = self.at();
        match self.take() {
            Token::Number(value) => Ok(Typed::leaf(Node::Number(value), Kind::Constant, at)),
            Token::Symbol("(") => {
                let inside = self.expression(0)?;
                if !self.takes(")") {
                    return self.refuse(self.at(), "a `)` is missing here");
                }
                Ok(Typed { grouped: true, ..inside })
            }
            Token::Symbol(symbol @ ("-" | "+" | "~")) => {
                let inside = self.expression(UNARY)?;
                let op = match symbol {
                    "-" => Unary::Minus,
                    "+" => Unary::Plus,
                    _ => Unary::Not,
                };
                if op == Unary::Not && !inside.boolean {
                    return self.refuse(at, "`~` needs a comparison in parentheses: ~(a > 1)");
                }
                let node = Node::Unary(op, Box::new(inside.node));
                let (depth, boolean) = (inside.depth + 1, op == Unary::Not);
                self.deep_enough(Typed { node, kind: inside.kind, boolean, depth, at, grouped: false })
            }
            Token::Name(name) if self.takes("(") => self.call(&name, at),
            Token::Name(name) => self.name(&name, at),
            Token::End => self.refuse(at, "an operand is missing at the end"),
            Token::Symbol(symbol) => self.refuse(at, format!("`{symbol}` stands where an operand should")),
        }
    }

    /// Refuses a tree that is too deep to walk.
    pub(super) fn deep_enough(&self, typed: Typed) -> Parsed<Typed> {
        if typed.depth > DEEPEST {
            return self.refuse(typed.at, format!("the expression nests deeper than {DEEPEST} levels"));
        }
        Ok(typed)
    }

    pub(super) fn expected_comma<T>(&self) -> Parsed<T> {
        self.refuse(self.at(), "a `,` or a `)` is missing here")
    }

    fn binary(&self, op: Binary, left: Typed, right: Typed, at: usize) -> Parsed<Typed> {
        if op.joins() && !(left.boolean && right.boolean) {
            return self.refuse(at, "& and | join comparisons, each in parentheses: (a > 1) & (b < 2)");
        }
        self.deep_enough(Typed {
            node: Node::Binary(op, Box::new(left.node), Box::new(right.node)),
            kind: left.kind.max(right.kind),
            boolean: op.compares() || op.joins(),
            depth: left.depth.max(right.depth) + 1,
            at: left.at,
            grouped: false,
        })
    }

    /// A column, or one of numpy's constants.
    fn name(&mut self, name: &str, at: usize) -> Parsed<Typed> {
        if self.known.iter().any(|known| known == name) {
            let index = self.used.iter().position(|used| used == name).unwrap_or_else(|| {
                self.used.push(name.to_owned());
                self.used.len() - 1
            });
            return Ok(Typed::leaf(Node::Column(index), Kind::PerPoint, at));
        }
        let constant = match without_numpy(name) {
            Some("pi") => std::f64::consts::PI,
            Some("e") => std::f64::consts::E,
            Some("nan") => f64::NAN,
            Some("inf") => f64::INFINITY,
            _ => return Err(self.unknown_name(name, at)),
        };
        Ok(Typed::leaf(Node::Number(constant), Kind::Constant, at))
    }

    fn unknown_name(&self, name: &str, at: usize) -> ExpressionError {
        let plain = without_numpy(name).unwrap_or(name);
        let message = if Function::of(plain).is_some() {
            format!("`{name}` is a function and needs parentheses: {name}(...)")
        } else if let "and" | "or" | "not" | "if" | "lambda" = name {
            format!("`{name}` is not known; use & | ~, each comparison in parentheses, or `where`")
        } else if self.known.is_empty() {
            format!("unknown name `{name}`: data_source.variables names no variable")
        } else {
            format!("unknown name `{name}`; the variables are {}", self.known.join(", "))
        };
        let suggestion = crate::nearest::nearest(name, self.known.iter().map(String::as_str)).map(str::to_owned);
        ExpressionError::Text { message, position: at, text: self.text.to_owned(), suggestion }
    }
}

/// The name without `np.` or `numpy.`, when it has one of these in front.
pub(super) fn without_numpy(name: &str) -> Option<&str> {
    name.strip_prefix("np.").or_else(|| name.strip_prefix("numpy."))
}
