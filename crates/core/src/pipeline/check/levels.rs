//! `data_source.levels`, `base_level` and `read_plan`.

use super::source::{template, variables};
use crate::{
    nearest::nearest,
    pipeline::{
        Level, Levels, Link, PathTemplate, ReadPlan, Variable,
        problem::{Findings, Path},
        raw::{Ordered, RawCoordinates, RawLevel, RawLevelVariables, RawLink, RawReadPlan},
        shape::not_yet,
    },
};

pub(super) fn levels(
    raw: Option<Ordered<RawLevel>>,
    base: Option<String>,
    own: &[Variable],
    findings: &mut Findings,
) -> Option<Levels> {
    let at = Path::of("data_source.base_level");
    let raw = match (raw, &base) {
        (Some(raw), _) if !raw.0.is_empty() => raw.0,
        (_, Some(_)) => {
            findings.absent(&Path::of("data_source.levels"), "`base_level` names one of `levels`, which are absent");
            return None;
        }
        (_, None) => return None,
    };
    let Some(base) = base else {
        findings.absent(&at, "`levels` need a `base_level`: the level at whose rate points are read");
        return None;
    };
    let known: Vec<String> = raw.iter().map(|(name, _)| name.clone()).collect();
    if !known.contains(&base) && !findings.touches(&Path::of("data_source.levels").key(&base)) {
        let suggestion = nearest(&base, known.iter().map(String::as_str));
        findings.misnomer(&at, format!("`{base}` is not one of data_source.levels"), suggestion);
    }
    let mut names: Vec<String> = own.iter().map(|variable| variable.name.clone()).collect();
    let count = raw.len();
    let levels: Vec<Level> = raw
        .into_iter()
        .filter_map(|(name, raw)| {
            let at = Path::of("data_source.levels").key(&name);
            level(name, raw, &base, &mut names, &at, findings)
        })
        .collect();
    (levels.len() == count).then_some(Levels { base, levels })
}

fn level(
    name: String,
    raw: RawLevel,
    base: &str,
    names: &mut Vec<String>,
    at: &Path,
    findings: &mut Findings,
) -> Option<Level> {
    let is_base = name == base;
    let path = template(raw.path, &at.key("path"), findings)?;
    let (latitude, longitude) = match raw.coordinates {
        Some(raw) => {
            let (latitude, longitude) = own_coordinates(raw, &path, &at.key("coordinates"), findings)?;
            (Some(latitude), Some(longitude))
        }
        None => (None, None),
    };
    let link = match raw.link {
        Some(_) if is_base => {
            findings.problem(&at.key("link"), "the base level owns no rows of another; remove its link");
            None
        }
        Some(raw) => Some(link(raw, base, &path, &at.key("link"), findings)?),
        None if is_base => None,
        None => {
            findings.absent(&at.key("link"), format!("a link to `{base}` is required: {{to, index_beg, count}}"));
            return None;
        }
    };
    let broadcast = match raw.variables {
        Some(RawLevelVariables::Spread(raw)) if !raw.0.is_empty() => {
            let at = at.key("variables");
            if is_base {
                findings.problem(&at, "variables of the base level belong in data_source.variables");
            }
            let spread = variables(raw, &at, findings);
            for variable in &spread {
                if names.contains(&variable.name) {
                    let message = format!("`{}` is a variable already; give it another name", variable.name);
                    findings.problem(&at.key(&variable.name), message);
                }
                names.push(variable.name.clone());
            }
            spread
        }
        _ => Vec::new(),
    };
    Some(Level { name, path, latitude, longitude, link, broadcast })
}

fn own_coordinates(
    raw: RawCoordinates,
    level: &PathTemplate,
    at: &Path,
    findings: &mut Findings,
) -> Option<(PathTemplate, PathTemplate)> {
    let latitude = template(raw.latitude, &at.key("latitude"), findings);
    let longitude = template(raw.longitude, &at.key("longitude"), findings);
    Some((below(level, latitude?), below(level, longitude?)))
}

/// A path of a level: a bare name lies in the level's group, a path with a slash is complete.
fn below(level: &PathTemplate, path: PathTemplate) -> PathTemplate {
    if path.0.contains('/') { path } else { PathTemplate(format!("{}/{}", level.0.trim_end_matches('/'), path.0)) }
}

fn link(raw: RawLink, base: &str, level: &PathTemplate, at: &Path, findings: &mut Findings) -> Option<Link> {
    let index_beg = template(raw.index_beg, &at.key("index_beg"), findings);
    let count = template(raw.count, &at.key("count"), findings);
    let reference_index = match raw.reference_index {
        Some(path) => Some(below(level, template(Some(path), &at.key("reference_index"), findings)?)),
        None => None,
    };
    let Some(to) = raw.to else {
        findings.absent(&at.key("to"), format!("the level whose rows are owned is required: `{base}`"));
        return None;
    };
    if to != base {
        let message = not_yet(&format!("a link to `{to}`"), Some(&format!("link to the base level, `{base}`")));
        findings.problem(&at.key("to"), message);
        return None;
    }
    let (index_beg, count) = (below(level, index_beg?), below(level, count?));
    Some(Link { to, index_beg, count, index_base: raw.index_base.unwrap_or(0), reference_index })
}

pub(super) fn read_plan(
    raw: Option<RawReadPlan>,
    levels: Option<&Levels>,
    findings: &mut Findings,
) -> Option<ReadPlan> {
    let raw = raw?;
    let at = Path::of("data_source.read_plan");
    let threshold = raw.full_read_threshold.unwrap_or(0.9);
    if !(0.0..=1.0).contains(&threshold) {
        findings.problem(&at.key("full_read_threshold"), "this share lies between 0 and 1");
    }
    let Some(spatial_index) = raw.spatial_index else {
        findings.absent(&at.key("spatial_index"), "the level whose positions say which rows are read is required");
        return None;
    };
    let at = at.key("spatial_index");
    let Some(levels) = levels else {
        findings.absent(&Path::of("data_source.levels"), "`read_plan` needs `levels` and `base_level`");
        return None;
    };
    match levels.levels.iter().find(|level| level.name == spatial_index) {
        Some(level) if level.latitude.is_some() && level.link.is_some() => {}
        Some(_) => {
            findings
                .problem(&at, format!("level `{spatial_index}` needs `coordinates` and a `link` to serve a read plan"));
        }
        None => {
            let suggestion = nearest(&spatial_index, levels.levels.iter().map(|level| level.name.as_str()));
            findings.misnomer(&at, format!("`{spatial_index}` is not one of data_source.levels"), suggestion);
        }
    }
    Some(ReadPlan { spatial_index, pad: raw.pad.unwrap_or(1) as usize, full_read_threshold: threshold })
}
