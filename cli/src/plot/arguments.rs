//! What is typed after `zagg plot`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use zagg_core::order::Order;
use zagg_map::{
    colours::{ColourMap, Scale},
    length::Length,
    projection::{MapProjection, ProjectionError},
    range::RangeChoice,
};
use zagg_program::arguments::S3Arguments;

#[derive(Debug, Args)]
pub(crate) struct PlotArguments {
    /// The store: a folder or s3://bucket/prefix; the Python zagg's layouts are read too.
    #[arg(value_name = "STORE")]
    pub(crate) store: String,
    /// The field to draw. Default: the first mean, else the first field.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) field: Option<String>,
    /// The picture; its ending says the format, .png or .svg. Default: STORE-FIELD.png here.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The map's projection: auto, polar-south, polar-north, mollweide, plate-carree or EPSG:n.
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = projection)]
    pub(crate) projection: ProjectionChoice,
    /// The side of a pixel of the data: 2km, 500m, 0.05deg. Default: what fits the picture.
    #[arg(long, value_name = "LENGTH")]
    pub(crate) grid_spacing: Option<Length>,
    /// The values at the ends of the colours: 0,4000, percentiles as in 2%,98%, or auto (2%,98%).
    #[arg(long, value_name = "LOW,HIGH", default_value = "auto", allow_hyphen_values = true)]
    pub(crate) range: RangeChoice,
    /// The colours, by name; -r behind it turns them round. Default: viridis; red-blue for differences.
    #[arg(long, visible_alias = "colourmap", value_name = "NAME")]
    pub(crate) colormap: Option<ColourMap>,
    /// How values are spread over the colours.
    #[arg(long, value_enum, default_value_t = ScaleChoice::Linear)]
    pub(crate) scale: ScaleChoice,
    /// Draw the difference instead: OTHER less STORE, cell by cell, where both have a value.
    #[arg(long, value_name = "OTHER")]
    pub(crate) compare: Option<String>,
    /// Read the overview of this order instead of the cells.
    #[arg(long, value_name = "ORDER", value_parser = order)]
    pub(crate) order: Option<Order>,
    /// The longer side of the map, in pixels of the picture. Default: about 1200, or as --grid-spacing makes it.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(50..=30_000))]
    pub(crate) size: Option<u32>,
    /// What stands above the map. Default: what the field is.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Without land and coasts.
    #[arg(long)]
    pub(crate) no_coast: bool,
    /// Without meridians and parallels.
    #[arg(long)]
    pub(crate) no_graticule: bool,
    /// Without the histogram.
    #[arg(long)]
    pub(crate) no_histogram: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Where S3 is.
    #[command(flatten)]
    pub(crate) s3: S3Arguments,
}

/// What `--projection` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProjectionChoice {
    /// What suits the cells with data.
    Auto,
    /// This one.
    Of(MapProjection),
}

/// What `--scale` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScaleChoice {
    /// Evenly.
    Linear,
    /// By their logarithms: for counts, which are mostly small.
    Log,
}

impl From<ScaleChoice> for Scale {
    fn from(choice: ScaleChoice) -> Self {
        match choice {
            ScaleChoice::Linear => Self::Linear,
            ScaleChoice::Log => Self::Log,
        }
    }
}

fn projection(text: &str) -> Result<ProjectionChoice, ProjectionError> {
    if text.eq_ignore_ascii_case("auto") { Ok(ProjectionChoice::Auto) } else { text.parse().map(ProjectionChoice::Of) }
}

fn order(text: &str) -> Result<Order, String> {
    let order = text.parse::<u8>().ok().and_then(|order| Order::new(order).ok());
    order.ok_or_else(|| format!("`{text}` is no HEALPix order; they go from 0 to 29"))
}
