//! Polygons as well-known binary: OGC 06-103r4 section 8, with PostGIS' flags for Z, M and SRID.

use super::WkbError;
use crate::area::{Area, Part, Ring};

const POLYGON: u32 = 3;
const MULTI_POLYGON: u32 = 6;
/// PostGIS' flags in the type word.
const FLAG_Z: u32 = 0x8000_0000;
const FLAG_M: u32 = 0x4000_0000;
const FLAG_SRID: u32 = 0x2000_0000;
/// WGS84, as a plane of longitudes and latitudes.
const WGS84: u32 = 4326;

/// A Polygon or MultiPolygon of longitudes and latitudes in degrees; each of its polygons is a
/// part. Either byte order; further dimensions are let go; an empty polygon gives no part.
///
/// # Errors
/// When it is another geometry, is damaged, or has a corner that is not on Earth.
pub fn parse(bytes: &[u8]) -> Result<Area, WkbError> {
    let mut reader = Reader { left: bytes, whole: bytes.len(), big: false };
    let area = Area { parts: reader.geometry()? };
    if reader.left.is_empty() { Ok(area) } else { Err(WkbError::Trailing(reader.left.len())) }
}

/// The area as little-endian well-known binary: a Polygon when it has one part, a MultiPolygon
/// otherwise. Rings that are not closed are closed.
///
/// # Errors
/// When a part is a band between parallels, or there are more than `u32::MAX` of anything.
pub fn format(area: &Area) -> Result<Vec<u8>, WkbError> {
    let polygons = area.parts.iter().map(|part| match part {
        Part::Polygon(rings) => Ok(rings.as_slice()),
        Part::Band { .. } => Err(WkbError::Band),
    });
    let polygons: Vec<&[Ring]> = polygons.collect::<Result<_, _>>()?;
    let corners: usize = polygons.iter().flat_map(|rings| rings.iter()).map(|ring| ring.len() + 1).sum();
    let mut bytes = Vec::with_capacity(16 * corners + 32);
    if let [rings] = polygons[..] {
        put_polygon(&mut bytes, rings)?;
    } else {
        put_head(&mut bytes, MULTI_POLYGON, polygons.len())?;
        for rings in polygons {
            put_polygon(&mut bytes, rings)?;
        }
    }
    Ok(bytes)
}

fn put_head(bytes: &mut Vec<u8>, kind: u32, count: usize) -> Result<(), WkbError> {
    bytes.push(1);
    bytes.extend(kind.to_le_bytes());
    put_count(bytes, count)
}

fn put_count(bytes: &mut Vec<u8>, count: usize) -> Result<(), WkbError> {
    let count = u32::try_from(count).map_err(|_| WkbError::TooMany)?;
    bytes.extend(count.to_le_bytes());
    Ok(())
}

fn put_polygon(bytes: &mut Vec<u8>, rings: &[Ring]) -> Result<(), WkbError> {
    put_head(bytes, POLYGON, rings.len())?;
    for ring in rings {
        let open = ring.first() != ring.last();
        put_count(bytes, ring.len() + usize::from(open))?;
        let closing = if open { ring.first() } else { None };
        for corner in ring.iter().chain(closing) {
            bytes.extend(corner.iter().flat_map(|degrees| degrees.to_le_bytes()));
        }
    }
    Ok(())
}

/// What of the bytes is not read yet.
struct Reader<'a> {
    left: &'a [u8],
    whole: usize,
    big: bool,
}

