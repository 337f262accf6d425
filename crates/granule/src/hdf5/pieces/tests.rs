use crate::error::Hdf5Error;
use crate::hdf5::fixture::{ROWS, planned};

#[test]
fn rows_are_found_in_their_chunks() {
    let (_, plan) = planned("latitude");
    assert_eq!(plan.pieces_for_rows(&[0, 5, 99, 100, 1049], None).unwrap(), [0, 1, 10]);
    assert_eq!(plan.pieces_for_range(99..201, None).unwrap(), [0, 1, 2]);
    assert!(plan.pieces_for_range(5..5, None).unwrap().is_empty());
    assert_eq!(plan.piece_rows(10, None).unwrap(), 1000..ROWS);
    assert!(plan.extent(10).is_some() && plan.extent(11).is_none());
}

#[test]
fn a_column_is_found_in_the_chunks_that_hold_it() {
    let (_, plan) = planned("table");
    assert_eq!(plan.pieces_for_rows(&[0, 250], Some(2)).unwrap(), [0, 4]);
    assert_eq!(plan.pieces_for_rows(&[0, 250], Some(3)).unwrap(), [1, 5]);
    assert_eq!(plan.piece_rows(5, Some(3)).unwrap(), 200..300);
    for column in [None, Some(5)] {
        assert!(matches!(plan.pieces_for_rows(&[0], column), Err(Hdf5Error::BadColumn { .. })));
    }
    let (_, flat) = planned("latitude");
    assert!(matches!(flat.pieces_for_rows(&[0], Some(1)), Err(Hdf5Error::BadColumn { .. })));
}

#[test]
fn a_contiguous_dataset_is_read_in_runs_of_rows() {
    let (_, plan) = planned("flat");
    let pieces = plan.pieces_for_range(0..40_000, None).unwrap();
    assert_eq!(pieces, [0, 1, 2]);
    let extents: Vec<_> = pieces.iter().map(|piece| plan.extent(*piece).unwrap()).collect();
    assert_eq!(extents.iter().map(|extent| extent.size).sum::<u64>(), 160_000);
    assert!(extents.windows(2).all(|pair| pair[0].range().end == pair[1].address));
    assert_eq!(plan.piece_rows(2, None).unwrap(), 32_768..40_000);
}

#[test]
fn rows_past_the_end_or_out_of_order_are_a_defect() {
    let (_, plan) = planned("latitude");
    assert!(matches!(plan.pieces_for_rows(&[ROWS], None), Err(Hdf5Error::BadRow { .. })));
    assert!(matches!(plan.pieces_for_rows(&[5, 4], None), Err(Hdf5Error::BadRow { row: 4, .. })));
    assert!(matches!(plan.pieces_for_range(0..ROWS + 1, None), Err(Hdf5Error::BadRow { .. })));
}
