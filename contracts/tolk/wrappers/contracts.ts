// State, messages and get-methods of the three contracts.
import {
    Address,
    beginCell,
    Cell,
    contractAddress,
    type Contract,
    type ContractProvider,
    Dictionary,
    type Sender,
    SendMode,
    type StateInit,
} from '@ton/core';
import type { Commitment } from './statements.ts';
import type { Leaf, Node } from './tree.ts';

export const OP = {
    deposit: 0xc0c00101,
    claim: 0xc0c00103,
    withdraw: 0xc0c00104,
    finish: 0xc0c00105,
    release: 0xc0c00106,
    routerClose: 0xc0c00107,
    paidBack: 0xc0c0010a,
    collect: 0xc0c00201,
    register: 0xc0c00202,
    unregister: 0xc0c00203,
    stake: 0xc0c00301,
    commit: 0xc0c00302,
    payout: 0xc0c00303,
    slash: 0xc0c00304,
    retire: 0xc0c00305,
    unstake: 0xc0c00306,
    closeChannel: 0xc0c00307,
    sweep: 0xc0c00308,
    earned: 0xc0c0030a,
    stakeBack: 0xc0c0030b,
    announce: 0xc0c00401,
    apply: 0xc0c00402,
    cancel: 0xc0c00403,
    revoke: 0xc0c00404,
    transfer: 0xc0c00405,
    accept: 0xc0c00406,
    treasury: 0xc0c00407,
    fine: 0xc0c00408,
    excesses: 0xd53276db,
} as const;

const begin = (op: number, queryId = 0n) => beginCell().storeUint(op, 32).storeUint(queryId, 64);
const ref = (bytes: Buffer) => beginCell().storeBuffer(bytes).endCell();

/** Pairs of 256 and 64 bits, three a cell, chained from the first. */
function chain(pairs: { hash: Buffer; sum: bigint }[]): Cell | null {
    let next: Cell | null = null;
    for (let i = Math.floor((pairs.length - 1) / 3) * 3; i >= 0 && pairs.length > 0; i -= 3) {
        const cell = beginCell();
        for (const pair of pairs.slice(i, i + 3)) cell.storeBuffer(pair.hash, 32).storeUint(pair.sum, 64);
        if (next) cell.storeRef(next);
        next = cell.endCell();
    }
    return next;
}

/** A text as snake cells. */
export function snake(text: string): Cell {
    const bytes = Buffer.from(text, 'utf8');
    let next: Cell | null = null;
    for (let i = Math.max(0, Math.ceil(bytes.length / 127) - 1) * 127; i >= 0; i -= 127) {
        const cell = beginCell().storeBuffer(bytes.subarray(i, i + 127));
        if (next) cell.storeRef(next);
        next = cell.endCell();
    }
    return next!;
}

export const ChannelBody = {
    deposit: (amount: bigint) => begin(OP.deposit).storeCoins(amount).endCell(),
    claim: (
        charge: { charged: bigint; expires: bigint; signature: Buffer },
        voucher: { ceiling: bigint; expires: bigint; signature: Buffer },
    ) =>
        begin(OP.claim)
            .storeUint(charge.charged, 64)
            .storeUint(charge.expires, 64)
            .storeRef(ref(charge.signature))
            .storeRef(
                beginCell()
                    .storeUint(voucher.ceiling, 64)
                    .storeUint(voucher.expires, 64)
                    .storeBuffer(voucher.signature, 64)
                    .endCell(),
            )
            .endCell(),
    withdraw: (amount: bigint) => begin(OP.withdraw).storeCoins(amount).endCell(),
    finish: () => begin(OP.finish).endCell(),
    release: (r: { charged: bigint; withdrawn: bigint; closes: boolean | number; expires: bigint; signature: Buffer }) =>
        begin(OP.release)
            .storeUint(r.charged, 64)
            .storeUint(r.withdrawn, 64)
            .storeUint(Number(r.closes), 8)
            .storeUint(r.expires, 64)
            .storeRef(ref(r.signature))
            .endCell(),
    routerClose: () => begin(OP.routerClose).endCell(),
};

