//! Calls: which arguments a function takes.

use super::{
    Kind,
    ast::{Node, Reduce},
    error::ExpressionError,
    eval,
    function::{Elementwise, Function, Parameter, Statistic},
    parser::{Parser, Typed, without_numpy},
};

/// The arguments of a call as written.
struct Arguments {
    plain: Vec<Typed>,
    named: Option<(String, usize, Typed)>,
}

impl Parser<'_> {
    /// The rest of a call whose name and `(` were taken.
    pub(super) fn call(&mut self, name: &str, at: usize) -> Result<Typed, ExpressionError> {
        let plain = without_numpy(name).unwrap_or(name);
        let Some(function) = Function::of(plain) else { return Err(self.unknown_function(name, at)) };
        let arguments = self.arguments()?;
        match function {
            Function::Elementwise(function) => self.elementwise(function, arguments, name, at),
            Function::Statistic(statistic, skip_nan, parameter) => {
                self.statistic((statistic, skip_nan), parameter, arguments, name, at)
            }
        }
    }

    fn arguments(&mut self) -> Result<Arguments, ExpressionError> {
        let mut arguments = Arguments { plain: Vec::new(), named: None };
        if self.takes(")") {
            return Ok(arguments);
        }
        loop {
            match self.keyword() {
                Some((name, at)) if arguments.named.is_some() => {
                    return self.refuse(at, format!("`{name}=` is one named argument too many"));
                }
                Some((name, at)) => arguments.named = Some((name, at, self.expression(0)?)),
                None => arguments.plain.push(self.expression(0)?),
            }
            if self.takes(")") {
                return Ok(arguments);
            }
            if !self.takes(",") {
                // The next token is what is wrong; an empty place is the caller's own trouble.
                return self.expected_comma();
            }
        }
    }

    fn elementwise(
        &self,
        function: Elementwise,
        arguments: Arguments,
        name: &str,
        at: usize,
    ) -> Result<Typed, ExpressionError> {
        if let Some((keyword, at, _)) = arguments.named {
            return self.refuse(at, format!("{name} takes no argument named `{keyword}`"));
        }
        let (found, wanted) = (arguments.plain.len(), function.arguments());
        if found != wanted {
            return self.refuse(at, format!("{name} takes {wanted} argument(s), not {found}"));
        }
        if function == Elementwise::Where && !arguments.plain.first().is_some_and(|condition| condition.boolean) {
            return self.refuse(at, format!("the first argument of {name} is a comparison: {name}(a > 1, b, c)"));
        }
        let kind = arguments.plain.iter().map(|a| a.kind).max().unwrap_or(Kind::Constant);
        let depth = arguments.plain.iter().map(|a| a.depth).max().unwrap_or(0) + 1;
        let node = Node::Call(function, arguments.plain.into_iter().map(|a| a.node).collect());
        self.deep_enough(Typed { node, kind, boolean: function.tells(), depth, at, grouped: false })
    }

    fn statistic(
        &self,
        (statistic, skip_nan): (Statistic, bool),
        parameter: Option<Parameter>,
        arguments: Arguments,
        name: &str,
        at: usize,
    ) -> Result<Typed, ExpressionError> {
        let mut plain = arguments.plain.into_iter();
        let Some(argument) = plain.next() else {
            return self.refuse(at, format!("{name} needs an argument: {name}(x)"));
        };
        if argument.kind != Kind::PerPoint {
            let message = format!("the argument of {name} has one value per cell already; it needs one per point");
            return self.refuse(argument.at, message);
        }
        let second = plain.next();
        if let Some(third) = plain.next() {
            return self.refuse(third.at, format!("{name} takes no such argument"));
        }
        let second = match (second, arguments.named, parameter) {
            (Some(extra), _, None) => return self.refuse(extra.at, self.no_second(name)),
            // numpy's second positional argument of these is an axis.
            (Some(extra), _, Some(wanted @ (Parameter::Ddof | Parameter::Weights))) => {
                return self.refuse(extra.at, format!("name the second argument of {name}: {}=...", wanted.keyword()));
            }
            (_, Some((keyword, at, _)), wanted) if wanted.map(Parameter::keyword) != Some(keyword.as_str()) => {
                let hint = wanted.map_or(String::new(), |p| format!("; it takes `{}`", p.keyword()));
                return self.refuse(at, format!("{name} takes no argument named `{keyword}`{hint}"));
            }
            (Some(extra), Some(_), _) => return self.refuse(extra.at, format!("{name} takes no such argument")),
            (second, named, _) => second.or(named.map(|(.., value)| value)),
        };
        self.reduce((statistic, skip_nan), parameter, argument, second, (name, at))
    }

    fn no_second(&self, name: &str) -> String {
        match without_numpy(name).unwrap_or(name) {
            "min" => format!("{name} takes one argument; the lesser of two values is minimum(a, b)"),
            "max" => format!("{name} takes one argument; the greater of two values is maximum(a, b)"),
            _ => format!("{name} takes one argument"),
        }
    }

    fn reduce(
        &self,
        (statistic, skip_nan): (Statistic, bool),
        parameter: Option<Parameter>,
        argument: Typed,
        second: Option<Typed>,
        (name, at): (&str, usize),
    ) -> Result<Typed, ExpressionError> {
        let depth = argument.depth.max(second.as_ref().map_or(0, |s| s.depth)) + 1;
        let mut reduce = Reduce { statistic, argument: argument.node, weights: None, skip_nan, columns: Vec::new() };
        match (parameter, second) {
            (Some(Parameter::Quantile), Some(q)) => reduce.statistic = self.quantile(&q, 1.0, name)?,
            (Some(Parameter::Percentile), Some(q)) => reduce.statistic = self.quantile(&q, 100.0, name)?,
            (Some(Parameter::Quantile | Parameter::Percentile), None) => {
                return self.refuse(at, format!("{name} needs a second argument, q: {name}(x, q)"));
            }
            (Some(Parameter::Ddof), Some(ddof)) => reduce.statistic = self.freedom(statistic, &ddof, name)?,
            (Some(Parameter::Weights), Some(weights)) => reduce.weights = Some(weights.node),
            (Some(Parameter::Weights), None) => reduce.statistic = Statistic::Mean,
            (Some(Parameter::Ddof) | None, _) => {}
        }
        reduce.argument.needs(&mut reduce.columns);
        if let Some(weights) = &reduce.weights {
            weights.needs(&mut reduce.columns);
        }
        let node = Node::Reduce(Box::new(reduce));
        self.deep_enough(Typed { node, kind: Kind::PerCell, boolean: false, depth, at, grouped: false })
    }

    fn quantile(&self, q: &Typed, whole: f64, name: &str) -> Result<Statistic, ExpressionError> {
        match eval::constant(&q.node) {
            Some(value) if (0.0..=whole).contains(&value) => Ok(Statistic::Quantile { q: value / whole }),
            _ => self.refuse(q.at, format!("q of {name} is a number from 0 to {whole}")),
        }
    }

    fn freedom(&self, statistic: Statistic, ddof: &Typed, name: &str) -> Result<Statistic, ExpressionError> {
        let value = eval::constant(&ddof.node).filter(|d| d.fract() == 0.0 && (0.0..=1e6).contains(d));
        let Some(value) = value else {
            return self.refuse(ddof.at, format!("ddof of {name} is a whole number, 0 or more"));
        };
        let ddof = value as u32;
        Ok(match statistic {
            Statistic::StandardDeviation { .. } => Statistic::StandardDeviation { ddof },
            _ => Statistic::Variance { ddof },
        })
    }

    fn unknown_function(&self, name: &str, at: usize) -> ExpressionError {
        let plain = without_numpy(name).unwrap_or(name);
        let message = match plain.rsplit_once('.') {
            Some((_, method)) if Function::of(method).is_some() => {
                format!("`{name}` is a method; write {method}(x)")
            }
            _ => format!(
                "unknown function `{name}`; the functions are {}",
                Function::names().collect::<Vec<_>>().join(", ")
            ),
        };
        let suggestion = crate::nearest::nearest(plain, Function::names()).map(str::to_owned);
        ExpressionError::Text { message, position: at, text: self.text.to_owned(), suggestion }
    }
}
