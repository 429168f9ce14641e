// nodemailer's pool, which builds each reader's message: node nodemailer.mjs FOLDER PORT COUNT CONNECTIONS
// Like the smtplib loop it remembers nothing. Prints one line of JSON for bench_send.py.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createTransport } from "nodemailer";

const [folder, port, count, connections] = process.argv.slice(2);
const { variant, masthead } = JSON.parse(readFileSync(`${folder}/letter.json`, "utf8"));
const key = Buffer.from([...Array(32).keys()]);
const token = (purpose, number) =>
  createHmac("sha256", key).update(`${purpose}:${number}`).digest().subarray(0, 19).toString("base64url");

function build(number) {
  const address = `reader${number}@example.org`;
  const values = { TOKEN: token(1, number), PREFERENCES: token(2, number), ADDRESS: address, NAME: `Reader ${number}` };
  let { text, html } = variant;
  for (const [name, mark] of Object.entries(variant.placeholders)) {
    text = text.replaceAll(mark, values[name]);
    html = html.replaceAll(mark, values[name]);
  }
  return {
    from: masthead.sender.address,
    to: address,
    subject: variant.subject,
    messageId: `<e1.s${number}@news.example.org>`,
    list: { unsubscribe: `${masthead.base_url}/u/${values.TOKEN}` },
    headers: { "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" },
    text,
    html,
  };
}

const pool = createTransport({
  pool: true,
  maxConnections: Number(connections),
  maxMessages: Infinity,
  host: "127.0.0.1",
  port: Number(port),
  name: "bench.example.org",
  ignoreTLS: true,
});
let next = 0;
let sent = 0;

// As many messages are being built as there are connections: a longer queue would only fill the memory.
async function work() {
  while (next < Number(count)) {
    next += 1;
    const answer = await pool.sendMail(build(next));
    sent += answer.accepted.length;
  }
}

const started = process.hrtime.bigint();
const before = process.cpuUsage();
await Promise.all(Array.from({ length: Number(connections) }, work));
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
const used = process.cpuUsage(before);
pool.close();
const cpu_s = (used.user + used.system) / 1e6;
console.log(JSON.stringify({ seconds, cpu_s, peak_kb: process.resourceUsage().maxRSS, sent }));
