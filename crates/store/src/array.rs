//! One Zarr array: its metadata, understood, and its codecs. The only module that names zarrs'
//! codecs; pure computing, no input or output.

use std::{num::NonZeroU64, sync::Arc};

use serde_json::{Map, Value};
use zagg_core::column::{Dtype, Values};
use zarrs::{
    array::{
        ArrayBytes, ArrayToBytesCodecTraits as _, CodecChain, CodecError, CodecOptions, CodecSpecificOptions, DataType,
        FillValue,
        codec::{ShardingCodecOptions, SubchunkWriteOrder},
    },
    metadata::v3::ArrayMetadataV3,
};

use crate::{
    error::{Result, StoreError},
    json,
    values::{from_le_bytes, repeated},
};

/// A Zarr v3 array that this crate can encode and decode: regular chunks, numbers, the `default`
/// chunk keys. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ZarrArray {
    /// Its key in the store, e.g. `12/h_mean`.
    pub path: String,
    /// The type of its values.
    pub dtype: Dtype,
    /// Its shape; empty for a scalar.
    pub shape: Vec<u64>,
    /// The shape of a chunk (of a whole shard object where inner chunks are packed).
    pub chunk: Vec<u64>,
    /// The names of its dimensions, where it has any.
    pub dims: Vec<String>,
    /// Its attributes: `long_name`, `units`, ...
    pub attributes: Map<String, Value>,
    separator: char,
    codec: Arc<Codec>,
}

#[derive(Debug)]
struct Codec {
    chain: CodecChain,
    data_type: DataType,
    fill: FillValue,
    chunk: Vec<NonZeroU64>,
}

impl ZarrArray {
    /// Understands an array's `zarr.json`.
    ///
    /// # Errors
    /// When the document is not that of a supported array; the error says what is not.
    pub fn parse(path: &str, document: &Value) -> Result<Self> {
        let key = format!("{path}/zarr.json");
        let refuse = |reason: String| StoreError::Metadata { key: key.clone(), reason };
        let meta: ArrayMetadataV3 = json::parse(&key, document.to_string().as_bytes())?;
        let unsupported = |source| StoreError::Unsupported { array: path.to_owned(), source: Box::new(source) };
        let dtype: Dtype = meta.data_type.name().parse().map_err(|error| refuse(format!("{error}")))?;
        let data_type = DataType::from_metadata(&meta.data_type).map_err(unsupported)?;
        let fill = data_type
            .fill_value_v3(&meta.fill_value)
            .map_err(|_| refuse(format!("the fill value {} is not a {dtype}", document["fill_value"])))?;
        if document["chunk_grid"]["name"] != "regular" {
            return Err(refuse("its chunk grid is not regular".to_owned()));
        }
        let chunk: Vec<NonZeroU64> =
            json::parse(&key, document["chunk_grid"]["configuration"]["chunk_shape"].to_string().as_bytes())?;
        let count = chunk.iter().try_fold(1_u64, |n, c| n.checked_mul(c.get()));
        if chunk.len() != meta.shape.len() || count.is_none_or(|n| n > MOST_CELLS_IN_A_CHUNK) {
            return Err(refuse(format!("chunks of shape {chunk:?} are not supported")));
        }
        let chain = CodecChain::from_metadata(&meta.codecs).map_err(unsupported)?.with_codec_specific_options(
            &CodecSpecificOptions::default()
                .with_option(ShardingCodecOptions::default().with_subchunk_write_order(SubchunkWriteOrder::C)),
        );
        Ok(Self {
            path: path.to_owned(),
            dtype,
            shape: meta.shape,
            chunk: chunk.iter().map(|c| c.get()).collect(),
            dims: meta.dimension_names.unwrap_or_default().into_iter().map(Option::unwrap_or_default).collect(),
            attributes: document["attributes"].as_object().cloned().unwrap_or_default(),
            separator: separator(document).ok_or_else(|| refuse("its chunk keys are not `default` ones".to_owned()))?,
            codec: Arc::new(Codec { chain, data_type, fill, chunk }),
        })
    }

    /// The array's own name, the last part of its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The same array under another folder.
    #[must_use]
    pub fn moved(&self, folder: &str) -> Self {
        Self { path: format!("{folder}/{}", self.name()), ..self.clone() }
    }

