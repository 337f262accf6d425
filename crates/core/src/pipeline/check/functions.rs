//! `function`, `source` and `params` of a field.

use super::{fields::Context, filters::parsed};
use crate::{
    expression::{Expression, Kind},
    nearest::nearest,
    pipeline::{
        FillPolicy, Reduction,
        problem::{Findings, Path},
        raw::{RawField, RawNumber},
    },
};

/// The functions of the peer's files that mean the same here.
const FUNCTIONS: [&str; 12] =
    ["len", "count", "min", "max", "sum", "mean", "average", "var", "std", "median", "quantile", "percentile"];

/// The variable of a statistic that names none, as in the peer.
const DEFAULT_SOURCE: &str = "h_li";

pub(super) fn reduction(
    written: &str,
    raw: &RawField,
    context: &Context<'_>,
    at: &Path,
    findings: &mut Findings,
) -> Option<Reduction> {
    let function = function(written, context.fill, &at.key("function"), findings);
    let source = source(function, raw.source.as_deref(), context, at, findings);
    let function = function?;
    let mut params = Params { raw, at: at.key("params"), context, findings };
    params.only(match function {
        "average" => &["weights"],
        "var" | "std" => &["ddof"],
        "quantile" | "percentile" => &["q"],
        _ => &[],
    });
    if matches!(function, "len" | "count") {
        return source.map(|source| Reduction::Count { source });
    }
    let parameters = match function {
        "average" => params.weights().map(Parameter::Weights),
        "var" | "std" => params.ddof().map(Parameter::Ddof),
        "quantile" => params.quantile(1.0).map(Parameter::Q),
        "percentile" => params.quantile(100.0).map(Parameter::Q),
        _ => Some(Parameter::None),
    };
    let source = source??;
    Some(match (function, parameters?) {
        ("min", _) => Reduction::Min { source },
        ("max", _) => Reduction::Max { source },
        ("sum", _) => Reduction::Sum { source },
        ("average", Parameter::Weights(Some(weights))) => Reduction::WeightedMean { source, weights },
        ("var", Parameter::Ddof(ddof)) => Reduction::Variance { source, ddof },
        ("std", Parameter::Ddof(ddof)) => Reduction::StandardDeviation { source, ddof },
        ("median", _) => Reduction::Median { source },
        (_, Parameter::Q(q)) => Reduction::Quantile { source, q },
        _ => Reduction::Mean { source },
    })
}

enum Parameter {
    None,
    Weights(Option<Expression>),
    Ddof(u32),
    Q(f64),
}

/// The plain name of a function.
fn function(written: &str, fill: Option<FillPolicy>, at: &Path, findings: &mut Findings) -> Option<&'static str> {
    let plain = written.strip_prefix("np.").or_else(|| written.strip_prefix("numpy.")).unwrap_or(written);
    let known = |name: &str| FUNCTIONS.into_iter().find(|known| *known == name);
    if let Some(name) = known(plain) {
        return Some(name);
    }
    // `nanmean` means what `mean` means here, unless NaN are kept as data.
    let bare = plain.strip_prefix("nan").and_then(known).filter(|name| !matches!(*name, "len" | "count" | "average"));
    match bare {
        Some(name) if fill != Some(FillPolicy::Keep) => Some(name),
        Some(name) => {
            let message = format!("with data_source.fill: keep, NaN are data; use `{name}`, or remove `fill: keep`");
            findings.problem(at, message);
            None
        }
        None => {
            let message = format!("`{written}` is not supported; the functions are {}", FUNCTIONS.join(", "));
            findings.misnomer(at, message, nearest(plain, FUNCTIONS));
            None
        }
    }
}

/// The variable: of `len` there may be none.
#[allow(clippy::option_option, reason = "the outer one tells a problem, the inner one that none is named")]
fn source(
    function: Option<&str>,
    written: Option<&str>,
    context: &Context<'_>,
    at: &Path,
    findings: &mut Findings,
) -> Option<Option<String>> {
    let columns = &context.names.columns;
    match written {
        Some(name) if columns.iter().any(|column| column == name) => Some(Some(name.to_owned())),
        Some(name) => {
            let at = at.key("source");
            let variables = Path::of("data_source.variables");
            // Variables that are not a map have been told of already.
            if !(columns.is_empty() && findings.touches(&variables)) {
                let suggestion = nearest(name, columns.iter().map(String::as_str));
                let message = format!("`{name}` is not in data_source.variables ({})", context.names.listed());
                findings.misnomer(&at, message, suggestion);
            }
            None
        }
        None if matches!(function, Some("len" | "count")) => Some(None),
        None if columns.iter().any(|column| column == DEFAULT_SOURCE) => Some(Some(DEFAULT_SOURCE.to_owned())),
        None => {
            let message = format!("the variable is required; the variables are {}", context.names.listed());
            findings.absent(&at.key("source"), message);
            None
        }
    }
}

struct Params<'a> {
    raw: &'a RawField,
    at: Path,
    context: &'a Context<'a>,
    findings: &'a mut Findings,
}

impl Params<'_> {
    fn only(&mut self, allowed: &[&str]) {
        for (name, _) in self.raw.params.iter().flat_map(|params| &params.0) {
            if !allowed.contains(&name.as_str()) {
                let known = if allowed.is_empty() {
                    "no parameters".to_owned()
                } else {
                    format!("only `{}`", allowed.join(", "))
                };
                let message = format!("this function takes {known}");
                self.findings.misnomer(&self.at.key(name), message, nearest(name, allowed.iter().copied()));
            }
        }
    }

    fn get(&self, name: &str) -> Option<&RawNumber> {
        self.raw.params.iter().flat_map(|params| &params.0).find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// A number, which may be written as text.
    fn number(&mut self, name: &str) -> Option<f64> {
        let number = match self.get(name)? {
            RawNumber::Number(number) => number.as_f64(),
            RawNumber::Text(text) => text.trim().parse().ok(),
        };
        if number.is_none_or(|number| !number.is_finite()) {
            self.findings.problem(&self.at.key(name), "this parameter is a number");
            return None;
        }
        number
    }

    #[allow(clippy::option_option, reason = "the outer one tells a problem, the inner one that none are given")]
    fn weights(&mut self) -> Option<Option<Expression>> {
        let text = match self.get("weights") {
            None => return Some(None),
            Some(RawNumber::Number(number)) => number.to_string(),
            Some(RawNumber::Text(text)) => text.clone(),
        };
        let at = self.at.key("weights");
        let expression = parsed(&text, self.context.names, &at, self.findings)?;
        if expression.kind() == Kind::PerCell {
            self.findings.problem(&at, "weights have one value per point, this expression has one per cell");
            return None;
        }
        Some(Some(expression))
    }

    fn ddof(&mut self) -> Option<u32> {
        if self.get("ddof").is_none() {
            return Some(0);
        }
        let ddof = self.number("ddof")?;
        if ddof.fract() == 0.0 && (0.0..=1e6).contains(&ddof) {
            return Some(ddof as u32);
        }
        self.findings.problem(&self.at.key("ddof"), "this is a whole number, 0 or more");
        None
    }

    fn quantile(&mut self, whole: f64) -> Option<f64> {
        if self.get("q").is_none() {
            let message = format!("the quantile is required: `params: {{q: ...}}`, from 0 to {whole}");
            self.findings.absent(&self.at.key("q"), message);
            return None;
        }
        let q = self.number("q")?;
        if (0.0..=whole).contains(&q) {
            return Some(q / whole);
        }
        self.findings.problem(&self.at.key("q"), format!("{q} is not between 0 and {whole}"));
        None
    }
}
