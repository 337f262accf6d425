//! Geographic degrees to the plane of a coordinate system, and back.

use proj4rs::{Proj, transform::transform};

use super::{
    GridError,
    bounds::{is_position, within_a_turn},
};

/// The forward and inverse projection of a coordinate system on the WGS84 datum.
#[derive(Clone)]
pub struct Projection(Kind);

#[derive(Clone)]
enum Kind {
    /// Degrees themselves.
    Geographic,
    Plane(Box<Plane>),
}

/// Source and target share one ellipsoid and name no datum, so that only the projection acts.
#[derive(Clone)]
struct Plane {
    degrees: Proj,
    plane: Proj,
}

impl std::fmt::Debug for Projection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_geographic() { "Projection(geographic)" } else { "Projection(plane)" })
    }
}

impl Projection {
    /// The projection of `EPSG:n`.
    ///
    /// # Errors
    /// When the code is not known, or cannot be computed exactly.
    pub fn new(crs: &str) -> Result<Self, GridError> {
        let code = epsg_code(crs)?;
        let text = definition(code)?;
        if text.contains("+proj=longlat") {
            return Ok(Self(Kind::Geographic));
        }
        let not_exact = |why: proj4rs::errors::Error| GridError::CrsNotExact { code, why: why.to_string() };
        let degrees = Proj::from_proj_string("+proj=longlat +ellps=WGS84 +no_defs").map_err(not_exact)?;
        let plane = Proj::from_proj_string(&text).map_err(not_exact)?;
        Ok(Self(Kind::Plane(Box::new(Plane { degrees, plane }))))
    }

    /// Whether the plane's coordinates are longitude and latitude in degrees.
    #[must_use]
    pub fn is_geographic(&self) -> bool {
        matches!(self.0, Kind::Geographic)
    }

    /// Plane coordinates of a position in degrees; none outside the projection's domain.
    #[inline]
    #[must_use]
    pub fn forward(&self, lon_deg: f64, lat_deg: f64) -> Option<(f64, f64)> {
        if !is_position(lon_deg, lat_deg) {
            return None;
        }
        let lon_deg = within_a_turn(lon_deg);
        match &self.0 {
            Kind::Geographic => Some((lon_deg, lat_deg)),
            Kind::Plane(p) => {
                let mut point = (lon_deg.to_radians(), lat_deg.to_radians(), 0.0);
                transform(&p.degrees, &p.plane, &mut point).ok()?;
                let (x, y, _) = point;
                // The polar stereographic of proj4rs puts both poles in the middle of the map.
                let is_other_pole =
                    || lat_deg.abs() > NEAR_POLE && self.inverse(x, y).is_none_or(|(_, lat)| lat * lat_deg < 0.0);
                (x.is_finite() && y.is_finite() && !is_other_pole()).then_some((x, y))
            }
        }
    }

    /// Longitude and latitude, in degrees, of a point of the plane; none outside the projection's
    /// domain.
    #[must_use]
    pub fn inverse(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        match &self.0 {
            Kind::Geographic => Some((x, y)),
            Kind::Plane(p) => {
                let mut point = (x, y, 0.0);
                transform(&p.plane, &p.degrees, &mut point).ok()?;
                let (lon, lat) = (point.0.to_degrees(), point.1.to_degrees());
                (lon.is_finite() && lat.is_finite()).then_some((lon, lat))
            }
        }
    }
}

/// The number of `EPSG:n`, in any case of letters.
pub(super) fn epsg_code(crs: &str) -> Result<u32, GridError> {
    let spelling = || GridError::CrsSpelling { crs: crs.to_owned() };
    let (authority, code) = crs.trim().split_once(':').ok_or_else(spelling)?;
    if !authority.eq_ignore_ascii_case("EPSG") || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(spelling());
    }
    code.parse().map_err(|_| spelling())
}

/// proj4rs takes latitudes within 1e-12 rad of a pole for the pole.
const NEAR_POLE: f64 = 90.0 - 1e-9;

/// Projections of proj4rs 0.1 that agree with PROJ 9.5.1 (through pyproj 3.7.2, `always_xy`) to far
/// better than a millimetre. Compared were all 341 EPSG codes on the WGS84 datum that these
/// resolve, 60 points in the area of use of each (at most 0.1 mm apart, and that in feet), and
/// 5000 points each for EPSG 3031, 3413, 32618, 32701, 3395 and 3033 (at most 1e-8 m apart).
/// `laea` is left out since its polar forms are wrong there, `cea` and `eqearth` are not in it.
const EXACT: [&str; 7] = ["longlat", "utm", "etmerc", "stere", "lcc", "merc", "eqc"];

/// The definition of a coordinate system in proj4rs' terms, if it is on the WGS84 datum and its
/// projection is one of [`EXACT`].
///
/// `tmerc` is computed by the algorithm of Poder and Engsager, as PROJ does by default.
fn definition(code: u32) -> Result<String, GridError> {
    let text = u16::try_from(code)
        .ok()
        .and_then(crs_definitions::from_code)
        .map(|def| def.proj4)
        .ok_or(GridError::CrsUnknown { code })?;
    let not_exact = |why: String| GridError::CrsNotExact { code, why };
    if !text.split_whitespace().any(|term| term == "+datum=WGS84") {
        return Err(not_exact("its datum is not WGS84, and shifting from WGS84 to it is not exact here".to_owned()));
    }
    if ["+axis", "+pm=", "+geoidgrids", "+nadgrids", "+towgs84"].iter().any(|term| text.contains(term)) {
        return Err(not_exact("it has unusual axes, meridians, heights or shifts".to_owned()));
    }
    let text = text.replace("+datum=WGS84", "+ellps=WGS84").replace("+proj=tmerc", "+proj=etmerc");
    let name = text.split_whitespace().find_map(|term| term.strip_prefix("+proj=")).unwrap_or_default();
    if !EXACT.contains(&name) {
        return Err(not_exact(format!("its projection `{name}` is not known to agree with PROJ here")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
