//! From a dataset's path to its plan, over metadata that is in memory.

use std::sync::Arc;

use hdf5_reader::error::Error as ParserError;
use hdf5_reader::group::Group;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::dataspace::DataspaceMessage;
use hdf5_reader::messages::fill_value::{FillTime, FillValueMessage};
use hdf5_reader::messages::filter_pipeline::FilterPipelineMessage;
use hdf5_reader::messages::layout::{ChunkIndexing, DataLayout};
use hdf5_reader::messages::link::LinkTarget;
use hdf5_reader::{Attribute, Dataset, Datatype, Hdf5File, OpenOptions};

use super::MAX_CHUNK_BYTES;
use super::blocks::Blocks;
use super::dataset::{DatasetPlan, Layout, Planned};
use super::element::{Bits, ByteOrder, Element, NotRead};
use super::filter::{FilterSpec, Stored, pipeline};
use super::index::Grid;
use super::path::DatasetPath;
use crate::error::Hdf5Error;

/// Object headers of real granules have some kilobytes.
const MAX_OBJECT_HEADER: usize = 4 << 20;

/// The message that says how a file's space is managed, and its value for pages.
const FILE_SPACE_INFO: u16 = 0x17;
const PAGED: u8 = 1;

type Result<T> = std::result::Result<T, Hdf5Error>;

/// Opens the granule's metadata.
pub(super) fn open(blocks: &Arc<Blocks>) -> Result<Hdf5File> {
    let options = OpenOptions::default().with_max_object_header_bytes(MAX_OBJECT_HEADER).with_chunk_cache_bytes(0);
    let storage: Arc<Blocks> = Arc::clone(blocks);
    let file = Hdf5File::from_storage_with_options(storage, options).map_err(|error| metadata("/", error))?;
    let (end, length) = (file.superblock().eof_address, hdf5_reader::Storage::len(blocks.as_ref()));
    // What the library calls a truncated file: it ends before the end that its superblock gives.
    if end != u64::MAX && end > length {
        return Err(Hdf5Error::Inconsistent {
            path: "/".to_owned(),
            what: format!("it should have {end} bytes and has {length}: the granule is truncated"),
        });
    }
    Ok(file)
}

/// Whether the granule's metadata is gathered in pages near its beginning.
pub(super) fn is_paged(file: &Hdf5File) -> bool {
    let Some(extension) = file.superblock().extension_address else { return false };
    let Ok(header) = file.get_or_parse_header(extension) else { return false };
    header.messages.iter().any(|message| match message {
        HdfMessage::Unknown { type_id: FILE_SPACE_INFO, data } => data.get(1) == Some(&PAGED),
        _ => false,
    })
}

/// Plans every one of `wants`. All are tried even after an error, so that every block that is
/// missing gets recorded in one go; the first error is given.
pub(super) fn all(blocks: &Arc<Blocks>, wants: &[DatasetPath]) -> Result<Vec<Planned>> {
    let file = open(blocks)?;
    let length = hdf5_reader::Storage::len(blocks.as_ref());
    let planned: Vec<Result<Planned>> = wants.iter().map(|want| one(&file, want, length)).collect();
    planned.into_iter().collect()
}

/// The paths of all datasets, at most `most` of them.
pub(super) fn list(blocks: &Arc<Blocks>, most: usize) -> Result<Vec<DatasetPath>> {
    let file = open(blocks)?;
    let root = file.root_group().map_err(|error| metadata("/", error))?;
    let mut found = Vec::new();
    let mut open = vec![(String::new(), root)];
    let mut seen = std::collections::HashSet::new();
    while let Some((path, group)) = open.pop() {
        // Hard links can make a circle.
        if !seen.insert(group.address()) || found.len() >= most {
            continue;
        }
        let (groups, datasets) = group.member_names().map_err(|error| metadata(&path, error))?;
        found.extend(datasets.iter().filter_map(|name| DatasetPath::new(&format!("{path}/{name}")).ok()));
        for name in groups {
            let inner = group.group(&name).map_err(|error| metadata(&path, error))?;
            open.push((format!("{path}/{name}"), inner));
        }
    }
    found.truncate(most);
    found.sort();
    Ok(found)
}

