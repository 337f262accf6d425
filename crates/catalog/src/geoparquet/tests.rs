use std::{fs, path::Path, sync::Arc};

use arrow_array::{
    ArrayRef, BinaryArray, LargeStringArray, RecordBatch, StringArray, StringViewArray, StructArray,
    TimestampMillisecondArray, TimestampNanosecondArray,
};
use arrow_schema::{DataType, Field};
use parquet::{arrow::ArrowWriter, file::metadata::KeyValue};
use serde_json::json;

use super::*;
use crate::{
    area::{Area, Part},
    catalog::{Catalog, Entry},
};

const CAT_NEON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/catalog/cat_neon.parquet");

fn ring(west: f64) -> Vec<[f64; 2]> {
    vec![[west, 0.0], [west + 2.0, 0.0], [west + 2.0, 3.0], [west, 0.0]]
}

fn catalog() -> Catalog {
    let text = |text: &str| Some(text.to_owned());
    let full = Entry {
        id: "A.h5".to_owned(),
        collection: text("ATL06_007"),
        footprint: Some(Area::of_ring(ring(179.0))),
        https: text("https://host/A.h5"),
        s3: text("s3://bucket/A.h5"),
        metadata: text("https://host/A.xml"),
        thumbnails: vec![("thumbnail_0".to_owned(), "https://host/A.png".to_owned())],
        datetime_us: Some(1_546_705_988_267_000),
        start_us: Some(1_546_705_988_267_000),
        end_us: Some(-1),
    };
    let parts = [1.0, 5.0].map(|west| Part::Polygon(vec![ring(west)])).to_vec();
    let two = Entry { id: "B.h5".to_owned(), footprint: Some(Area { parts }), ..Entry::default() };
    let bare = Entry { id: "é".to_owned(), s3: text("s3://bucket/é"), ..Entry::default() };
    let metadata = json!({"source": "CMR-STAC", "bbox": [-76.5, 38.0, -76.0, 39.25], "total_granules": 3});
    Catalog { metadata: metadata.as_object().unwrap().clone(), entries: vec![full, two, bare] }
}

#[test]
fn a_written_catalog_reads_back_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("granules.parquet");
    write(&catalog(), &path).unwrap();
    assert_eq!(read(&path).unwrap(), catalog());
    let first = fs::read(&path).unwrap();
    write(&catalog(), &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), first, "the same catalog gives the same bytes");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the file");
    let empty = Catalog { metadata: catalog().metadata, entries: Vec::new() };
    write(&empty, &path).unwrap();
    assert_eq!(read(&path).unwrap(), empty);
}

#[test]
fn a_catalog_that_cannot_be_written_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("granules.parquet");
    write(&catalog(), &path).unwrap();
    let mut band = catalog();
    band.entries[1].footprint = Some(Area { parts: vec![Part::Band { south_deg: 1.0, north_deg: 2.0 }] });
    let error = write(&band, &path).unwrap_err();
    assert!(matches!(&error, GeoparquetError::Footprint { row: 1, id, .. } if id == "B.h5"), "{error}");
    assert_eq!(read(&path).unwrap(), catalog());
    let nowhere = folder.path().join("absent/granules.parquet");
    assert!(matches!(write(&catalog(), &nowhere), Err(GeoparquetError::Write { .. })));
}

/// A file of the given columns, as some other program would write it.
fn foreign(path: &Path, columns: Vec<(&str, ArrayRef)>, notes: Option<Vec<KeyValue>>) {
    let rows = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true))).unwrap();
    let mut writer = ArrowWriter::try_new(fs::File::create(path).unwrap(), rows.schema(), None).unwrap();
    for note in notes.into_iter().flatten() {
        writer.append_key_value_metadata(note);
    }
    writer.write(&rows).unwrap();
    writer.close().unwrap();
}

fn asset(hrefs: Vec<Option<&str>>, roles: Option<&str>) -> ArrayRef {
    let mut fields: Vec<(Arc<Field>, ArrayRef)> = vec![(
        Arc::new(Field::new("href", DataType::LargeUtf8, true)),
        Arc::new(LargeStringArray::from(hrefs.clone())),
    )];
    if let Some(role) = roles {
        use arrow_array::builder::{ListBuilder, StringBuilder};
        let mut lists = ListBuilder::new(StringBuilder::new());
        for _ in hrefs {
            lists.values().append_value("other");
            lists.values().append_value(role);
            lists.append(true);
        }
        let lists: ArrayRef = Arc::new(lists.finish());
        fields.push((Arc::new(Field::new("roles", lists.data_type().clone(), true)), lists));
    }
    Arc::new(StructArray::from(fields))
}