export const SettlementBody = {
    stake: (amount: bigint) => begin(OP.stake).storeCoins(amount).endCell(),
    commit: (c: Commitment, signature: Buffer) =>
        begin(OP.commit)
            .storeUint(c.epoch, 64)
            .storeBuffer(c.root, 32)
            .storeUint(c.earned, 64)
            .storeBuffer(c.digest, 32)
            .storeUint(c.expires, 64)
            .storeRef(ref(signature))
            .endCell(),
    payout: (index: number, height: number, siblings: Node[], leaves: Leaf[]) =>
        begin(OP.payout)
            .storeUint(index, 32)
            .storeUint(height, 8)
            .storeMaybeRef(chain(siblings))
            .storeRef(chain(leaves.map((leaf) => ({ hash: leaf.payee, sum: leaf.earned })))!)
            .endCell(),
    slash: (a: Commitment, signatureA: Buffer, b: Commitment, signatureB: Buffer) =>
        begin(OP.slash).storeRef(signed(a, signatureA)).storeRef(signed(b, signatureB)).endCell(),
    retire: () => begin(OP.retire).endCell(),
    unstake: () => begin(OP.unstake).endCell(),
    closeChannel: (owner: Address, voucherKey: Buffer) =>
        begin(OP.closeChannel).storeAddress(owner).storeBuffer(voucherKey, 32).endCell(),
    sweep: () => begin(OP.sweep).endCell(),
    prepay: (text: string) => beginCell().storeUint(0, 32).storeStringTail(text).endCell(),
    collect: (amount: bigint) => begin(OP.collect).storeCoins(amount).endCell(),
    register: (owner: Address, voucherKey: Buffer) =>
        begin(OP.register).storeAddress(owner).storeBuffer(voucherKey, 32).endCell(),
    unregister: (owner: Address, voucherKey: Buffer) =>
        begin(OP.unregister).storeAddress(owner).storeBuffer(voucherKey, 32).endCell(),
};

function signed(c: Commitment, signature: Buffer): Cell {
    return beginCell()
        .storeUint(c.epoch, 64)
        .storeBuffer(c.root, 32)
        .storeUint(c.earned, 64)
        .storeBuffer(c.digest, 32)
        .storeUint(c.expires, 64)
        .storeRef(ref(signature))
        .endCell();
}

export const RegistryBody = {
    announce: (document: Cell) => begin(OP.announce).storeRef(document).endCell(),
    apply: () => begin(OP.apply).endCell(),
    cancel: () => begin(OP.cancel).endCell(),
    revoke: (hash: Buffer) => begin(OP.revoke).storeBuffer(hash, 32).endCell(),
    transfer: (candidate: Address) => begin(OP.transfer).storeAddress(candidate).endCell(),
    accept: () => begin(OP.accept).endCell(),
    treasury: (amount: bigint) => begin(OP.treasury).storeCoins(amount).endCell(),
    fine: (amount: bigint) => begin(OP.fine).storeCoins(amount).endCell(),
};

/** A contract at an address, perhaps with what deploys it. */
class Deployable implements Contract {
    constructor(
        readonly address: Address,
        readonly init?: StateInit & { code: Cell; data: Cell },
    ) {}

    async send(provider: ContractProvider, via: Sender, value: bigint, body: Cell, bounce = true) {
        await provider.internal(via, { value, body, bounce, sendMode: SendMode.PAY_GAS_SEPARATELY });
    }
}

function at<T>(type: new (address: Address, init?: { code: Cell; data: Cell }) => T, code: Cell, data: Cell): T {
    const init = { code, data };
    return new type(contractAddress(0, init), init);
}

export type ChannelTerms = {
    settlement: Address;
    owner: Address;
    voucherKey: Buffer;
    routerKey: Buffer;
    delay: number;
    /** Of the jetton that the channel holds; without it, it holds Toncoin. */
    minter?: Address;
};

export class Channel extends Deployable {
    static create(code: Cell, terms: ChannelTerms): Channel {
        const router = beginCell()
            .storeAddress(terms.settlement)
            .storeBuffer(terms.routerKey, 32)
            .storeUint(terms.delay, 32);
        if (terms.minter) router.storeAddress(terms.minter);
        return at(
            Channel,
            code,
            beginCell()
                .storeAddress(terms.owner)
                .storeBuffer(terms.voucherKey, 32)
                .storeUint(0, 8 + 4 * 64 + 32 + (terms.minter ? 1 : 0))
                .storeRef(router)
                .endCell(),
        );
    }

