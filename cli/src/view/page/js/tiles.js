// The tiles of one field in one projection: fetched when they are seen, coloured when they are drawn.

import { complain, wasGivenUp } from './ask.js';

const AT_ONCE = 6;
/** Tiles that are kept: 256 KiB of values and as much of colours each. */
const MOST = 400;

export class Tiles {
  constructor(plane, field, changed) {
    this.plane = plane;
    this.field = field;
    this.changed = changed;
    this.held = new Map();
    this.wanted = [];
    this.underWay = 0;
    this.gone = new AbortController();
  }

  /** Gives up what is under way. */
  end() { this.gone.abort(); }

  /** Side of a tile at a zoom, in units of the plane. */
  side(zoom) { return this.plane.side / 2 ** zoom; }

  /** Whether tiles that are in view are on their way. */
  get busy() { return this.underWay > 0 || this.wanted.length > 0; }

  /** The tile, if it is held. */
  get(zoom, x, y) {
    const key = `${zoom}/${x}/${y}`;
    const tile = this.held.get(key);
    if (tile) { this.held.delete(key); this.held.set(key, tile); }
    return tile;
  }

  /** Says which tiles are in view, the ones in the middle first. Those that are not held, or stale, are fetched. */
  want(list) {
    this.wanted = list.filter(({ zoom, x, y }) => {
      const tile = this.held.get(`${zoom}/${x}/${y}`);
      return !tile || (tile.stale && !tile.fetching);
    });
    this.fetchNext();
  }

  fetchNext() {
    while (this.underWay < AT_ONCE && this.wanted.length > 0) {
      const { zoom, x, y } = this.wanted.shift();
      const key = `${zoom}/${x}/${y}`;
      const tile = this.held.get(key) ?? { values: null, empty: true, picture: null, painted: 0, pending: true };
      if (tile.fetching) continue;
      tile.fetching = true;
      tile.stale = false;
      this.held.set(key, tile);
      this.underWay += 1;
      this.fetch(key, tile).finally(() => {
        tile.fetching = false;
        this.underWay -= 1;
        this.changed();
        this.fetchNext();
      });
    }
    for (const [key, tile] of this.held) {
      if (this.held.size <= MOST) break;
      if (!tile.fetching) this.held.delete(key);
    }
  }

  async fetch(key, tile) {
    const path = `/tiles/${encodeURIComponent(this.plane.name)}/${encodeURIComponent(this.field)}/${key}`;
    try {
      // The browser asks whether what it has is still so.
      const answer = await fetch(path, { signal: this.gone.signal, cache: 'no-cache' });
      if (answer.status === 204) {
        tile.values = null;
      } else if (answer.ok) {
        tile.values = new Float32Array(await answer.arrayBuffer());
      } else {
        const said = await answer.json().catch(() => ({}));
        throw new Error(said.error ?? `a tile answered ${answer.status}`);
      }
      tile.empty = tile.values === null;
      tile.pending = false;
      tile.painted = 0;
    } catch (error) {
      if (wasGivenUp(error)) return;
      this.held.delete(key);
      complain(`A part of the map cannot be shown: ${error.message}`);
    }
  }

  /** Tiles that show a part of one of these boxes are asked for again. */
  refresh(boxes) {
    for (const [key, tile] of this.held) {
      const [zoom, x, y] = key.split('/').map(Number);
      const side = this.side(zoom);
      const [left, top] = [this.plane.left + x * side, this.plane.top - y * side];
      const margin = side / 64;
      const shows = ([xmin, ymin, xmax, ymax]) => xmin <= left + side + margin && xmax >= left - margin
        && ymin <= top + margin && ymax >= top - side - margin;
      if (boxes.some(shows)) tile.stale = true;
    }
  }

  /** The tile's picture in a style. */
  picture(tile, style) {
    if (tile.painted !== style.version) {
      const size = this.plane.tile;
      tile.picture ??= document.createElement('canvas');
      tile.picture.width = size;
      tile.picture.height = size;
      const context = tile.picture.getContext('2d');
      const image = context.createImageData(size, size);
      style.paint(tile.values, image);
      context.putImageData(image, 0, 0);
      tile.painted = style.version;
    }
    return tile.picture;
  }

  /** The value at a point of the plane, from the finest tile that is held, up to this zoom. */
  value(px, py, zoom) {
    for (let z = zoom; z >= 0; z -= 1) {
      const side = this.side(z);
      const [fx, fy] = [(px - this.plane.left) / side, (this.plane.top - py) / side];
      const tile = this.held.get(`${z}/${Math.floor(fx)}/${Math.floor(fy)}`);
      if (tile && !tile.pending) {
        if (tile.empty) return NaN;
        const size = this.plane.tile;
        const [column, row] = [fx, fy].map((f) => Math.min(size - 1, Math.floor((f - Math.floor(f)) * size)));
        return tile.values[row * size + column];
      }
    }
    return NaN;
  }
}
