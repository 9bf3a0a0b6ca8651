"use strict";
// Words that two texts share, by the longest common subsequence; null where too many to compare.
const MOST_CELLS = 6e6;

function words(text) {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s]/gu) || [];
}

// Runs of [kind, text]: 0 in both, 1 in the second alone, -1 in the first alone.
function difference(before, after) {
  const a = words(before), b = words(after);
  let head = 0, tail = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (tail < a.length - head && tail < b.length - head
    && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const n = a.length - head - tail, m = b.length - head - tail;
  if (n * m > MOST_CELLS) return null;
  const wide = m + 1, table = new Uint16Array((n + 1) * wide);
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      table[i * wide + j] = a[head + i] === b[head + j]
        ? table[(i + 1) * wide + j + 1] + 1
        : Math.max(table[(i + 1) * wide + j], table[i * wide + j + 1]);
    }
  }
  const runs = [];
  const add = (kind, text) => {
    const last = runs[runs.length - 1];
    if (last && last[0] === kind) last[1] += text; else runs.push([kind, text]);
  };
  for (let i = 0; i < head; i++) add(0, a[i]);
  let i = 0, j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && a[head + i] === b[head + j]) { add(0, a[head + i]); i++; j++; }
    else if (i < n && (j >= m || table[(i + 1) * wide + j] >= table[i * wide + j + 1])) {
      add(-1, a[head + i++]);
    } else add(1, b[head + j++]);
  }
  for (let i = a.length - tail; i < a.length; i++) add(0, a[i]);
  return runs;
}

// The share of the longer text's words that both have, in order.
function alike(runs, before, after) {
  const count = text => (text.match(/[\p{L}\p{N}_]+/gu) || []).length;
  const same = runs.filter(([kind]) => kind === 0).reduce((sum, [, text]) => sum + count(text), 0);
  return same / Math.max(1, count(before), count(after));
}
