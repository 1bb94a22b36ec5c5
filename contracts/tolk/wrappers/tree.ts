// The Merkle sum tree of cumulative earnings; a payee keeps its index for good.
import { Address } from '@ton/core';
import { addressBytes, i32, sha256, u64 } from './statements.ts';

export type Leaf = { payee: Buffer; earned: bigint };
export type Node = { hash: Buffer; sum: bigint };

export const EMPTY: Node = { hash: Buffer.alloc(32), sum: 0n };

export class EarningsTree {
    readonly leaves: Leaf[];
    private readonly levels: Node[][];

    constructor(network: number, settlement: Address, leaves: Leaf[]) {
        this.leaves = leaves;
        const bottom: Node[] = this.leaves.map((leaf) => ({
            hash: sha256(Buffer.from([0]), i32(network), addressBytes(settlement), leaf.payee, u64(leaf.earned)),
            sum: leaf.earned,
        }));
        let size = 1;
        while (size < bottom.length) size *= 2;
        while (bottom.length < size) bottom.push(EMPTY);
        this.levels = [bottom];
        for (let below = bottom; below.length > 1; below = this.levels[this.levels.length - 1]) {
            const level: Node[] = [];
            for (let i = 0; i < below.length; i += 2) level.push(join(below[i], below[i + 1]));
            this.levels.push(level);
        }
    }

    get root(): Node {
        return this.levels[this.levels.length - 1][0];
    }

    /** The aligned batch of 2^height leaves that begins at an index, with the way up from it. */
    batch(index: number, height: number): { leaves: Leaf[]; siblings: Node[] } {
        const leaves: Leaf[] = [];
        for (let i = index; i < index + 2 ** height; i++) {
            leaves.push(this.leaves[i] ?? { payee: Buffer.alloc(32), earned: 0n });
        }
        const siblings: Node[] = [];
        let place = index >> height;
        for (let level = height; level < this.levels.length - 1; level++) {
            siblings.push(this.levels[level][place ^ 1]);
            place >>= 1;
        }
        return { leaves, siblings };
    }
}

/** A node of the tree: binds the two below it and their sums. */
export function join(left: Node, right: Node): Node {
    return {
        hash: sha256(Buffer.from([1]), left.hash, u64(left.sum), right.hash, u64(right.sum)),
        sum: left.sum + right.sum,
    };
}
