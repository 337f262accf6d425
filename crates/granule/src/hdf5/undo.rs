//! Undoing a chunk's filters, last applied first.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hdf5_reader::checksum::fletcher32;
use hdf5_reader::filters::apply_pipeline_with_limit;
use hdf5_reader::messages::filter_pipeline::FilterDescription;
use libdeflater::{DecompressionError, Decompressor};

use super::filter::{FilterSpec, name};
use super::shuffle::unshuffle;
use crate::cpu::message;

/// Buffers above this are given back after use.
const KEEP_BYTES: usize = 32 << 20;

/// No DEFLATE stream gives more bytes than this for one of its own (RFC 1951: a length code of
/// 258 bytes takes at least two bits).
const MOST_INFLATION: usize = 1032;

/// Buffers and the decompressor that a thread uses again for each piece.
pub(super) struct Scratch {
    inflater: Decompressor,
    front: Vec<u8>,
    back: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> =
        RefCell::new(Scratch { inflater: Decompressor::new(), front: Vec::new(), back: Vec::new() });
}

impl Scratch {
    /// Runs `work` with this thread's scratch.
    pub(super) fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        SCRATCH.with(|scratch| {
            let mut own;
            let mut borrowed;
            // Only work that decodes inside decoding would find it taken; it gets one of its own.
            let scratch = match scratch.try_borrow_mut() {
                Ok(taken) => {
                    borrowed = taken;
                    &mut *borrowed
                }
                Err(_) => {
                    own = Self { inflater: Decompressor::new(), front: Vec::new(), back: Vec::new() };
                    &mut own
                }
            };
            let result = work(scratch);
            for buffer in [&mut scratch.front, &mut scratch.back] {
                if buffer.capacity() > KEEP_BYTES {
                    *buffer = Vec::new();
                }
            }
            result
        })
    }
}

/// The decoded values of a chunk.
pub(super) enum Undone<'a> {
    /// One value behind the other.
    Plain(&'a [u8]),
    /// Still shuffled by the width of a value: read with [`super::shuffle::Planes`].
    Planar(&'a [u8]),
}

/// What a chunk's filters are undone to.
pub(super) struct Target<'a> {
    pub(super) filters: &'a [FilterSpec],
    /// Bit `i` is set when the filter `i` was left out.
    pub(super) mask: u32,
    /// Bytes of the whole chunk, decoded.
    pub(super) bytes: usize,
    /// Bytes of one value.
    pub(super) element: usize,
}

impl Target<'_> {
    fn active(&self, filter: usize) -> bool {
        self.mask & 1u32.checked_shl(filter as u32).unwrap_or(0) == 0
    }

    /// Bytes that the filters before `filter` made of the chunk: exactly, or at most.
    fn before(&self, filter: usize) -> Bound {
        let active = (0..filter).filter(|&i| self.active(i)).filter_map(|i| self.filters.get(i));
        active.fold(Bound::Exactly(self.bytes), |bound, filter| match (filter, bound) {
            (FilterSpec::Shuffle(_), bound) => bound,
            (FilterSpec::Fletcher32, Bound::Exactly(n)) => Bound::Exactly(n + 4),
            (FilterSpec::Fletcher32, Bound::AtMost(n)) => Bound::AtMost(n + 4),
            // zlib adds at most a few bytes in a thousand, the others a header.
            (_, Bound::Exactly(n) | Bound::AtMost(n)) => Bound::AtMost(n + n / 64 + 256),
        })
    }
}

#[derive(Clone, Copy)]
enum Bound {
    Exactly(usize),
    AtMost(usize),
}