fn one(file: &Hdf5File, want: &DatasetPath, length: u64) -> Result<Planned> {
    let mut group = file.root_group().map_err(|error| metadata("/", error))?;
    let mut walked = String::new();
    for name in want.groups() {
        if !walked.is_empty() {
            walked.push('/');
        }
        walked.push_str(name);
        group = match group.group(name) {
            Ok(group) => group,
            Err(error) if is_group_not_found(&error) => {
                refuse_unresolved(file, &group, name, &walked)?;
                return Ok(Planned::GroupAbsent { missing: walked });
            }
            Err(error) => return Err(metadata(&walked, error)),
        };
    }
    match group.dataset(want.name()) {
        Ok(dataset) => Ok(Planned::Present(Found { file, path: want, dataset: &dataset }.plan(length)?)),
        Err(error) if is_dataset_not_found(&error) => {
            refuse_unresolved(file, &group, want.name(), want.as_str())?;
            Ok(Planned::DatasetAbsent { missing: want.to_string() })
        }
        Err(error) => Err(metadata(want.as_str(), error)),
    }
}

/// A link that is there but leads nowhere, or to an object of another kind, must not pass for
/// data that was never there.
fn refuse_unresolved(file: &Hdf5File, group: &Group, name: &str, path: &str) -> Result<()> {
    let refuse = |what: &str| Hdf5Error::Unsupported { path: path.to_owned(), what: what.to_owned() };
    if group.dataset(name).is_ok() {
        return Err(refuse("a dataset where a group should be"));
    }
    if group.group(name).is_ok() {
        return Err(refuse("a group where a dataset should be"));
    }
    let header = file.get_or_parse_header(group.address()).map_err(|error| metadata(path, error))?;
    for message in &header.messages {
        match message {
            HdfMessage::Link(link) if link.name == name => match &link.target {
                LinkTarget::External { .. } => return Err(refuse("a link to another file")),
                LinkTarget::Soft { .. } => return Err(refuse("a link that leads nowhere")),
                LinkTarget::Hard { .. } => return Err(refuse("an object that is neither group nor dataset")),
            },
            _ => {}
        }
    }
    Ok(())
}

fn metadata(path: &str, source: ParserError) -> Hdf5Error {
    let path = if path.is_empty() { "/" } else { path };
    Hdf5Error::Metadata { path: path.to_owned(), source: Box::new(source) }
}

fn is_group_not_found(error: &ParserError) -> bool {
    match error {
        ParserError::GroupNotFound(_) => true,
        ParserError::Context { source, .. } => is_group_not_found(source),
        _ => false,
    }
}

fn is_dataset_not_found(error: &ParserError) -> bool {
    match error {
        ParserError::DatasetNotFound(_) => true,
        ParserError::Context { source, .. } => is_dataset_not_found(source),
        _ => false,
    }
}

/// A dataset whose object header was found.
struct Found<'a> {
    file: &'a Hdf5File,
    path: &'a DatasetPath,
    dataset: &'a Dataset,
}

/// The messages of an object header that describe a dataset.
#[derive(Default)]
struct Messages<'a> {
    space: Option<&'a DataspaceMessage>,
    layout: Option<&'a DataLayout>,
    fill: Option<&'a FillValueMessage>,
    filters: Option<&'a FilterPipelineMessage>,
    external: bool,
}

impl<'a> Messages<'a> {
    fn new(messages: &'a [HdfMessage]) -> Self {
        let mut found = Self::default();
        for message in messages {
            match message {
                HdfMessage::Dataspace(space) => found.space = Some(space),
                HdfMessage::DataLayout(layout) => found.layout = Some(&layout.layout),
                // The old message and the new one may both be there, one of them without a value.
                HdfMessage::FillValue(fill) if found.fill.is_none_or(|before| before.value.is_none()) => {
                    found.fill = Some(fill);
                }
                HdfMessage::FilterPipeline(filters) => found.filters = Some(filters),
                HdfMessage::ExternalFiles(_) => found.external = true,
                _ => {}
            }
        }
        found
    }
}