impl Reader<'_> {
    fn geometry(&mut self) -> Result<Vec<Part>, WkbError> {
        let (kind, dimensions) = self.head()?;
        match kind {
            POLYGON => Ok(self.polygon(0, dimensions)?.into_iter().collect()),
            MULTI_POLYGON => {
                // The least polygon is its byte order, its type and a count.
                let count = self.count("polygons", 9)?;
                let mut parts = Vec::with_capacity(count);
                for part in 0..count {
                    let (kind, dimensions) = self.head()?;
                    if kind != POLYGON {
                        return Err(WkbError::Kind { kind: format!("MultiPolygon with a {} in it", name(kind)) });
                    }
                    parts.extend(self.polygon(part, dimensions)?);
                }
                Ok(parts)
            }
            other => Err(WkbError::Kind { kind: name(other) }),
        }
    }

    /// Byte order, type and reference; gives the plain type and the numbers per corner.
    fn head(&mut self) -> Result<(u32, usize), WkbError> {
        let [order] = self.take::<1>("the byte order")?;
        self.big = match order {
            0 => true,
            1 => false,
            other => return Err(WkbError::ByteOrder(other)),
        };
        let word = self.word("the geometry type")?;
        let flags = word & (FLAG_Z | FLAG_M | FLAG_SRID);
        if flags & FLAG_SRID != 0 {
            let reference = self.word("the reference")?;
            if reference != WGS84 && reference != 0 {
                return Err(WkbError::Reference(reference));
            }
        }
        let (thousands, kind) = ((word & !flags) / 1000, (word & !flags) % 1000);
        // The OGC's own way to say Z, M and ZM.
        let (z, m) = match thousands {
            0 => (flags & FLAG_Z != 0, flags & FLAG_M != 0),
            1 => (true, false),
            2 => (false, true),
            3 => (true, true),
            _ => return Err(WkbError::Kind { kind: format!("geometry of unknown type {word}") }),
        };
        Ok((kind, 2 + usize::from(z) + usize::from(m)))
    }

    fn polygon(&mut self, part: usize, dimensions: usize) -> Result<Option<Part>, WkbError> {
        let count = self.count("rings", 4)?;
        let mut rings = Vec::with_capacity(count);
        for ring in 0..count {
            let corners = self.ring(part, ring, dimensions)?;
            // An empty outer ring is how some writers say that a polygon is empty.
            if corners.is_empty() && ring == 0 && count == 1 {
                return Ok(None);
            }
            rings.push(corners);
        }
        Ok((!rings.is_empty()).then_some(Part::Polygon(rings)))
    }

    fn ring(&mut self, part: usize, ring: usize, dimensions: usize) -> Result<Ring, WkbError> {
        let count = self.count("corners", 8 * dimensions)?;
        let mut corners = Vec::with_capacity(count);
        for corner in 0..count {
            let [longitude, latitude] = [self.number()?, self.number()?];
            for _ in 2..dimensions {
                self.number()?;
            }
            if !longitude.is_finite() || !(-90.0..=90.0).contains(&latitude) {
                return Err(WkbError::Corner { part, ring, corner, longitude, latitude });
            }
            corners.push([longitude, latitude]);
        }
        Ok(corners)
    }

    /// A count of things of at least `least` bytes each, which the bytes can hold.
    fn count(&mut self, what: &'static str, least: usize) -> Result<usize, WkbError> {
        let count = self.word(what)?;
        let too_many = WkbError::Count { count, what, left: self.left.len() };
        usize::try_from(count).ok().filter(|count| *count <= self.left.len() / least).ok_or(too_many)
    }

    fn word(&mut self, what: &'static str) -> Result<u32, WkbError> {
        let bytes = self.take(what)?;
        Ok(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn number(&mut self) -> Result<f64, WkbError> {
        let bytes = self.take("a coordinate")?;
        Ok(if self.big { f64::from_be_bytes(bytes) } else { f64::from_le_bytes(bytes) })
    }

    fn take<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], WkbError> {
        let (bytes, left) = self.left.split_first_chunk().ok_or(WkbError::Short { bytes: self.whole, what })?;
        self.left = left;
        Ok(*bytes)
    }
}

/// A geometry type as people call it.
fn name(kind: u32) -> String {
    let known = ["Geometry", "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"];
    let known = known.get(kind as usize).copied().or((kind == 7).then_some("GeometryCollection"));
    known.map_or_else(|| format!("geometry of unknown type {kind}"), str::to_owned)
}

#[cfg(test)]
mod tests;
