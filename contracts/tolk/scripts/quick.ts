// Makes compiler and sandbox quicker where thousands of runs pay for it. Import it first.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

// A compiled WebAssembly module is used again: the compiler instantiates its own anew for each source.
const instantiate = WebAssembly.instantiate;
const modules = new Map<number, WebAssembly.Module>();
WebAssembly.instantiate = (async (source: BufferSource | WebAssembly.Module, imports?: WebAssembly.Imports) => {
    if (source instanceof WebAssembly.Module) return instantiate(source, imports);
    const module = modules.get(source.byteLength) ?? (await WebAssembly.compile(source));
    modules.set(source.byteLength, module);
    return { module, instance: await instantiate(module, imports) };
}) as typeof WebAssembly.instantiate;

// Cells are hashed with OpenSSL, not in JavaScript.
createRequire(import.meta.url)('@ton/crypto/dist/primitives/sha256.js').sha256_sync = (bytes: Buffer | string): Buffer =>
    createHash('sha256').update(bytes).digest();
