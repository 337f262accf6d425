// The map: what is in view, drawing it, and moving it by mouse, touch and keyboard.

const DRAG = 4;

export class MapView {
  /** `acts`: hover(x, y, clientX, clientY), left(), select(x, y, byKeyboard), moved(). */
  constructor(canvas, acts) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.acts = acts;
    this.plane = null;
    this.tiles = null;
    this.style = null;
    this.shards = [];
    this.coast = [];
    this.outlines = 0.35;
    this.marked = null;
    this.chosen = null;
    this.pointers = new Map();
    this.asked = false;
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.listen();
  }

  setPlane(plane) {
    this.plane = plane;
    this.fit();
  }

  /** Shows everything, beside what lies over the map. */
  fit() {
    if (!this.plane) return;
    const [xmin, ymin, xmax, ymax] = this.plane.extent;
    const { width, height } = this.size();
    const aside = width > 720 ? 260 : 0;
    const below = 110;
    const scale = Math.max((xmax - xmin) / Math.max(80, width - aside - 40), (ymax - ymin) / Math.max(80, height - below - 40));
    this.scale = this.clamped(scale * 1.02);
    this.x = (xmin + xmax) / 2 - (aside / 2) * this.scale;
    this.y = (ymin + ymax) / 2 - (below / 2) * this.scale;
    this.moved();
  }

  size() { return { width: this.canvas.clientWidth || 1, height: this.canvas.clientHeight || 1 }; }

  clamped(scale) {
    const finest = this.plane.side / 256 / 2 ** (this.plane.most_zoom + 3);
    return Math.min(Math.max(scale, finest), this.plane.side / 150);
  }

  resize() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const { width, height } = this.size();
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.ratio = ratio;
    this.moved();
  }

  moved() {
    // What is in view, for whoever looks at the page from outside: middle and scale, in units of the plane.
    if (this.plane) this.canvas.dataset.view = `${this.x} ${this.y} ${this.scale}`;
    this.redraw();
    this.acts.moved();
  }

  redraw() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => { this.asked = false; this.draw(); });
  }

  /** The point of the plane under a point of the canvas. */
  at(px, py) {
    const { width, height } = this.size();
    return [this.x + (px - width / 2) * this.scale, this.y - (py - height / 2) * this.scale];
  }

  /** The point of the canvas over a point of the plane. */
  over(x, y) {
    const { width, height } = this.size();
    return [(x - this.x) / this.scale + width / 2, (this.y - y) / this.scale + height / 2];
  }

  pan(dx, dy) {
    const half = this.plane.side * 0.6;
    const middle = [this.plane.left + this.plane.side / 2, this.plane.top - this.plane.side / 2];
    this.x = Math.min(Math.max(this.x + dx * this.scale, middle[0] - half), middle[0] + half);
    this.y = Math.min(Math.max(this.y - dy * this.scale, middle[1] - half), middle[1] + half);
    this.moved();
  }

  zoomBy(factor, px = this.size().width / 2, py = this.size().height / 2) {
    if (!this.plane) return;
    const [x, y] = this.at(px, py);
    const scale = this.clamped(this.scale / factor);
    this.x = x - (x - this.x) * (scale / this.scale);
    this.y = y - (y - this.y) * (scale / this.scale);
    this.scale = scale;
    this.moved();
  }

  /** The zoom whose pixels are about those of the screen. */
  get zoom() {
    const best = Math.log2(this.plane.side / 256 / (this.scale / (this.ratio || 1)));
    return Math.min(this.plane.most_zoom, Math.max(0, Math.round(best)));
  }

  /** The tiles of a zoom that are in view, the ones in the middle first. */
  inView(zoom) {
    const { width, height } = this.size();
    const side = this.plane.side / 2 ** zoom;
    const [[left, top], [right, bottom]] = [this.at(0, 0), this.at(width, height)];
    const most = 2 ** zoom - 1;
    const column = (x) => Math.min(most, Math.max(0, Math.floor((x - this.plane.left) / side)));
    const row = (y) => Math.min(most, Math.max(0, Math.floor((this.plane.top - y) / side)));
    const list = [];
    for (let y = row(top); y <= row(bottom); y += 1) {
      for (let x = column(left); x <= column(right); x += 1) {
        const away = Math.hypot(this.plane.left + (x + 0.5) * side - this.x, this.plane.top - (y + 0.5) * side - this.y);
        list.push({ zoom, x, y, away });
      }
    }
    return list.sort((a, b) => a.away - b.away).slice(0, 200);
  }

  colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  draw() {
    const { context, ratio } = this;
    if (!ratio || !this.plane) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = this.colour('--sea');
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawLines(this.plane.graticule.flatMap((line) => line.lines), this.colour('--grid'), 0.7);
    if (this.tiles && this.style) this.drawTiles();
    this.drawLines(this.coast, this.colour('--coast'), 1);
    this.drawShards();
    this.drawNames();
    this.drawCell(this.marked, 1.5);
    this.drawCell(this.chosen, 3);
    if (this.canvas.matches(':focus-visible')) this.drawCross();
  }

  drawTiles() {
    const { context } = this;
    const zoom = this.zoom;
    const list = this.inView(zoom);
    this.tiles.want(list);
    context.imageSmoothingEnabled = false;
    for (const { x, y } of list) this.drawTile(zoom, x, y);
    this.canvas.setAttribute('aria-busy', String(this.tiles.busy));
  }

  drawTile(zoom, x, y) {
    const side = this.tiles.side(zoom);
    const [left, top] = this.over(this.plane.left + x * side, this.plane.top - y * side).map(Math.round);
    const [right, bottom] = this.over(this.plane.left + (x + 1) * side, this.plane.top - (y + 1) * side).map(Math.round);
    // Until a tile is there, a part of a coarser one stands in for it.
    for (let up = 0; up <= zoom; up += 1) {
      const tile = this.tiles.get(zoom - up, x >> up, y >> up);
      if (!tile || tile.pending) continue;
      if (tile.empty) return;
      const part = this.plane.tile / 2 ** up;
      const [px, py] = [(x - ((x >> up) << up)) * part, (y - ((y >> up) << up)) * part];
      if (part < 1) return;
      this.context.drawImage(this.tiles.picture(tile, this.style), px, py, part, part, left, top, right - left, bottom - top);
      return;
    }
  }

  /** Draws with the plane's own coordinates. */
  inPlane(draw) {
    const { context, ratio } = this;
    const { width, height } = this.size();
    const factor = ratio / this.scale;
    context.save();
    context.setTransform(factor, 0, 0, -factor, (width / 2) * ratio - this.x * factor, (height / 2) * ratio + this.y * factor);
    draw(context);
    context.restore();
  }

  drawLines(lines, colour, width) {
    this.inPlane((context) => {
      context.strokeStyle = colour;
      context.lineWidth = width * this.scale;
      context.beginPath();
      for (const line of lines) trace(context, line);
      context.stroke();
    });
  }

  drawShards() {
    const looks = {
      empty: { stroke: '--empty', alpha: this.outlines, dash: [1, 3] },
      left: { stroke: '--left', fill: '--left-fill', alpha: this.outlines, dash: [4, 3] },
      done: { stroke: '--done', alpha: this.outlines },
      failed: { stroke: '--failed', fill: '--failed-fill', alpha: 1, width: 2, cross: true },
    };
    this.inPlane((context) => {
      for (const [state, look] of Object.entries(looks)) {
        if (look.alpha === 0) continue;
        context.beginPath();
        for (const shard of this.shards) {
          if (shard.state === state) this.traceShard(context, shard, look.cross);
        }
        context.globalAlpha = look.alpha;
        if (look.fill) {
          context.globalAlpha = 1;
          context.fillStyle = this.colour(look.fill);
          context.fill();
          context.globalAlpha = look.alpha;
        }
        context.setLineDash((look.dash ?? []).map((length) => length * this.scale));
        context.strokeStyle = this.colour(look.stroke);
        context.lineWidth = (look.width ?? 1) * this.scale;
        context.stroke();
      }
    });
  }

  /** Failed shards are crossed out, for eyes that do not tell red. */
  traceShard(context, shard, cross) {
    for (const ring of shard.rings) {
      trace(context, ring);
      context.closePath();
      if (cross) {
        const quarter = Math.floor(ring.length / 8) * 2;
        for (const from of [0, quarter]) {
          context.moveTo(ring[from], ring[from + 1]);
          context.lineTo(ring[from + 2 * quarter], ring[from + 2 * quarter + 1]);
        }
      }
    }
  }

  /** The names of meridians and parallels, each as near the edge of the view as there is room. */
  drawNames() {
    const { context } = this;
    const { width, height } = this.size();
    const aside = width > 720 ? 266 : 10;
    context.font = '11px system-ui, "DejaVu Sans", sans-serif';
    context.fillStyle = this.colour('--grid-text');
    context.strokeStyle = this.colour('--sea');
    context.lineWidth = 3;
    const taken = [];
    for (const { name, lines } of this.plane.graticule) {
      let [place, most] = [null, -1];
      for (const line of lines) {
        for (let i = 0; i < line.length; i += 2) {
          const [px, py] = this.over(line[i], line[i + 1]);
          if (px < aside || px > width - 100 || py < 18 || py > height - 130) continue;
          const away = Math.hypot(line[i] - this.x, line[i + 1] - this.y);
          const free = taken.every(([x, y]) => Math.abs(x - px) > 44 || Math.abs(y - py) > 16);
          if (away > most && free) [place, most] = [[px, py], away];
        }
      }
      if (place) {
        taken.push(place);
        context.strokeText(name, place[0] + 3, place[1] - 3);
        context.fillText(name, place[0] + 3, place[1] - 3);
      }
    }
  }

  drawCell(corners, width) {
    if (!corners) return;
    const points = corners.map(([x, y]) => this.over(x, y));
    // A cell that is cut by the map's edge would be drawn across all of it.
    if (points.some(([x], i) => Math.abs(x - points[(i + 1) % 4][0]) > this.size().width)) return;
    const { context } = this;
    context.beginPath();
    points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.strokeStyle = this.colour('--sea');
    context.lineWidth = width + 2;
    context.stroke();
    context.strokeStyle = this.colour('--text');
    context.lineWidth = width;
    context.stroke();
  }

  drawCross() {
    const { width, height } = this.size();
    const { context } = this;
    for (const [colour, thick] of [[this.colour('--sea'), 4], [this.colour('--text'), 1.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = thick;
      context.beginPath();
      context.moveTo(width / 2 - 12, height / 2);
      context.lineTo(width / 2 + 12, height / 2);
      context.moveTo(width / 2, height / 2 - 12);
      context.lineTo(width / 2, height / 2 + 12);
      context.stroke();
    }
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.zoomBy(2 ** (-event.deltaY * (event.deltaMode ? 30 : 1) / 300), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener('pointerdown', (event) => this.press(event));
    canvas.addEventListener('pointermove', (event) => this.drag(event));
    canvas.addEventListener('pointerup', (event) => this.release(event, true));
    canvas.addEventListener('pointercancel', (event) => this.release(event, false));
    canvas.addEventListener('pointerleave', () => this.acts.left());
    canvas.addEventListener('keydown', (event) => this.key(event));
    canvas.addEventListener('focus', () => this.redraw());
    canvas.addEventListener('blur', () => this.redraw());
  }

  press(event) {
    if (!this.plane || event.button > 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    this.travelled = this.pointers.size > 1 ? DRAG + 1 : 0;
    this.acts.left();
  }

  drag(event) {
    if (!this.plane) return;
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== 'touch') this.acts.hover(...this.at(event.offsetX, event.offsetY), event.offsetX, event.offsetY);
      return;
    }
    const now = [event.offsetX, event.offsetY];
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    this.travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (this.travelled <= DRAG) return;
    if (other) {
      const gap = (point) => Math.max(1, Math.hypot(point[0] - other[0], point[1] - other[1]));
      this.zoomBy(gap(now) / gap(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      this.pan((before[0] - now[0]) / 2, (before[1] - now[1]) / 2);
    } else {
      this.pan(before[0] - now[0], before[1] - now[1]);
    }
  }

  release(event, isDone) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (isDone && this.pointers.size === 0 && this.travelled <= DRAG) {
      this.acts.select(...this.at(event.offsetX, event.offsetY), false);
    }
  }

  key(event) {
    if (!this.plane || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 8 : 80;
    const keys = {
      ArrowLeft: () => this.pan(-step, 0),
      ArrowRight: () => this.pan(step, 0),
      ArrowUp: () => this.pan(0, -step),
      ArrowDown: () => this.pan(0, step),
      '+': () => this.zoomBy(1.5),
      '=': () => this.zoomBy(1.5),
      '-': () => this.zoomBy(1 / 1.5),
      0: () => this.fit(),
      Home: () => this.fit(),
      Enter: () => this.acts.select(this.x, this.y, true),
      ' ': () => this.acts.select(this.x, this.y, true),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}

function trace(context, line) {
  for (let i = 0; i < line.length; i += 2) {
    if (i) context.lineTo(line[i], line[i + 1]);
    else context.moveTo(line[i], line[i + 1]);
  }
}
