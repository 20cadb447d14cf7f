// Elements and words. Text reaches the page as text nodes only.

const SVG = 'http://www.w3.org/2000/svg';
const $ = (id) => document.getElementById(id);

function make(name, attributes, ...children) {
  const svg = ['svg', 'g', 'rect', 'path', 'text', 'title'].includes(name);
  const node = svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === true) node.setAttribute(key, '');
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(key, String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) {
      node.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
  }
  return node;
}

// What a browser or an eye would obey rather than show: control characters, invisible ones, those that turn the
// direction of text. Line ends and tabs stay.
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const harmless = (text) =>
  String(text).replace(OBEYED, (c) => '\\u{' + c.charCodeAt(0).toString(16) + '}');
const oneLine = (text) => harmless(text).replace(/[\n\t]/g, (c) => (c === '\n' ? '\\n' : '\\t'));

const count = (number, thing) => (number === 1 ? '1 ' + thing : number + ' ' + thing + 's');

const SIGNS = { create: '+', update: '~', rename: '~', replace: '±', delete: '−' };
const ACTIONS = ['create', 'update', 'rename', 'replace', 'delete'];
const NOTES = {
  cannot_be_compared: 'cannot be compared, will be sent',
  secret_changed: 'secret changed',
  not_available_here: 'not available here, not compared',
  forces_replacement: 'forces replacement',
};

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

// A value as people read it. A secret is the name of one, never more.
function shown(value, pad) {
  if (isObject(value)) {
    const keys = Object.keys(value);
    if (keys.length === 1 && keys[0] === 'secret' && typeof value.secret === 'string') {
      return '(secret ' + value.secret + ')';
    }
    if (keys.length === 1 && keys[0] === 'template' && Array.isArray(value.template)) {
      return '"' + value.template.map(part).join('') + '"';
    }
    if (keys.length === 0) return '{}';
    const inner = pad + '  ';
    return keys.map((key) => '\n' + pad + key + ': ' + shown(value[key], inner)).join('');
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    if (value.every((item) => item === null || typeof item !== 'object')) {
      const line = '[' + value.map((item) => JSON.stringify(item)).join(', ') + ']';
      if (line.length <= 60) return line;
    }
    const inner = pad + '  ';
    return value.map((item) => '\n' + pad + '- ' + shown(item, inner).replace(/^\n\s*/, '')).join('');
  }
  if (typeof value === 'string' && value.includes('\n')) {
    return '|' + value.split('\n').map((line) => '\n' + pad + line).join('');
  }
  return JSON.stringify(value);
}

function part(piece) {
  if (typeof piece === 'string') return piece;
  if (piece.secret !== undefined) return '(secret ' + piece.secret + ')';
  return '(' + piece.field + ' of ' + piece.reference + ')';
}

// A field's value as text for its side of a difference: a text of several lines is itself.
function sideText(value) {
  if (value === undefined) return '';
  if (typeof value === 'string' && value.includes('\n')) return value.replace(/\n$/, '');
  return shown(value, '').replace(/^\n/, '');
}