/// Undoes the filters of the chunk `raw`.
///
/// # Errors
/// What is wrong with the bytes.
pub(super) fn undo<'a>(raw: &'a [u8], target: &Target<'_>, scratch: &'a mut Scratch) -> Result<Undone<'a>, String> {
    let (mut inside, mut length) = (false, raw.len());
    let mut planar = false;
    for (i, filter) in target.filters.iter().enumerate().rev().filter(|(i, _)| target.active(*i)) {
        let input = if inside { scratch.front.get(..length) } else { raw.get(..length) }.unwrap_or_default();
        match filter {
            FilterSpec::Fletcher32 => {
                length = verified(input)?;
                continue;
            }
            FilterSpec::Shuffle(width) => {
                let last = (0..i).all(|earlier| !target.active(earlier));
                if last && *width as usize == target.element && length == target.bytes {
                    planar = target.element > 1;
                    continue;
                }
                let out = room(&mut scratch.back, length)?;
                unshuffle(input, out, *width as usize);
            }
            FilterSpec::Deflate => {
                length = inflate(&mut scratch.inflater, input, &mut scratch.back, target.before(i))?;
            }
            FilterSpec::Other { id, parameters } => {
                let (Bound::Exactly(most) | Bound::AtMost(most)) = target.before(i);
                let description = FilterDescription { id: *id, name: None, client_data: parameters.clone() };
                let undone = elsewhere(input, description, target.element, most);
                scratch.back = undone.map_err(|what| format!("{}: {what}", name(filter)))?;
                length = scratch.back.len();
            }
        }
        std::mem::swap(&mut scratch.front, &mut scratch.back);
        inside = true;
    }
    if length != target.bytes {
        return Err(format!("{length} bytes instead of {}", target.bytes));
    }
    let bytes = if inside { scratch.front.get(..length) } else { raw.get(..length) }.unwrap_or_default();
    Ok(if planar { Undone::Planar(bytes) } else { Undone::Plain(bytes) })
}

/// At least `length` bytes of `buffer`, whose old contents don't matter.
fn room(buffer: &mut Vec<u8>, length: usize) -> Result<&mut [u8], String> {
    if buffer.len() < length {
        buffer.try_reserve(length - buffer.len()).map_err(|_| format!("no memory for {length} bytes"))?;
        buffer.resize(length, 0);
    }
    buffer.get_mut(..length).ok_or_else(|| "no room".to_owned())
}

fn inflate(inflater: &mut Decompressor, input: &[u8], out: &mut Vec<u8>, bound: Bound) -> Result<usize, String> {
    let most = input.len().saturating_mul(MOST_INFLATION);
    let wanted = match bound {
        Bound::Exactly(bytes) if bytes > most => return Err(format!("deflate: {} bytes are too few", input.len())),
        Bound::Exactly(bytes) => bytes,
        Bound::AtMost(bytes) => bytes.min(most),
    };
    match inflater.zlib_decompress(input, room(out, wanted)?) {
        Ok(length) => Ok(length),
        Err(DecompressionError::BadData) => Err("deflate: not a valid stream".to_owned()),
        Err(DecompressionError::InsufficientSpace) => Err(format!("deflate: more than {wanted} bytes")),
    }
}

/// Undoes a filter by the parser's means. A panic of those is damage in the chunk, like any other.
fn elsewhere(input: &[u8], filter: FilterDescription, element: usize, most: usize) -> Result<Vec<u8>, String> {
    let undo = || apply_pipeline_with_limit(input, &[filter], 0, element, None, Some(most));
    match catch_unwind(AssertUnwindSafe(undo)) {
        Ok(undone) => undone.map_err(|error| error.to_string()),
        Err(payload) => Err(message(payload.as_ref())),
    }
}

/// The length of the data before its checksum, once that is found right. HDF5 up to 1.6.2 wrote the
/// checksum's bytes in pairs the other way round on little-endian machines; both are taken, as the
/// library does.
fn verified(input: &[u8]) -> Result<usize, String> {
    let Some((data, stored)) = input.split_last_chunk::<4>() else {
        return Err("fletcher32: no checksum".to_owned());
    };
    let stored = u32::from_le_bytes(*stored);
    let sum = fletcher32(data);
    let swapped = ((sum & 0x00ff_00ff) << 8) | ((sum & 0xff00_ff00) >> 8);
    if stored == sum || stored == swapped {
        return Ok(data.len());
    }
    Err(format!("fletcher32: the checksum is {stored:08x} instead of {sum:08x}"))
}

#[cfg(test)]
#[path = "undo/tests.rs"]
mod tests;