    /// The number of values in a chunk.
    #[must_use]
    pub fn chunk_len(&self) -> usize {
        self.chunk.iter().product::<u64>() as usize
    }

    /// The key of the chunk at `index`, in chunks along each dimension.
    #[must_use]
    pub fn chunk_key(&self, index: &[u64]) -> String {
        let mut key = format!("{}/c", self.path);
        for i in index {
            key.push(self.separator);
            key.push_str(&i.to_string());
        }
        key
    }

    /// The index of the chunk that `key` names; none when it names no chunk of this array.
    #[must_use]
    pub fn chunk_index(&self, key: &str) -> Option<Vec<u64>> {
        let rest = key.strip_prefix(&self.path)?.strip_prefix("/c")?;
        if rest.is_empty() {
            return self.shape.is_empty().then(Vec::new);
        }
        let rest = rest.strip_prefix(self.separator)?;
        let index: Vec<u64> = rest.split(self.separator).map(|part| part.parse().ok()).collect::<Option<_>>()?;
        let inside = index.len() == self.shape.len()
            && index
                .iter()
                .zip(&self.shape)
                .zip(&self.chunk)
                .all(|((i, n), c)| i.checked_mul(*c).is_some_and(|at| at < *n));
        (inside && self.chunk_key(&index) == key).then_some(index)
    }

    /// Encodes one whole chunk: little-endian values to the bytes of an object. The same values
    /// give the same bytes. A chunk that is all fill is encoded like any other, except that inner
    /// chunks that are all fill are left out of a packed one.
    ///
    /// # Errors
    /// When `values` is not as long as a chunk, or a codec fails.
    pub fn encode(&self, values: Vec<u8>) -> Result<Vec<u8>> {
        let failed =
            |source| StoreError::Codec { array: self.path.clone(), action: "encoded", source: Box::new(source) };
        let codec = &self.codec;
        codec
            .chain
            .encode(ArrayBytes::new_flen(values), &codec.chunk, &codec.data_type, &codec.fill, &options())
            .map(std::borrow::Cow::into_owned)
            .map_err(failed)
    }

    /// Decodes the bytes of an object to the values of one whole chunk, in C order.
    ///
    /// # Errors
    /// When a codec fails, a checksum is wrong, or the length is not a chunk's.
    pub fn decode(&self, bytes: &[u8]) -> Result<Values> {
        let failed =
            |source| StoreError::Codec { array: self.path.clone(), action: "decoded", source: Box::new(source) };
        let codec = &self.codec;
        let decode = || {
            let values = codec.chain.decode(bytes.into(), &codec.chunk, &codec.data_type, &codec.fill, &options())?;
            Ok(values.into_fixed()?)
        };
        // zarrs trusts a shard's index: one that is damaged and has no checksum makes it panic.
        let values = std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode))
            .unwrap_or_else(|_| Err(CodecError::Other("the chunk is damaged".to_owned())))
            .map_err(failed)?;
        if values.len() != self.chunk_len() * self.dtype.size() {
            let reason = format!("a chunk holds {} bytes, not {}", values.len(), self.chunk_len() * self.dtype.size());
            return Err(StoreError::Metadata { key: self.path.clone(), reason });
        }
        Ok(from_le_bytes(self.dtype, &values))
    }

    /// `count` fill values.
    #[must_use]
    pub fn fill(&self, count: usize) -> Values {
        repeated(self.dtype, self.codec.fill.as_ne_bytes(), count)
    }
}

/// A chunk of a terabyte would be a mistake; 2^28 cells of 8 bytes are 2 GiB.
const MOST_CELLS_IN_A_CHUNK: u64 = 1 << 28;

/// One thread: inner chunks are then packed in order, whatever the machine.
fn options() -> CodecOptions {
    CodecOptions::default().with_concurrent_target(1)
}

fn separator(document: &Value) -> Option<char> {
    let encoding = &document["chunk_key_encoding"];
    if encoding["name"] != "default" {
        return None;
    }
    match encoding["configuration"]["separator"].as_str() {
        None | Some("/") => Some('/'),
        Some(".") => Some('.'),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
