// The page: its parts, and what they tell each other.

import { ask, complain, degrees, figure, wasGivenUp } from './ask.js';
import { NAMES, Style } from './colour.js';
import { Live } from './live.js';
import { MapView } from './map.js';
import { Panel, title } from './panel.js';
import { Tiles } from './tiles.js';

const $ = (id) => document.getElementById(id);
const says = (text) => { $('says').textContent = text; };

const page = { store: null, plane: null, range: null, panel: null, boxes: new Map(), byHand: false };

const map = new MapView($('map'), { hover, left, select, moved });
const live = new Live({ ready, listed, changed, phase });

// --- appearance -----------------------------------------------------------------------------------------------------

const prefersDark = matchMedia('(prefers-color-scheme: dark)');

function applyAppearance() {
  const wanted = $('appearance').value;
  const isDark = wanted === 'dark' || (wanted === 'auto' && prefersDark.matches);
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
  map.redraw();
}

$('appearance').value = localStorage.getItem('zagg-appearance') ?? 'auto';
$('appearance').addEventListener('change', () => {
  localStorage.setItem('zagg-appearance', $('appearance').value);
  applyAppearance();
});
prefersDark.addEventListener('change', applyAppearance);
applyAppearance();

const narrow = matchMedia('(max-width: 720px)');

function showControls(shown) {
  $('controls').hidden = !shown && narrow.matches;
  $('menu').setAttribute('aria-expanded', String(shown));
}

$('menu').addEventListener('click', () => showControls($('controls').hidden));
narrow.addEventListener('change', () => showControls(!narrow.matches));
showControls(!narrow.matches);

// --- what the map shows ---------------------------------------------------------------------------------------------

for (const name of NAMES) $('colours').append(new Option(name, name));
$('controls').addEventListener('submit', (event) => event.preventDefault());
$('field').addEventListener('change', () => guarded(showField));
$('projection').addEventListener('change', () => guarded(showProjection));
for (const id of ['colours', 'reverse']) $(id).addEventListener('change', restyle);
$('preset').addEventListener('change', applyPreset);
for (const id of ['least', 'greatest']) {
  $(id).addEventListener('change', () => { $('preset').value = 'hand'; restyle(); });
}
$('outlines').addEventListener('input', () => { map.outlines = $('outlines').value / 100; map.redraw(); });
$('closer').addEventListener('click', () => map.zoomBy(1.5));
$('farther').addEventListener('click', () => map.zoomBy(1 / 1.5));
$('all').addEventListener('click', () => map.fit());

async function guarded(act) {
  try {
    await act();
  } catch (error) {
    if (!wasGivenUp(error)) complain(error.message);
  }
}

/** The store is there: everything is asked for. */
async function ready() {
  page.store = await ask('/store.json');
  const { store } = page;
  $('waiting').hidden = true;
  $('field').replaceChildren(...store.fields.map(({ name, long_name: long }) => new Option(long ? `${name}: ${long}` : name, name)));
  if (store.first_field) $('field').value = store.first_field;
  $('projection').replaceChildren(...store.projections.map((name) => new Option(name, name)));
  $('projection').value = store.projection;
  const grid = store.grid.type === 'healpix' ? `HEALPix order ${store.grid.order}` : `${store.grid.crs}, ${store.grid.shape.join(' × ')} cells`;
  const made = [grid, store.version && `zagg ${store.version}`, store.pipeline && `pipeline ${store.pipeline.slice(0, 12)}`];
  $('about').textContent = [...made, ...store.notes].filter(Boolean).join(' · ');
  page.panel ??= new Panel(store, () => { map.chosen = null; map.redraw(); $('map').focus({ preventScroll: true }); });
  page.panel.store = store;
  await showProjection();
}

async function showProjection() {
  const projection = $('projection').value;
  const [plane, coast] = await Promise.all([ask('/projection.json', { projection }), ask('/coast.json', { projection })]);
  page.plane = plane;
  map.marked = null;
  map.chosen = null;
  map.coast = coast.lines;
  map.shards = [];
  map.setPlane(plane);
  await listed();
  await showField();
}