impl Found<'_> {
    fn unsupported(&self, what: impl Into<String>) -> Hdf5Error {
        Hdf5Error::Unsupported { path: self.path.to_string(), what: what.into() }
    }

    fn inconsistent(&self, what: impl Into<String>) -> Hdf5Error {
        Hdf5Error::Inconsistent { path: self.path.to_string(), what: what.into() }
    }

    fn plan(&self, length: u64) -> Result<DatasetPlan> {
        let failed = |error| metadata(self.path.as_str(), error);
        let header = self.file.get_or_parse_header(self.dataset.address()).map_err(failed)?;
        let messages = Messages::new(&header.messages);
        let element = self.element()?;
        let space = messages.space.ok_or_else(|| self.inconsistent("no dataspace"))?;
        if space.dataspace_type == hdf5_reader::messages::dataspace::DataspaceType::Null {
            return Err(self.unsupported("a null dataspace"));
        }
        if messages.external {
            return Err(self.unsupported("values in another file"));
        }
        let fill = messages.fill;
        let mut plan = DatasetPlan {
            path: self.path.clone(),
            shape: space.dims.clone(),
            element,
            fill: self.fill(element, fill),
            unwritten: unwritten(element, fill),
            filters: self.filters(element, messages.filters)?,
            layout: Layout::Contiguous { address: None },
        };
        plan.layout = self.layout(&plan, space, messages.layout)?;
        plan.check(length)?;
        self.check_edges(&plan, messages.layout)?;
        Ok(plan)
    }

    fn element(&self) -> Result<Element> {
        let raw = self.dataset.raw_datatype().map_err(|error| metadata(self.path.as_str(), error))?;
        Element::parse(&raw).map_err(|NotRead(what)| self.unsupported(what))
    }

    fn filters(&self, element: Element, message: Option<&FilterPipelineMessage>) -> Result<Vec<FilterSpec>> {
        let stored = message.map_or(&[][..], |message| message.filters.as_slice());
        let stored: Vec<Stored<'_>> = stored
            .iter()
            .map(|filter| Stored { id: filter.id, name: filter.name.as_deref(), parameters: &filter.client_data })
            .collect();
        pipeline(&stored, element.size()).map_err(|what| self.unsupported(what))
    }

    /// The value that stands for missing data. Zero as the creator's fill value is what many
    /// writers put there without meaning anything by it; only the attribute can make zero missing.
    fn fill(&self, element: Element, message: Option<&FillValueMessage>) -> Option<Bits> {
        let attribute = self.dataset.attribute("_FillValue").ok();
        let from_attribute = attribute.and_then(|attribute| attribute_bits(&attribute, element));
        from_attribute.or_else(|| {
            let value = message.filter(|message| message.defined)?.value.as_ref()?;
            element.bits(value).filter(|bits| bits.0 != 0)
        })
    }

    fn layout(&self, plan: &DatasetPlan, space: &DataspaceMessage, layout: Option<&DataLayout>) -> Result<Layout> {
        let base = self.file.superblock().base_address;
        let bytes =
            plan.bytes_of(&plan.shape).ok_or_else(|| self.inconsistent(format!("a shape of {:?}", plan.shape)))?;
        match layout.ok_or_else(|| self.inconsistent("no data layout"))? {
            DataLayout::Compact { data } => Ok(Layout::Compact { bytes: data.clone() }),
            DataLayout::Contiguous { address, .. } if is_undefined(*address, self.file) => {
                Ok(Layout::Contiguous { address: None })
            }
            DataLayout::Contiguous { size, .. } if *size != bytes => Err(self.unsupported(format!(
                "a contiguous layout of {size} bytes for values of {bytes} (a data layout of version 1 or 2, as HDF5 1.6 \
                 and older wrote, or a damaged one)"
            ))),
            DataLayout::Contiguous { address, .. } => {
                let address = address.checked_add(base);
                Ok(Layout::Contiguous { address: Some(address.ok_or_else(|| self.inconsistent("an address"))?) })
            }
            DataLayout::Chunked { address, dims, element_size, chunk_indexing } => {
                self.chunked(plan, space, (*address, dims, *element_size, chunk_indexing.as_ref()))
            }
        }
    }

    fn chunked(
        &self,
        plan: &DatasetPlan,
        space: &DataspaceMessage,
        (address, dims, element_size, indexing): (u64, &[u32], u32, Option<&ChunkIndexing>),
    ) -> Result<Layout> {
        let rank = plan.shape.len();
        // Layouts from version 4 on list the value's size behind the chunk's extents.
        let (dims, listed) = match dims.split_last() {
            Some((size, dims)) if dims.len() == rank => (dims, *size),
            _ => (dims, element_size),
        };
        if listed != 0 && listed as usize != plan.element.size() {
            return Err(self.inconsistent(format!("values of {listed} and of {} bytes", plan.element.size())));
        }
        if dims.len() != rank || rank == 0 || dims.contains(&0) {
            return Err(self.inconsistent(format!("HDF5 chunks of {dims:?} in a shape of {:?}", plan.shape)));
        }
        let chunk: Vec<u64> = dims.iter().map(|&n| u64::from(n)).collect();
        let bytes = plan.bytes_of(&chunk).unwrap_or(u64::MAX);
        if bytes > MAX_CHUNK_BYTES {
            return Err(plan.too_large("one HDF5 chunk", bytes, MAX_CHUNK_BYTES));
        }
        let grid = Grid {
            shape: &plan.shape,
            most: space.max_dims.as_deref(),
            chunk: dims,
            element: plan.element.size(),
            bytes,
            address,
            indexing,
            filtered: !plan.filters.is_empty(),
        };
        let chunks = grid.chunks(self.file).map_err(|error| metadata(self.path.as_str(), error))?;
        Ok(Layout::Chunked { chunk, chunks })
    }

    /// From version 4 on a layout may say that chunks at the edge are not filtered; the parser does
    /// not tell. Filters that check themselves find it out, others would give wrong values.
    fn check_edges(&self, plan: &DatasetPlan, layout: Option<&DataLayout>) -> Result<()> {
        let Some(DataLayout::Chunked { chunk_indexing: Some(_), .. }) = layout else { return Ok(()) };
        let Layout::Chunked { chunk, .. } = &plan.layout else { return Ok(()) };
        let edges = plan.shape.iter().zip(chunk).any(|(extent, chunk)| extent % chunk != 0);
        if edges && !plan.filters.is_empty() && !plan.filters.iter().any(FilterSpec::checks_itself) {
            return Err(self.unsupported("filters that cannot be checked, with HDF5 chunks at the edge"));
        }
        Ok(())
    }
}

