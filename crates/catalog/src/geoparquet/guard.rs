//! What is checked of a Parquet file before its decoder is let loose on it.

use parquet::{errors::ParquetError, file::metadata::ParquetMetaData};

/// Whether every column lies within the file, and the numbers of rows agree.
///
/// # Errors
/// When not: the file is damaged, and its decoder might stumble over it.
pub(crate) fn check(metadata: &ParquetMetaData, file_bytes: u64) -> Result<(), ParquetError> {
    let damaged = |what: &str| Err(ParquetError::General(what.to_owned()));
    let mut rows: i64 = 0;
    for group in metadata.row_groups() {
        if group.num_rows() < 0 {
            return damaged("a row group has a negative number of rows");
        }
        rows = rows.saturating_add(group.num_rows());
        for column in group.columns() {
            let start =
                column.dictionary_page_offset().filter(|offset| *offset > 0).unwrap_or(column.data_page_offset());
            let start = start.min(column.data_page_offset());
            let within = |start: u64, bytes: u64| start.checked_add(bytes).is_some_and(|end| end <= file_bytes);
            let within = match (u64::try_from(start), u64::try_from(column.compressed_size())) {
                (Ok(start), Ok(bytes)) => within(start, bytes),
                _ => false,
            };
            if !within || column.dictionary_page_offset().is_some_and(|offset| offset < 0) {
                return damaged("a column lies outside of the file");
            }
        }
    }
    if rows != metadata.file_metadata().num_rows() {
        return damaged("the row groups have another number of rows than the file");
    }
    Ok(())
}
