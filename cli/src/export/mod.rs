//! `zagg export`: cells and rasters for other tools.

mod arguments;

use zagg_map::{
    MapError,
    export::{
        Format,
        geotiff::{self, RasterChoice, RasterReport},
        parquet,
    },
    field::FieldSource,
    projection::METRES_PER_DEGREE,
};
use zagg_program::{environment, exit::Exit, numbers, output};
use zagg_store::{Location, Store};

use crate::error::CommandError;

pub(crate) use arguments::ExportArguments;

/// Writes a file of the format that its ending names.
pub(crate) async fn export(typed: &ExportArguments, quiet: bool) -> Result<Exit, CommandError> {
    let format = Format::of(&typed.output).map_err(MapError::from)?;
    let choice = choice(typed)?;
    match format {
        Format::Parquet if typed.projection.is_some() || typed.grid_spacing.is_some() => {
            let text = "--projection and --grid-spacing are for a raster (.tif); GeoParquet has the cells themselves";
            return Err(CommandError::Usage(text.to_owned()));
        }
        Format::GeoTiff if typed.geometry.is_some() => {
            return Err(CommandError::Usage("--geometry is for cells (.parquet), not for a raster".to_owned()));
        }
        _ => {}
    }
    let location = Location::parse(&typed.store)?;
    let store = Store::open(&location, &environment::store_settings(&typed.s3))?;
    let source = FieldSource::open(&store).await?;
    let path = &typed.output;
    let (text, json) = match format {
        Format::Parquet => {
            let mut counter = output::Counter::new("blocks exported", quiet);
            let geometry = typed.geometry.map_or_else(parquet::Geometry::default, Into::into);
            let report = parquet::write(&source, &typed.fields, geometry, path, |done, _| counter.at(done)).await?;
            counter.finish();
            let text = format!(
                "Wrote {}: {} cells, {}\n  fields: {}",
                path.display(),
                numbers::grouped(report.rows),
                numbers::bytes(report.bytes),
                report.fields.join(", ")
            );
            (text, output::json(&report)?)
        }
        Format::GeoTiff => {
            let mut counter = output::Counter::new("fields painted", quiet);
            let report = geotiff::write(&source, &typed.fields, &choice, path, |done, _| counter.at(done)).await?;
            counter.finish();
            (describe(typed, &report), output::json(&report)?)
        }
    };
    output::result(if typed.json { &json } else { &text }, quiet && !typed.json);
    Ok(Exit::Done)
}

fn describe(typed: &ExportArguments, report: &RasterReport) -> String {
    format!(
        "Wrote {}: {} by {} pixels of {} by {}, {}, {} with a value, {}\n  bands: {}",
        typed.output.display(),
        numbers::grouped(report.width.into()),
        numbers::grouped(report.height.into()),
        report.pixel[0],
        report.pixel[1],
        report.crs,
        numbers::grouped(report.pixels),
        numbers::bytes(report.bytes),
        report.bands.join(", ")
    )
}

fn choice(typed: &ExportArguments) -> Result<RasterChoice, CommandError> {
    let projection = match typed.projection.as_deref() {
        None | Some("auto") => None,
        Some(name) => Some(name.parse().map_err(MapError::from)?),
    };
    let spacing_m = typed.grid_spacing.as_deref().map(metres).transpose()?;
    Ok(RasterChoice { projection, spacing_m })
}

/// A length in metres: `2km`, `500m`, `500` or, of the equator, `0.05deg`.
fn metres(text: &str) -> Result<f64, CommandError> {
    let units = [("km", 1000.0), ("deg", METRES_PER_DEGREE), ("m", 1.0)];
    let (number, unit) =
        units.iter().find_map(|(unit, metres)| Some((text.strip_suffix(unit)?, *metres))).unwrap_or((text, 1.0));
    let length: Option<f64> = number.trim().parse().ok();
    length.map(|length| length * unit).filter(|length| length.is_finite() && *length > 0.0).ok_or_else(|| {
        CommandError::Usage(format!("`--grid-spacing {text}` is no length; give e.g. 2km, 500m or 0.05deg"))
    })
}
