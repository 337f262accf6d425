use bytes::Bytes;

use super::*;
use crate::hdf5::fixture::{FILL, ROWS, height, latitude, planned, quality, stored, table};

fn gathered(name: &str, rows: &[u64], column: Option<usize>, fills: Fills) -> Gathered {
    let (granule, plan) = planned(name);
    let stored = stored(&granule, &plan, &plan.pieces_for_rows(rows, column).unwrap());
    plan.gather(rows, column, fills, |piece| find(&stored, piece)).unwrap()
}

fn find(stored: &[(u64, Bytes)], piece: u64) -> Option<&[u8]> {
    stored.iter().find(|(number, _)| *number == piece).map(|(_, bytes)| bytes.as_ref())
}

fn sparse() -> Vec<u64> {
    (0..ROWS).filter(|row| row % 37 == 0 || row % 50 == 7 || *row > 1040).collect()
}

#[test]
fn chosen_rows_of_every_filter_chain_are_the_values_written() {
    for name in ["latitude", "twice"] {
        let got = gathered(name, &sparse(), None, Fills::Missing);
        assert_eq!(got.column, Column::F64(sparse().into_iter().map(latitude).collect()), "{name}");
    }
}

#[test]
fn fill_values_become_nan_and_are_counted() {
    let got = gathered("h_li", &sparse(), None, Fills::Missing);
    let Column::F32(values) = got.column else { panic!("{:?}", got.column) };
    assert_eq!(got.fills, 21);
    for (row, value) in sparse().into_iter().zip(values) {
        assert!(if height(row) == FILL { value.is_nan() } else { value == height(row) }, "{row}");
    }
    let kept = gathered("h_li", &sparse(), None, Fills::Keep);
    assert_eq!(kept.column, Column::F32(sparse().into_iter().map(height).collect()));
    assert_eq!(kept.fills, 21);
}

#[test]
fn integers_are_widened_and_become_floats_only_where_a_value_is_missing() {
    let got = gathered("quality", &[0, 1, 2], None, Fills::Missing);
    assert_eq!(got.column, Column::I64(vec![-1, 0, 1]));
    let got = gathered("quality", &[2, 3, 4], None, Fills::Missing);
    let Column::F64(values) = got.column else { panic!("{:?}", got.column) };
    assert!(values[0] == 1.0 && values[1].is_nan() && values[2] == f64::from(quality(4)));
    let kept = gathered("quality", &[2, 3], None, Fills::Keep);
    assert_eq!((kept.column, kept.fills), (Column::I64(vec![1, 127]), 1));
    assert_eq!(gathered("few", &[0, 2], None, Fills::Missing).column, Column::U64(vec![1, 0x1234]));
}

#[test]
fn big_endian_values_are_turned() {
    let (_, mut plan) = planned("few");
    plan.element.order = crate::hdf5::ByteOrder::Big;
    let got = plan.gather(&[1, 2], None, Fills::Keep, |_| None).unwrap();
    assert_eq!(got.column, Column::U64(vec![0x0200, 0x3412]));
    assert_eq!(plan.piece_bytes(0, None).unwrap(), [0, 1, 0, 2, 0x12, 0x34]);
}

#[test]
fn one_column_of_a_table_is_read_out_of_its_chunks() {
    for column in 0..5 {
        let got = gathered("table", &sparse(), Some(column), Fills::Missing);
        let expected = sparse().into_iter().map(|row| table(row, column as u64)).collect();
        assert_eq!(got.column, Column::F32(expected), "{column}");
    }
}

#[test]
fn a_range_of_rows_is_the_same_as_its_list() {
    for (name, column) in [("latitude", None), ("h_li", None), ("table", Some(4)), ("flat", None), ("twice", None)] {
        let (granule, plan) = planned(name);
        for range in [0..1, 95..105, 3..1050, 1049..1050, 10..10] {
            let rows: Vec<u64> = range.clone().collect();
            let stored = stored(&granule, &plan, &plan.pieces_for_range(range.clone(), column).unwrap());
            let by_range = plan.read_rows(range, column, Fills::Keep, |piece| find(&stored, piece)).unwrap();
            let by_list = plan.gather(&rows, column, Fills::Keep, |piece| find(&stored, piece)).unwrap();
            assert_eq!(by_range, by_list, "{name}");
            assert_eq!(by_range.column.len(), rows.len());
        }
    }
}

#[test]
fn a_contiguous_dataset_is_gathered_across_its_runs() {
    let rows = [0, 1, 16_383, 16_384, 39_999];
    let got = gathered("flat", &rows, None, Fills::Missing);
    assert_eq!(got.column, Column::I64(rows.iter().map(|row| 7 - 3 * *row as i64).collect()));
}

#[test]
fn coordinates_are_decoded_piece_by_piece() {
    let (granule, plan) = planned("h_li");
    let pieces = plan.pieces_for_range(0..ROWS, None).unwrap();
    let stored = stored(&granule, &plan, &pieces);
    let mut values = Vec::new();
    for piece in pieces {
        plan.decode_f64(piece, None, find(&stored, piece), &mut values).unwrap();
    }
    assert_eq!(values.len() as u64, ROWS);
    assert!(values[7].is_nan() && values[1049] == f64::from(height(1049)));
}

#[test]
fn a_piece_that_was_not_fetched_or_is_cut_is_an_error() {
    let (granule, plan) = planned("latitude");
    let nothing = plan.gather(&[0], None, Fills::Keep, |_| None);
    assert!(matches!(nothing, Err(Hdf5Error::NotFetched { piece: 0, .. })));
    let stored = stored(&granule, &plan, &[0]);
    let cut = plan.gather(&[0], None, Fills::Keep, |_| Some(&stored[0].1[..9]));
    assert!(matches!(cut, Err(Hdf5Error::Damaged { piece: 0, .. })));
    let mut damaged = stored[0].1.to_vec();
    damaged[40] ^= 0x55;
    assert!(matches!(plan.gather(&[0], None, Fills::Keep, |_| Some(&damaged)), Err(Hdf5Error::Damaged { .. })));
}

#[test]
fn places_never_written_have_the_unwritten_value_or_are_refused() {
    let (_, mut plan) = planned("latitude");
    if let crate::hdf5::Layout::Chunked { chunks, .. } = &mut plan.layout {
        chunks.clear();
    }
    plan.unwritten = Some(crate::hdf5::Bits(2.5f64.to_bits()));
    let got = plan.gather(&[0, 500], None, Fills::Missing, |_| None).unwrap();
    assert_eq!(got.column, Column::F64(vec![2.5, 2.5]));
    plan.unwritten = None;
    let refused = plan.gather(&[0], None, Fills::Missing, |_| None);
    assert!(matches!(refused, Err(Hdf5Error::Unsupported { .. })));
}
