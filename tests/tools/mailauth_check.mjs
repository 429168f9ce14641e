// Judges messages by mailauth: SPF, DKIM and DMARC, with all names answered from memory.
//
// Comes in on stdin, one JSON value a line: first the zone, {"name": {"TXT": ["…"], "A": […], …}}, then messages,
// {"message": base64, "ip", "helo", "sender"}. Goes out, one line for each: {"spf", "dkim": [["selector",
// "algorithm", "result"]], "dmarc"}.
//
// The parts are imported one by one: mailauth as a whole loads its BIMI part, which needs a newer Node.js.
import { createInterface } from 'node:readline';
import dkim from 'mailauth/lib/dkim/verify.js';
import dmarc from 'mailauth/lib/dmarc/index.js';
import spf from 'mailauth/lib/spf/index.js';

const SHAPES = { TXT: text => [text], MX: text => ({ priority: Number(text.split(' ')[0]), exchange: text.split(' ')[1] }) };

const resolverOf = zone => async (name, kind) => {
    const found = zone[name.toLowerCase().replace(/\.$/, '')];
    if (!found?.[kind]) {
        throw Object.assign(new Error(`no ${kind} of ${name}`), { code: found ? 'ENODATA' : 'ENOTFOUND' });
    }
    return found[kind].map(SHAPES[kind] || (text => text));
};

const judge = async ({ message, ip, helo, sender }, resolver) => {
    const signed = await dkim.dkimVerify(Buffer.from(message, 'base64'), { resolver, sender });
    const sent = await spf.spf({ ip, helo, sender, mta: 'mx.example.net', resolver });
    const policy = await dmarc.dmarc({
        headerFrom: signed.headerFrom,
        spfDomains: sent.status.result === 'pass' ? [sent.domain] : [],
        dkimDomains: signed.results.filter(each => each.status.result === 'pass').map(each => ({ id: each.id, domain: each.signingDomain })),
        resolver
    });
    return {
        spf: sent.status.result,
        dkim: signed.results.filter(each => each.selector).map(each => [each.selector, each.algo, each.status.result]),
        dmarc: policy ? policy.status.result : 'none'
    };
};

let resolver;
for await (const line of createInterface({ input: process.stdin })) {
    const value = JSON.parse(line);
    if (resolver) {
        console.log(JSON.stringify(await judge(value, resolver)));
    } else {
        resolver = resolverOf(value);
    }
}
