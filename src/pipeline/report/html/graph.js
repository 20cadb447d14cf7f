// The order of the steps: columns from left to right, each step right of what it requires. Steps that require nothing
// and that nothing requires stand apart, in rows.

const BOX = { height: 24, gap: 6, column: 74 };

function layout(steps) {
  const followers = steps.map(() => []);
  steps.forEach((step, i) => step.requires.forEach((j) => followers[j] && followers[j].push(i)));
  const alone = steps.map((step, i) => step.requires.length === 0 && followers[i].length === 0);
  const layer = steps.map(() => 0);
  // Steps come in a valid order, so those required are placed already.
  steps.forEach((step, i) => step.requires.forEach((j) => { if (j < i) layer[i] = Math.max(layer[i], layer[j] + 1); }));
  const columns = [];
  steps.forEach((_, i) => { if (!alone[i]) (columns[layer[i]] = columns[layer[i]] || []).push(i); });
  // Few columns leave room for whole names.
  BOX.width = columns.length <= 3 ? 340 : 236;
  const row = steps.map(() => 0);
  const number = (column) => column.forEach((i, position) => { row[i] = position; });
  columns.forEach(number);
  const middle = (list, own) => (list.length ? list.reduce((sum, j) => sum + row[j], 0) / list.length : own);
  // A few sweeps that put each step near the middle of its neighbours.
  for (let sweep = 0; sweep < 8; sweep++) {
    const forth = sweep % 2 === 0;
    const order = forth ? columns : columns.slice().reverse();
    for (const column of order) {
      const weight = new Map(column.map((i) => [i, middle(forth ? steps[i].requires : followers[i], row[i])]));
      column.sort((x, y) => weight.get(x) - weight.get(y) || x - y);
      number(column);
    }
  }
  // The tallest column gives the height; the others are spread towards their neighbours without overlapping.
  const unit = BOX.height + BOX.gap;
  const y = steps.map(() => 0);
  const tallest = Math.max(0, ...columns.map((column) => column.length));
  columns.forEach((column) => {
    const start = column.length === tallest ? 0 : null;
    let floor = 0;
    column.forEach((i, position) => {
      const near = steps[i].requires.map((j) => y[j]);
      const wish = start !== null || !near.length ? position * unit : near.reduce((a, b) => a + b, 0) / near.length;
      const last = (tallest - column.length + position) * unit;
      y[i] = Math.max(floor, Math.min(wish, last));
      floor = y[i] + unit;
    });
  });
  const place = steps.map((_, i) => (alone[i] ? null : { x: layer[i] * (BOX.width + BOX.column), y: y[i] + 22 }));
  const height = tallest ? tallest * unit + 22 : 0;
  const width = columns.length ? columns.length * (BOX.width + BOX.column) - BOX.column : 0;
  const apart = steps.map((_, i) => i).filter((i) => alone[i]);
  const across = columns.length <= 3 ? 3 : Math.min(6, columns.length);
  const top = height ? height + 30 : 0;
  apart.forEach((i, position) => {
    place[i] = { x: (position % across) * (BOX.width + 14), y: top + 22 + Math.floor(position / across) * unit };
  });
  const rows = Math.ceil(apart.length / across);
  return {
    place, followers, columns, apart: apart.length, top,
    width: Math.max(width, apart.length ? Math.min(across, apart.length) * (BOX.width + 14) : 0),
    height: rows ? top + 22 + rows * unit : height,
  };
}

