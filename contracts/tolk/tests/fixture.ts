// A network in the sandbox: registry, one router's settlement contract, clients with channels.
import assert from 'node:assert/strict';
import { test as nodeTest } from 'node:test';
import { Address, beginCell, Cell, Dictionary, type StateInit, toNano } from '@ton/core';
import { type KeyPair, keyPairFromSeed } from '@ton/crypto';
import { Blockchain, internal, type BlockchainSnapshot, type SandboxContract, type SendMessageResult, type TreasuryContract } from '@ton/sandbox';
import { built, type Codes, compiled } from '../scripts/compile.ts';
import { Channel, ChannelBody, Registry, Settlement, SettlementBody, snake } from '../wrappers/contracts.ts';
import {
    chargeHash,
    type Commitment,
    commitmentHash,
    releaseHash,
    type ReleaseTerms,
    signHash,
    voucherHash,
} from '../wrappers/statements.ts';
import { EarningsTree, type Leaf } from '../wrappers/tree.ts';

export const NETWORK = -31337;
export const DAY = 86_400;
export const START = 1_800_000_000;
export const MIN_STAKE = toNano('100');
export const FOREVER = 4_000_000_000n;

export type { Codes };
/** Compiles all contracts of the sources on disk. */
export const codes = compiled;

/** A test, as the mutation run calls it: without a runner. */
// What the sandbox's configuration asks for gas, a message and a year; fees.tolk has the bounds.
export const gas = (amount: bigint): bigint => 40_000n + (amount - 100n) * 400n;
export const MESSAGE = 1_080_000n;
const stored = (bits: bigint, cells: bigint): bigint => ((bits + cells * 500n) * 5n * 31_557_600n + 65_535n) / 65_536n;
export const CHANNEL_RESERVE = stored(16_000n, 60n);
export const SETTLEMENT_RESERVE = stored(60_000n, 400n);
export const REGISTRY_RESERVE = stored(400_000n, 500n);
export const MAX = (1n << 63n) - 1n;

export type Case = { file: string; name: string; run: () => Promise<void> };
export const CASES: Case[] = [];

/** Registers a test. */
export function test(name: string, run: () => Promise<void>): void {
    const file = /(\w+)\.test\.ts/.exec(new Error().stack!)![1];
    CASES.push({ file, name, run });
    if (!process.env.COCOON_MUTATION) nodeTest(name, run);
}

let code = built();
let begun = new Map<string, BlockchainSnapshot>();

/** From now on networks have other code. */
export function useCodes(codes: Codes): void {
    code = codes;
    begun = new Map();
}

/** The sandbox's configuration with another global id (parameter 19). */
export function configOf(blockchain: Blockchain, network: number): Cell {
    const params = Dictionary.loadDirect(Dictionary.Keys.Int(32), Dictionary.Values.Cell(), blockchain.config);
    params.set(19, beginCell().storeInt(network, 32).endCell());
    return beginCell().storeDictDirect(params).endCell();
}

export const key = (fill: number): KeyPair => keyPairFromSeed(Buffer.alloc(32, fill));

export class Client {
    constructor(
        readonly net: Network,
        readonly wallet: SandboxContract<TreasuryContract>,
        readonly keys: KeyPair,
        readonly channel: SandboxContract<Channel>,
    ) {}

    send(body: Cell, value = toNano('0.2'), from = this.wallet): Promise<SendMessageResult> {
        return this.channel.send(from.getSender(), value, body);
    }

    deposit(amount: bigint, value = amount + toNano('0.3')) {
        return this.send(ChannelBody.deposit(amount), value);
    }

    voucher(ceiling: bigint, expires = FOREVER) {
        const hash = voucherHash(this.net.network, this.channel.address, { ceiling, expires });
        return { ceiling, expires, signature: signHash(hash, this.keys.secretKey) };
    }

    charge(charged: bigint, expires = FOREVER) {
        const hash = chargeHash(this.net.network, this.channel.address, { charged, expires });
        return { charged, expires, signature: signHash(hash, this.net.routerKeys.secretKey) };
    }

