//! Names and units of bands, in the file beside a GeoTIFF where GDAL and QGIS look for them
//! (`map.tif.aux.xml`): the writer has no tags for them.

use std::{fmt::Write as _, path::Path};

use serde_json::Value;

use crate::{
    export::{ExportError, staged::refused},
    field::FieldSource,
};

/// The text for some fields.
pub(super) fn text(source: &FieldSource, fields: &[String]) -> String {
    let mut text = String::from("<PAMDataset>\n");
    for (index, field) in fields.iter().enumerate() {
        let attributes = source.array(field).map(|array| array.attributes.clone()).unwrap_or_default();
        let attribute = |name: &str| attributes.get(name).and_then(Value::as_str).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  <PAMRasterBand band=\"{}\">", index + 1);
        let _ = writeln!(text, "    <Description>{}</Description>", escaped(field));
        if !attribute("units").is_empty() {
            let _ = writeln!(text, "    <UnitType>{}</UnitType>", escaped(attribute("units")));
        }
        if !attribute("long_name").is_empty() {
            let _ = writeln!(text, "    <Metadata>");
            let _ = writeln!(text, "      <MDI key=\"long_name\">{}</MDI>", escaped(attribute("long_name")));
            let _ = writeln!(text, "    </Metadata>");
        }
        let _ = writeln!(text, "  </PAMRasterBand>");
    }
    text.push_str("</PAMDataset>\n");
    text
}

/// Writes it beside the file at `path`.
pub(super) fn write(path: &Path, text: &str) -> Result<(), ExportError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".aux.xml");
    let place = Path::new(&name);
    std::fs::write(place, text).map_err(|source| refused(place, source))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
