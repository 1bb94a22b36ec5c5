// What is signed off-chain, byte for byte as docs/SETTLEMENT.md has it.
import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { Address } from '@ton/core';

export const sha256 = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

export function u64(value: bigint): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(value);
    return bytes;
}

export function i32(value: number): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
}

export const addressBytes = (address: Address): Buffer =>
    Buffer.concat([Buffer.from([address.workChain & 0xff]), address.hash]);

function statement(label: string, network: number, contract: Address, ...body: Buffer[]): Buffer {
    return sha256(Buffer.from(label, 'ascii'), i32(network), addressBytes(contract), ...body);
}

export type Voucher = { ceiling: bigint; expires: bigint };
export type Charge = { charged: bigint; expires: bigint };
export type ReleaseTerms = { charged: bigint; withdrawn: bigint; closes: boolean; expires: bigint };
export type Commitment = { epoch: bigint; root: Buffer; earned: bigint; digest: Buffer; expires: bigint };

export const voucherHash = (network: number, channel: Address, v: Voucher): Buffer =>
    statement('cocoon-voucher-1', network, channel, u64(v.ceiling), u64(v.expires));

export const chargeHash = (network: number, channel: Address, c: Charge): Buffer =>
    statement('cocoon-charges-1', network, channel, u64(c.charged), u64(c.expires));

export const releaseHash = (network: number, channel: Address, r: ReleaseTerms): Buffer =>
    statement(
        'cocoon-release-1',
        network,
        channel,
        u64(r.charged),
        u64(r.withdrawn),
        Buffer.from([r.closes ? 1 : 0]),
        u64(r.expires),
    );

export const commitmentHash = (network: number, settlement: Address, c: Commitment): Buffer =>
    statement('cocoon-commits-1', network, settlement, u64(c.epoch), c.root, u64(c.earned), c.digest, u64(c.expires));

// What stands before the seed in PKCS 8 (RFC 8410).
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const keys = new Map<string, KeyObject>();

/** Ed25519 over the 32 bytes of a statement's hash; the secret key begins with its seed. */
export function signHash(hash: Buffer, secretKey: Buffer): Buffer {
    const seed = secretKey.subarray(0, 32);
    const name = seed.toString('hex');
    const key = keys.get(name) ?? createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
    keys.set(name, key);
    return sign(null, hash, key);
}
