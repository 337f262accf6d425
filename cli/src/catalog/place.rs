//! Where: a region as it was typed, or the box of a saved catalog.

use zagg_catalog::{
    Catalog,
    region::{self, Region},
};

use super::arguments::CatalogArguments;
use crate::error::CommandError;

/// The region that was named, if one was.
pub(super) fn named(typed: &CatalogArguments) -> Result<Option<Region>, CommandError> {
    Ok(match (&typed.polygon, &typed.bbox, &typed.wkt, &typed.region) {
        (Some(path), ..) => Some(region::from_geojson_file(path)?),
        (_, Some(text), ..) => Some(region::from_bbox(text)?),
        (_, _, Some(text), _) => Some(region::from_wkt_argument(text)?),
        (_, _, _, Some(name)) => Some(region::builtin(name)?),
        _ => None,
    })
}

/// The box that a saved catalog was searched in.
pub(super) fn of_catalog(catalog: &Catalog) -> Result<Region, CommandError> {
    let numbers = catalog.metadata.get("bbox").and_then(|bounds| bounds.as_array());
    let numbers: Option<Vec<f64>> = numbers.and_then(|numbers| numbers.iter().map(|number| number.as_f64()).collect());
    let Some(&[west, south, east, north]) = numbers.as_deref() else {
        let text = "the catalog does not say which box it was searched in: give --region, --polygon, --bbox or --wkt";
        return Err(CommandError::Usage(text.to_owned()));
    };
    let mut region = region::from_bbox(&format!("{west},{south},{east},{north}"))?;
    region.notes.push(format!("the region is the saved catalog's box {west},{south},{east},{north}"));
    Ok(region)
}
