// Receives Gatherlog's webhooks: checks the signature, takes each delivery once, answers quickly.
// Standard library only; Node.js 18 or newer. README.md beside this says how to start it.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const TOLERANCE = 300; // seconds that the clocks may differ
const MOST_BYTES = 1_048_576;
const REMEMBERED = 10_000; // deliveries, after which the oldest is forgotten

/** The key of a secret that reads `whsec_…`; throws if it does not. */
export function keyOf(secret) {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret ?? "") ?? [];
  const key = Buffer.from(base64 ?? "", "base64");
  if (key.length < 24) throw new Error("a secret reads whsec_, then at least 24 bytes in base64");
  return key;
}

/** Whether this body, byte for byte as it came, was signed with `key` within the last minutes. */
export function isSigned(key, headers, body, now = Date.now() / 1000) {
  const id = headers["webhook-id"] ?? "";
  const time = headers["webhook-timestamp"] ?? "";
  if (!/^\d{1,12}$/.test(time) || Math.abs(now - Number(time)) > TOLERANCE) return false;
  const right = createHmac("sha256", key).update(`${id}.${time}.`).update(body).digest();
  return (headers["webhook-signature"] ?? "").split(" ").some((one) => {
    const given = Buffer.from(one.startsWith("v1,") ? one.slice(3) : "", "base64");
    return given.length === right.length && timingSafeEqual(given, right);
  });
}

/**
 * The events of a request in any format: `[{key, type, data}]`. What has the same key is the same
 * delivery. The events of a batch have keys of their own: it may be cut differently next time.
 */
export function eventsOf(headers, body) {
  const key = headers["webhook-id"];
  const contentType = (headers["content-type"] ?? "").split(";")[0];
  if (headers["ce-specversion"]) {
    const data = contentType === "application/json" ? JSON.parse(body) : body.toString("base64");
    return [{ key, type: decodeURIComponent(headers["ce-type"]), data }];
  }
  if (contentType === "text/plain") return [{ key, type: "text", data: body.toString() }];
  const json = JSON.parse(body);
  if (contentType === "application/cloudevents-batch+json") {
    return json.map((event) => ({ ...fromCloudEvent(event), key: `${event.source} ${event.id}` }));
  }
  if (contentType === "application/cloudevents+json") return [{ ...fromCloudEvent(json), key }];
  if (json?.["detail-type"] === "stream changes") {
    return [{ key, type: json.detail.type, data: json.detail.payload }];
  }
  return [{ key, type: "json", data: json }]; // what a transformer made
}

function fromCloudEvent({ type, data, data_base64 }) {
  return { type, data: data === undefined ? data_base64 : data };
}

/** Calls `handle(event)` once for each event; throws what it throws, and then comes back later. */
export function receiver(key, handle) {
  const seen = new Set();
  return createServer(async (request, response) => {
    const answer = (status) => response.writeHead(status).end();
    try {
      if (request.method !== "POST") return answer(405);
      const body = await read(request);
      if (body === null) return answer(413);
      if (!isSigned(key, request.headers, body)) return answer(401);
      for (const event of eventsOf(request.headers, body)) {
        if (seen.has(event.key)) continue;
        await handle(event);
        seen.add(event.key); // keep it beside what `handle` writes, in one transaction
        if (seen.size > REMEMBERED) seen.delete(seen.values().next().value);
      }
      answer(204);
    } catch (error) {
      console.error(`not taken: ${error.message}`);
      answer(500); // Gatherlog will try it again
    }
  });
}

async function read(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MOST_BYTES) chunks.push(chunk);
  }
  return size > MOST_BYTES ? null : Buffer.concat(chunks);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const key = keyOf(process.env.WEBHOOK_SECRET);
  const server = receiver(key, (event) => {
    console.log(`${event.type} ${JSON.stringify(event.data)}`);
  });
  server.listen(Number(process.env.PORT ?? 9000), "127.0.0.1", () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
  });
}