// Draws the steps. `choose` is called with the address of a step that is to be looked at.
function drawGraph(box, steps, choose) {
  if (steps.length === 0) {
    box.append(make('p', { class: 'empty' }, 'There is nothing to do.'));
    return { filter() {}, select() {} };
  }
  const plan = layout(steps);
  const pad = 16;
  const full = { width: plan.width + 2 * pad, height: plan.height + 2 * pad };
  const svg = make('svg', { viewBox: `0 0 ${full.width} ${full.height}`, role: 'group', 'aria-label': 'Steps and what each requires' });
  const plane = make('g', { transform: `translate(${pad} ${pad})` });
  const arrows = [];
  steps.forEach((step, i) => step.requires.forEach((j) => {
    const from = plan.place[j];
    const to = plan.place[i];
    if (!from || !to) return;
    const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
    const [x2, y2] = [to.x, to.y + BOX.height / 2];
    const bend = Math.max(24, (x2 - x1) / 2);
    const line = make('path', { class: 'arrow', d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` });
    arrows.push({ from: j, to: i, line });
    plane.append(line);
  }));
  plan.columns.forEach((column, k) => plane.append(make('text', { class: 'layer', x: k * (BOX.width + BOX.column), y: 10 },
    k === 0 ? 'first' : 'after ' + (k === 1 ? 'the first' : 'column ' + k))));
  if (plan.apart) plane.append(make('text', { class: 'layer', x: 0, y: plan.top + 10 }, 'at any time'));
  const most = Math.floor((BOX.width - 20) / 6.95);
  const nodes = steps.map((step, i) => {
    const { x, y } = plan.place[i];
    const name = oneLine(step.address);
    const short = name.length > most ? name.slice(0, 9) + '…' + name.slice(10 - most) : name;
    const node = make('g', { class: 'step', tabindex: i === 0 ? 0 : -1, role: 'button', transform: `translate(${x} ${y})`,
      'aria-label': `${step.action} ${name}, requires ${count(step.requires.length, 'step')}` },
    make('title', {}, `${step.action} ${name}`),
    make('rect', { class: 'box', width: BOX.width, height: BOX.height, rx: 4 }),
    make('rect', { class: 'edge ' + step.action, width: 4, height: BOX.height, rx: 2 }),
    make('text', { x: 12, y: 16 }, short));
    plane.append(node);
    return node;
  });
  svg.append(plane);

  let zoom = 1;
  const frame = make('div', { class: 'plane' }, svg);
  const said = make('output', { 'aria-live': 'polite' });
  const scale = (value) => {
    zoom = Math.min(2, Math.max(0.15, value));
    svg.setAttribute('width', full.width * zoom);
    svg.setAttribute('height', full.height * zoom);
  };
  const fit = () => scale(Math.min(1, (frame.clientWidth - 2) / full.width || 1));
  const tool = (label, act, title) => {
    const button = make('button', { type: 'button', title }, label);
    button.addEventListener('click', act);
    return button;
  };
  box.append(make('div', { class: 'graph-bar' },
    tool('−', () => scale(zoom / 1.25), 'Smaller'), tool('+', () => scale(zoom * 1.25), 'Larger'),
    tool('Fit', fit, 'Fit the width'), tool('1:1', () => scale(1), 'Natural size'),
    tool('Clear', () => select(null), 'Choose nothing'), said), frame);
  const idle = `${count(steps.length, 'step')}, ${count(arrows.length, 'requirement')}. Choose a step to see what it waits for; arrow keys follow the lines; Enter opens it.`;

  const reach = (start, next) => {
    const seen = new Set();
    const todo = [start];
    while (todo.length) for (const j of next(todo.pop())) if (!seen.has(j)) { seen.add(j); todo.push(j); }
    return seen;
  };
  let chosen = null;
  function select(i) {
    chosen = i;
    svg.classList.toggle('chosen-one', i !== null);
    const before = i === null ? new Set() : reach(i, (k) => steps[k].requires);
    const after = i === null ? new Set() : reach(i, (k) => plan.followers[k]);
    nodes.forEach((node, k) => {
      node.classList.toggle('chosen', k === i);
      node.classList.toggle('near', before.has(k) || after.has(k));
    });
    const inside = (set, k) => k === i || set.has(k);
    arrows.forEach(({ from, to, line }) => line.classList.toggle('near',
      i !== null && ((inside(before, from) && inside(before, to)) || (inside(after, from) && inside(after, to)))));
    said.textContent = i === null ? idle
      : `${steps[i].action} ${oneLine(steps[i].address)}: waits for ${count(before.size, 'step')}; ${after.size} wait for it.`;
  }
  const move = (i) => {
    nodes.forEach((node, k) => node.setAttribute('tabindex', k === i ? 0 : -1));
    nodes[i].focus({ preventScroll: true });
    nodes[i].scrollIntoView({ block: 'nearest', inline: 'nearest' });
    select(i);
  };
  const beside = (i, way) => {
    const here = plan.place[i];
    const others = steps.map((_, k) => k).filter((k) => plan.place[k].x === here.x && (plan.place[k].y - here.y) * way > 0);
    return others.sort((p, q) => (plan.place[p].y - plan.place[q].y) * way)[0];
  };
  nodes.forEach((node, i) => {
    node.addEventListener('click', () => (chosen === i ? choose(steps[i].address) : move(i)));
    node.addEventListener('keydown', (event) => {
      const to = { ArrowLeft: steps[i].requires[0], ArrowRight: plan.followers[i][0], ArrowUp: beside(i, -1), ArrowDown: beside(i, 1) };
      if (event.key === 'Enter' || event.key === ' ') choose(steps[i].address);
      else if (event.key === 'Escape') select(null);
      else if (event.key in to) { if (to[event.key] !== undefined) move(to[event.key]); } else return;
      event.preventDefault();
    });
  });
  select(null);
  scale(1);
  return {
    fit,
    filter: (wanted) => nodes.forEach((node, i) => node.classList.toggle('out', !wanted(steps[i]))),
    select: (address) => {
      const i = steps.findIndex((step) => step.address === address);
      if (i >= 0) move(i);
    },
  };
}

