// Takes out of the npm packages what the devnet embeds: the TVM emulator, the network's
// configuration and the code of wallet V5R1. Usage: node extract.mjs FOLDER NETWORK_ID
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beginCell, Cell, Dictionary } from '@ton/core';
import { WalletContractV5R1 } from '@ton/ton';

const EMULATOR_SHA256 = '0c17fcac030b6871e96cc34d002223e5fb839af00c5b96cc461fbf9e71b0e75a';

const require = createRequire(import.meta.url);
const [folder, network] = process.argv.slice(2);
const { EmulatorEmscriptenWasm } = require('@ton/sandbox/dist/executor/emulator-emscripten.wasm.js');
const { defaultConfig } = require('@ton/sandbox/dist/config/defaultConfig.js');

const emulator = Buffer.from(EmulatorEmscriptenWasm, 'base64');
const found = createHash('sha256').update(emulator).digest('hex');
if (found !== EMULATOR_SHA256) {
    console.error(`the emulator in @ton/sandbox has SHA-256 ${found}, not ${EMULATOR_SHA256}`);
    process.exit(1);
}

const params = Dictionary.loadDirect(Dictionary.Keys.Int(32), Dictionary.Values.Cell(), Cell.fromBase64(defaultConfig));
params.set(19, beginCell().storeInt(Number(network), 32).endCell());
const config = beginCell().storeDictDirect(params).endCell();
// Get-methods get it with every call: without the lists of validators it is a tenth as large.
const getters = Dictionary.empty(Dictionary.Keys.Int(32), Dictionary.Values.Cell());
for (const [id, param] of params) {
    if (![32, 34, 36].includes(id)) getters.set(id, param);
}
const wallet = WalletContractV5R1.create({ publicKey: Buffer.alloc(32) });

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'emulator.wasm'), emulator);
writeFileSync(join(folder, 'config.boc'), config.toBoc());
writeFileSync(join(folder, 'getters.boc'), beginCell().storeDictDirect(getters).endCell().toBoc());
writeFileSync(join(folder, 'wallet.boc'), wallet.init.code.toBoc());