    claim(charged: bigint, ceiling = charged, value = toNano('0.05')) {
        return this.send(ChannelBody.claim(this.charge(charged), this.voucher(ceiling)), value, this.net.operator);
    }

    released(terms: ReleaseTerms): Cell {
        const hash = releaseHash(this.net.network, this.channel.address, terms);
        return ChannelBody.release({ ...terms, signature: signHash(hash, this.net.routerKeys.secretKey) });
    }

    release(terms: ReleaseTerms) {
        return this.send(this.released(terms));
    }

    data() {
        return this.channel.getData();
    }
}

export class Network {
    network = NETWORK;
    readonly routerKeys = key(1);

    private constructor(
        readonly blockchain: Blockchain,
        readonly code: Codes,
        readonly admin: SandboxContract<TreasuryContract>,
        readonly operator: SandboxContract<TreasuryContract>,
        readonly registry: SandboxContract<Registry>,
        readonly settlement: SandboxContract<Settlement>,
    ) {}

    static async create(options: { network?: number; stake?: bigint } = {}): Promise<Network> {
        const network = options.network ?? NETWORK;
        const stake = options.stake ?? MIN_STAKE;
        const blockchain = await Blockchain.create();
        const snapshot = begun.get(`${network} ${stake}`);
        if (snapshot) await blockchain.loadFrom(snapshot);
        else blockchain.setConfig(configOf(blockchain, network));
        blockchain.now = START;
        const admin = await blockchain.treasury('admin');
        const operator = await blockchain.treasury('operator');
        const registry = blockchain.openContract(
            Registry.create(code.registry, admin.address, DAY, snake('{"version": 1}')),
        );
        const settlement = blockchain.openContract(
            Settlement.create(code.settlement, {
                registry: registry.address,
                owner: operator.address,
                routerKey: key(1).publicKey,
                delay: DAY,
                minStake: MIN_STAKE,
                channelCode: code.channel,
            }),
        );
        const net = new Network(blockchain, code, admin, operator, registry, settlement);
        net.network = network;
        if (snapshot) return net;
        await registry.send(admin.getSender(), REGISTRY_RESERVE + toNano('0.5'), beginCell().endCell());
        if (stake > 0n) {
            succeeded(await net.operate(SettlementBody.stake(stake), stake + toNano('2')), settlement.address);
        }
        begun.set(`${network} ${stake}`, blockchain.snapshot());
        return net;
    }

    operate(body: Cell, value = toNano('0.2'), from = this.operator): Promise<SendMessageResult> {
        return this.settlement.send(from.getSender(), value, body);
    }

    channelOf(owner: Address, keys = key(2)): Channel {
        return Channel.create(this.code.channel, {
            settlement: this.settlement.address,
            owner,
            voucherKey: keys.publicKey,
            routerKey: this.routerKeys.publicKey,
            delay: DAY,
        });
    }

    async client(name: string, fill = 2): Promise<Client> {
        const wallet = await this.blockchain.treasury(name);
        const keys = key(fill);
        const channel = this.blockchain.openContract(this.channelOf(wallet.address, keys));
        return new Client(this, wallet, keys, channel);
    }

    /** A client whose channel is open with a deposit. */
    async opened(name: string, deposit: bigint, fill = 2): Promise<Client> {
        const client = await this.client(name, fill);
        succeeded(await client.deposit(deposit), client.channel.address);
        return client;
    }

    tree(leaves: Leaf[]) {
        return new EarningsTree(this.network, this.settlement.address, leaves);
    }

    commitment(epoch: bigint, tree: EarningsTree, changes: Partial<Commitment> = {}) {
        const statement: Commitment = {
            epoch,
            root: tree.root.hash,
            earned: tree.root.sum,
            digest: Buffer.alloc(32, 5),
            expires: FOREVER,
            ...changes,
        };
        const hash = commitmentHash(this.network, this.settlement.address, statement);
        return { statement, signature: signHash(hash, this.routerKeys.secretKey) };
    }

