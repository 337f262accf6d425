// Colour maps: from a value to a pixel.

const STOPS = {
  viridis: '440154 482475 414487 355f8d 2a788e 21918c 22a884 44bf70 7ad151 bddf26 fde725',
  cividis: '00224e 123570 3b496c 575d6d 707173 8a8779 a59c74 c3b369 e1cc55 fee838',
  magma: '000004 140e36 3b0f70 641a80 8c2981 b73779 de4968 f7705c fe9f6d fecf92 fcfdbf',
  plasma: '0d0887 41049d 6a00a8 8f0da4 b12a90 cc4778 e16462 f2844b fca636 fcce25 f0f921',
  blues: 'f7fbff deebf7 c6dbef 9ecae1 6baed6 4292c6 2171b5 08519c 08306b',
  greys: '000000 252525 525252 737373 969696 bdbdbd d9d9d9 f0f0f0 ffffff',
  'red to blue': '67001f b2182b d6604d f4a582 fddbc7 f7f7f7 d1e5f0 92c5de 4393c3 2166ac 053061',
};

/** The names of the colour maps. */
export const NAMES = Object.keys(STOPS);

/** 256 colours, as pixels of an ImageData read as 32-bit numbers (little-endian: alpha, blue, green, red). */
export function ramp(name, reversed) {
  const stops = STOPS[name].split(' ').map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  if (reversed) stops.reverse();
  const pixels = new Uint32Array(256);
  for (let i = 0; i < 256; i += 1) {
    const at = (i / 255) * (stops.length - 1);
    const below = Math.min(Math.floor(at), stops.length - 2);
    const [r, g, b] = [0, 1, 2].map((c) => Math.round(stops[below][c] + (stops[below + 1][c] - stops[below][c]) * (at - below)));
    pixels[i] = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }
  return pixels;
}

/** How values become colours. `version` is another number for another style. */
export class Style {
  static count = 0;

  constructor(name, reversed, least, greatest) {
    this.pixels = ramp(name, reversed);
    this.least = least;
    this.greatest = greatest;
    Style.count += 1;
    this.version = Style.count;
  }

  /** Colours values into the pixels of an ImageData; those that are NaN stay clear. */
  paint(values, image) {
    const out = new Uint32Array(image.data.buffer);
    const { pixels, least } = this;
    const factor = this.greatest > least ? 255 / (this.greatest - least) : 0;
    for (let i = 0; i < values.length; i += 1) {
      const value = values[i];
      if (value !== value) { out[i] = 0; continue; }
      const at = factor ? (value - least) * factor : 127;
      out[i] = pixels[at <= 0 ? 0 : at >= 255 ? 255 : Math.round(at)];
    }
  }
}
