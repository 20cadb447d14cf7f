// Two texts side by side.

const CONTEXT = 3;
// The most pairs of lines that are compared one by one; beyond, the middle counts as changed.
const PAIRS = 4000000;

// Returns how the lines of a text end.
function lineEnds(text) {
  const crlf = text.split('\r\n').length - 1;
  const lf = text.split('\n').length - 1 - crlf;
  if (!crlf || !lf) return crlf ? 'CRLF' : lf ? 'LF' : '';
  return crlf > lf ? `CRLF, ${lf} LF` : `LF, ${crlf} CRLF`;
}

// Returns rows [left, right, kind]; kind is same, changed, added, removed. A missing side is null.
function sideBySide(before, after) {
  const a = before === '' ? [] : before.split('\n');
  const b = after === '' ? [] : after.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const rows = [];
  for (let i = 0; i < head; i++) rows.push([i, i, 'same']);
  pairs(a.slice(head, a.length - tail), b.slice(head, b.length - tail)).forEach(([x, y, kind]) =>
    rows.push([x === null ? null : x + head, y === null ? null : y + head, kind]));
  for (let i = tail; i > 0; i--) rows.push([a.length - i, b.length - i, 'same']);
  return { a, b, rows };
}

function pairs(a, b) {
  const ops = [];
  if (a.length * b.length > PAIRS) {
    a.forEach((_, i) => ops.push([i, null]));
    b.forEach((_, j) => ops.push([null, j]));
  } else {
    const width = b.length + 1;
    const table = new Uint32Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        table[i * width + j] = a[i] === b[j]
          ? table[(i + 1) * width + j + 1] + 1
          : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
      }
    }
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i] === b[j]) ops.push([i++, j++]);
      else if (j >= b.length || (i < a.length && table[(i + 1) * width + j] >= table[i * width + j + 1])) ops.push([i++, null]);
      else ops.push([null, j++]);
    }
  }
  // What goes and what comes at one place stand side by side.
  const rows = [];
  let gone = [];
  let come = [];
  const flush = () => {
    for (let k = 0; k < Math.max(gone.length, come.length); k++) {
      const x = k < gone.length ? gone[k] : null;
      const y = k < come.length ? come[k] : null;
      rows.push([x, y, x === null ? 'added' : y === null ? 'removed' : 'changed']);
    }
    gone = [];
    come = [];
  };
  for (const [x, y] of ops) {
    if (x !== null && y !== null) {
      flush();
      rows.push([x, y, 'same']);
    } else if (x !== null) gone.push(x);
    else come.push(y);
  }
  flush();
  return rows;
}

// Returns the part of two lines that differs, as lengths of what they share at both ends.
function shared(x, y) {
  let head = 0;
  while (head < x.length && head < y.length && x[head] === y[head]) head++;
  let tail = 0;
  while (tail < x.length - head && tail < y.length - head && x[x.length - 1 - tail] === y[y.length - 1 - tail]) tail++;
  return [head, tail];
}

function cell(text, kind, number, other) {
  const box = make('td', { class: 'text ' + (text === null ? 'none' : kind) });
  if (text !== null) {
    const [head, tail] = kind !== 'same' && other !== null ? shared(text, other) : [text.length, 0];
    if (head + tail > 2 && head + tail < text.length) {
      box.append(harmless(text.slice(0, head)), make('mark', {}, harmless(text.slice(head, text.length - tail))),
        harmless(text.slice(text.length - tail)));
    } else box.append(harmless(text));
  }
  return [make('td', { class: 'no ' + (text === null ? 'none' : kind), 'data-no': number === null ? '' : number + 1 }), box];
}

// Returns a table of the difference; unchanged stretches are folded and open with a button.
function diffTable(before, after, numbered) {
  const ends = [lineEnds(before), lineEnds(after)];
  const { a, b, rows } = sideBySide(before.replaceAll('\r\n', '\n'), after.replaceAll('\r\n', '\n'));
  const body = make('tbody', {});
  if (ends[0] && ends[1] && ends[0] !== ends[1]) {
    body.append(make('tr', { class: 'fold' }, make('td', { colspan: 4 }, `line ends: ${ends[0]} -> ${ends[1]}`)));
  }
  const near = rows.map(() => false);
  rows.forEach((row, i) => {
    if (row[2] !== 'same') for (let k = Math.max(0, i - CONTEXT); k <= Math.min(rows.length - 1, i + CONTEXT); k++) near[k] = true;
  });
  const line = ([x, y, kind]) => {
    const left = x === null ? null : a[x];
    const right = y === null ? null : b[y];
    return make('tr', {}, cell(left, kind === 'same' ? 'same' : 'removed', x, right), cell(right, kind === 'same' ? 'same' : 'added', y, left));
  };
  for (let i = 0; i < rows.length; ) {
    let end = i;
    while (end < rows.length && !near[end]) end++;
    if (end - i > 2) {
      const hidden = rows.slice(i, end);
      const button = make('button', { type: 'button' }, count(hidden.length, 'unchanged line'));
      const fold = make('tr', { class: 'fold' }, make('td', { colspan: 4 }, button));
      button.addEventListener('click', () => fold.replaceWith(...hidden.map(line)));
      body.append(fold);
      i = end;
    } else if (end > i) {
      rows.slice(i, end).forEach((row) => body.append(line(row)));
      i = end;
    } else body.append(line(rows[i++]));
  }
  return make('table', { class: 'diff' + (numbered ? ' numbered' : '') },
    make('colgroup', {}, make('col', { class: 'n' }), make('col', {}), make('col', { class: 'n' }), make('col', {})), body);
}

