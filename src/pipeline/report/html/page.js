// The page: what is planned, filtered and shown.

const plan = JSON.parse($('plan').textContent);
const view = plan.view;

function fillHead() {
  $('tenant').append(oneLine(plan.tenant), make('span', { class: 'badge ' + (plan.sandbox ? 'sandbox' : 'live') }, plan.sandbox ? 'sandbox' : 'live'));
  $('domain').textContent = oneLine(plan.domain);
  for (const action of [...ACTIONS, 'unchanged', 'unmanaged']) {
    const number = plan.summary[action] || 0;
    if (action === 'rename' && number === 0) continue;
    const words = ACTIONS.includes(action) ? 'to ' + action : action;
    $('counts').append(make('li', { class: 'count ' + action + (number ? '' : ' zero') }, make('b', {}, number), make('span', {}, words)));
  }
  const facts = [view.requests];
  if (plan.fingerprint) facts.push('Fingerprint ' + plan.fingerprint + '.');
  if (plan.steps.length) facts.push('Fingerprint ' + plan.fingerprint + '.');
  if (plan.provenance.commit) {
    facts.push('Files of commit ' + plan.provenance.commit.slice(0, 12) + (plan.provenance.dirty ? ', with changes that are not committed.' : '.'));
  }
  $('facts').textContent = facts.map(oneLine).join(' ');
  $('footer').textContent = 'Made by tenantry ' + view.tool + '. Secrets are names here; the page loads nothing and sends nothing.';
}

function fillGates() {
  if (!view.gates.length) return;
  const box = $('gates');
  box.hidden = false;
  box.append(make('h2', {}, count(view.gates.length, 'gate') + ' closed'));
  box.append(make('ul', {}, view.gates.map((gate) => make('li', {},
    make('b', {}, oneLine(gate.name)), ': ' + oneLine(gate.reason) + '; ',
    gate.switch ? ['opens with ', make('code', {}, oneLine(gate.switch))] : 'no switch opens it',
    gate.addresses.length === 0 ? null : gate.addresses.length > 6
      ? make('details', {}, make('summary', {}, count(gate.addresses.length, 'resource')), addresses(gate))
      : addresses(gate)))));
  if (!view.opening) return;
  const code = make('code', { tabindex: 0 }, oneLine(view.opening));
  const button = make('button', { type: 'button' }, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(view.opening);
      button.textContent = 'Copied';
    } catch {
      // Without a clipboard the command is chosen, to be copied by hand.
      getSelection().selectAllChildren(code);
    }
  });
  box.append(make('div', { class: 'command' }, code, button));
}

const addresses = (gate) => make('ul', { class: 'at' }, gate.addresses.map((address) => make('li', {}, oneLine(address))));

function fillRemarks() {
  const lines = plan.notes.map((note) => make('li', {}, oneLine(note)));
  for (const finding of plan.findings) {
    const place = finding.place ? `${finding.place.file}:${finding.place.line}:${finding.place.column} ` : '';
    lines.push(make('li', {}, make('span', { class: 'at' }, oneLine(`${place}${finding.severity}[${finding.code}] `)), oneLine(finding.summary)));
  }
  if (!lines.length) return;
  $('remarks').hidden = false;
  $('remarks').append(make('details', { open: lines.length <= 3 }, make('summary', {}, count(lines.length, 'note')), make('ul', {}, lines)));
}

// The beginning of a long text, and a button for the rest.
function long(text) {
  const lines = text.split('\n');
  if (lines.length <= LONG + 4) return harmless(text);
  const rest = make('button', { type: 'button', class: 'rest' }, count(lines.length - LONG, 'more line'));
  rest.addEventListener('click', () => rest.replaceWith(harmless('\n' + lines.slice(LONG).join('\n'))));
  return [harmless(lines.slice(0, LONG).join('\n')), rest];
}

const LONG = 24;

