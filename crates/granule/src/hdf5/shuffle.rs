//! Undoing the shuffle filter: bytes grouped by their place in the value, back to values.

/// Writes to `out` the bytes whose shuffled form is `planes`, for values of `width` bytes. Bytes
/// behind the last whole value are not shuffled. Both slices are equally long.
pub(super) fn unshuffle(planes: &[u8], out: &mut [u8], width: usize) {
    match width {
        0 | 1 => out.copy_from_slice(planes),
        2 => fixed::<2>(planes, out),
        4 => fixed::<4>(planes, out),
        8 => fixed::<8>(planes, out),
        _ => any(planes, out, width),
    }
}

fn fixed<const N: usize>(planes: &[u8], out: &mut [u8]) {
    let count = planes.len() / N;
    let (values, rest) = out.as_chunks_mut::<N>();
    for (value, bytes) in values.iter_mut().zip(Planes::<N>::new(planes, count).iter(0..count)) {
        *value = bytes;
    }
    rest.copy_from_slice(&planes[count * N..]);
}

fn any(planes: &[u8], out: &mut [u8], width: usize) {
    let count = planes.len() / width;
    for (place, plane) in planes.chunks_exact(count.max(1)).take(if count == 0 { 0 } else { width }).enumerate() {
        for (value, &byte) in out.chunks_exact_mut(width).zip(plane) {
            value[place] = byte;
        }
    }
    out[count * width..].copy_from_slice(&planes[count * width..]);
}

/// Shuffled values that are read where they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planes<'a, const N: usize>([&'a [u8]; N]);

impl<'a, const N: usize> Planes<'a, N> {
    /// The first `count` values of `bytes`, which holds at least that many.
    pub(super) fn new(bytes: &'a [u8], count: usize) -> Self {
        Self(std::array::from_fn(|place| &bytes[place * count..(place + 1) * count]))
    }

    /// The bytes of the value at `index`.
    pub(super) fn at(&self, index: usize) -> [u8; N] {
        std::array::from_fn(|place| self.0[place][index])
    }

    /// The bytes of the values of `range`.
    pub(super) fn iter(self, range: std::ops::Range<usize>) -> impl Iterator<Item = [u8; N]> + use<'a, N> {
        let planes: [&[u8]; N] = std::array::from_fn(|place| &self.0[place][range.clone()]);
        let count = range.len();
        (0..count).map(move |i| std::array::from_fn(|place| planes[place][..count][i]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shuffled(bytes: &[u8], width: usize) -> Vec<u8> {
        let count = bytes.len() / width;
        let mut out: Vec<u8> = (0..width * count).map(|i| bytes[(i % count) * width + i / count]).collect();
        out.extend(&bytes[count * width..]);
        out
    }

    #[test]
    fn every_width_comes_back_with_the_bytes_left_over() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1003).collect();
        for width in [1, 2, 3, 4, 5, 8, 16] {
            let mut out = vec![0; bytes.len()];
            unshuffle(&shuffled(&bytes, width), &mut out, width);
            assert_eq!(out, bytes, "{width}");
        }
    }

    #[test]
    fn fewer_bytes_than_one_value_are_left_as_they_are() {
        for width in [4, 7] {
            let mut out = [0; 3];
            unshuffle(&[1, 2, 3], &mut out, width);
            assert_eq!(out, [1, 2, 3]);
        }
    }
}
