//! `data_source`.

use super::{
    Names, filters,
    levels::{levels, read_plan},
};
use crate::pipeline::{
    DataSource, FillPolicy, PathTemplate, Variable,
    problem::{Findings, Path},
    raw::{Ordered, RawCoordinates, RawDriver, RawFill, RawPlace, RawReader, RawSource, RawVariable},
    shape::not_yet,
};

pub(super) fn source(raw: RawSource, names: &Names, findings: &mut Findings) -> Option<DataSource> {
    let at = Path::of("data_source");
    if raw.reader == Some(RawReader::Raster) {
        findings.problem(&at.key("reader"), not_yet("`raster`", Some("zagg reads HDF5 granules")));
    }
    let fill = match raw.fill {
        Some(RawFill::Keep) => FillPolicy::Keep,
        Some(RawFill::Missing) | None => FillPolicy::Missing,
    };
    let driver = match raw.driver {
        Some(RawDriver::S3) | None => "s3",
        Some(RawDriver::Https) => "https",
        Some(RawDriver::File) => "file",
    };
    let groups = groups(raw.groups, &at.key("groups"), findings);
    let coordinates = coordinates(raw.coordinates, groups.as_ref().map_or(1, Vec::len), findings);
    let variables = variables(raw.variables.unwrap_or_default(), &at.key("variables"), findings);
    let levels = levels(raw.levels, raw.base_level, &variables, findings);
    let read_plan = read_plan(raw.read_plan, levels.as_ref(), findings);
    let filters = filters::filters(raw.quality_filter, raw.filters, names, findings);
    let (latitude, longitude) = coordinates?;
    Some(DataSource {
        driver: driver.to_owned(),
        groups: groups?,
        latitude,
        longitude,
        variables,
        filters,
        levels,
        read_plan,
        fill,
    })
}

fn groups(raw: Option<Vec<String>>, at: &Path, findings: &mut Findings) -> Option<Vec<String>> {
    let groups = raw.unwrap_or_default();
    if groups.is_empty() {
        findings
            .absent(at, "no group is read; name the groups of a granule, e.g. [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]");
        return None;
    }
    for (i, group) in groups.iter().enumerate() {
        if groups[..i].contains(group) {
            findings.problem(
                &at.index(i),
                format!("`{group}` is listed twice, so its points would count twice; remove one"),
            );
        }
        if group.trim().is_empty() || group.contains(['{', '}']) {
            findings.problem(&at.index(i), format!("`{group}` is not a group's name"));
        }
    }
    Some(groups)
}

fn coordinates(
    raw: Option<RawCoordinates>,
    groups: usize,
    findings: &mut Findings,
) -> Option<(PathTemplate, PathTemplate)> {
    let at = Path::of("data_source.coordinates");
    let Some(raw) = raw else {
        findings.absent(&at, "this section is required; it gives the paths of latitude and longitude");
        return None;
    };
    let mut path = |name: &str, path: Option<String>| {
        let at = at.key(name);
        let template = template(path, &at, findings)?;
        if groups > 1 && !template.0.contains("{group}") {
            findings
                .problem(&at, "every group would read the same positions; put {group} where the group's name belongs");
        }
        Some(template)
    };
    let (latitude, longitude) = (path("latitude", raw.latitude), path("longitude", raw.longitude));
    Some((latitude?, longitude?))
}

/// Variables of the base rate, or of a level.
pub(super) fn variables(raw: Ordered<RawVariable>, at: &Path, findings: &mut Findings) -> Vec<Variable> {
    let variable = |(name, raw): (String, RawVariable)| {
        let at = at.key(&name);
        if !is_name(&name) {
            findings
                .problem(&at, "a variable's name consists of letters, digits and _, and does not begin with a digit");
        }
        let (path, column) = match raw {
            RawVariable::Path(path) => (template(Some(path), &at, findings)?, None),
            RawVariable::Place(place) => {
                let RawPlace { path, column, .. } = *place;
                (template(path, &at.key("path"), findings)?, column.map(|column| column as usize))
            }
        };
        Some(Variable { name, path, column })
    };
    raw.0.into_iter().filter_map(variable).collect()
}

/// Whether expressions can use the name.
fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(|c| c.is_alphanumeric() || c == '_')
}

/// A required dataset path.
pub(super) fn template(path: Option<String>, at: &Path, findings: &mut Findings) -> Option<PathTemplate> {
    let Some(path) = path else {
        findings.absent(at, "the path of a dataset is required, e.g. \"/{group}/land_ice_segments/latitude\"");
        return None;
    };
    if path.trim_matches('/').trim().is_empty() {
        findings.problem(at, "the path is empty");
        return None;
    }
    if path.replace("{group}", "").contains(['{', '}']) {
        findings.problem(at, format!("only {{group}} may stand in braces, in `{path}`"));
        return None;
    }
    Some(PathTemplate(path))
}
