// Asking the server: JSON, and what is said when there is none.

const toast = document.getElementById('trouble');
let hiding = 0;

/** Says that something went wrong, for a while. */
export function complain(text) {
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { toast.hidden = true; }, 8000);
}

/** The JSON document at a path. Rejects with the server's own words. */
export async function ask(path, parameters = {}, signal = undefined) {
  const query = new URLSearchParams(parameters).toString();
  const answer = await fetch(query ? `${path}?${query}` : path, { signal });
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    throw new Error(said.error ?? `${path} answered ${answer.status}`);
  }
  return answer.json();
}

/** Whether an error is that of a request that we gave up. */
export const wasGivenUp = (error) => error.name === 'AbortError';

/** A number for people: as many digits as tell values of a range apart. */
export function figure(value, span = 0) {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return 'none';
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en');
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e12)) return value.toExponential(4);
  const digits = span > 0 ? Math.min(8, Math.max(0, 3 - Math.floor(Math.log10(span)))) : 4;
  return value.toLocaleString('en', { maximumFractionDigits: Math.max(digits, size < 1 ? 6 : 0) });
}

/** Degrees with their side. */
export function degrees(value, positive, negative) {
  return `${Math.abs(value).toFixed(4)}° ${value < 0 ? negative : positive}`;
}

/** Seconds for people. */
export function duration(seconds) {
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Bytes for people. */
export function bytes(count) {
  const units = ['B', 'kB', 'MB', 'GB'];
  let unit = 0;
  while (count >= 1000 && unit < 3) { count /= 1000; unit += 1; }
  return `${count.toFixed(unit ? 1 : 0)} ${units[unit]}`;
}
