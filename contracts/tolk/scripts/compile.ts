import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Cell } from '@ton/core';
import { runTolkCompiler } from '@ton/tolk-js';

export const CONTRACTS = ['channel', 'settlement', 'registry'] as const;
export type ContractName = (typeof CONTRACTS)[number];
export type Sources = (path: string) => string;

// The mutation run compiles sources from elsewhere.
const SOURCES = process.env.COCOON_TOLK_SOURCES ?? fileURLToPath(new URL('../src/', import.meta.url));

/** The sources as they are on disk. */
export const onDisk: Sources = (path) => readFileSync(SOURCES + path, 'utf8');

/** Compiles one contract; throws with the compiler's words. */
export async function compile(name: ContractName, sources: Sources = onDisk): Promise<Cell> {
    const result = await runTolkCompiler({
        entrypointFileName: `${name}.tolk`,
        fsReadCallback: sources,
    });
    if (result.status === 'error') {
        throw new Error(`${name}.tolk does not compile: ${result.message}`);
    }
    return Cell.fromBase64(result.codeBoc64);
}
