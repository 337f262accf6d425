//! `output` beside the grid.

use crate::pipeline::{
    Compression,
    problem::{Findings, Path},
    raw::{RawCodec, RawCodecName, RawCompression, RawLayout, RawOutput},
    shape::not_yet,
};

const DEFAULT_LEVEL: i32 = 3;

/// Values that would change what is stored, and are not supported.
pub(super) fn unsupported(raw: &RawOutput, findings: &mut Findings) {
    if raw.store_layout == Some(RawLayout::Hive) {
        let message = not_yet("`hive`", Some("remove it: zagg writes one shared store"));
        findings.problem(&Path::of("output.store_layout"), message);
    }
    if raw.aoi_mask == Some(true) {
        findings.problem(&Path::of("output.aoi_mask"), not_yet("`true`", Some("remove it")));
    }
}

pub(super) fn compression(raw: Option<RawCompression>, findings: &mut Findings) -> Option<Compression> {
    let at = Path::of("output.compression");
    match raw {
        None if findings.touches(&at) => None,
        None | Some(RawCompression::Name(RawCodecName::Zstd)) => Some(Compression::Zstd { level: DEFAULT_LEVEL }),
        Some(RawCompression::Name(RawCodecName::None)) => Some(Compression::None),
        Some(RawCompression::Codec(RawCodec { codec: Some(RawCodecName::Zstd), level })) => {
            Some(Compression::Zstd { level: level.unwrap_or(DEFAULT_LEVEL) })
        }
        Some(RawCompression::Codec(RawCodec { codec: Some(RawCodecName::None), level })) => {
            if level.is_some() {
                findings.problem(&at.key("level"), "without a codec there is no level");
            }
            Some(Compression::None)
        }
        Some(RawCompression::Codec(RawCodec { codec: None, .. })) => {
            findings.absent(&at.key("codec"), "the codec is required: zstd or none");
            None
        }
    }
}
