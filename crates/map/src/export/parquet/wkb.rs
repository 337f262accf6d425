//! Points and polygons as little-endian well-known binary: OGC 06-103r4 section 8.

const POINT: u32 = 1;
const POLYGON: u32 = 3;
const MULTI_POLYGON: u32 = 6;

/// A point.
pub(super) fn point([x, y]: [f64; 2]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(21);
    head(&mut bytes, POINT);
    bytes.extend([x, y].iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// A Polygon of one open ring, or a MultiPolygon of several; rings are closed here.
pub(super) fn polygons(rings: &[Vec<[f64; 2]>]) -> Vec<u8> {
    let corners: usize = rings.iter().map(|ring| ring.len() + 1).sum();
    let mut bytes = Vec::with_capacity(16 * corners + 13 * rings.len() + 9);
    if let [ring] = rings {
        polygon(&mut bytes, ring);
    } else {
        head(&mut bytes, MULTI_POLYGON);
        count(&mut bytes, rings.len());
        for ring in rings {
            polygon(&mut bytes, ring);
        }
    }
    bytes
}

/// Whether the bytes are those of a MultiPolygon.
pub(super) fn is_multi(bytes: &[u8]) -> bool {
    bytes.get(1..5) == Some(&MULTI_POLYGON.to_le_bytes())
}

fn polygon(bytes: &mut Vec<u8>, ring: &[[f64; 2]]) {
    head(bytes, POLYGON);
    count(bytes, 1);
    count(bytes, ring.len() + 1);
    for corner in ring.iter().chain(ring.first()) {
        bytes.extend(corner.iter().flat_map(|degrees| degrees.to_le_bytes()));
    }
}

fn head(bytes: &mut Vec<u8>, kind: u32) {
    bytes.push(1);
    bytes.extend(kind.to_le_bytes());
}

/// Rings of a cell are few, and so are their corners.
fn count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend((count as u32).to_le_bytes());
}
