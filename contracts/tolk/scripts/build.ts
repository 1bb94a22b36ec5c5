// Compiles the contracts into the resources of the Java module, with the hashes of the code.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile, CONTRACTS } from './compile.ts';

const folder = fileURLToPath(new URL('../../src/main/resources/org/cocoon/contracts/code/', import.meta.url));
mkdirSync(folder, { recursive: true });
const hashes: Record<string, string> = {};
for (const name of CONTRACTS) {
    const code = await compile(name);
    writeFileSync(`${folder}${name}.boc`, code.toBoc());
    hashes[name] = code.hash().toString('hex');
    console.log(`${name.padEnd(20)}${hashes[name]}`);
}
writeFileSync(`${folder}hashes.json`, JSON.stringify(hashes, null, 2) + '\n');
