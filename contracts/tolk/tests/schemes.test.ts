// The published TL-B against the sources and against what is hashed.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Address } from '@ton/core';
import { onDisk, SOURCES } from '../scripts/compile.ts';
import { chargeHash, commitmentHash, releaseHash, voucherHash } from '../wrappers/statements.ts';
import { EarningsTree, join } from '../wrappers/tree.ts';

type Scheme = { name: string; tag: string; fields: [string, string][]; type: string };

/** Every constructor of the file; fields as they are written. */
function schemes(): Scheme[] {
    const text = readFileSync(new URL('../../schemes.tlb', import.meta.url), 'utf8').replace(/\/\/.*$/gm, '');
    return text
        .split(';')
        .map((part) => part.trim().replace(/\s+/g, ' '))
        .filter((part) => part.length > 0)
        .map((part) => {
            const [, name, tag, fields, type] = /^(\w+)([#$]\w+) (.*) = ([^=]+)$/.exec(part) ?? assert.fail(`not TL-B: ${part}`);
            const each = [...fields.replace(/\{[^}]*\} ?/g, '').matchAll(/(\w+):(\([^)]*\)|\^?\([^)]*\)|\S+)/g)];
            return { name, tag, fields: each.map((m) => [m[1], m[2]] as [string, string]), type };
        });
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`).replace(/^_/, '');

/** A Tolk type in TL-B. */
function asTlb(type: string): string {
    const named: Record<string, string> = {
        coins: 'Coins',
        address: 'MsgAddressInt',
        'address?': 'MsgAddress',
        cell: '^Cell',
        'cell?': '(Maybe ^Cell)',
        dict: '(HashmapE 32 PaidChunk)',
        'map<uint256, uint32>': '(HashmapE 256 uint32)',
        RemainingBitsAndRefs: 'Cell',
    };
    const inner = /^Cell<(\w+)>(\??)$/.exec(type);
    if (inner) return inner[2] ? `(Maybe ^${inner[1]})` : `^${inner[1]}`;
    return named[type] ?? type;
}

/** Structs that live on the stack alone. */
const UNSTORED = /^(Incoming|Node|\w+View)$/;

test('every message and every stored struct is published as it is', () => {
    const published = new Map(schemes().map((scheme) => [scheme.name, scheme]));
    let messages = 0;
    let stored = 0;
    const files = readdirSync(SOURCES).filter((name) => name.endsWith('.tolk'));
    for (const file of [...files, 'jetton/money.tolk']) {
        for (const [, op, name, body] of onDisk(file).matchAll(/^struct (?:\(0x(\w+)\) )?(\w+) \{\n([\s\S]*?)\n\}/gm)) {
            if (UNSTORED.test(name) || (op && !op.startsWith('c0c0') && file.startsWith('jetton/'))) continue;
            const scheme = published.get(snake(name)) ?? assert.fail(`schemes.tlb lacks ${name} of ${file}`);
            assert.equal(scheme.tag, op ? `#${op}` : '$_', name);
            const fields = [...body.matchAll(/^ +(\w+): ([^\n/]+?)(?: *\/\/.*)?$/gm)].map((m) => [snake(m[1]), asTlb(m[2].trim())]);
            assert.deepEqual(scheme.fields, fields, name);
            if (op) messages++;
            else stored++;
            if (op) assert.match(scheme.type, /^(Channel|Settlement|Registry|Wallet|Jetton)Message$/, name);
            else assert.equal(scheme.type, name);
        }
    }
    assert.ok(messages >= 30 && stored >= 10, `${messages} messages, ${stored} structs`);
    const tags = [...published.values()].filter((scheme) => /^#/.test(scheme.tag));
    assert.equal(tags.length, messages, 'a scheme without a struct');
    assert.equal(new Set(tags.map((scheme) => scheme.tag)).size, messages, 'two messages with one number');
});

/** The SHA-256 of a scheme's bits with these values, in order. */
function hashOf(name: string, values: (bigint | number | Buffer | string)[]): Buffer {
    const scheme = schemes().find((other) => other.name === name)!;
    let bits = scheme.tag === '$_' ? '' : scheme.tag.slice(1);
    assert.equal(values.length, scheme.fields.length);
    scheme.fields.forEach(([field, type], i) => {
        const [, kind, size] = /^(uint|int|bits)(\d+)$/.exec(type) ?? assert.fail(`${name}.${field}`);
        const value = values[i];
        const width = Number(size);
        const hex = typeof value === 'string' ? Buffer.from(value, 'ascii').toString('hex') : Buffer.isBuffer(value) ? value.toString('hex') : '';
        const number = hex ? BigInt(`0x${hex}`) : BigInt(value as bigint | number);
        bits += (kind === 'int' ? BigInt.asUintN(width, number) : number).toString(2).padStart(width, '0');
    });
    assert.equal(bits.length % 8, 0);
    return createHash('sha256').update(Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)))).digest();
}

test('what is signed and what is in the tree has the published bits', () => {
    const contract = new Address(0, Buffer.alloc(32, 0x11));
    const begin = (label: string) => [label, -31337, 0, contract.hash];
    const [root, digest] = [Buffer.alloc(32, 0x22), Buffer.alloc(32, 0x33)];
    const terms = { charged: 7n, withdrawn: 8n, closes: true, expires: 9n };
    assert.deepEqual(hashOf('voucher_statement', [...begin('cocoon-voucher-1'), 7n, 9n]), voucherHash(-31337, contract, { ceiling: 7n, expires: 9n }));
    assert.deepEqual(hashOf('charge_statement', [...begin('cocoon-charges-1'), 7n, 9n]), chargeHash(-31337, contract, { charged: 7n, expires: 9n }));
    assert.deepEqual(hashOf('release_statement', [...begin('cocoon-release-1'), 7n, 8n, 1, 9n]), releaseHash(-31337, contract, terms));
    assert.deepEqual(
        hashOf('commitment_statement', [...begin('cocoon-commits-1'), 3n, root, 7n, digest, 9n]),
        commitmentHash(-31337, contract, { epoch: 3n, root, earned: 7n, digest, expires: 9n }),
    );
    const leaf = new EarningsTree(-31337, contract, [{ payee: root, earned: 7n }]).root;
    assert.deepEqual(hashOf('tree_leaf', [-31337, 0, contract.hash, root, 7n]), leaf.hash);
    const other = { hash: digest, sum: 4n };
    assert.deepEqual(hashOf('tree_node', [leaf.hash, 7n, digest, 4n]), join(leaf, other).hash);
});
