import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Cell } from '@ton/core';
import { runTolkCompiler } from '@ton/tolk-js';

export const CONTRACTS = ['channel', 'settlement', 'registry', 'jetton-channel', 'jetton-settlement'] as const;
export type ContractName = (typeof CONTRACTS)[number];
export type Codes = Record<ContractName, Cell>;
export type Sources = (path: string) => string;

// Who runs the contracts with a change in them has the sources elsewhere.
export const SOURCES = process.env.COCOON_TOLK_SOURCES ?? fileURLToPath(new URL('../src/', import.meta.url));
const BUILT = fileURLToPath(new URL('../../src/main/resources/org/cocoon/contracts/code/', import.meta.url));

/** The sources as they are on disk. */
export const onDisk: Sources = (path) => readFileSync(SOURCES + path, 'utf8');

/** The code that Java deploys; build.test.ts compares it with what the sources compile to. */
export function built(): Codes {
    const entries = CONTRACTS.map((name) => [name, Cell.fromBoc(readFileSync(`${BUILT}${name}.boc`))[0]] as const);
    return Object.fromEntries(entries) as Codes;
}

/** Compiles one contract; throws with the compiler's words. */
export async function compile(name: ContractName, sources: Sources = onDisk, optimizationLevel = 2): Promise<Cell> {
    const result = await runTolkCompiler({
        entrypointFileName: `${name}.tolk`,
        fsReadCallback: sources,
        optimizationLevel,
        pathMappings: { '@money': name.startsWith('jetton') ? 'jetton' : 'toncoin' },
    });
    if (result.status === 'error') {
        throw new Error(`${name}.tolk does not compile: ${result.message}`);
    }
    return Cell.fromBase64(result.codeBoc64);
}

/** Compiles all contracts. */
export async function compiled(): Promise<Codes> {
    const entries = await Promise.all(CONTRACTS.map(async (name) => [name, await compile(name)] as const));
    return Object.fromEntries(entries) as Codes;
}
