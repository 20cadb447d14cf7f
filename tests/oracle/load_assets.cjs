// Loads projects with the real Auth0 Deploy CLI and writes the assets that it reads, as JSON. No network is used.
//
//   node load_assets.cjs <folder with node_modules/auth0-deploy-cli> <jobs.json> <answers.json>
//
// jobs.json: [{ "root": "/where/to/start", "input": "tenant.yaml or folder", "config": { AUTH0_...: ... } }]
// answers.json: [{ "assets": {...} } or { "error": "..." }], one for each job, in order.
'use strict';

const fs = require('fs');
const path = require('path');

const [oracle, jobsFile, answersFile] = process.argv.slice(2);
const home = path.join(oracle, 'node_modules', 'auth0-deploy-cli');
const { setupContext } = require(path.join(home, 'lib', 'context'));

// Its validation of rules lists those of the tenant, and APIs without clients list the clients: both get an empty page.
globalThis.fetch = async (request) => {
  const address = new URL(request.url ?? request);
  const kind = address.pathname.match(/^\/api\/v2\/(rules|clients)$/)?.[1];
  if (!kind) throw new Error(`the oracle must not use the network: ${address.pathname}`);
  return Response.json({ [kind]: [], start: 0, limit: 100, length: 0, total: 0 });
};

async function load({ root, input, config }) {
  process.chdir(root);
  // A token keeps it from asking for one; the loader itself never uses it.
  const settings = { ...config, AUTH0_INPUT_FILE: input || '.', AUTH0_ACCESS_TOKEN: 'unused' };
  settings.AUTH0_DOMAIN ??= 'oracle.invalid';
  const context = await setupContext(settings, 'import');
  await context.loadAssetsFromLocal();
  return context.assets;
}

(async () => {
  const answers = [];
  for (const job of JSON.parse(fs.readFileSync(jobsFile, 'utf8'))) {
    try {
      answers.push({ assets: await load(job) });
    } catch (error) {
      answers.push({ error: String(error.message ?? error) });
    }
  }
  fs.writeFileSync(answersFile, JSON.stringify(answers));
})();
