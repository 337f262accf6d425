'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const $ = id => document.getElementById(id);
const shards = data.shards, total = shards.label.length, states = data.states, granules = data.granules;
const number = value => value.toLocaleString('en-US');
const money = value => '$' + (value < 1 ? value.toPrecision(2) : value.toFixed(2));
const make = (name, text, classes) => {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (classes) element.className = classes;
  return element;
};
const colourOf = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// From steps to points, each ring with its box.
const walked = steps => {
  const points = new Int32Array(steps.length), box = [Infinity, Infinity, -Infinity, -Infinity];
  let x = 0, y = 0;
  for (let i = 0; i < steps.length; i += 2) {
    points[i] = x += steps[i]; points[i + 1] = y += steps[i + 1];
    box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y); box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
  }
  return { points, box };
};
const rings = shards.rings.map(of => of.map(walked));
const boxes = rings.map(of => of.reduce((a, ring) => [Math.min(a[0], ring.box[0]), Math.min(a[1], ring.box[1]),
  Math.max(a[2], ring.box[2]), Math.max(a[3], ring.box[3])], [Infinity, Infinity, -Infinity, -Infinity]));
const middles = boxes.map(box => [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]);
const lines = data.lines.map(([name, steps]) => ({ name, ...walked(steps) }));
const land = data.land.map(walked);
const footprints = granules.rings && granules.rings.map(of => of.map(walked));
const granulesOf = shard => {
  if (!data.pairs) return null;
  let last = 0;
  return data.pairs[shard].map(step => last += step);
};
const shardsOf = granule => {
  const found = [];
  for (let shard = 0; data.pairs && shard < total; shard++) if (granulesOf(shard).includes(granule)) found.push(shard);
  return found;
};

// What can be shown of a shard, as colour and as a column.
const columns = [{ name: 'Granules', of: i => shards.count[i], text: number }];
if (states) {
  columns.unshift({ name: 'State', of: i => states.state[i], text: text => text, words: ['done', 'empty', 'left'] });
  columns.push({ name: 'Points', of: i => states.points[i], text: number });
  columns.push({ name: 'Cells', of: i => states.cells[i], text: number });
  if (states.seconds.some(value => value !== null)) {
    columns.push({ name: 'Seconds', of: i => states.seconds[i], text: value => value.toFixed(2) });
    columns.push({ name: 'Cost', of: i => states.usd[i], text: money });
  }
}
columns.push({ name: 'Estimated cost', of: i => shards.usd[i], text: money });

// A ramp from light to dark that is read without colour vision too (viridis, a few stops of it).
const STOPS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const ramp = share => {
  const at = Math.max(0, Math.min(1, share)) * (STOPS.length - 1), low = Math.min(Math.floor(at), STOPS.length - 2);
  return `rgb(${STOPS[low].map((from, k) => Math.round(from + (STOPS[low + 1][k] - from) * (at - low))).join(',')})`;
};
let column = columns[0], limits = [0, 1], fills = [];
const colour = () => {
  const values = column.words ? [] : shards.label.map((_, i) => column.of(i)).filter(value => value !== null);
  limits = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  fills = shards.label.map((_, i) => {
    const value = column.of(i);
    if (column.words) return colourOf('--' + value);
    return value === null ? 'transparent' : ramp(limits[1] > limits[0] ? (value - limits[0]) / (limits[1] - limits[0]) : .5);
  });
  const legend = $('legend');
  legend.replaceChildren();
  if (column.words) {
    for (const word of column.words) {
      const key = make('span', undefined, 'key');
      key.style.background = colourOf('--' + word);
      const item = make('span');
      item.append(key, `${word}: ${number(states.state.filter(state => state === word).length)}`);
      legend.append(item);
    }
  } else if (values.length) {
    const bar = make('span', undefined, 'ramp');
    bar.style.background = `linear-gradient(to right, ${STOPS.map((_, k) => ramp(k / (STOPS.length - 1))).join(',')})`;
    legend.append(make('span', column.name), make('span', column.text(limits[0])), bar, make('span', column.text(limits[1])));
  } else legend.append(make('span', `${column.name}: no shard has any yet`));
  if (land.length) legend.append(make('span', 'grey: grounded ice'));
};

