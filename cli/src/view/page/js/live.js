// Following a run: its progress, and the shards whose standing is new.

import { ask, duration, figure } from './ask.js';

const strip = document.getElementById('live');
const bar = document.getElementById('live-bar');
const text = document.getElementById('live-text');
const heading = document.getElementById('live-name');
const trouble = document.getElementById('live-trouble');

const LIVE_MS = 1000;
const STILL_MS = 5000;

const PHASES = {
  waiting: 'Waiting for the store',
  running: 'Run in progress',
  cancelled: 'The run was cancelled',
  unfinished: 'Not finished: shards are left',
  done: 'Finished',
};

/** Asks how far it is, again and again. `acts`: listed() when shards came or went, changed(labels by state), ready(),
 *  phase(now, before, text), unreachable(). */
export class Live {
  constructor(acts) {
    this.acts = acts;
    this.sequence = 0;
    this.listed = 0;
    this.phase = null;
    this.ready = null;
  }

  async follow() {
    for (;;) {
      let pause = STILL_MS;
      try {
        const status = await ask('/status.json', { since: this.sequence });
        await this.take(status);
        pause = status.live ? LIVE_MS : STILL_MS;
        trouble.dataset.lost = '';
      } catch (error) {
        strip.hidden = false;
        trouble.hidden = false;
        trouble.textContent = `The program that serves this page cannot be reached: ${error.message}`;
      }
      await new Promise((done) => { setTimeout(done, pause); });
    }
  }

  async take(status) {
    this.show(status);
    const becameReady = status.ready && !this.ready;
    this.ready = status.ready;
    if (becameReady) await this.acts.ready(status);
    if (status.ready && (status.listed !== this.listed)) {
      this.listed = status.listed;
      await this.acts.listed();
    }
    if (status.ready && status.sequence !== this.sequence && Object.keys(status.changed).length > 0) {
      this.acts.changed(status.changed);
    }
    this.sequence = status.sequence;
    if (status.phase !== this.phase) {
      const before = this.phase;
      this.phase = status.phase;
      this.acts.phase(status.phase, before, heading.textContent);
    }
  }

  show(status) {
    const { shards, progress } = status;
    const all = shards.done + shards.empty + shards.left + shards.failed;
    strip.hidden = all === 0;
    const ended = shards.done + shards.empty;
    bar.max = Math.max(1, all);
    bar.value = ended;
    heading.textContent = status.phase === 'done' && shards.failed > 0
      ? `Finished, but ${figure(shards.failed)} shards failed` : PHASES[status.phase];
    const parts = [`${figure(ended)} of ${figure(all)} shards done`];
    if (shards.empty) parts.push(`${figure(shards.empty)} empty`);
    if (shards.left) parts.push(`${figure(shards.left)} left`);
    if (shards.failed) parts.push(`${figure(shards.failed)} failed`);
    if (progress) {
      parts.push(`${figure(progress.points)} points in ${figure(progress.cells)} cells`);
      if (status.phase === 'running') parts.push(`${progress.rate.toFixed(2)} shards/s`);
      if (status.phase === 'running' && progress.eta_seconds !== null) parts.push(`${duration(progress.eta_seconds)} to go`);
      parts.push(`$${progress.usd_total.toFixed(4)} ${status.phase === 'running' ? 'so far' : 'in all'}`);
      if (progress.cancelled) parts.push(`cancelled: ${progress.cancelled}`);
    }
    text.textContent = parts.join(' · ');
    const problems = [
      status.trouble,
      status.queue_trouble && `Failed shards are not known: ${status.queue_trouble}`,
    ].filter(Boolean);
    trouble.hidden = problems.length === 0;
    trouble.textContent = problems.join(' · ');
  }
}