fn structs(columns: Vec<(&str, ArrayRef)>) -> ArrayRef {
    let field = |name: &str, column: &ArrayRef| Arc::new(Field::new(name, column.data_type().clone(), true));
    Arc::new(StructArray::from(columns.into_iter().map(|(n, c)| (field(n, &c), c)).collect::<Vec<_>>()))
}

fn footprints() -> ArrayRef {
    let bytes = wkb::format(&Area::of_ring(ring(1.0))).unwrap();
    Arc::new(BinaryArray::from(vec![Some(bytes.as_slice()), None]))
}

fn ids() -> ArrayRef {
    Arc::new(StringViewArray::from(vec!["A", "B"]))
}

#[test]
fn columns_are_found_by_name_whatever_their_order_and_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign.parquet");
    let assets = structs(vec![
        ("browse", asset(vec![Some("https://host/a.png"), None], Some("browse"))),
        ("gov/nsidc/A", asset(vec![Some("https://host/A.h5"), None], Some("data"))),
        ("s3_s3://A", asset(vec![Some("s3://bucket/A.h5"), Some("")], Some("data"))),
        ("red", asset(vec![Some("s3://bucket/red.tif"), None], Some("data"))),
        ("metadata", asset(vec![None, Some("https://host/B.xml")], None)),
    ]);
    let columns = vec![
        ("end_datetime", Arc::new(StringArray::from(vec!["2019-01-05T16:33:08.267Z", "2019-01-05T16:33:08"])) as _),
        ("assets", assets),
        ("start_datetime", Arc::new(TimestampNanosecondArray::from(vec![Some(-1), None])) as _),
        ("eo:cloud_cover", Arc::new(StringArray::from(vec!["1", "2"])) as _),
        ("geometry", footprints()),
        ("id", ids()),
        ("datetime", Arc::new(TimestampMillisecondArray::from(vec![5, 6])) as _),
        ("collection", Arc::new(LargeStringArray::from(vec!["c", "c"])) as _),
    ];
    foreign(&path, columns, None);
    let found = read(&path).unwrap();
    let [a, b] = &found.entries[..] else { panic!("two rows") };
    assert_eq!(a.https.as_deref(), Some("https://host/A.h5"));
    assert_eq!(a.s3.as_deref(), Some("s3://bucket/A.h5"));
    assert_eq!(a.thumbnails, [("browse".to_owned(), "https://host/a.png".to_owned())]);
    assert_eq!((a.datetime_us, a.start_us, a.end_us), (Some(5_000), Some(-1), Some(1_546_705_988_267_000)));
    assert_eq!((b.datetime_us, b.start_us, b.end_us), (Some(6_000), None, Some(1_546_705_988_000_000)));
    assert_eq!((&b.https, &b.s3, b.metadata.as_deref()), (&None, &None, Some("https://host/B.xml")));
    assert_eq!((&a.footprint, &b.footprint), (&Some(Area::of_ring(ring(1.0))), &None));
    assert_eq!(json!(found.metadata), json!({"source": "stac-geoparquet", "collection": "c", "total_granules": 2}));
}

