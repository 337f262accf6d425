//! Datasets in the layout of the products.

use hdf5_writer::{
    AttributeBuilder, ByteOrder, DatasetBuilder, FILTER_DEFLATE, FILTER_SHUFFLE, FilterDescription, H5WriteElement,
    Hdf5Builder, UNLIMITED, WriteOptions,
};

use crate::parameters::Layout;

/// How one dataset is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) layout: Layout,
}

/// What a dataset says about itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<T> {
    /// `units` attribute.
    pub(crate) units: &'static str,
    /// `long_name` attribute.
    pub(crate) long_name: &'static str,
    /// Fill value, also the `_FillValue` attribute.
    pub(crate) fill: Option<T>,
}

impl<T> About<T> {
    pub(crate) fn new(units: &'static str, long_name: &'static str) -> Self {
        Self { units, long_name, fill: None }
    }

    pub(crate) fn fill(mut self, fill: T) -> Self {
        self.fill = Some(fill);
        self
    }
}

impl Writer {
    /// A dataset of `width` values a row (1: one-dimensional). Integers are shuffled before they
    /// are deflated, floats are not: so the products do it.
    pub(crate) fn dataset<T: H5WriteElement>(
        self,
        path: String,
        values: &[T],
        width: u64,
        about: About<T>,
    ) -> hdf5_writer::Result<DatasetBuilder> {
        let rows = values.len() as u64 / width.max(1);
        let shape = |rows| if width == 1 { vec![rows] } else { vec![rows, width] };
        let mut dataset = DatasetBuilder::typed_with_order::<T>(path, shape(rows), ByteOrder::LittleEndian)
            .data(values)?
            .attribute(AttributeBuilder::fixed_string("units", about.units))
            .attribute(AttributeBuilder::fixed_string("long_name", about.long_name));
        if let Some(fill) = about.fill {
            let mut bytes = Vec::new();
            fill.write_one(ByteOrder::LittleEndian, &mut bytes);
            dataset = dataset.fill_value(bytes).attribute(AttributeBuilder::scalar("_FillValue", fill)?);
        }
        let Layout::Chunked(chunk) = self.layout else { return Ok(dataset) };
        dataset = dataset.chunked(shape(chunk)).max_shape(shape(UNLIMITED));
        if matches!(T::hdf5_type(), hdf5_writer::Datatype::FixedPoint { .. }) {
            dataset = dataset.filter(filter(FILTER_SHUFFLE, size_of::<T>() as u32));
        }
        Ok(dataset.filter(filter(FILTER_DEFLATE, 6)))
    }
}

fn filter(id: u16, parameter: u32) -> FilterDescription {
    FilterDescription { id, name: None, client_data: vec![parameter] }
}

/// An empty file of `product`, with the attributes and the clock that products have.
pub(crate) fn file(product: &str) -> hdf5_writer::Result<Hdf5Builder> {
    // GPS seconds of 2018-01-01, the zero of `delta_time`.
    let epoch = DatasetBuilder::typed_data("ancillary_data/atlas_sdp_gps_epoch", vec![1], &[1_198_800_018.0_f64])?
        .attribute(AttributeBuilder::fixed_string("units", "seconds since 1980-01-06T00:00:00.000000Z"));
    Ok(Hdf5Builder::new()
        .attribute(AttributeBuilder::fixed_string("short_name", product))
        .attribute(AttributeBuilder::fixed_string("description", "Synthetic sample; the values are not measurements"))
        .dataset(epoch))
}

/// The file's bytes.
pub(crate) fn encode(file: Hdf5Builder) -> hdf5_writer::Result<Vec<u8>> {
    file.into_plan()?.encode(WriteOptions::default())
}