    async getData(provider: ContractProvider) {
        const { stack } = await provider.get('get_channel_data', []);
        return {
            settlement: stack.readAddress(),
            owner: stack.readAddress(),
            voucherKey: stack.readBigNumber(),
            routerKey: stack.readBigNumber(),
            delay: stack.readNumber(),
            status: stack.readNumber(),
            deposited: stack.readBigNumber(),
            claimed: stack.readBigNumber(),
            withdrawn: stack.readBigNumber(),
            pending: stack.readBigNumber(),
            unlockAt: stack.readNumber(),
        };
    }
}

export type SettlementTerms = {
    registry: Address;
    owner: Address;
    routerKey: Buffer;
    delay: number;
    minStake: bigint;
    channelCode: Cell;
    minter?: Address;
};

export class Settlement extends Deployable {
    static create(code: Cell, terms: SettlementTerms): Settlement {
        const channel = beginCell().storeBuffer(terms.channelCode.hash(), 32).storeUint(terms.channelCode.depth(), 16);
        if (terms.minter) channel.storeAddress(terms.minter);
        const fixed = beginCell()
            .storeAddress(terms.registry)
            .storeAddress(terms.owner)
            .storeBuffer(terms.routerKey, 32)
            .storeUint(terms.delay, 32)
            .storeUint(terms.minStake, 64)
            .storeRef(channel)
            .endCell();
        return at(
            Settlement,
            code,
            beginCell()
                .storeUint(0, 8 + 64 + (terms.minter ? 1 : 0))
                .storeRef(
                    beginCell()
                        .storeUint(0, 32 + 3 * 64)
                        .storeUint(0, 256)
                        .storeUint(0, 64 + 32)
                        .storeUint(0, 256 + 2)
                        .endCell(),
                )
                .storeRef(fixed)
                .endCell(),
        );
    }

    async getData(provider: ContractProvider) {
        const { stack } = await provider.get('get_settlement_data', []);
        return {
            registry: stack.readAddress(),
            owner: stack.readAddress(),
            routerKey: stack.readBigNumber(),
            delay: stack.readNumber(),
            minStake: stack.readBigNumber(),
            channelCodeHash: stack.readBigNumber(),
            channelCodeDepth: stack.readNumber(),
            status: stack.readNumber(),
            stake: stack.readBigNumber(),
            openChannels: stack.readNumber(),
            collected: stack.readBigNumber(),
            paid: stack.readBigNumber(),
            epoch: stack.readBigNumber(),
            root: stack.readBigNumber(),
            earned: stack.readBigNumber(),
            committedAt: stack.readNumber(),
            statementHash: stack.readBigNumber(),
        };
    }

    /** What was paid at an index, and to whom (the first 160 bits of the account). */
    async getPaid(provider: ContractProvider, index: number): Promise<{ payee: bigint; paid: bigint }> {
        const { stack } = await provider.get('get_paid', [{ type: 'int', value: BigInt(index) }]);
        return { payee: stack.readBigNumber(), paid: stack.readBigNumber() };
    }

    async getChannelAddress(provider: ContractProvider, owner: Address, voucherKey: Buffer): Promise<Address> {
        const { stack } = await provider.get('get_channel_address', [
            { type: 'slice', cell: beginCell().storeAddress(owner).endCell() },
            { type: 'int', value: BigInt(`0x${voucherKey.toString('hex')}`) },
        ]);
        return stack.readAddress();
    }
}

export class Registry extends Deployable {
    static create(code: Cell, admin: Address, delay: number, document: Cell): Registry {
        return at(
            Registry,
            code,
            beginCell()
                .storeAddress(admin)
                .storeUint(0, 2)
                .storeUint(delay, 32)
                .storeUint(0, 32 + 64 + 32)
                .storeRef(document)
                .storeBit(0)
                .storeDict(Dictionary.empty())
                .endCell(),
        );
    }

    async getData(provider: ContractProvider) {
        const { stack } = await provider.get('get_registry_data', []);
        return {
            admin: stack.readAddress(),
            candidate: stack.readAddressOpt(),
            delay: stack.readNumber(),
            version: stack.readNumber(),
            treasury: stack.readBigNumber(),
            activatesAt: stack.readNumber(),
            document: stack.readCell(),
            pending: stack.readCellOpt(),
        };
    }

    async getRevoked(provider: ContractProvider, hash: Buffer): Promise<boolean> {
        const { stack } = await provider.get('is_revoked', [{ type: 'int', value: BigInt(`0x${hash.toString('hex')}`) }]);
        return stack.readBoolean();
    }
}