    commit(epoch: bigint, tree: EarningsTree, changes: Partial<Commitment> = {}) {
        const { statement, signature } = this.commitment(epoch, tree, changes);
        return this.operate(SettlementBody.commit(statement, signature));
    }

    payout(tree: EarningsTree, index: number, height: number, value = toNano('0.1') + toNano('0.012') * BigInt(2 ** height)) {
        const { leaves, siblings } = tree.batch(index, height);
        return this.operate(SettlementBody.payout(index, height, siblings, leaves), value);
    }

    /** A message as from an address, whether or not anything is there: all of the value arrives. */
    deliver(from: Address, to: { address: Address; init?: StateInit }, value: bigint, body: Cell): Promise<SendMessageResult> {
        return this.blockchain.sendMessage(internal({ from, to: to.address, value, body, bounce: true, stateInit: to.init }));
    }

    /** By how much the balance at an address changes, storage fees aside. */
    async change(at: Address, action: () => Promise<SendMessageResult>): Promise<bigint> {
        const before = await this.balance(at);
        const result = await action();
        let fees = 0n;
        for (const tx of result.transactions) {
            if (tx.address === BigInt(`0x${at.hash.toString('hex')}`) && tx.description.type === 'generic') {
                fees += tx.description.storagePhase?.storageFeesCollected ?? 0n;
            }
        }
        return (await this.balance(at)) - before + fees;
    }

    /** The wallet at an address is gone while something is done. */
    async without(address: Address, action: () => Promise<unknown>): Promise<void> {
        const wallet = await this.blockchain.getContract(address);
        const account = wallet.account;
        const storage = { ...account.account!.storage, state: { type: 'uninit' as const } };
        wallet.account = { ...account, account: { ...account.account!, storage } };
        await action();
        (await this.blockchain.getContract(address)).account = account;
    }

    pass(seconds: number) {
        this.blockchain.now = (this.blockchain.now ?? START) + seconds;
    }

    async balance(address: Address): Promise<bigint> {
        return (await this.blockchain.getContract(address)).balance;
    }

    /** The contracts hold what they owe, and no counter is out of order. */
    async checkBooks(clients: Client[]) {
        const s = await this.settlement.getData();
        assert.ok((await this.balance(this.settlement.address)) >= s.stake + s.collected - s.paid, 'settlement covers');
        assert.ok(s.paid <= s.earned && s.earned <= s.collected, 'paid <= earned <= collected');
        for (const client of clients) {
            const c = await client.data();
            assert.ok(c.claimed + c.withdrawn <= c.deposited, 'claimed + withdrawn <= deposited');
            assert.ok(
                (await this.balance(client.channel.address)) >= c.deposited - c.claimed - c.withdrawn,
                'channel covers',
            );
        }
    }
}

/** The exit code of the transaction at an address, of the first one there. */
export function exitCode(result: SendMessageResult, at: Address): number {
    for (const tx of result.transactions) {
        if (tx.address === BigInt(`0x${at.hash.toString('hex')}`) && tx.description.type === 'generic') {
            const phase = tx.description.computePhase;
            if (phase.type === 'skipped') return -1;
            if (phase.exitCode === 0 && tx.description.actionPhase && !tx.description.actionPhase.success) {
                return tx.description.actionPhase.resultCode;
            }
            return phase.exitCode;
        }
    }
    throw new Error('no transaction there');
}

export function succeeded(result: SendMessageResult, at: Address): SendMessageResult {
    assert.equal(exitCode(result, at), 0);
    return result;
}

export function refused(code: number, result: SendMessageResult, at: Address): SendMessageResult {
    assert.equal(exitCode(result, at), code);
    return result;
}

/** Values of messages from one address to another. */
export function sent(result: SendMessageResult, from: Address, to: Address): bigint[] {
    const values: bigint[] = [];
    for (const tx of result.transactions) {
        for (const message of tx.outMessages.values()) {
            if (message.info.type === 'internal' && message.info.src.equals(from) && message.info.dest.equals(to)) {
                values.push(message.info.value.coins);
            }
        }
    }
    return values;
}