#[test]
fn what_is_wrong_is_named_with_its_column_and_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.parquet");
    let assets = || structs(vec![("data", asset(vec![Some("https://host/A.h5"), None], None))]);
    let read_with = |columns: Vec<(&str, ArrayRef)>, notes| {
        foreign(&path, columns, notes);
        read(&path).unwrap_err()
    };
    let error = read_with(vec![("id", ids()), ("assets", assets())], None);
    assert!(matches!(error, GeoparquetError::NoColumn { column: "geometry", .. }), "{error}");
    let error = read_with(vec![("id", ids()), ("assets", ids()), ("geometry", footprints())], None);
    assert!(matches!(&error, GeoparquetError::ColumnType { column, .. } if column == "assets"), "{error}");
    let error = read_with(vec![("id", ids()), ("assets", assets()), ("geometry", assets())], None);
    assert!(matches!(&error, GeoparquetError::ColumnType { column, .. } if column == "geometry"), "{error}");
    let nameless: ArrayRef = Arc::new(StringArray::from(vec![Some("A"), None]));
    let error = read_with(vec![("id", nameless), ("assets", assets()), ("geometry", footprints())], None);
    assert!(matches!(error, GeoparquetError::NoId { row: 1, .. }), "{error}");
    let points: ArrayRef = Arc::new(BinaryArray::from(vec![None, Some(&[1u8, 1, 0, 0, 0][..])]));
    let error = read_with(vec![("id", ids()), ("assets", assets()), ("geometry", points)], None);
    assert!(matches!(&error, GeoparquetError::Footprint { row: 1, id, .. } if id == "B"), "{error}");
    let late: ArrayRef = Arc::new(StringArray::from(vec![None, Some("yesterday")]));
    let columns = vec![("id", ids()), ("assets", assets()), ("geometry", footprints()), ("datetime", late)];
    let error = read_with(columns, None);
    assert!(matches!(&error, GeoparquetError::Value { row: 1, found, .. } if found == "yesterday"), "{error}");
    let notes = Some(vec![KeyValue::new("zagg:catalog_meta".to_owned(), "[1]".to_owned())]);
    let error = read_with(vec![("id", ids()), ("assets", assets()), ("geometry", footprints())], notes);
    assert!(matches!(error, GeoparquetError::Metadata { .. }), "{error}");
    fs::write(&path, b"{}").unwrap();
    assert!(matches!(read(&path), Err(GeoparquetError::Parquet { .. })));
    let absent = read(&folder.path().join("absent")).unwrap_err();
    assert_eq!(absent.fault(), zagg_core::fault::Fault::Missing);
}

/// A small generator of numbers (Steele et al. 2014, SplitMix64).
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((mixed ^ (mixed >> 31)) >> 1).unwrap()
}

#[test]
fn a_damaged_file_is_an_error_or_reads_as_something_and_never_ends_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.parquet");
    write(&catalog(), &path).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut state = 7;
    let mut refused = 0;
    for _ in 0..3000 {
        let mut bytes = whole.clone();
        for _ in 0..1 + next(&mut state) % 4 {
            let place = next(&mut state) % bytes.len();
            bytes[place] = match next(&mut state) % 3 {
                0 => 0xff,
                1 => bytes[place] ^ (1 << (next(&mut state) % 8)),
                _ => u8::try_from(next(&mut state) % 256).unwrap(),
            };
        }
        if next(&mut state).is_multiple_of(8) {
            bytes.truncate(next(&mut state) % whole.len());
        }
        fs::write(&path, &bytes).unwrap();
        refused += usize::from(read(&path).is_err());
    }
    assert!(refused > 1000, "{refused} of 3000 damaged files were refused");
}

#[test]
#[ignore = "needs ../shared"]
fn a_real_catalog_survives_a_round_trip() {
    let real = read(Path::new(CAT_NEON)).unwrap();
    assert_eq!(real.entries.len(), 2089);
    assert_eq!(real.metadata["total_granules"], 555_867);
    let first = &real.entries[0];
    assert_eq!(first.id, "ATL03_20181014031924_02370102_007_01.h5");
    assert_eq!(first.collection.as_deref(), Some("ATL03_007"));
    assert_eq!(first.start_us, Some(1_539_487_164_370_000));
    assert_eq!(first.end_us, Some(1_539_487_674_577_000));
    for entry in &real.entries {
        let Some(Area { parts }) = &entry.footprint else { panic!("{} has no footprint", entry.id) };
        let [Part::Polygon(rings)] = &parts[..] else { panic!("{} has one part", entry.id) };
        assert!(rings.len() == 1 && (9..=51).contains(&rings[0].len()) && rings[0].first() == rings[0].last());
        // Some ids have more behind the file's name.
        let names = |href: &Option<String>| {
            href.as_ref().is_some_and(|href| href.rsplit('/').next().is_some_and(|file| entry.id.starts_with(file)))
        };
        assert!(names(&entry.https) && names(&entry.s3), "{entry:?}");
        assert!(entry.metadata.is_some() && entry.thumbnails.is_empty());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("granules.parquet");
    write(&real, &path).unwrap();
    assert_eq!(read(&path).unwrap(), real);
}