/** Shards came or went: all are asked for. */
async function listed() {
  if (!page.plane) return;
  const projection = page.plane.name;
  const wasEmpty = map.shards.length === 0;
  const { shards, listed: at } = await ask('/shards.json', { projection });
  live.listed = at;
  page.boxes = new Map(shards.map(({ label, rings }) => [label, rings.map(box)]));
  map.shards = shards;
  if (wasEmpty && shards.length > 0) {
    const plane = await ask('/projection.json', { projection });
    page.plane.extent = plane.extent;
    page.plane.graticule = plane.graticule;
    map.fit();
  }
  map.redraw();
}

async function showField() {
  $('map').setAttribute('aria-busy', 'true');
  map.tiles?.end();
  map.tiles = page.store.fields.length > 0 ? new Tiles(page.plane, $('field').value, () => map.redraw()) : null;
  await findRange();
}

async function findRange() {
  if (!map.tiles) return;
  page.range = await ask('/field.json', { field: $('field').value });
  const sampled = page.range.blocks_read < page.range.blocks;
  $('preset').title = sampled ? `from ${page.range.blocks_read} of ${page.range.blocks} blocks` : '';
  if ($('preset').value === 'hand') restyle();
  else applyPreset();
}

function applyPreset() {
  const preset = $('preset').value;
  if (preset !== 'hand' && page.range) {
    const [low, high] = preset.split(',');
    const { percentiles } = page.range;
    // As many digits as a person would type.
    const [least, greatest] = [percentiles[low], percentiles[high]];
    const digits = (value) => (value === null ? '' : Number(value.toPrecision(6)));
    $('least').value = digits(least);
    $('greatest').value = digits(greatest);
  }
  restyle();
}

/** Values become other colours; nothing is fetched. */
function restyle() {
  const [least, greatest] = ['least', 'greatest'].map((id) => Number($(id).value));
  map.style = new Style($('colours').value, $('reverse').checked, least, greatest);
  const field = shownField();
  const units = field?.units && field.units !== '1' ? ` (${field.units})` : '';
  $('legend-name').textContent = field ? `${field.long_name ?? field.name}${units}` : '';
  const context = $('ramp').getContext('2d');
  const image = context.createImageData(256, 1);
  new Uint32Array(image.data.buffer).set(map.style.pixels);
  context.putImageData(image, 0, 0);
  const span = greatest - least;
  const empty = $('least').value === '' || $('greatest').value === '';
  $('ramp-least').textContent = empty ? '' : figure(least, span);
  $('ramp-middle').textContent = empty ? 'no values yet' : figure((least + greatest) / 2, span);
  $('ramp-greatest').textContent = empty ? '' : figure(greatest, span);
  $('ramp').setAttribute('aria-label', empty ? 'No values yet' : `Colours from ${figure(least, span)} to ${figure(greatest, span)}${units}`);
  map.redraw();
}

const shownField = () => page.store?.fields.find(({ name }) => name === $('field').value);

function box(ring) {
  const found = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < ring.length; i += 2) {
    found[0] = Math.min(found[0], ring[i]);
    found[1] = Math.min(found[1], ring[i + 1]);
    found[2] = Math.max(found[2], ring[i]);
    found[3] = Math.max(found[3], ring[i + 1]);
  }
  return found;
}

// --- a cell ---------------------------------------------------------------------------------------------------------

let asking = new AbortController();
let later = 0;

/** A value in words. */
function worded(value) {
  const field = shownField();
  const units = field?.units && field.units !== '1' ? ` ${field.units}` : '';
  return `${figure(value, map.style ? map.style.greatest - map.style.least : 0)}${units}`;
}

function hover(x, y, px, py) {
  if (!map.tiles) return;
  const value = map.tiles.value(x, y, map.zoom);
  tooltip(px, py, Number.isNaN(value) ? null : worded(value), null);
  clearTimeout(later);
  asking.abort();
  later = setTimeout(() => guarded(async () => {
    asking = new AbortController();
    const found = await ask('/cell', { projection: page.plane.name, x, y }, asking.signal);
    map.marked = found.corners ?? null;
    map.redraw();
    if (found.cell) tooltip(px, py, told(found), found);
  }), 60);
}

/** The shown field's own value of a cell: a map far off shows what several cells make together. */
function told(found) {
  const value = found.values[$('field').value];
  return value === null || value === 'NaN' ? null : worded(value);
}

