// Opens plan pages in headless Chromium: no message on the console, no request, filters and graph work, pictures taken.
//
//   node .ci/page_checks.mjs MODULES PICTURES PAGE...
//
// MODULES is a folder with node_modules that hold puppeteer-core and, where no Chromium is installed, the one that
// @sparticuz/chromium brings along. PICTURES is the folder for the screenshots. Ends with 77 if there is no browser.

import { createRequire } from 'node:module';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, pictures, ...pages] = process.argv.slice(2);
const load = async (name) => {
  const found = await import(pathToFileURL(createRequire(join(resolve(modules), 'x.js')).resolve(name)));
  return found.default ?? found;
};

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function installed() {
  const folders = (process.env.PATH ?? '').split(':');
  const paths = [process.env.CHROMIUM, ...NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))];
  return paths.find((path) => {
    try {
      if (path) accessSync(path, constants.X_OK);
      return Boolean(path);
    } catch {
      return false;
    }
  });
}

async function browser() {
  const { launch } = await load('puppeteer-core');
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'];
  const path = installed();
  if (path) return launch({ executablePath: path, args });
  const chromium = await load('@sparticuz/chromium');
  return launch({ executablePath: await chromium.executablePath(), args: [...chromium.args, ...args] });
}

function must(what, is) {
  if (!is) throw new Error(`${what}: not so`);
}

async function look(chrome, file) {
  const page = await chrome.newPage();
  const said = [];
  const asked = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => { said.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => asked.push(request.url()));
  await page.setViewport({ width: 1440, height: 960 });
  const address = pathToFileURL(resolve(file)).href;
  await page.goto(address);
  const name = basename(file, '.html');
  const picture = (which) => page.screenshot({ path: join(pictures, `${name}-${which}.png`) });
  const rows = () => page.$$eval('.change', (all) => all.filter((one) => one.offsetParent !== null).length);
  const plan = await page.evaluate(() => JSON.parse(document.getElementById('plan').textContent));
  const number = (test) => plan.changes.filter(test).length;
  const set = async (selector, value) => page.$eval(selector, (box, value) => {
    if (box.type === 'checkbox') box.checked = value;
    else box.value = value;
    box.dispatchEvent(new Event('input', { bubbles: true }));
    box.dispatchEvent(new Event('change', { bubbles: true }));
  }, value);

  must(`${name}: every change has a row`, (await rows()) === plan.changes.length);
  await picture('light');
  for (const action of new Set(plan.changes.map((change) => change.action))) {
    const box = `#actions input[value=${action}]`;
    await set(box, false);
    must(`${name}: without ${action}`, (await rows()) === number((change) => change.action !== action));
    await set(box, true);
  }
  for (const kind of [...new Set(plan.changes.map((change) => change.kind))].slice(0, 8)) {
    await set('#kind', kind);
    must(`${name}: only ${kind}`, (await rows()) === number((change) => change.kind === kind));
  }
  await set('#kind', '');
  if (plan.changes.length) {
    const wanted = plan.changes[Math.floor(plan.changes.length / 2)].address;
    await page.keyboard.press('/');
    must(`${name}: / goes to the search`, await page.evaluate(() => document.activeElement.id === 'search'));
    await page.keyboard.type(wanted);
    const some = await rows();
    must(`${name}: the search finds ${wanted} and not all`, some >= 1 && (some < plan.changes.length || plan.changes.length === 1));
    await set('#search', 'no such words anywhere');
    must(`${name}: the search can find nothing`, (await rows()) === 0 && await page.$eval('#nothing', (it) => !it.hidden));
    await page.keyboard.press('Escape');
    must(`${name}: Escape clears the search`, (await rows()) === plan.changes.length);
    await page.click('#open-all');
    must(`${name}: all are open`, (await page.$$eval('.body', (all) => all.filter((one) => !one.hidden).length)) === plan.changes.length);
    await picture('open');
    await page.click('#close-all');
    must(`${name}: all are closed`, (await page.$$eval('.body', (all) => all.filter((one) => !one.hidden).length)) === 0);
    // By the keyboard alone: to the first change, open it.
    await page.focus('.head');
    await page.keyboard.press('Enter');
    must(`${name}: Enter opens`, (await page.$eval('.head', (head) => head.getAttribute('aria-expanded'))) === 'true');
  }
  await page.click('#tab-graph');
  const drawn = await page.$$eval('.step', (all) => all.length);
  const arrows = plan.steps.reduce((sum, step) => sum + step.requires.length, 0);
  must(`${name}: the graph has every step`, drawn === plan.steps.length);
  must(`${name}: and every requirement`, (await page.$$eval('.arrow', (all) => all.length)) === arrows);
  const overlaps = await page.$$eval('.step', (all) => {
    const places = all.map((one) => one.getAttribute('transform'));
    return places.length - new Set(places).size;
  });
  must(`${name}: no two steps lie on each other`, overlaps === 0);
  await picture('graph');
  if (arrows) {
    const waiting = plan.steps.findIndex((step) => step.requires.length);
    await page.$$eval('.step', (all, at) => all[at].dispatchEvent(new MouseEvent('click', { bubbles: true })), waiting);
    must(`${name}: what a step waits for is marked`, (await page.$$eval('.arrow.near', (all) => all.length)) > 0);
    await page.keyboard.press('ArrowLeft');
    must(`${name}: an arrow key follows the line`, (await page.$$eval('.step.chosen', (all) => all.length)) === 1);
    await picture('chosen');
    await page.keyboard.press('Enter');
    must(`${name}: Enter leads to the change`, await page.$eval('#list', (list) => !list.hidden));
  }
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await page.click('#tab-list');
  await page.evaluate(() => scrollTo(0, 0));
  await picture('dark');
  await page.setViewport({ width: 420, height: 900 });
  must(`${name}: nothing is wider than a telephone`, await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  must(`${name}: nothing was injected`, await page.evaluate(() => !window.injected && !document.querySelector('img, iframe, object, a:not(.skip)')));
  must(`${name}: nothing was asked for but the page (${asked})`, asked.every((url) => url === address));
  must(`${name}: nothing on the console (${said.join('; ')})`, said.length === 0);
  await page.close();
  console.log(`   ${name}: ${plan.changes.length} changes, ${plan.steps.length} steps, ${arrows} requirements`);
}

mkdirSync(pictures, { recursive: true });
let chrome;
try {
  chrome = await browser();
} catch (error) {
  console.log(`   no browser: ${error.message.split('\n')[0]}`);
  process.exit(77);
}
try {
  for (const page of pages) await look(chrome, page);
} finally {
  await chrome.close();
}
