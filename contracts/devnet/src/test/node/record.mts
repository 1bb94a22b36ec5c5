// Random operations of the contracts in Node's sandbox; each call of its emulator, and the answer,
// becomes a line: tx SHARD MESSAGE PARAMETERS ANSWER, or get CALL STACK CONFIG-HASH ANSWER.
// Usage, in contracts/tolk: tsx record.mts FILE SEED TRANSACTIONS
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Client, Network } from '../../../../tolk/tests/fixture.ts';
import { ChannelBody, RegistryBody, SettlementBody, snake } from '../../../../tolk/wrappers/contracts.ts';

const packages = createRequire(pathToFileURL(`${process.cwd()}/`));
const { beginCell, Cell, toNano } = packages('@ton/core');
const { Executor } = packages('@ton/sandbox/dist/executor/Executor.js');
const [file, seed, wanted] = process.argv.slice(2);

const lines: string[] = [];
let count = 0;
let call: { method: string; args: string[] };
const invoke = Executor.prototype.invoke;
const extract = Executor.prototype.extractString;
const configs = new Map<string, string>();
const hashOf = (config: string) => {
    if (!configs.has(config)) configs.set(config, Cell.fromBase64(config).hash().toString('hex'));
    return configs.get(config)!;
};
Executor.prototype.invoke = function (method: string, args: string[]) {
    call = { method, args };
    return invoke.call(this, method, args);
};
Executor.prototype.extractString = function (pointer: number) {
    const answer: string = extract.call(this, pointer);
    const output = JSON.parse(answer).output;
    delete output.vm_log;
    delete output.elapsed_time;
    if (call.method === '_emulate_with_emulator') {
        lines.push(['tx', call.args[2], call.args[3], call.args[4], JSON.stringify(output)].join('\t'));
        count++;
    } else if (call.method === '_run_get_method') {
        lines.push(['get', call.args[0], call.args[1], hashOf(call.args[2]), JSON.stringify(output)].join('\t'));
    }
    return answer;
};

let state = BigInt(seed);
const random = (bound: number): number => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number((state >> 33n) % BigInt(bound));
};
const coins = (most: number): bigint => BigInt(random(most * 1000)) * 1_000_000n;

const net = await Network.create();
const clients: Client[] = [];
for (let i = 0; i < 3; i++) clients.push(await net.opened(`client ${i}`, toNano('10'), i + 2));
const workers = [await net.blockchain.treasury('worker 0'), await net.blockchain.treasury('worker 1')];
let epoch = 0n;
let earned = [0n, 0n];

const operations: (() => Promise<unknown>)[] = [
    () => clients[random(3)].deposit(coins(5) + 1n),
    async () => {
        const client = clients[random(3)];
        const charged = (await client.data()).claimed + coins(2);
        return client.claim(charged, charged + coins(1) - toNano('0.2'));
    },
    () => clients[random(3)].send(ChannelBody.withdraw(coins(3)), toNano('0.05') + coins(1)),
    () => clients[random(3)].send(ChannelBody.finish()),
    async () => {
        const { collected } = await net.settlement.getData();
        const share = (collected - earned[0] - earned[1]) / BigInt(1 + random(3));
        const next = [earned[0] + share / 3n, earned[1] + share - share / 3n];
        const tree = net.tree(workers.map((worker, i) => ({ payee: worker.address.hash, earned: next[i] })));
        await net.commit(epoch + 1n, tree);
        if ((await net.settlement.getData()).epoch > epoch) {
            epoch++;
            earned = next;
        }
        return net.payout(tree, 0, 1);
    },
    () => net.operate(SettlementBody.retire(), toNano('0.05'), random(2) ? net.operator : clients[0].wallet),
    () => net.operate(SettlementBody.prepay(`cocoon:acct${random(1000)}`), coins(2) + 1n, clients[random(3)].wallet),
    () => net.registry.send(net.admin.getSender(), coins(1), RegistryBody.announce(snake(`{"version": ${random(99)}}`))),
    () => net.registry.send(clients[random(3)].wallet.getSender(), coins(1), RegistryBody.apply()),
    () => clients[random(3)].send(beginCell().storeUint(random(2 ** 31), 32).endCell(), coins(1)),
    async () => net.pass(random(86_400)),
    () => net.settlement.getChannelAddress(clients[random(3)].wallet.address, clients[0].keys.publicKey),
];
while (count < Number(wanted)) {
    await operations[random(operations.length)]().catch((failure: unknown) => {
        if (!(failure instanceof Error) || !/exit code|exit_code|insufficient|not accepted/i.test(failure.message)) throw failure;
    });
}
writeFileSync(file, `${lines.join('\n')}\n`);