fn is_undefined(address: u64, file: &Hdf5File) -> bool {
    let width = 8 * u32::from(file.superblock().offset_size.clamp(1, 8));
    address == u64::MAX || address == u64::MAX >> (64 - width)
}

/// The value of places that were never written: the fill value, which is zero by default.
fn unwritten(element: Element, message: Option<&FillValueMessage>) -> Option<Bits> {
    let Some(message) = message else { return Some(Bits(0)) };
    if message.fill_time == FillTime::Never {
        return None;
    }
    match &message.value {
        Some(value) => element.bits(value),
        None => Some(Bits(0)),
    }
}

/// The attribute's value in the dataset's type: stored in that type, in any byte order.
fn attribute_bits(attribute: &Attribute, element: Element) -> Option<Bits> {
    use hdf5_reader::ByteOrder as Stored;
    if attribute.shape.iter().any(|&n| n != 1) {
        return None;
    }
    let order = match &attribute.datatype {
        Datatype::FloatingPoint { size, byte_order } if element.dtype.is_float() => {
            (usize::from(*size) == element.size()).then_some(byte_order)
        }
        Datatype::FixedPoint { size, byte_order, .. } if !element.dtype.is_float() => {
            (usize::from(*size) == element.size()).then_some(byte_order)
        }
        _ => None,
    }?;
    let order = match order {
        Stored::LittleEndian => ByteOrder::Little,
        Stored::BigEndian => ByteOrder::Big,
    };
    Element { dtype: element.dtype, order }.bits(&attribute.raw_data)
}
