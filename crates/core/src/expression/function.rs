//! The functions that expressions know, by their numpy names.

use crate::statistics;

/// A function of each point (or of each cell's number) on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Elementwise {
    Sqrt,
    Log,
    Log10,
    Log2,
    Exp,
    Abs,
    Floor,
    Ceil,
    IsNan,
    IsFinite,
    Float32,
    Float64,
    Int,
    Minimum,
    Maximum,
    Where,
}

/// A statistic of the points of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Statistic {
    Len,
    Sum,
    Mean,
    Median,
    Min,
    Max,
    Variance {
        ddof: u32,
    },
    StandardDeviation {
        ddof: u32,
    },
    /// `q` in 0..=1.
    Quantile {
        q: f64,
    },
    Average,
}

/// What a name in front of a parenthesis means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Function {
    Elementwise(Elementwise),
    /// A statistic, whether it skips NaN, and the parameter that it takes besides its argument.
    Statistic(Statistic, bool, Option<Parameter>),
}

/// A parameter of a statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    /// `q`, 0..=1, required.
    Quantile,
    /// `q`, 0..=100, required.
    Percentile,
    /// `ddof`, 0 when absent.
    Ddof,
    /// `weights`, per point, may be absent.
    Weights,
}

impl Parameter {
    pub(super) fn keyword(self) -> &'static str {
        match self {
            Self::Quantile | Self::Percentile => "q",
            Self::Ddof => "ddof",
            Self::Weights => "weights",
        }
    }
}

const ELEMENTWISE: [(&str, Elementwise); 19] = [
    ("sqrt", Elementwise::Sqrt),
    ("log", Elementwise::Log),
    ("log10", Elementwise::Log10),
    ("log2", Elementwise::Log2),
    ("exp", Elementwise::Exp),
    ("abs", Elementwise::Abs),
    ("absolute", Elementwise::Abs),
    ("floor", Elementwise::Floor),
    ("ceil", Elementwise::Ceil),
    ("isnan", Elementwise::IsNan),
    ("isfinite", Elementwise::IsFinite),
    ("float32", Elementwise::Float32),
    ("float64", Elementwise::Float64),
    ("float", Elementwise::Float64),
    ("int", Elementwise::Int),
    ("int64", Elementwise::Int),
    ("minimum", Elementwise::Minimum),
    ("maximum", Elementwise::Maximum),
    ("where", Elementwise::Where),
];

const STATISTICS: [(&str, Statistic, Option<Parameter>); 11] = [
    ("len", Statistic::Len, None),
    ("sum", Statistic::Sum, None),
    ("mean", Statistic::Mean, None),
    ("median", Statistic::Median, None),
    ("min", Statistic::Min, None),
    ("max", Statistic::Max, None),
    ("var", Statistic::Variance { ddof: 0 }, Some(Parameter::Ddof)),
    ("std", Statistic::StandardDeviation { ddof: 0 }, Some(Parameter::Ddof)),
    ("quantile", Statistic::Quantile { q: 0.5 }, Some(Parameter::Quantile)),
    ("percentile", Statistic::Quantile { q: 0.5 }, Some(Parameter::Percentile)),
    ("average", Statistic::Average, Some(Parameter::Weights)),
];

impl Function {
    /// The function that is called `name`, which has no `np.` in front.
    pub(super) fn of(name: &str) -> Option<Self> {
        if let Some((_, function)) = ELEMENTWISE.iter().find(|(known, _)| *known == name) {
            return Some(Self::Elementwise(*function));
        }
        let statistic = |name: &str| STATISTICS.iter().find(|(known, ..)| *known == name);
        if let Some((_, found, parameter)) = statistic(name) {
            return Some(Self::Statistic(*found, false, *parameter));
        }
        let (_, found, parameter) = statistic(name.strip_prefix("nan")?)?;
        let has_nan_form = !matches!(found, Statistic::Len | Statistic::Average);
        has_nan_form.then_some(Self::Statistic(*found, true, *parameter))
    }

    /// Every name, without `np.` and without the `nan` forms.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        ELEMENTWISE.iter().map(|(name, _)| *name).chain(STATISTICS.iter().map(|(name, ..)| *name))
    }
}

impl Elementwise {
    pub(super) fn arguments(self) -> usize {
        match self {
            Self::Where => 3,
            Self::Minimum | Self::Maximum => 2,
            _ => 1,
        }
    }

    /// Whether the result is true or false.
    pub(super) fn tells(self) -> bool {
        matches!(self, Self::IsNan | Self::IsFinite)
    }

    pub(super) fn name(self) -> &'static str {
        ELEMENTWISE.iter().find(|(_, function)| *function == self).map_or("?", |(name, _)| name)
    }
}

impl Statistic {
    /// The statistic of `values`, which it may put in another order.
    pub(super) fn of(self, values: &mut [f64], weights: &[f64]) -> f64 {
        match self {
            Self::Len => values.len() as f64,
            Self::Sum => statistics::sum(values),
            Self::Mean => statistics::mean(values),
            Self::Min => statistics::min(values),
            Self::Max => statistics::max(values),
            Self::Variance { ddof } => statistics::variance(values, ddof),
            Self::StandardDeviation { ddof } => statistics::standard_deviation(values, ddof),
            Self::Average => statistics::weighted_mean(values, weights),
            Self::Median => {
                values.sort_unstable_by(f64::total_cmp);
                statistics::median_sorted(values)
            }
            Self::Quantile { q } => {
                values.sort_unstable_by(f64::total_cmp);
                statistics::quantile_sorted(values, q)
            }
        }
    }
}