function tooltip(px, py, value, found) {
  const tip = $('tooltip');
  const lines = [];
  if (value !== null) lines.push(strong(`${$('field').value} ${value}`));
  if (found) {
    const count = found.values[page.store.count_field];
    lines.push(title(found.cell), `${degrees(found.lat, 'N', 'S')}, ${degrees(found.lon, 'E', 'W')}`);
    if (value === null) lines.unshift('no value');
    if (count !== undefined && count !== null) lines.push(`count ${figure(count)}`);
    if (found.shard) lines.push(`shard ${found.shard} (${found.state})`);
    if (found.granules) {
      const { total, ids } = found.granules;
      lines.push(`${total} granule${total === 1 ? '' : 's'}: ${ids.slice(0, 2).join(', ')}${total > 2 ? ', …' : ''}`);
    }
  }
  tip.hidden = lines.length === 0;
  tip.replaceChildren(...lines.map((line) => { const row = document.createElement('div'); row.append(line); return row; }));
  const { width, height } = map.size();
  tip.style.left = `${Math.min(px + 14, width - tip.offsetWidth - 8)}px`;
  tip.style.top = `${py + 18 + tip.offsetHeight > height ? py - tip.offsetHeight - 10 : py + 18}px`;
}

function strong(text) {
  const made = document.createElement('b');
  made.textContent = text;
  return made;
}

function left() {
  clearTimeout(later);
  asking.abort();
  $('tooltip').hidden = true;
  map.marked = null;
  map.redraw();
}

function select(x, y, byKeyboard) {
  if (!page.panel) return;
  guarded(async () => {
    const found = await ask('/cell', { projection: page.plane.name, x, y });
    map.chosen = found.corners ?? null;
    map.redraw();
    says(sentence(found));
    await page.panel.show(found, $('field').value, byKeyboard);
  });
}

/** A cell in a sentence, for those who hear the page. */
function sentence(found) {
  if (!found.cell) return 'No cell here.';
  const count = found.values[page.store.count_field];
  const value = told(found);
  return [
    value === null ? `No value of ${$('field').value}` : `${$('field').value} ${value}`,
    `at ${degrees(found.lat, 'N', 'S')}, ${degrees(found.lon, 'E', 'W')}`,
    count === undefined || count === null ? '' : `count ${count}`,
    found.shard ? `shard ${found.shard}, ${found.state}` : '',
  ].filter(Boolean).join(', ') + '.';
}

let announcing = 0;

/** The map was moved: the scale is another, and the keyboard's cell is told. */
function moved() {
  if (!page.plane) return;
  const metres = map.scale * page.plane.metres_per_unit;
  const widest = metres * 120;
  const step = 10 ** Math.floor(Math.log10(widest));
  const length = [5, 2, 1].map((n) => n * step).find((n) => n <= widest) ?? step;
  $('scale-bar').style.width = `${length / metres}px`;
  $('scale-text').textContent = length >= 1000 ? `${figure(length / 1000)} km` : `${figure(length)} m`;
  clearTimeout(announcing);
  if (document.activeElement === $('map') && $('map').matches(':focus-visible')) {
    announcing = setTimeout(() => guarded(async () => {
      const found = await ask('/cell', { projection: page.plane.name, x: map.x, y: map.y });
      map.marked = found.corners ?? null;
      map.redraw();
      says(sentence(found));
    }), 300);
  }
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') { page.panel?.close(); left(); }
});

// --- a run ----------------------------------------------------------------------------------------------------------

function changed(states) {
  const labels = Object.keys(states);
  for (const shard of map.shards) shard.state = states[shard.label] ?? shard.state;
  map.tiles?.refresh(labels.flatMap((label) => page.boxes.get(label) ?? []));
  map.redraw();
  guarded(() => page.panel?.renew(labels));
  // The range follows what was computed, until somebody sets it.
  if (labels.some((label) => states[label] === 'done') && $('preset').value !== 'hand') guarded(findRange);
}

function phase(now, before, text) {
  $('waiting').hidden = now !== 'waiting';
  if (now === 'waiting') {
    $('waiting').textContent = `There is no store at ${$('place').textContent} yet. The map comes as soon as a run makes it.`;
  }
  if (before !== null) {
    says(`${text}. ${$('live-text').textContent}`);
    // What was painted while the run went on may come from overviews now.
    map.tiles?.refresh([[-Infinity, -Infinity, Infinity, Infinity]]);
    guarded(findRange);
  }
}

guarded(async () => {
  const { location } = await ask('/store.json');
  $('place').textContent = location;
  document.title = `${location.split('/').pop()} – zagg view`;
  await live.follow();
});
