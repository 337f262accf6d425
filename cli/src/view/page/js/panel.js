// The panel beside the map: a cell's values as a table, its shard's mark and granules.

import { ask, bytes, degrees, duration, figure } from './ask.js';

const panel = document.getElementById('panel');
const name = document.getElementById('panel-name');
const body = document.getElementById('panel-body');

/** An element with attributes, and texts or elements in it. */
export function element(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

/** What a cell is called. */
export function title(cell) {
  return cell.id !== undefined ? `Cell ${cell.id}` : `Cell in row ${cell.row}, column ${cell.column}`;
}

function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return element('dl', {}, ...known.flatMap(([term, value]) => [element('dt', {}, term), element('dd', {}, String(value))]));
}

export class Panel {
  constructor(store, closed) {
    this.store = store;
    this.closed = closed;
    document.getElementById('close').addEventListener('click', () => this.close());
    panel.addEventListener('keydown', (event) => { if (event.key === 'Escape') this.close(); });
  }

  get isOpen() { return !panel.hidden; }

  close() {
    if (panel.hidden) return;
    panel.hidden = true;
    this.label = null;
    this.closed();
  }

  /** Shows a cell (an answer of /cell) and then its shard. */
  async show(found, field, takeFocus) {
    panel.hidden = false;
    name.textContent = found.cell ? title(found.cell) : 'No cell here';
    body.replaceChildren();
    if (found.cell) this.showCell(found, field);
    const place = element('div', { id: 'shard' });
    body.append(place);
    if (takeFocus) name.focus();
    this.label = found.shard ?? null;
    if (found.shard) await this.showShard(found.shard, place);
    else if (found.cell) place.append(element('p', { class: 'fine' }, 'No shard of the run lies here.'));
  }

  /** Shows the shard again, if it is this one's panel: its standing is another. */
  async renew(labels) {
    const place = document.getElementById('shard');
    if (this.isOpen && place && labels.includes(this.label)) await this.showShard(this.label, place);
  }

  showCell(found, field) {
    const { cell } = found;
    const rows = this.store.fields.map(({ name: of, long_name: long, units }) => {
      const row = element('tr', of === field ? { class: 'shown' } : {},
        element('th', { scope: 'row', title: long ?? of }, of),
        element('td', { class: 'number' }, exact(found.values[of])),
        element('td', {}, units && units !== '1' ? units : ''));
      return row;
    });
    body.append(
      facts([
        ['Middle', `${degrees(found.lat, 'N', 'S')}, ${degrees(found.lon, 'E', 'W')}`],
        ['Order', cell.order],
        ['Morton', cell.morton],
      ]),
      element('table', { id: 'values' },
        element('caption', {}, 'Values as they are stored'),
        element('thead', {}, element('tr', {},
          element('th', { scope: 'col' }, 'Field'), element('th', { scope: 'col' }, 'Value'), element('th', { scope: 'col' }, 'Units'))),
        element('tbody', {}, ...rows)),
    );
  }

  async showShard(label, place) {
    let shard;
    try {
      shard = await ask('/shard.json', { label });
    } catch (error) {
      place.replaceChildren(element('h3', {}, `Shard ${label}`), element('p', { class: 'trouble' }, error.message));
      return;
    }
    const { mark, standing, granules } = shard;
    const made = mark?.execution;
    const states = { done: 'done', empty: 'done: no point fell into it', left: 'not done yet', failed: 'failed' };
    const list = [
      element('h3', {}, `Shard ${label}`),
      element('p', { class: `state ${standing.state}` }, states[standing.state]),
    ];
    if (standing.state === 'failed') {
      list.push(facts([['Class', standing.class], ['Reason', standing.reason], ['Attempts', standing.attempts]]));
    }
    if (mark) {
      list.push(facts([
        ['Points', figure(mark.points)], ['Cells', figure(mark.cells)],
        ['Written', `${mark.objects} objects, ${bytes(mark.bytes)}`],
        ['Took', made ? duration(made.seconds) : null],
        ['Cost', made && mark.usd !== null ? `$${mark.usd.toPrecision(3)}` : null],
        ['Worker', made?.worker], ['Attempt', made?.attempt],
        ['When', made ? new Date(made.begun_ms).toISOString().replace('T', ' ').slice(0, 19) + ' UTC' : null],
        ['Run', made?.run],
      ]));
    }
    if (granules) {
      list.push(
        element('h3', { id: 'granules-name' }, `Granules (${granules.length})`),
        element('div', { class: 'granules', role: 'region', 'aria-labelledby': 'granules-name', tabindex: '0' },
          element('ol', {}, ...granules.map(({ id, href }) => element('li', { title: href }, id)))));
    }
    place.replaceChildren(...list);
  }
}

/** A stored value, whole. */
function exact(value) {
  if (value === null || value === undefined) return 'not written';
  return typeof value === 'string' ? value : String(value);
}