// The map. x to the right, y upwards; `view` holds the middle and the pixels of one step.
const canvas = $('map'), context = canvas.getContext('2d');
let view = null, picked = -1, hovered = -1, granule = -1, planned = false;
const size = () => [canvas.clientWidth, canvas.clientHeight];
const everything = () => {
  const [width, height] = size();
  view = { x: data.size[0] / 2, y: data.size[1] / 2, scale: Math.min(width / data.size[0], height / data.size[1]) };
  draw();
};
const least = () => Math.min(size()[0] / data.size[0], size()[1] / data.size[1]) * .5;
const zoom = (factor, at) => {
  const [width, height] = size(), [px, py] = at || [width / 2, height / 2];
  const scale = Math.max(least(), Math.min(4, view.scale * factor));
  const dx = px - width / 2, dy = height / 2 - py;
  view.x += dx / view.scale - dx / scale; view.y += dy / view.scale - dy / scale; view.scale = scale;
  draw();
};
const draw = () => { if (!planned) { planned = true; requestAnimationFrame(paint); } };
const path = (ring, close) => {
  const [width, height] = size(), { x, y, scale } = view, points = ring.points;
  for (let i = 0; i < points.length; i += 2) {
    const px = width / 2 + (points[i] - x) * scale, py = height / 2 - (points[i + 1] - y) * scale;
    i ? context.lineTo(px, py) : context.moveTo(px, py);
  }
  if (close) context.closePath();
};
const inView = box => {
  const [width, height] = size(), w = width / 2 / view.scale, h = height / 2 / view.scale;
  return box[0] <= view.x + w && box[2] >= view.x - w && box[1] <= view.y + h && box[3] >= view.y - h;
};
// Each line's name at its first point in sight where no other name is.
const names = () => {
  const [width, height] = size(), taken = [[0, height - 40, 170, height]];
  context.font = '11px system-ui, "DejaVu Sans", sans-serif';
  context.fillStyle = colourOf('--soft');
  for (const line of lines) {
    const long = context.measureText(line.name).width + 8;
    for (let i = 0; i < line.points.length; i += 2) {
      const px = width / 2 + (line.points[i] - view.x) * view.scale, py = height / 2 - (line.points[i + 1] - view.y) * view.scale;
      if (px < 4 || px > width - 48 || py < 18 || py > height - 8) continue;
      const box = [px, py - 16, px + long, py];
      if (taken.some(other => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
      taken.push(box);
      context.fillText(line.name, px + 3, py - 3);
      break;
    }
  }
};
const scaleBar = () => {
  const [width, height] = size(), metres = data.metres / view.scale, room = Math.min(140, width / 3) * metres;
  const power = 10 ** Math.floor(Math.log10(room)), nice = [5, 2, 1].find(k => k * power <= room) * power, length = nice / metres;
  context.strokeStyle = context.fillStyle = colourOf('--text');
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(14, height - 20); context.lineTo(14, height - 14); context.lineTo(14 + length, height - 14); context.lineTo(14 + length, height - 20);
  context.stroke();
  context.fillText(nice >= 1000 ? `${number(nice / 1000)} km` : `${number(nice)} m`, 18, height - 20);
};
const paint = () => {
  planned = false;
  const [width, height] = size(), ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = colourOf('--sea');
  context.fillRect(0, 0, width, height);
  context.lineJoin = 'round';
  context.beginPath();
  land.forEach(ring => path(ring, true));
  context.fillStyle = colourOf('--land');
  context.fill('evenodd');
  context.strokeStyle = colourOf('--land-edge');
  context.lineWidth = 1;
  context.stroke();
  context.beginPath();
  lines.forEach(line => path(line, false));
  context.strokeStyle = colourOf('--grid');
  context.stroke();
  const edge = colourOf('--edge');
  const pixels = Math.sqrt(data.size[0] * data.size[1] / Math.max(1, total)) * view.scale;
  for (let i = 0; i < total; i++) {
    if (!inView(boxes[i])) continue;
    context.beginPath();
    rings[i].forEach(ring => path(ring, true));
    context.globalAlpha = .82;
    context.fillStyle = fills[i];
    context.fill('evenodd');
    context.globalAlpha = 1;
    context.strokeStyle = fills[i] === 'transparent' ? colourOf('--soft') : edge;
    context.lineWidth = pixels > 8 ? .8 : .25;
    context.stroke();
  }
  if (footprints) {
    context.strokeStyle = context.fillStyle = colourOf('--track');
    const shown = $('footprints').checked ? footprints.map((_, i) => i) : picked >= 0 ? granulesOf(picked) || [] : [];
    // Many lie over each other: each is the fainter.
    const faint = Math.min(1, 12 / Math.max(1, shown.length));
    for (const which of granule >= 0 ? [...shown, granule] : shown) {
      context.beginPath();
      footprints[which].filter(ring => inView(ring.box)).forEach(ring => path(ring, true));
      context.globalAlpha = which === granule ? .35 : .06 * faint;
      context.fill('evenodd');
      context.globalAlpha = which === granule ? 1 : .15 + .3 * faint;
      context.lineWidth = which === granule ? 2 : .8;
      context.stroke();
      context.globalAlpha = 1;
    }
  }
  for (const [which, thick] of [[hovered, 1.5], [picked, 3]]) {
    if (which < 0) continue;
    context.beginPath();
    rings[which].forEach(ring => path(ring, true));
    context.strokeStyle = colourOf('--pick');
    context.lineWidth = thick;
    context.stroke();
  }
  names();
  scaleBar();
};

// Which shard is at a pixel.
const inside = (ring, x, y) => {
  const points = ring.points;
  let odd = false;
  for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2) {
    const [xi, yi, xj, yj] = [points[i], points[i + 1], points[j], points[j + 1]];
    if ((yi > y) !== (yj > y) && x < (xj - xi) * (y - yi) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
};
const shardAt = (px, py) => {
  const [width, height] = size(), x = view.x + (px - width / 2) / view.scale, y = view.y + (height / 2 - py) / view.scale;
  for (let i = 0; i < total; i++) {
    const box = boxes[i];
    if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) continue;
    if (rings[i].reduce((odd, ring) => odd !== inside(ring, x, y), false)) return i;
  }
  return -1;
};

// What is told of a shard.
const facts = i => {
  const list = columns.map(one => [one.name, one.of(i)]).filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => [name, columns.find(one => one.name === name).text(value)]);
  if (states && states.worker[i]) list.push(['Worker', states.worker[i]]);
  return list;
};
const listed = (items, most) => {
  const list = make('ul');
  list.tabIndex = 0;
  const fill = count => {
    list.replaceChildren(...items.slice(0, count).map(([text, act]) => {
      const item = make('li'), button = make('button', text);
      button.type = 'button';
      button.addEventListener('click', act);
      item.append(button);
      return item;
    }));
    if (items.length > count) {
      const item = make('li'), more = make('button', `${number(items.length - count)} more`);
      more.type = 'button';
      more.addEventListener('click', () => fill(count + 500));
      item.append(more);
      list.append(item);
    }
  };
  fill(most);
  return list;
};
const tell = () => {
  const panel = $('shard');
  panel.replaceChildren();
  if (picked < 0) { panel.append(make('p', 'No shard is chosen: click one on the map, or find it by its label.', 'small')); return; }
  panel.append(make('h2', `Shard ${shards.label[picked]}`));
  const list = make('dl');
  for (const [name, text] of [...facts(picked), ['Key', shards.key[picked]]]) list.append(make('dt', name), make('dd', text));
  panel.append(list);
  const of = granulesOf(picked);
  if (of && of.length) {
    panel.append(listed(of.map(which => [granules.id[which], () => chooseGranule(which)]), 100));
  }
};
const choose = (i, follow) => {
  picked = i;
  canvas.setAttribute('aria-label', label());
  if (i >= 0 && follow) {
    const [width, height] = size(), [x, y] = middles[i];
    if (Math.abs(x - view.x) * view.scale > width * .42 || Math.abs(y - view.y) * view.scale > height * .42) { view.x = x; view.y = y; }
  }
  tell();
  table();
  draw();
};
const chooseGranule = which => {
  granule = which;
  const found = shardsOf(which), panel = $('found');
  panel.replaceChildren(make('h2', granules.id[which]));
  const text = data.pairs ? `in ${number(found.length)} shards` : 'the shards of granules are not in this page';
  const started = granules.start[which] ? `, from ${granules.start[which].slice(0, 19).replace('T', ' ')}` : '';
  panel.append(make('p', text + started, 'small'));
  panel.append(listed(found.map(i => [shards.label[i], () => choose(i, true)]), 50));
  draw();
  return found;
};
const label = () => {
  const what = `Map of ${number(total)} shards (${data.plane}), coloured by ${column.name.toLowerCase()}.`;
  if (picked < 0) return what + ' No shard is chosen.';
  return `${what} Chosen: shard ${shards.label[picked]}, ${facts(picked).map(([name, text]) => `${name.toLowerCase()} ${text}`).join(', ')}.`;
};

// Search: a label or a part of it, a key, a granule's name or a part of it.
const search = text => {
  const panel = $('found');
  panel.replaceChildren();
  granule = -1;
  const wanted = text.trim().toLowerCase();
  if (!wanted) { draw(); return; }
  const exact = shards.label.findIndex((name, i) => name.toLowerCase() === wanted || shards.key[i] === wanted);
  if (exact >= 0) { choose(exact, true); panel.append(make('p', `Found shard ${shards.label[exact]}.`, 'small')); return; }
  const ids = granules.id || [];
  const named = ids.map((id, i) => [id, i]).filter(([id]) => id.toLowerCase().includes(wanted));
  if (named.length === 1) { const found = chooseGranule(named[0][1]); if (found.length) choose(found[0], true); return; }
  const parts = shards.label.map((name, i) => [name, i]).filter(([name]) => name.includes(wanted));
  if (!named.length && !parts.length) {
    panel.append(make('p', `Nothing is called ${text.trim()}${granules.id ? '' : ' (granules are not in this page)'}.`, 'small'));
    return;
  }
  if (parts.length === 1 && !named.length) { choose(parts[0][1], true); panel.append(make('p', `Found shard ${parts[0][0]}.`, 'small')); return; }
  panel.append(make('p', `${number(parts.length)} shards and ${number(named.length)} granules have ${text.trim()} in their names.`, 'small'));
  panel.append(listed([...parts.map(([name, i]) => [`shard ${name}`, () => choose(i, true)]),
    ...named.map(([id, i]) => [id, () => chooseGranule(i)])], 50));
};

// The table: what the map shows, for whoever does not see it.
const PAGE = 25;
let order = shards.label.map((_, i) => i), sorted = null, downwards = false, first = 0;
const heads = [{ name: 'Shard', of: i => shards.label[i], text: text => text }, ...columns];
const table = () => {
  $('head').replaceChildren(...heads.map(one => {
    const cell = make('th'), button = make('button', one.name + (sorted === one ? (downwards ? ' ▾' : ' ▴') : ''));
    cell.scope = 'col';
    if (sorted === one) cell.setAttribute('aria-sort', downwards ? 'descending' : 'ascending');
    button.type = 'button';
    button.addEventListener('click', () => {
      downwards = sorted === one ? !downwards : one.name !== 'Shard';
      sorted = one;
      const value = i => one.of(i) ?? -Infinity;
      const compare = (a, b) => value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : a - b;
      order.sort((a, b) => downwards ? compare(b, a) : compare(a, b));
      first = 0;
      table();
      $('head').children[heads.indexOf(one)].firstChild.focus();
    });
    cell.append(button);
    return cell;
  }));
  $('rows').replaceChildren(...order.slice(first, first + PAGE).map(i => {
    const row = make('tr', undefined, i === picked ? 'picked' : '');
    heads.forEach((one, k) => {
      const cell = make('td'), value = one.of(i);
      if (k) cell.textContent = value === null || value === undefined ? '' : one.text(value);
      else {
        const button = make('button', value);
        button.type = 'button';
        button.addEventListener('click', () => {
          choose(i, true);
          $('rows').children[order.indexOf(i) - first].querySelector('button').focus();
        });
        cell.append(button);
      }
      row.append(cell);
    });
    return row;
  }));
  $('page').textContent = total ? `${number(first + 1)} to ${number(Math.min(first + PAGE, total))} of ${number(total)}` : 'no shards';
  $('before').disabled = first === 0;
  $('after').disabled = first + PAGE >= total;
};

// Pointer and keys.
const held = new Map();
let moved = 0, apart = 0;
const local = event => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
const hover = (px, py) => {
  hovered = shardAt(px, py);
  const tip = $('tip');
  tip.hidden = hovered < 0;
  if (hovered >= 0) {
    tip.replaceChildren(make('strong', `Shard ${shards.label[hovered]}`), ...facts(hovered).map(([name, text]) => make('div', `${name}: ${text}`)));
    const [width] = size();
    tip.style.left = `${Math.min(px + 14, width - tip.offsetWidth - 6)}px`;
    tip.style.top = `${Math.max(4, py - tip.offsetHeight - 8)}px`;
  }
  draw();
};
canvas.addEventListener('pointerdown', event => {
  canvas.setPointerCapture(event.pointerId);
  held.set(event.pointerId, local(event));
  moved = apart = 0;
  canvas.classList.add('held');
});
canvas.addEventListener('pointermove', event => {
  const at = local(event), from = held.get(event.pointerId);
  if (!from) { hover(...at); return; }
  held.set(event.pointerId, at);
  moved += Math.abs(at[0] - from[0]) + Math.abs(at[1] - from[1]);
  if (held.size === 1) {
    view.x -= (at[0] - from[0]) / view.scale; view.y += (at[1] - from[1]) / view.scale;
    draw();
    return;
  }
  const [a, b] = [...held.values()], distance = Math.hypot(a[0] - b[0], a[1] - b[1]);
  if (apart) zoom(distance / apart, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
  apart = distance;
});
const release = event => {
  const one = held.size === 1;
  if (held.delete(event.pointerId) && one && moved < 6 && event.type === 'pointerup') choose(shardAt(...local(event)), false);
  canvas.classList.toggle('held', held.size > 0);
};
canvas.addEventListener('pointerup', release);
canvas.addEventListener('pointercancel', release);
canvas.addEventListener('pointerleave', () => { hovered = -1; $('tip').hidden = true; draw(); });
canvas.addEventListener('wheel', event => { event.preventDefault(); zoom(Math.exp(-event.deltaY * .0015), local(event)); }, { passive: false });
const step = (dx, dy) => {
  if (!total) return;
  if (picked < 0) { choose(nearest(view.x, view.y, () => true), true); return; }
  const [x, y] = middles[picked];
  const next = nearest(x, y, (ex, ey) => ex * dx + ey * dy > Math.abs(ex * dy - ey * dx));
  if (next >= 0) choose(next, true);
};
const nearest = (x, y, fits) => {
  let best = -1, least = Infinity;
  for (let i = 0; i < total; i++) {
    const ex = middles[i][0] - x, ey = middles[i][1] - y, far = ex * ex + ey * ey;
    if (i !== picked && far < least && fits(ex, ey)) { best = i; least = far; }
  }
  return best;
};
const keys = { ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, 1), ArrowDown: () => step(0, -1),
  '+': () => zoom(1.5), '=': () => zoom(1.5), '-': () => zoom(1 / 1.5), '0': everything,
  Escape: () => { granule = -1; $('found').replaceChildren(); choose(-1, false); } };
canvas.addEventListener('keydown', event => {
  const act = !event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key];
  if (act) { event.preventDefault(); act(); }
});
$('in').addEventListener('click', () => zoom(1.5));
$('out').addEventListener('click', () => zoom(1 / 1.5));
$('all').addEventListener('click', everything);
$('before').addEventListener('click', () => { first = Math.max(0, first - PAGE); table(); });
$('after').addEventListener('click', () => { first += PAGE; table(); });
$('search').addEventListener('submit', event => { event.preventDefault(); search($('query').value); });
$('footprints').addEventListener('change', draw);
$('footprints-tool').hidden = !footprints;
for (const [k, one] of columns.entries()) { const option = make('option', one.name); option.value = k; $('colour').append(option); }
$('colour').addEventListener('change', () => { column = columns[$('colour').value]; colour(); canvas.setAttribute('aria-label', label()); draw(); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { colour(); draw(); });
addEventListener('resize', draw);

const sum = states ? `; ${['done', 'empty', 'left'].map(word => `${number(states.state.filter(state => state === word).length)} ${word}`).join(', ')}` : '';
const several = (count, what) => `${number(count)} ${what}${count === 1 ? '' : 's'}`;
$('summary').textContent = `${several(total, 'shard')}, ${several(granules.total, 'granule')}${sum}. ${data.grid}.`;
for (const [name, text] of data.about) $('origin').append(make('dt', name), make('dd', text));
for (const note of data.notes) $('notes').append(make('p', note));
colour();
canvas.setAttribute('aria-label', label());
tell();
table();
everything();