function field(delta, fresh) {
  const note = delta.note ? make('span', { class: 'note' }, NOTES[delta.note] || oneLine(delta.note)) : null;
  const drift = delta.cause === 'drift' || delta.cause === 'both';
  const name = make('th', { scope: 'row' }, oneLine(delta.path || '·'),
    drift ? make('span', { class: 'note' }, delta.cause === 'both' ? 'drift, and changed here' : 'drift') : null);
  const has = (side) => delta[side] !== undefined;
  const [before, after] = [sideText(delta.before), sideText(delta.after)];
  if (fresh) return make('tr', {}, name, make('td', { class: 'added', colspan: 2 }, long(after), note));
  if (has('before') && has('after') && (before.includes('\n') || after.includes('\n'))) {
    const text = typeof delta.before === 'string' && typeof delta.after === 'string';
    // Texts take the whole width, below their name.
    name.setAttribute('colspan', 3);
    name.append(note || '');
    return [make('tr', {}, name), make('tr', {}, make('td', { class: 'wide', colspan: 3 }, diffTable(before, after, text)))];
  }
  const unknown = delta.note && delta.note !== 'forces_replacement';
  const [head, tail] = has('before') && has('after') ? shared(before, after) : [0, 0];
  const side = (text, there, kind) => {
    const box = make('td', { class: there ? kind : 'none' });
    if (!there) box.append(unknown && kind === 'removed' ? 'not known' : '');
    else if (head + tail > 2 && head + tail < text.length) {
      box.append(harmless(text.slice(0, head)), make('mark', {}, harmless(text.slice(head, text.length - tail))), harmless(text.slice(text.length - tail)));
    } else box.append(harmless(text));
    return box;
  };
  const right = side(after, has('after'), 'added');
  if (note) right.append(note);
  return make('tr', {}, name, side(before, has('before'), 'removed'), right);
}

function body(change) {
  const box = make('div', { class: 'body' });
  const facts = [];
  if (change.place) facts.push(`${change.place.file}:${change.place.line}`);
  if (change.id) facts.push('id ' + change.id);
  if (change.reason) facts.push(change.reason);
  const line = make('p', { class: 'facts' }, facts.map(oneLine).join(' · '));
  if (plan.steps.some((step) => step.address === change.address)) {
    const go = make('button', { type: 'button' }, 'show in the order of steps');
    go.addEventListener('click', () => { show('graph'); graph.select(change.address); });
    line.append(facts.length ? ' · ' : '', go);
  }
  box.append(line);
  if (change.deltas.length && change.action !== 'delete') {
    const fresh = change.action === 'create';
    const head = fresh ? null : make('thead', {}, make('tr', {}, ['field', 'in the tenant', 'in the files'].map((word) => make('th', { scope: 'col' }, word))));
    box.append(make('table', { class: 'fields' }, make('colgroup', {}, make('col', { class: 'name' }), make('col', {}), make('col', {})),
      head, make('tbody', {}, change.deltas.flatMap((delta) => field(delta, fresh)))));
  }
  return box;
}

// `both` is drift where the configuration changed too: it is found under either.
const causesOf = (change) => [...new Set(change.deltas.flatMap(({ cause }) => (cause === 'both' ? ['configuration', 'drift'] : cause || [])))];

// What the search looks through, made when it is first used.
const haystacks = new Map();
const haystack = (change) => {
  if (!haystacks.has(change)) haystacks.set(change, JSON.stringify([change.address, change.reason, change.place, change.id, change.deltas]).toLowerCase());
  return haystacks.get(change);
};

const cards = [];

function card(change, position) {
  const id = 'change-' + position;
  const button = make('button', { type: 'button', class: 'head', 'aria-expanded': 'false', 'aria-controls': id },
    make('span', { class: 'sign ' + change.action }, (SIGNS[change.action] || '') + ' ' + change.action),
    make('span', { class: 'address' }, oneLine(change.address)),
    causesOf(change).map((cause) => make('span', { class: 'cause ' + (cause === 'drift' ? 'drift' : '') }, oneLine(cause))),
    make('span', { class: 'why' }, change.action === 'update' || change.action === 'create' ? count(change.deltas.length, 'field') : oneLine(change.reason)));
  const box = make('article', { class: 'change' }, make('h3', {}, button));
  let inner = null;
  const open = (wanted) => {
    if (wanted && !inner) {
      inner = body(change);
      inner.id = id;
      box.append(inner);
    }
    if (inner) inner.hidden = !wanted;
    button.setAttribute('aria-expanded', String(wanted));
  };
  button.addEventListener('click', () => open(button.getAttribute('aria-expanded') !== 'true'));
  return { change, box, button, open };
}

function fillList() {
  const groups = new Map();
  for (const change of plan.changes) groups.set(change.kind, [...(groups.get(change.kind) || []), change]);
  for (const [kind, changes] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const title = make('h2', { class: 'kind' }, oneLine(kind), make('span', {}, ''));
    $('list').append(title);
    const members = changes.map((change) => card(change, plan.changes.indexOf(change)));
    members.forEach((member) => { member.title = title; cards.push(member); $('list').append(member.box); });
    $('kind').append(make('option', { value: kind }, `${oneLine(kind)} (${changes.length})`));
  }
  $('list').append(make('p', { class: 'empty', id: 'nothing', hidden: true }, plan.changes.length ? 'No change is like that.' : 'No changes. The tenant matches.'));
  // Few changes are looked at as a whole; of many, those that change something stand open.
  cards.forEach((member) => { if (cards.length <= 12 || ['replace', 'update'].includes(member.change.action)) member.open(true); });
}

