// Every test in one process, so that compiler and TVM are made ready once.
import { readdirSync } from 'node:fs';

for (const file of readdirSync(new URL('.', import.meta.url)).sort()) {
    if (file.endsWith('.test.ts')) await import(`./${file}`);
}
