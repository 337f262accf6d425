use super::*;

const SQUARE: [[f64; 2]; 5] = [[0.0, 0.0], [2.0, 0.0], [2.0, 3.0], [0.0, 3.0], [0.0, 0.0]];

/// A polygon of one ring as bytes: `type_word` as given, `extra` numbers after each corner.
fn polygon(big: bool, type_word: u32, reference: Option<u32>, ring: &[[f64; 2]], extra: usize) -> Vec<u8> {
    let word = |word: u32| if big { word.to_be_bytes() } else { word.to_le_bytes() };
    let number = |number: f64| if big { number.to_be_bytes() } else { number.to_le_bytes() };
    let mut bytes = vec![u8::from(!big)];
    bytes.extend(word(type_word));
    bytes.extend(reference.iter().flat_map(|reference| word(*reference)));
    bytes.extend(word(1));
    bytes.extend(word(ring.len() as u32));
    for corner in ring {
        bytes.extend(corner.iter().flat_map(|degrees| number(*degrees)));
        bytes.extend((0..extra).flat_map(|_| number(123.5)));
    }
    bytes
}

fn square() -> Area {
    Area::of_ring(SQUARE.to_vec())
}

#[test]
fn either_byte_order_and_any_dimension_gives_the_same_polygon() {
    for big in [false, true] {
        for (type_word, extra) in
            [(3, 0), (1003, 1), (2003, 1), (3003, 2), (3 | FLAG_Z, 1), (3 | FLAG_M, 1), (3 | FLAG_Z | FLAG_M, 2)]
        {
            assert_eq!(parse(&polygon(big, type_word, None, &SQUARE, extra)), Ok(square()), "{big} {type_word:#x}");
        }
        assert_eq!(parse(&polygon(big, 3 | FLAG_SRID, Some(4326), &SQUARE, 0)), Ok(square()));
        assert_eq!(parse(&polygon(big, 3 | FLAG_SRID | FLAG_Z, Some(0), &SQUARE, 1)), Ok(square()));
    }
}

#[test]
fn another_reference_than_wgs84_is_refused() {
    let found = parse(&polygon(false, 3 | FLAG_SRID, Some(3031), &SQUARE, 0));
    assert_eq!(found, Err(WkbError::Reference(3031)));
}

#[test]
fn parts_and_holes_come_back_as_they_were_written() {
    let hole = vec![[0.5, 0.5], [1.0, 0.5], [1.0, 1.0], [0.5, 0.5]];
    let far = vec![[170.0, -90.0], [190.0, -80.0], [180.0, -70.0], [170.0, -90.0]];
    let area = Area { parts: vec![Part::Polygon(vec![SQUARE.to_vec(), hole]), Part::Polygon(vec![far])] };
    let bytes = format(&area).unwrap();
    assert_eq!(bytes[..5], [1, 6, 0, 0, 0]);
    assert_eq!(parse(&bytes), Ok(area));
    assert_eq!(format(&square()).unwrap(), polygon(false, 3, None, &SQUARE, 0));
}

#[test]
fn an_open_ring_is_written_closed() {
    let bytes = format(&Area::of_ring(SQUARE[..4].to_vec())).unwrap();
    assert_eq!(parse(&bytes), Ok(square()));
}

#[test]
fn an_empty_polygon_has_no_part() {
    for bytes in [vec![1, 3, 0, 0, 0, 0, 0, 0, 0], polygon(false, 3, None, &[], 0), vec![1, 6, 0, 0, 0, 0, 0, 0, 0]] {
        assert_eq!(parse(&bytes), Ok(Area::default()));
    }
    assert_eq!(parse(&format(&Area::default()).unwrap()), Ok(Area::default()));
}

#[test]
fn other_geometries_are_named() {
    for (kind, name) in [(1, "Point"), (2, "LineString"), (7, "GeometryCollection"), (17, "unknown type 17")] {
        let error = parse(&polygon(false, kind, None, &SQUARE, 0)).unwrap_err();
        assert!(matches!(error, WkbError::Kind { .. }) && error.to_string().contains(name), "{error}");
    }
    let mut collection = vec![1, 6, 0, 0, 0, 1, 0, 0, 0];
    collection.extend(polygon(false, 2, None, &SQUARE, 0));
    assert!(parse(&collection).unwrap_err().to_string().contains("MultiPolygon with a LineString"));
    assert_eq!(parse(&[2, 0, 0, 0, 3]), Err(WkbError::ByteOrder(2)));
    assert_eq!(format(&Area { parts: vec![Part::Band { south_deg: 0.0, north_deg: 1.0 }] }), Err(WkbError::Band));
}

#[test]
fn corners_off_the_earth_are_named() {
    for bad in [[0.0, 90.5], [f64::NAN, 0.0], [f64::INFINITY, 0.0], [0.0, f64::NAN]] {
        let mut ring = SQUARE;
        ring[2] = bad;
        let error = parse(&polygon(false, 3, None, &ring, 0)).unwrap_err();
        assert!(matches!(error, WkbError::Corner { part: 0, ring: 0, corner: 2, .. }), "{error}");
    }
}

#[test]
fn truncated_or_lying_bytes_are_errors_and_never_allocations() {
    let mut bytes = vec![1, 6, 0, 0, 0, 1, 0, 0, 0];
    bytes.extend(polygon(true, 1003, None, &SQUARE, 1));
    assert!(parse(&bytes).is_ok());
    for end in 0..bytes.len() {
        assert!(parse(&bytes[..end]).is_err(), "{end} bytes");
    }
    for place in [5, 10, 14, 18] {
        let mut lying = bytes.clone();
        lying[place..place + 4].fill(0xff);
        assert!(parse(&lying).is_err(), "a lie at {place}");
    }
    bytes.push(0);
    assert_eq!(parse(&bytes), Err(WkbError::Trailing(1)));
}