function fillFilters() {
  for (const action of ACTIONS) {
    const number = plan.changes.filter((change) => change.action === action).length;
    if (!number) continue;
    const box = make('input', { type: 'checkbox', value: action, checked: true });
    box.addEventListener('change', filter);
    $('actions').append(make('label', {}, box, `${action} ${number}`));
  }
  const causes = [...new Set(plan.changes.flatMap(causesOf))].sort();
  $('cause-pick').hidden = causes.length === 0;
  causes.forEach((cause) => $('cause').append(make('option', { value: cause }, oneLine(cause))));
  ['kind', 'cause'].forEach((id) => $(id).addEventListener('change', filter));
  $('search').addEventListener('input', filter);
  $('open-all').addEventListener('click', () => cards.forEach((member) => { if (!member.box.hidden) member.open(true); }));
  $('close-all').addEventListener('click', () => cards.forEach((member) => member.open(false)));
}

function wants() {
  const actions = new Set([...document.querySelectorAll('#actions input:checked')].map((box) => box.value));
  const kind = $('kind').value;
  const cause = $('cause').value;
  const words = $('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  return (change) => actions.has(change.action) && (!kind || change.kind === kind) && (!cause || causesOf(change).includes(cause))
    && words.every((word) => haystack(change).includes(word));
}

function filter() {
  const wanted = wants();
  const seen = new Map();
  let number = 0;
  const kept = new Set();
  for (const { change, box, title } of cards) {
    const is = wanted(change);
    box.hidden = !is;
    box.classList.remove('first', 'last');
    if (is) {
      number++;
      kept.add(change.address);
      seen.set(title, [...(seen.get(title) || []), box]);
    }
  }
  for (const title of document.querySelectorAll('.kind')) {
    const boxes = seen.get(title);
    title.hidden = !boxes;
    if (boxes) {
      title.querySelector('span').textContent = boxes.length;
      boxes[boxes.length - 1].classList.add('last');
      boxes[0].classList.add('first');
    }
  }
  $('nothing').hidden = number > 0;
  $('shown').textContent = `${number} of ${count(cards.length, 'change')}`;
  graph.filter((step) => kept.has(step.address));
}

let graph = { filter() {}, select() {}, fit() {} };
let isDrawn = false;

function show(name) {
  for (const which of ['list', 'graph']) {
    const on = which === name;
    $(which).hidden = !on;
    $('tab-' + which).setAttribute('aria-selected', String(on));
    $('tab-' + which).setAttribute('tabindex', on ? 0 : -1);
  }
  document.querySelector('.tools').hidden = name !== 'list';
  if (name === 'graph' && !isDrawn) {
    isDrawn = true;
    graph = drawGraph($('graph'), plan.steps, reveal);
    filter();
  }
}

function reveal(address) {
  const found = cards.find((member) => member.change.address === address);
  if (!found) return;
  show('list');
  if (found.box.hidden) {
    $('search').value = '';
    $('kind').value = $('cause').value = '';
    document.querySelectorAll('#actions input').forEach((box) => { box.checked = true; });
    filter();
  }
  found.open(true);
  found.button.focus();
  found.box.scrollIntoView({ block: 'center' });
}

function listenToKeys() {
  for (const [name, other] of [['list', 'graph'], ['graph', 'list']]) {
    $('tab-' + name).addEventListener('click', () => show(name));
    $('tab-' + name).addEventListener('keydown', (event) => {
      if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
        show(other);
        $('tab-' + other).focus();
      }
    });
  }
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLInputElement && event.target.type === 'search';
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      $('search').focus();
    } else if (event.key === 'Escape' && typing) {
      event.target.value = '';
      filter();
    } else if (['j', 'k'].includes(event.key) && document.activeElement.classList.contains('head')) {
      const open = cards.filter((member) => !member.box.hidden);
      const at = open.findIndex((member) => member.button === document.activeElement);
      const next = open[at + (event.key === 'j' ? 1 : -1)];
      if (next) next.button.focus();
    }
  });
}

fillHead();
fillGates();
fillRemarks();
fillFilters();
fillList();
listenToKeys();
filter();
